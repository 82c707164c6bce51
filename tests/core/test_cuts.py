"""An answer that breaks off anywhere is never taken for a whole one."""

import gzip
import json
from collections.abc import Callable

import pytest

from pools.core import CoreError, Unanswered
from tests.core.conftest import MakeClient
from tests.core.operations import GOOD, OPERATIONS, WRITES
from tests.core.raw_server import (
    Connection,
    RawServer,
    Received,
    chunked_answer,
    json_answer,
    raw_answer,
    then_close,
)
from tests.fixtures.sampling import paired

Serve = Callable[..., RawServer]

# As short as they can be: each of their bytes costs a call.
POOL = {"data": {"id": 7, "name": "orders", "limit": 5, "timeout": None}}
SHORT = {**GOOD, "create": POOL, "update": POOL, "get": POOL}
BOTH_LENGTHS = b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"


def whole_answers(name: str) -> dict[str, bytes]:
    """A good answer to the operation in each framing that HTTP/1.1 has."""
    body = json.dumps(SHORT[name]).encode()
    kind = ("Content-Type", "application/json")
    return {
        "length": raw_answer(body, 200, (kind, ("X-Request-ID", "r"))),
        "chunks": chunked_answer(body[:1], body[1:]),
        "chunks-with-trailer": chunked_answer(body, end=b"000\r\nX-Trailer: 1\r\n\r\n"),
        "gzip": raw_answer(gzip.compress(body, mtime=0), 200, (kind, ("Content-Encoding", "gzip"))),
        "after-hints": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + raw_answer(body),
    }


FRAMINGS = tuple(whole_answers("clear"))


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_whole_answer_is_good(serve: Serve, client: MakeClient, name: str, framing: str) -> None:
    OPERATIONS[name](client(serve(then_close(whole_answers(name)[framing])).url))


@pytest.mark.parametrize(("framing", "name"), paired(FRAMINGS, WRITES))
def test_answer_cut_at_any_byte_is_unknown(
    serve: Serve, client: MakeClient, name: str, framing: str
) -> None:
    whole = whole_answers(name)[framing]

    def cut(request: Received, connection: Connection) -> None:
        connection.send(whole[: int(request.headers["x-request-id"])])

    server = serve(cut)
    core = client(server.url)
    for length in range(len(whole)):
        with pytest.raises(Unanswered):
            WRITES[name](core.for_request(str(length)))
    assert len(server.received) == len(whole)


@pytest.mark.parametrize("name", WRITES)
def test_answer_that_ends_with_the_connection_is_unknown_when_cut(
    serve: Serve, client: MakeClient, name: str
) -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    whole = head + json.dumps(SHORT[name]).encode()

    def cut(request: Received, connection: Connection) -> None:
        connection.send(whole[: int(request.headers["x-request-id"])])

    core = client(serve(cut).url)
    for length in range(len(whole)):
        with pytest.raises(CoreError) as caught:
            WRITES[name](core.for_request(str(length)))
        assert (caught.value.sent, caught.value.final) == (True, False)


@pytest.mark.parametrize(
    "answer",
    [
        raw_answer(b"{}", length=3),
        raw_answer(b"", length=1),
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + BOTH_LENGTHS + b"\r\n2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 2_0 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 +200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + raw_answer(b"{}"),
        chunked_answer(b"{}", end=b"0\r\n"),
        chunked_answer(b"{}", end=b"0"),
        chunked_answer(b"{}", end=b""),
        chunked_answer(end=b"-2\r\n{}"),
        chunked_answer(end=b"0x2\r\n{}\r\n0\r\n\r\n"),
        chunked_answer(end=b"5\r\n{}\r\n0\r\n\r\n"),
        chunked_answer(end=b"1\r\n{}\r\n0\r\n\r\n"),
        chunked_answer(end=b"zz\r\n{}\r\n0\r\n\r\n"),
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 200 + b"Content-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
@pytest.mark.parametrize("name", ["clear", "delete"])
def test_framing_that_cannot_be_trusted_is_unknown(
    serve: Serve, client: MakeClient, answer: bytes, name: str
) -> None:
    server = serve(then_close(answer))
    with pytest.raises(Unanswered):
        WRITES[name](client(server.url))
    assert len(server.received) == 1


@pytest.mark.parametrize("name", WRITES)
def test_compressed_body_cut_behind_a_true_length_is_not_done(
    serve: Serve, client: MakeClient, name: str
) -> None:
    whole = gzip.compress(json.dumps(SHORT[name]).encode(), mtime=0)
    kind = (("Content-Encoding", "gzip"),)

    def cut(request: Received, connection: Connection) -> bytes:
        return raw_answer(whole[: int(request.headers["x-request-id"])], 200, kind)

    core = client(serve(cut).url)
    for length in range(1, len(whole)):
        with pytest.raises(CoreError) as caught:
            WRITES[name](core.for_request(str(length)))
        assert (caught.value.sent, caught.value.final) == (True, False)


def test_surplus_bytes_reach_nobody_elses_answer(serve: Serve, client: MakeClient) -> None:
    stray = json_answer({"data": {"id": 7, "name": "stray"}})
    good = json_answer({"data": {"id": 7, "name": "mine"}})
    server = serve(lambda request, connection: good + stray)
    core = client(server.url)
    assert [core.get_pool(7).name for _ in range(3)] == ["mine", "mine", "mine"]
