"""What was received and what was applied, for tests and for the control page."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sandbox.http_messages import Request

KEPT: Final = 20_000
# The latest, on the control page.
SHOWN: Final = 50


@dataclass
class Received:
    """One request, recorded when it was read whole; `status` follows when it is answered."""

    request: Request
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    status: int | None = None

    @property
    def method(self) -> str:
        """GET, POST …"""
        return self.request.method

    @property
    def target(self) -> str:
        """The request target exactly as sent: prefix, path and query, undecoded."""
        return self.request.target

    @property
    def path(self) -> str:
        """The target without its query, undecoded."""
        return self.request.target.partition("?")[0]

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Every header as sent, in order."""
        return self.request.headers

    @property
    def body(self) -> bytes:
        """The body, its transfer coding undone."""
        return self.request.body

    @property
    def request_id(self) -> str:
        """The X-Request-ID, or nothing."""
        return self.request.header("X-Request-ID")

    def header(self, name: str, default: str = "") -> str:
        """The first header of that name, whatever its case."""
        return self.request.header(name, default)


@dataclass(frozen=True)
class Applied:
    """One change that was really made; `before` and `after` are pools as Core shows them."""

    action: str
    company: str
    pool_id: int
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    request_id: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Journal:
    """The latest of both, oldest first."""

    def __init__(self) -> None:
        self.received: deque[Received] = deque(maxlen=KEPT)
        self.applied: deque[Applied] = deque(maxlen=KEPT)

    def clear(self) -> None:
        """Forget both."""
        self.received.clear()
        self.applied.clear()
