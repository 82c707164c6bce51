"""Connections that know what left, stop at the deadline, and never mistake a cut answer.

http.client makes an answer look complete when it is not: the end of the stream counts as
the end of the headers, and as the end of the last chunk; it reads a body of unknown length
where Content-Length is garbage; it lets a bare CR begin a header of its own, drops lines that
it does not understand, and does not look at what comes after a chunk. `StrictResponse`
accepts what docs/core-api.md says ("The grammar of an answer") and refuses all else. And a
socket timeout bounds one read, not a whole answer: `Attempt` shuts the socket down when the
time is over, wherever the exchange is at that moment.
"""

import contextlib
import http.client
import os
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from enum import IntEnum
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address
from time import monotonic
from typing import Any, Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from pools.core.errors import Reason
from pools.core.watchdog import Watchdog

_LONGEST_LINE: Final = 65536
_MOST_LINES: Final = 100
_BLANK_LINE: Final = b"\r\n"
_MOST_INTERIM_ANSWERS: Final = 8
_SHORTEST_TIMEOUT_SECONDS: Final = 0.001  # zero would make a socket non-blocking
# In a line's text stand blanks, tabs, what can be seen, and bytes beyond ASCII: no control
# character, so that no line can begin within another.
_STATUS_LINE = re.compile(rb"HTTP/(1\.[01]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*\r\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")
_CONTENT_LENGTH = re.compile(r"[0-9]{1,15}")
_CHUNKS_SINCE: Final = 11  # HTTP/1.1, as http.client counts


_watchdog = Watchdog()


class Phase(IntEnum):
    """How far an attempt has come. From SENDING on, something may have reached Core."""

    WAITING = 0
    RESOLVING = 1
    CONNECTING = 2
    SECURING = 3
    SENDING = 4


class MalformedAnswer(http.client.HTTPException):
    """An answer whose framing cannot be trusted."""


class CutAnswer(http.client.HTTPException):
    """The stream ended before the answer did."""


class ConnectingFailed(OSError):
    """No connection came about; the attempt's `reason` says why."""


class Attempt:
    """One try of one call: its deadline, its progress, and why it failed.

    Used as a context manager around the exchange, in one thread. `reason` and `detail`
    are set where a connection could not be made.
    """

    def __init__(
        self,
        until: float,
        connect_timeout_seconds: float,
        allow: Callable[[str, IPv4Address | IPv6Address], bool],
    ) -> None:
        """`allow` says whether a host may be at an address that its name leads to."""
        self.until = until
        self.allow = allow
        self.connect_until = min(until, monotonic() + connect_timeout_seconds)
        self.phase = Phase.WAITING
        self.expired = False
        self.reason: Reason | None = None
        self.detail = ""
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None

    def __enter__(self) -> "Attempt":
        _current.attempt = self
        _watchdog.call_at(self.until, self._expire)
        return self

    def __exit__(self, *_: object) -> None:
        _current.attempt = None
        with self._lock:
            self._drop_handle()  # the connection may be in the next call's hands by then

    @property
    def sent(self) -> bool:
        return self.phase >= Phase.SENDING

    def watch(self, sock: Any) -> None:
        """Shut `sock` down when the time is over, through a handle of our own.

        The socket object itself changes hands when TLS wraps it; a duplicate of its
        descriptor reaches the same connection whoever holds it.
        """
        with self._lock:
            self._drop_handle()
            self._handle = socket.socket(fileno=os.dup(sock.fileno()))
            if self.expired:
                self._shut_down()

    def begin_sending(self) -> None:
        """The last moment at which nothing has left."""
        if self.expired or monotonic() >= self.until:
            self.expired = True
            raise self.failed(Reason.DEADLINE)
        self.phase = Phase.SENDING

    def out_of_time(self) -> Reason | None:
        """Which limit has been reached before a connection came about, if one has."""
        if monotonic() < self.connect_until - _SHORTEST_TIMEOUT_SECONDS:
            return None
        return Reason.DEADLINE if self.connect_until >= self.until else Reason.CONNECT_TIMEOUT

    def failed(self, reason: Reason, detail: str = "") -> ConnectingFailed:
        self.reason, self.detail = reason, detail
        return ConnectingFailed(reason)

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            self._shut_down()

    def _shut_down(self) -> None:
        if self._handle is not None:
            with contextlib.suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)

    def _drop_handle(self) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None


class _Current(threading.local):
    attempt: Attempt | None = None


_current = _Current()


def _attempt_under_way() -> Attempt:
    if _current.attempt is None:
        raise RuntimeError("a connection is used outside an attempt")
    return _current.attempt


def _whole_line(stream: Any) -> bytes:
    line: bytes = stream.readline(_LONGEST_LINE + 1)
    if not line:
        raise CutAnswer("before a line")
    if not line.endswith(b"\n"):
        too_long = len(line) > _LONGEST_LINE
        raise MalformedAnswer("a line without end") if too_long else CutAnswer("inside a line")
    return line


def _header_line(stream: Any) -> bytes:
    """The next line of a header in one spelling, or the blank line behind the last."""
    line = _whole_line(stream)
    if line == _BLANK_LINE:
        return line
    header = _HEADER.fullmatch(line)
    if not header:
        raise MalformedAnswer("a malformed header line")
    return b"%b:%b\r\n" % (header[1], header[2])


def _skip_headers(stream: Any) -> None:
    for _ in range(_MOST_LINES):
        if _header_line(stream) == _BLANK_LINE:
            return
    raise MalformedAnswer("headers without end")


class _HeaderLines:
    """The stream of an answer while http.client reads its headers: each line is checked."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readline(self, limit: int = -1) -> bytes:
        return _header_line(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class StrictResponse(http.client.HTTPResponse):
    """An answer whose every part must be whole: status line, headers, each chunk."""

    fp: Any
    chunk_left: int | None
    _stream: Any
    _safe_read: Callable[[int], bytes]

    def begin(self) -> None:
        super().begin()
        if isinstance(self.fp, _HeaderLines):
            self.fp = self._stream
        self._check_framing()

    def _check_framing(self) -> None:
        lengths = self.headers.get_all("content-length") or []
        codings = self.headers.get_all("transfer-encoding") or []
        if len(lengths) + len(codings) > 1:
            raise MalformedAnswer("more than one length")
        if lengths and not _CONTENT_LENGTH.fullmatch(lengths[0]):
            raise MalformedAnswer("the length is not a number")
        if codings and (not self.chunked or self.version < _CHUNKS_SINCE):
            raise MalformedAnswer("an unknown transfer encoding")
        if self.status == HTTPStatus.NO_CONTENT and (codings or lengths not in ([], ["0"])):
            raise MalformedAnswer("a body that cannot be there")

    def _read_status(self) -> tuple[str, int, str]:
        """The last thing read from the stream as it is, before the headers."""
        self._stream = self.fp
        for _ in range(_MOST_INTERIM_ANSWERS):
            line = _whole_line(self._stream)
            parts = _STATUS_LINE.fullmatch(line)
            if not parts:
                raise MalformedAnswer("not an HTTP/1 status line")
            status = int(parts[2])
            if status >= HTTPStatus.OK:
                self.fp = _HeaderLines(self._stream)
                return f"HTTP/{parts[1].decode()}", status, (parts[3] or b"").decode("latin-1")
            if status == HTTPStatus.SWITCHING_PROTOCOLS:
                raise MalformedAnswer("an upgrade that nobody asked for")
            _skip_headers(self._stream)
        raise MalformedAnswer("interim answers without end")

    def _get_chunk_left(self) -> int | None:
        # http.client throws away the two bytes behind a chunk, whatever they are.
        if self.chunk_left == 0:
            if self._safe_read(len(_BLANK_LINE)) != _BLANK_LINE:
                raise MalformedAnswer("a chunk without its end")
            self.chunk_left = None
        left: int | None = super()._get_chunk_left()  # type: ignore[misc]  # (not in its stubs)
        return left

    def _read_next_chunk_size(self) -> int:
        size = _CHUNK_SIZE.fullmatch(_whole_line(self.fp))
        if not size:
            raise MalformedAnswer("a malformed chunk")
        return int(size[1], 16)

    def _read_and_discard_trailer(self) -> None:
        _skip_headers(self.fp)


class _WatchedConnection(HTTPConnection):
    """Connects within the attempt's time and marks the moment when something leaves."""

    response_class = StrictResponse
    # Whatever is switched on for http.client as a whole: it prints headers, ours hold a token.
    debuglevel = 0

    def _new_conn(self) -> socket.socket:
        return open_socket(
            self._dns_host, self.port, _attempt_under_way(), to_proxy=self.proxy is not None
        )

    def connect(self) -> None:
        attempt = _attempt_under_way()
        try:
            super().connect()
        except ssl.SSLError as error:
            if isinstance(error, ssl.SSLCertVerificationError):
                raise attempt.failed(Reason.CERTIFICATE, error.verify_message) from None
            raise attempt.failed(Reason.NO_TLS, str(error.reason or "")) from None
        except (OSError, http.client.HTTPException) as error:
            if attempt.reason is None:
                over = attempt.out_of_time() if isinstance(error, TimeoutError) else None
                other = Reason.PROXY if self.proxy is not None else Reason.NO_TLS
                attempt.failed(over or other, str(error))
            raise

    def request(self, *arguments: Any, **options: Any) -> None:
        attempt = _attempt_under_way()
        if self.sock is None:
            self.connect()
        attempt.watch(self.sock)
        attempt.begin_sending()
        super().request(*arguments, **options)


class _WatchedSecureConnection(_WatchedConnection, HTTPSConnection):
    """The same under TLS."""


class _WatchedPool(HTTPConnectionPool):
    ConnectionCls = _WatchedConnection


class _WatchedSecurePool(HTTPSConnectionPool):
    ConnectionCls = _WatchedSecureConnection


POOL_CLASSES: Final = {"http": _WatchedPool, "https": _WatchedSecurePool}


def open_socket(host: str, port: int, attempt: Attempt, *, to_proxy: bool) -> socket.socket:
    """A connected socket, made within the attempt's time; ConnectingFailed otherwise."""
    attempt.phase = Phase.RESOLVING
    host = host.strip("[]")
    resolved = _resolve(host, port, attempt)
    addresses = [
        item for item in resolved if to_proxy or attempt.allow(host, ip_address(str(item[4][0])))
    ]
    attempt.phase = Phase.CONNECTING
    reason = Reason.ADDRESS if resolved else attempt.out_of_time() or Reason.DNS
    for position, (family, kind, protocol, _, address) in enumerate(addresses):
        seconds = (attempt.connect_until - monotonic()) / (len(addresses) - position)
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(max(seconds, _SHORTEST_TIMEOUT_SECONDS))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            attempt.watch(sock)
        except OSError as error:
            sock.close()
            reason = _connecting_reason(error, attempt)
        else:
            attempt.phase = Phase.SECURING
            return sock
    raise attempt.failed(Reason.PROXY, reason) if to_proxy else attempt.failed(reason)


def _connecting_reason(error: OSError, attempt: Attempt) -> Reason:
    if isinstance(error, TimeoutError):
        return attempt.out_of_time() or Reason.CONNECT_TIMEOUT
    if isinstance(error, ConnectionRefusedError):
        return Reason.CONNECTION_REFUSED
    return Reason.UNREACHABLE


def _resolve(host: str, port: int, attempt: Attempt) -> list[Any]:
    """The addresses of a name; none where it has none, or none in time.

    In a thread of its own, because the system's lookup cannot be interrupted.
    """
    addresses: list[Any] = []

    def look_up() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            addresses.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))

    if _is_literal(host):
        look_up()
    else:
        thread = threading.Thread(target=look_up, daemon=True)
        thread.start()
        thread.join(max(0.0, attempt.connect_until - monotonic()))
    return list(addresses)


def _is_literal(host: str) -> bool:
    with contextlib.suppress(ValueError):
        ip_address(host)
        return True
    return False


def chunks_of(raw: Any, size: int) -> Iterator[bytes]:
    """The body as it came over the wire, still compressed, in pieces of at most `size`."""
    while piece := raw.read(size, decode_content=False):
        yield piece
