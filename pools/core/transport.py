"""The one place from which requests leave for Core.

There is no session that could carry anything from one person's call to the next: no
cookies, no credential, no netrc, no proxy or CA bundle from the environment. What is kept
per thread is connections alone. Failures are returned, not raised: an exception of the
HTTP library holds the request with its Authorization header, and must not survive as the
context of another.
"""

import ssl
import threading
import zlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from http.client import HTTPException, IncompleteRead
from time import monotonic, sleep
from typing import Any, Final

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from pools.core.answers import Answer
from pools.core.budget import Budget
from pools.core.credentials import Credential
from pools.core.errors import Busy, CoreError, NotSent, Reason, Unanswered, Unexpected
from pools.core.limits import CoreLimits
from pools.core.observing import RETRY, tell_answered, waiting
from pools.core.rate_limits import calls_in
from pools.core.retries import pause_before_retry
from pools.core.wire import POOL_CLASSES, Attempt, CutAnswer, chunks_of

_PIECE_BYTES: Final = 65536
_GZIP_WINDOW: Final = 31  # zlib: a gzip header and trailer around the stream, checked


@dataclass(frozen=True, slots=True)
class Exchange:
    """What can be said about a call afterwards. `status` is None without an answer.

    `calls_allowed` and `calls_left` are what Core said of its account with the answer.
    """

    request_id: str
    status: int | None
    took_seconds: float
    received_at: datetime
    calls_allowed: int | None = None
    calls_left: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A request to be made. `is_read`: may be made again, and on a connection in use."""

    method: str
    url: str
    is_read: bool
    request_id: str
    body: bytes | None = field(default=None, repr=False)
    credential: Credential | None = None


def exchange(call: Call, limits: CoreLimits, budget: Budget) -> tuple[Answer | CoreError, Exchange]:
    """Make the call within its limits and its budget: a complete answer, or its error.

    Whatever the status, a complete answer is an Answer; what it means is for the caller.
    Writes are sent at most once. Reads are tried again, twice at most, where no clear
    answer came, and after 429 or 503 where Core names a short wait.
    """
    started = monotonic()
    with budget.place() as has_place, budget.turn() as has_turn:
        if not (has_place and has_turn):
            busy = Busy(Reason.BUSY)
            return busy, _record(call, busy, started)
        started = monotonic()
        result = _with_retries(call, limits, budget.until)
    return result, _record(call, result, started)


def _record(call: Call, result: Answer | CoreError, started: float) -> Exchange:
    allowed = (result.calls_allowed, result.calls_left) if isinstance(result, Answer) else ()
    took = monotonic() - started
    return Exchange(call.request_id, result.status, took, datetime.now(UTC), *allowed)


def _with_retries(call: Call, limits: CoreLimits, until: float) -> Answer | CoreError:
    retries = limits.read_retries if call.is_read else 0
    for turn in range(retries):
        result = _attempt(call, limits, until)
        pause = pause_before_retry(result, turn, limits)
        if pause is None or monotonic() + pause >= until:
            return result
        with waiting(RETRY):
            sleep(pause)
    return _attempt(call, limits, until)


def _attempt(call: Call, limits: CoreLimits, until: float) -> Answer | CoreError:
    attempt = Attempt(until, limits.connect_timeout_seconds, limits.allow)
    connections = None
    result: Answer | CoreError
    try:
        # A write never goes out on a kept connection: one that has died since would make
        # an outcome unknown without need.
        connections = _kept_connections(limits) if call.is_read else _Connections(limits)
        with attempt:
            result = _answer_to(call, limits, connections, attempt)
    except Exception as error:  # noqa: BLE001 - whatever it is, the request hangs on it
        result = _failure(error, attempt)
    if connections and not (call.is_read and isinstance(result, Answer)):
        connections.close()
    if isinstance(result, Answer):
        tell_answered(result.status)
    return result


def _answer_to(
    call: Call, limits: CoreLimits, connections: "_Connections", attempt: Attempt
) -> Answer | CoreError:
    timeout = (limits.connect_timeout_seconds, limits.read_timeout_seconds)
    proxies = {"http": limits.proxy_url, "https": limits.proxy_url} if limits.proxy_url else None
    response = connections.send(
        _prepared(call), stream=True, timeout=timeout, verify=True, proxies=proxies
    )
    with closing(response):
        body = _body_of(response, limits.max_answer_bytes)
    if attempt.expired:
        return Unanswered(Reason.DEADLINE)
    if isinstance(body, Reason):
        return Unexpected(body, status=response.status_code)
    headers = response.headers
    allowed, left = calls_in(headers)
    return Answer(
        status=response.status_code,
        body=body,
        content_type=headers.get("content-type", ""),
        framed="content-length" in headers or "transfer-encoding" in headers,
        location=headers.get("location", ""),
        retry_after=headers.get("retry-after", ""),
        received_at=datetime.now(UTC),
        calls_allowed=allowed,
        calls_left=left,
    )


def _failure(error: Exception, attempt: Attempt) -> CoreError:
    """What a failed attempt means, judged by how far it came rather than by the exception."""
    if attempt.sent:
        return Unanswered(Reason.DEADLINE if attempt.expired else _losing_reason(error))
    if attempt.expired:
        return NotSent(Reason.DEADLINE)
    if isinstance(error, CaFileUnreadable):
        return NotSent(Reason.CA_FILE)
    return NotSent(attempt.reason or Reason.OWN_CHECK, detail=attempt.detail)


def _losing_reason(error: Exception) -> Reason:
    causes = _causes_of(error)
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return Reason.READ_TIMEOUT
    if any(isinstance(cause, CutAnswer | IncompleteRead) for cause in causes):
        return Reason.CUT
    if any(isinstance(cause, HTTPException) for cause in causes):
        return Reason.MALFORMED
    return Reason.CONNECTION_LOST


def _causes_of(error: BaseException) -> list[BaseException]:
    """The exception and everything it was made from, whichever way it was wrapped."""
    causes: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        item = waiting.pop()
        if isinstance(item, BaseException) and item not in causes:
            causes.append(item)
            waiting += [item.__cause__, item.__context__, *item.args]
    return causes


def _body_of(response: Response, most: int) -> bytes | Reason:
    """The whole body, decompressed, or why it cannot be had. Cuts raise."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding in {"", "identity"}:
        return _joined(response, most)
    if coding in {"gzip", "x-gzip"}:
        return _decompressed(response, most)
    return Reason.ENCODING


def _joined(response: Response, most: int) -> bytes | Reason:
    body = bytearray()
    for piece in chunks_of(response.raw, _PIECE_BYTES):
        body += piece
        if len(body) > most:
            return Reason.TOO_LARGE
    return bytes(body)


def _decompressed(response: Response, most: int) -> bytes | Reason:
    body = bytearray()
    decompressor = zlib.decompressobj(_GZIP_WINDOW)
    for piece in chunks_of(response.raw, _PIECE_BYTES):
        waiting = piece
        while waiting:
            if decompressor.eof:
                return Reason.MALFORMED  # something behind the end of the stream
            try:
                body += decompressor.decompress(waiting, _PIECE_BYTES)
            except zlib.error:
                return Reason.MALFORMED
            if len(body) > most:
                return Reason.TOO_LARGE
            waiting = decompressor.unconsumed_tail or decompressor.unused_data
    if not decompressor.eof:
        raise CutAnswer("inside the compressed body")
    return bytes(body)


class _CredentialHeader(AuthBase):
    """Puts the credential on one request. Given as `auth`, it also keeps netrc out."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = self._credential.authorization()
        return request


def _prepared(call: Call) -> PreparedRequest:
    headers: Mapping[str, str] = {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, identity",
        "Content-Type": "application/json",
        "User-Agent": "pools-panel",
        "X-Request-ID": call.request_id,
    }
    request = PreparedRequest()
    auth = _CredentialHeader(call.credential) if call.credential else None
    request.prepare(call.method, call.url, headers=headers, data=call.body, auth=auth)
    return request


class _Connections(HTTPAdapter):
    """Connections to Core: watched, strict, with our own trust, never retrying."""

    def __init__(self, limits: CoreLimits) -> None:
        self._tls = _tls_context(limits.ca_file)
        self.used_at = monotonic()
        super().__init__(pool_connections=limits.connections_kept, pool_maxsize=1, max_retries=0)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **options: Any
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._tls, **options)
        self.poolmanager.pool_classes_by_scheme = POOL_CLASSES

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(
            proxy, ssl_context=self._tls, proxy_ssl_context=self._tls, **options
        )
        manager.pool_classes_by_scheme = POOL_CLASSES
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Trust comes from our own context alone: there is no way to switch it off."""
        conn.cert_reqs = "CERT_REQUIRED"


class _Kept(threading.local):
    def __init__(self) -> None:
        self.by_setting: dict[tuple[str | None, str | None], _Connections] = {}


_kept = _Kept()


def _kept_connections(limits: CoreLimits) -> _Connections:
    """This thread's connections, without those that were idle for so long that they may be dead."""
    setting = (limits.ca_file, limits.proxy_url)
    connections = _kept.by_setting.get(setting)
    if connections is None:
        connections = _kept.by_setting[setting] = _Connections(limits)
    elif monotonic() - connections.used_at > limits.keep_idle_seconds:
        connections.close()
    connections.used_at = monotonic()
    return connections


class CaFileUnreadable(OSError):
    """The settings name a CA file that is not there or holds no certificates."""


def load_certificates(limits: CoreLimits) -> None:
    """Before there are threads: of those that make their first call at once, each would."""
    _tls_context(limits.ca_file)


@lru_cache(maxsize=8)
def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Made once a trust setting. Built by hand: the ready-made ones obey SSLKEYLOGFILE."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(ca_file or DEFAULT_CA_BUNDLE_PATH)
    except OSError:
        raise CaFileUnreadable from None
    return context
