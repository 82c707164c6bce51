"""Whether a request is one that the contract allows: by openapi-core, and then stricter.

OpenAPI lets undeclared query parameters, headers and wrong types of Accept pass; Core answers
the first with 400 and the last with a web page, so here they are violations too.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

CONTRACT: Final = Path(__file__).with_name("openapi.yaml")
CORE: Final = "https://core.wearepatchworks.com"
SIGN_IN: Final = "https://app.wearepatchworks.com"
LIST_QUERY: Final = {"filter[name]", "include", "sort", "page", "per_page"}
GET_QUERY: Final = {"include"}
POOLS_PATH: Final = re.compile(r"/api/v1/connection-pools(/[1-9][0-9]*(/clear)?)?")
SIGN_IN_PATH: Final = "/fabric/api/login"
RAW_KEY: Final = re.compile(r"[\x21-\x7e]{8,4096}")
BEARER: Final = re.compile(r"Bearer [\x21-\x7e]{8,4096}")


class NotInContract(AssertionError):
    """A request that the contract does not allow, and why."""


@dataclass
class _Request:
    """What openapi-core wants to know."""

    host_url: str
    path: str
    method: str
    parameters: RequestParameters
    content_type: str
    body: bytes | None
    path_pattern: str | None = field(default=None)


@lru_cache(maxsize=1)
def _contract() -> OpenAPI:
    return OpenAPI.from_path(CONTRACT)


def validate_request(
    method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes = b""
) -> None:
    """Raise NotInContract unless the contract allows exactly this request.

    `url` is a whole address or a request target; a prefix before Core's own paths is
    allowed, as where Core is self-hosted.
    """
    sent = Headers(list(headers))
    server, path = _split(unquote(urlsplit(url).path))
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=False)
    request = _Request(
        host_url=server,
        path=path,
        method=method.lower(),
        parameters=RequestParameters(
            query=ImmutableMultiDict(query), header=sent, cookie=ImmutableMultiDict()
        ),
        content_type=sent.get("Content-Type", ""),
        body=body or None,
    )
    try:
        _contract().validate_request(request)
    except OpenAPIError as error:
        raise NotInContract(f"{method} {url}: {error}: {_causes(error)}") from error
    _check_what_openapi_lets_pass(method, path, query, sent, body)


def _split(path: str) -> tuple[str, str]:
    """Whose path it is, and the path without a prefix."""
    if path.endswith(SIGN_IN_PATH):
        return SIGN_IN, SIGN_IN_PATH
    start = path.find("/api/v1/")
    if start < 0 or not POOLS_PATH.fullmatch(path[start:]):
        raise NotInContract(f"{path} is no path of the contract's")
    return CORE, path[start:]


def _causes(error: BaseException) -> str:
    cause = error.__cause__
    details = [str(inner) for inner in getattr(cause, "schema_errors", ())]
    return "; ".join(details) or str(cause)


def _check_what_openapi_lets_pass(
    method: str, path: str, query: list[tuple[str, str]], sent: Headers, body: bytes
) -> None:
    names = [name for name, _ in query]
    readable = LIST_QUERY if path.endswith("/connection-pools") else GET_QUERY
    allowed = readable if method == "GET" else set()
    _require(set(names) <= allowed, f"query parameters {names}")
    _require(len(names) == len(set(names)), "a query parameter twice")
    _require(sent.getlist("Accept") == ["application/json"], "Accept is not JSON alone")
    _require(sent.get("Content-Type") == "application/json", "Content-Type is not JSON")
    _require("Cookie" not in sent, "a cookie")
    credentials = sent.getlist("Authorization")
    if path == SIGN_IN_PATH:
        _require(credentials == [], "a credential with the sign-in")
    else:
        _require(len(credentials) == 1, "not exactly one credential")
        text = credentials[0]
        _require(bool(RAW_KEY.fullmatch(text) or BEARER.fullmatch(text)), "no such credential")
    if method == "DELETE" or path.endswith("/clear") or method == "GET":
        _require(body == b"", "a body")


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise NotInContract(f"The request has {otherwise}.")


def validate_received(received: Any) -> None:
    """The same for an entry of the sandbox's journal."""
    validate_request(received.method, received.target, received.headers, received.body)
