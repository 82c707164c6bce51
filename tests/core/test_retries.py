"""A write goes out once, whatever happens; a read at most three times, in its time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

import pytest

from pools.core import CoreError, NotSent, RateLimited, Reason, Unanswered
from tests.core.conftest import MakeClient
from tests.core.operations import GOOD, OPERATIONS, READS, WRITES, good_core
from tests.core.raw_server import (
    Connection,
    Handler,
    RawServer,
    Received,
    always,
    in_turn,
    json_answer,
    nobody_listening,
    raw_answer,
    then_close,
)
from tests.core.side_by_side import side_by_side
from tests.fixtures.sampling import paired

Serve = Callable[..., RawServer]


def reset(request: Received, connection: Connection) -> None:
    connection.reset()


def reset_in_headers(request: Received, connection: Connection) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\nContent-")
    connection.reset()


def reset_in_body(request: Received, connection: Connection) -> None:
    connection.send(raw_answer(b"{", length=50))
    connection.reset()


def refusing(status: int, *headers: tuple[str, str]) -> Handler:
    return always(json_answer({"message": "No."}, status, *headers))


GOOD_GET = always(json_answer(GOOD["get"]))
LOST: dict[str, Handler] = {
    "reset": reset,
    "reset in headers": reset_in_headers,
    "reset in body": reset_in_body,
    "closed": then_close(b""),
    "closed in headers": then_close(b"HTTP/1.1 200 OK\r\n"),
    "closed in body": then_close(raw_answer(b"{}", length=9)),
    "502": refusing(502),
    "503": refusing(503),
    "504": refusing(504),
    "429, come at once": refusing(429, ("Retry-After", "0")),
    "503, come at once": refusing(503, ("Retry-After", "0")),
}
FINAL: dict[str, Handler] = {
    "400": refusing(400),
    "401": refusing(401),
    "403": refusing(403),
    "404": refusing(404),
    "422": refusing(422),
    "429": refusing(429),
    "429, come in 6 s": refusing(429, ("Retry-After", "6")),
    "429, come soon": refusing(429, ("Retry-After", "soon")),
    "503, come in 6 h": refusing(503, ("Retry-After", "21600")),
    "500": refusing(500),
    "redirect": refusing(302, ("Location", "/login")),
    "web page": always(raw_answer(b"<html>")),
    "wrong shape": always(json_answer("done")),
    "unknown encoding": always(raw_answer(b"{}", 200, (("Content-Encoding", "br"),))),
}


@pytest.mark.parametrize(("fault", "name"), paired([*LOST, *FINAL], WRITES))
def test_write_is_sent_exactly_once(
    serve: Serve, client: MakeClient, fault: str, name: str
) -> None:
    server = serve((LOST | FINAL)[fault])
    with pytest.raises(CoreError):
        WRITES[name](client(server.url))
    assert len(server.received) == 1


@pytest.mark.parametrize("name", READS)
def test_read_is_tried_again_twice_at_most(serve: Serve, client: MakeClient, name: str) -> None:
    def requests(fault: str) -> int:
        server = serve(LOST[fault])
        with pytest.raises(CoreError):
            READS[name](client(server.url))
        return len(server.received)

    made = side_by_side({fault: partial(requests, fault) for fault in LOST})
    assert made == dict.fromkeys(LOST, 3)


@pytest.mark.parametrize("fault", FINAL)
def test_read_that_got_its_answer_is_not_tried_again(
    serve: Serve, client: MakeClient, fault: str
) -> None:
    server = serve(FINAL[fault])
    with pytest.raises(CoreError):
        client(server.url).get_pool(7)
    pool, *others = [request.target.partition("?")[0] for request in server.received]
    # Whether a 404 is about the pool is another question.
    assert others == (["/api/v1/connection-pools"] if fault == "404" else [])
    assert pool == "/api/v1/connection-pools/7"


def test_second_try_of_a_read_is_as_good_as_the_first(serve: Serve, client: MakeClient) -> None:
    def read(fault: str) -> tuple[int | None, int]:
        server = serve(in_turn(LOST[fault], GOOD_GET))
        pool = client(server.url).get_pool(7)
        return pool.id, len(server.received)

    found = side_by_side({fault: partial(read, fault) for fault in LOST})
    assert found == dict.fromkeys(LOST, (7, 2))


def test_number_of_retries_is_a_limit(serve: Serve, client: MakeClient) -> None:
    server = serve(reset)
    with pytest.raises(Unanswered):
        client(server.url, read_retries=0).get_pool(7)
    assert len(server.received) == 1


def test_wait_that_core_asks_for_is_kept(serve: Serve, client: MakeClient) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=1, milliseconds=900), usegmt=True)
    server = serve(in_turn(refusing(429, ("Retry-After", at)), GOOD_GET))
    core = client(server.url)
    assert core.get_pool(7).id == 7
    assert core.last_exchange is not None
    assert core.last_exchange.took_seconds > 0.4


def test_wait_beyond_the_deadline_is_not_begun(serve: Serve, client: MakeClient) -> None:
    server = serve(refusing(429, ("Retry-After", "3")))
    core = client(server.url, deadline_seconds=2)
    with pytest.raises(RateLimited):
        core.get_pool(7)
    assert core.last_exchange is not None
    assert core.last_exchange.took_seconds < 1
    assert len(server.received) == 1


@pytest.mark.parametrize("name", OPERATIONS)
def test_nobody_listening_is_not_sent(client: MakeClient, name: str) -> None:
    with nobody_listening() as url, pytest.raises(NotSent) as caught:
        OPERATIONS[name](client(url))
    assert caught.value.reason == Reason.CONNECTION_REFUSED


def once_then_close(request: Received, connection: Connection) -> None:
    good = good_core(request, connection)
    assert good is not None
    connection.send(good)


@pytest.mark.parametrize("name", OPERATIONS)
def test_kept_connection_that_core_has_closed_does_no_harm(
    serve: Serve, client: MakeClient, name: str
) -> None:
    server = serve(once_then_close)
    core = client(server.url)
    core.get_pool(7)
    OPERATIONS[name](core)
    assert len(server.received) == 2


def test_read_survives_a_kept_connection_that_dies_as_it_is_used(
    serve: Serve, client: MakeClient
) -> None:
    server = serve(in_turn(GOOD_GET, reset, GOOD_GET))
    core = client(server.url)
    assert [core.get_pool(7).id, core.get_pool(7).id] == [7, 7]
    assert [request.connection for request in server.received] == [1, 1, 2]


@pytest.mark.parametrize("name", WRITES)
def test_write_goes_out_on_a_fresh_connection(serve: Serve, client: MakeClient, name: str) -> None:
    server = serve(good_core)
    core = client(server.url)
    core.get_pool(7)
    WRITES[name](core)
    core.get_pool(7)
    assert [request.connection for request in server.received] == [1, 2, 1]


def test_connection_that_lay_idle_too_long_is_not_used(serve: Serve, client: MakeClient) -> None:
    server = serve(good_core)
    core = client(server.url, keep_idle_seconds=0)
    core.get_pool(7)
    core.get_pool(7)
    assert [request.connection for request in server.received] == [1, 2]
