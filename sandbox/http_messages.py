"""What comes in and what goes out, free of sockets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

JSON = "application/json"
HTML = "text/html; charset=UTF-8"


@dataclass(frozen=True)
class Request:
    """One request as received. `target` is the raw request target, undecoded."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str, default: str = "") -> str:
        """The first header of that name, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), default)

    @cached_property
    def path(self) -> str:
        """The path, percent-decoded and without dots resolved: a router's view of it."""
        path = self.target.partition("?")[0]
        if "://" in path:
            # What a client sends to what it takes for a proxy: the whole address.
            path = "/" + path.partition("://")[2].partition("/")[2]
        return unquote(path, errors="replace")

    @cached_property
    def query(self) -> tuple[tuple[str, str], ...]:
        """Every pair of the query string, decoded, in order."""
        pairs = parse_qsl(self.target.partition("?")[2], keep_blank_values=True, errors="replace")
        return tuple(pairs)

    @cached_property
    def wants_json(self) -> bool:
        """Laravel's rule: the first type that the client accepts is a JSON type."""
        types = [part.strip() for part in self.header("Accept").split(",") if part.strip()]
        ranked = sorted(types, key=_quality, reverse=True)
        first = ranked[0].partition(";")[0].lower() if ranked else ""
        return "/json" in first or "+json" in first


def _quality(media_type: str) -> float:
    for parameter in media_type.split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


@dataclass(frozen=True)
class Answer:
    """One answer before it is written. `headers` leaves out length, date and connection."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def with_headers(self, *headers: tuple[str, str]) -> "Answer":
        """The same answer with further headers."""
        return Answer(self.status, self.headers + headers, self.body)

    def with_body(self, body: bytes) -> "Answer":
        """The same answer with another body."""
        return Answer(self.status, self.headers, body)


@dataclass(eq=False)
class Refusal(Exception):
    """Core's no: rendered as JSON, a page or a redirect by what the client accepts."""

    status: int
    message: str
    errors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()

    def body(self) -> dict[str, Any]:
        """The JSON that Laravel sends for it."""
        if self.errors:
            return {
                "message": self.message,
                "errors": {name: list(messages) for name, messages in self.errors.items()},
            }
        return {"message": self.message}


def reason_phrase(status: int) -> str:
    """The standard words for a status, or "Unknown"."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
