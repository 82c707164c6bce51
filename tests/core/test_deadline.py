"""A call ends when its time is over, wherever it is. Rules about time: these measure it."""

import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic
from typing import Any

import pytest

from pools.core import CoreError, NotSent, Reason, Unanswered
from tests.core.conftest import MakeClient
from tests.core.operations import OPERATIONS, READS
from tests.core.raw_server import (
    Connection,
    Handler,
    RawServer,
    Received,
    always,
    in_turn,
    raw_answer,
)
from tests.core.side_by_side import side_by_side

Serve = Callable[..., RawServer]

DEADLINE_SECONDS = 0.5
GRACE_SECONDS = 0.5
WHOLE = raw_answer(b'{"message": "' + b"x" * 200 + b'"}')


def hang_before(request: Received, connection: Connection) -> None:
    connection.hang()


def hang_in_headers(request: Received, connection: Connection) -> None:
    connection.send(WHOLE[:30])
    connection.hang()


def hang_after_headers(request: Received, connection: Connection) -> None:
    connection.send(WHOLE[: WHOLE.index(b"\r\n\r\n") + 4])
    connection.hang()


def hang_in_body(request: Received, connection: Connection) -> None:
    connection.send(WHOLE[:-5])
    connection.hang()


def drip_headers(request: Received, connection: Connection) -> None:
    connection.drip(WHOLE, 0.05)


def drip_body(request: Received, connection: Connection) -> None:
    start = WHOLE.index(b"\r\n\r\n") + 4
    connection.send(WHOLE[:start])
    connection.drip(WHOLE[start:], 0.05)


def drip_chunks(request: Received, connection: Connection) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    connection.drip(b"1\r\n{\r\n" * 100, 0.05)


def drip_interim_answers(request: Received, connection: Connection) -> None:
    connection.drip(b"HTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\n" * 100, 0.05)


def drip_until_closed(request: Received, connection: Connection) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    connection.drip(b" " * 1000, 0.05)


def endless_body(request: Received, connection: Connection) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}")
    while not connection.stopped.wait(0.02):
        connection.send(b" ")


SLOW = [
    hang_before,
    hang_in_headers,
    hang_after_headers,
    hang_in_body,
    drip_headers,
    drip_body,
    drip_chunks,
    drip_interim_answers,
    drip_until_closed,
    endless_body,
]


def time_taken(operation: Callable[[], object]) -> tuple[float, CoreError]:
    started = monotonic()
    with pytest.raises(CoreError) as caught:
        operation()
    return monotonic() - started, caught.value


@pytest.mark.parametrize("name", ["get", "clear"])
def test_slow_answer_ends_at_the_deadline(serve: Serve, client: MakeClient, name: str) -> None:
    def call(handler: Handler) -> tuple[float, CoreError]:
        core = client(serve(handler).url, deadline_seconds=DEADLINE_SECONDS)
        return time_taken(lambda: OPERATIONS[name](core))

    ended = side_by_side({handler.__name__: partial(call, handler) for handler in SLOW})
    assert {case: (type(error), error.reason) for case, (_, error) in ended.items()} == (
        dict.fromkeys(ended, (Unanswered, Reason.DEADLINE))
    )
    least, most = DEADLINE_SECONDS - 0.05, DEADLINE_SECONDS + GRACE_SECONDS
    assert {case: took for case, (took, _) in ended.items() if not least <= took <= most} == {}


def test_silence_ends_at_the_read_timeout(serve: Serve, client: MakeClient) -> None:
    server = serve(hang_before)
    seconds, error = time_taken(lambda: client(server.url, read_timeout_seconds=0.3).get_pool(7))
    assert (type(error), error.reason) == (Unanswered, Reason.READ_TIMEOUT)
    assert seconds <= 0.3 + GRACE_SECONDS
    assert len(server.received) == 1


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port whose queue of waiting connections is full: connecting to it never ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for sock in waiting:
            sock.close()


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"connect_timeout_seconds": 0.4}, Reason.CONNECT_TIMEOUT),
        ({"deadline_seconds": 0.4}, Reason.DEADLINE),
    ],
)
def test_connection_that_does_not_come_about_is_not_sent(
    client: MakeClient, deaf_port: int, limits: dict[str, Any], reason: Reason
) -> None:
    core = client(f"http://127.0.0.1:{deaf_port}", **limits)
    seconds, error = time_taken(lambda: core.clear_pool(7))
    assert (type(error), error.reason) == (NotSent, reason)
    assert seconds <= 0.4 + GRACE_SECONDS


@pytest.mark.parametrize("drip", [False, True])
def test_handshake_that_does_not_end_is_not_sent(client: MakeClient, drip: bool) -> None:
    """TLS records that trickle in reset a timeout of single reads for ever."""
    stopped = threading.Event()

    def serve_nothing() -> None:
        sock, _ = listener.accept()
        with sock:
            sock.sendall(b"\x16\x03\x03\x40\x00" if drip else b"")
            while drip and not stopped.wait(0.05):
                sock.sendall(b"\x02")
            stopped.wait()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve_nothing)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        core = client(url, deadline_seconds=DEADLINE_SECONDS)
        seconds, error = time_taken(lambda: core.clear_pool(7))
        stopped.set()
        thread.join()
    assert (type(error), error.reason) == (NotSent, Reason.DEADLINE)
    assert seconds <= DEADLINE_SECONDS + GRACE_SECONDS


def test_proxy_that_answers_drop_by_drop_is_not_sent(serve: Serve, client: MakeClient) -> None:
    def drip_tunnel(request: Received, connection: Connection) -> None:
        connection.drip(b"HTTP/1.1 200 Connection established\r\n" + b"X: 1\r\n" * 100, 0.05)

    proxy = serve(drip_tunnel)
    core = client("https://core.example", deadline_seconds=DEADLINE_SECONDS, proxy_url=proxy.url)
    seconds, error = time_taken(lambda: core.clear_pool(7))
    assert (type(error), error.reason) == (NotSent, Reason.DEADLINE)
    assert seconds <= DEADLINE_SECONDS + GRACE_SECONDS


def test_name_that_is_looked_up_for_ever_is_not_sent(
    client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()
    answered = threading.Event()

    def look_up(*arguments: object, **options: object) -> list[object]:
        asked.set()
        answered.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    core = client("https://core.example", deadline_seconds=DEADLINE_SECONDS)
    seconds, error = time_taken(lambda: core.clear_pool(7))
    answered.set()
    assert asked.is_set()
    assert (type(error), error.reason) == (NotSent, Reason.DEADLINE)
    assert seconds <= DEADLINE_SECONDS + GRACE_SECONDS


def test_retries_share_one_deadline(serve: Serve, client: MakeClient) -> None:
    def lost_late(request: Received, connection: Connection) -> None:
        connection.stopped.wait(1)
        connection.reset()

    server = serve(in_turn(lost_late, hang_before))
    core = client(server.url, deadline_seconds=2)
    seconds, error = time_taken(lambda: READS["get"](core))
    assert (len(server.received), error.reason) == (2, Reason.DEADLINE)
    assert seconds <= 2 + GRACE_SECONDS


def test_kept_connection_is_watched_too(serve: Serve, client: MakeClient) -> None:
    server = serve(in_turn(always(raw_answer(b'{"data": {"id": 7}}')), drip_body))
    core = client(server.url, deadline_seconds=DEADLINE_SECONDS)
    core.get_pool(7)
    seconds, error = time_taken(lambda: core.get_pool(7))
    assert (server.connections, error.reason) == (1, Reason.DEADLINE)
    assert seconds <= DEADLINE_SECONDS + GRACE_SECONDS


def test_watchdog_of_an_ended_call_leaves_the_next_one_alone(
    serve: Serve, client: MakeClient
) -> None:
    """Both calls use one kept connection; the first one's time is over during the second."""

    def slow(request: Received, connection: Connection) -> bytes:
        connection.stopped.wait(0.3)
        return raw_answer(b'{"data": {"id": 7}}')

    server = serve(slow)
    core = client(server.url, deadline_seconds=DEADLINE_SECONDS)
    assert [core.get_pool(7).id, core.get_pool(7).id] == [7, 7]
    assert (server.connections, len(server.received)) == (1, 2)
