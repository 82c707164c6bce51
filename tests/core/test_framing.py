"""What is taken for an answer, and what is not: the grammar in docs/core-api.md, at the wire.

tests/proof has 1,000 more, written at random.
"""

from collections.abc import Callable
from typing import Final

import pytest

from pools.core import CoreError, Forbidden, Unanswered, Unauthenticated, Unexpected
from tests.core import grammar
from tests.core.conftest import MakeClient
from tests.core.operations import WRITES
from tests.core.raw_server import RawServer, then_close

Serve = Callable[..., RawServer]

OK: Final = b"HTTP/1.1 200 OK\r\n"
LENGTH: Final = b"Content-Length: 2\r\n"
CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
# Each says *done* where it is read more kindly.
BROKEN: Final = {
    "chunk followed by other bytes": OK + CHUNKED + b"\r\n2\r\n{}XX0\r\n\r\n",
    "chunk followed by LF and more": OK + CHUNKED + b"\r\n2\r\n{}\n\n0\r\n\r\n",
    "chunk followed by CR alone": OK + CHUNKED + b"\r\n2\r\n{}\r0\r\n\r\n",
    "bare CR that makes a header": OK + b"X: 1\rContent-Length: 2\r\n\r\n{}",
    "bare CR in the status line": b"HTTP/1.1 200 OK\rX: 1\r\n" + LENGTH + b"\r\n{}",
    "bare CR behind a header": OK + LENGTH[:-2] + b"\r\r\n\r\n{}",
    "NUL in a value": OK + b"X: a\x00b\r\n" + LENGTH + b"\r\n{}",
    "NUL in a name": OK + b"X\x00: 1\r\n" + LENGTH + b"\r\n{}",
    "escape in a value": OK + b"X: \x1b[2J\r\n" + LENGTH + b"\r\n{}",
    "DEL in a value": OK + b"X: \x7f\r\n" + LENGTH + b"\r\n{}",
    "NUL in the status line": b"HTTP/1.1 200 O\x00K\r\n" + LENGTH + b"\r\n{}",
    "line From": OK + b"From x\r\n" + LENGTH + b"\r\n{}",
    "line From with a colon": OK + b"From x: y\r\n" + LENGTH + b"\r\n{}",
    "blank before the colon": OK + b"X : 1\r\n" + LENGTH + b"\r\n{}",
    "folded line": OK + b"X: 1\r\n 2\r\n" + LENGTH + b"\r\n{}",
    "line without a name": OK + b": 1\r\n" + LENGTH + b"\r\n{}",
    "line without a colon": OK + b"X\r\n" + LENGTH + b"\r\n{}",
    "name beyond ASCII": OK + b"X\xe9: 1\r\n" + LENGTH + b"\r\n{}",
    "LF behind a header": OK + b"X: 1\n" + LENGTH + b"\r\n{}",
    "LF behind the status": b"HTTP/1.1 200 OK\n" + LENGTH + b"\r\n{}",
    "LF as the blank line": OK + LENGTH + b"\n{}",
    "LF behind a chunk's size": OK + CHUNKED + b"\r\n2\n{}\r\n0\r\n\r\n",
    "LF behind the last chunk": OK + CHUNKED + b"\r\n2\r\n{}\r\n0\r\n\n",
    "NUL beside a chunk's size": OK + CHUNKED + b"\r\n2;\x00\r\n{}\r\n0\r\n\r\n",
    "CR beside a chunk's size": OK + CHUNKED + b"\r\n2;a\rb\r\n{}\r\n0\r\n\r\n",
    "trailer that is none": OK + CHUNKED + b"\r\n2\r\n{}\r\n0\r\nFrom x\r\n\r\n",
    "NUL in a trailer": OK + CHUNKED + b"\r\n2\r\n{}\r\n0\r\nX: \x00\r\n\r\n",
    "broken line in a hint": b"HTTP/1.1 103 E\r\nFrom x\r\n\r\n" + OK + LENGTH + b"\r\n{}",
    "chunks in HTTP/1.0": b"HTTP/1.0 200 OK\r\n" + CHUNKED + b"\r\n2\r\n{}\r\n0\r\n\r\n",
    "no content, with a length": b"HTTP/1.1 204 N\r\n" + LENGTH + b"\r\n{}",
    "no content, in chunks": b"HTTP/1.1 204 N\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    "length in other digits": OK + b"Content-Length: \xb2\r\n\r\n{}",
    "length of blanks": OK + b"Content-Length:  \r\n\r\n{}",
    "a hundred lines": OK + b"X: 1\r\n" * 99 + LENGTH + b"\r\n{}",
}
WHOLE: Final = {
    "length": OK + LENGTH + b"\r\n{}",
    "blanks around a value": OK + b"Content-Length: \t 2 \t\r\n\r\n{}",
    "no blank behind the colon": OK + b"content-length:2\r\n\r\n{}",
    "empty value": OK + b"X:\r\n" + LENGTH + b"\r\n{}",
    "bytes beyond ASCII in a value": OK + b"X: caf\xc3\xa9 \xff\r\n" + LENGTH + b"\r\n{}",
    "several parts": OK + b"Content-Type: multipart/mixed\r\n" + LENGTH + b"\r\n{}",
    "no words behind the status": b"HTTP/1.1 200\r\n" + LENGTH + b"\r\n{}",
    "chunks": OK + b"Transfer-Encoding:  Chunked \r\n\r\n2 ;a=b\r\n{}\r\n000;x\r\nX: 1\r\n\r\n",
    "hints": b"HTTP/1.1 103 E\r\nLink: </a>\r\n\r\n" * 7 + OK + LENGTH + b"\r\n{}",
    "until the end": OK + b"\r\n{}",
    "no content": b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
    "ninety-nine lines": OK + b"X: 1\r\n" * 98 + LENGTH + b"\r\n{}",
}


@pytest.mark.parametrize("name", ["clear", "delete"])
@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_broken_answer_is_no_answer(
    serve: Serve, client: MakeClient, answer: bytes, name: str
) -> None:
    with pytest.raises(grammar.Broken):
        grammar.read(answer)
    server = serve(then_close(answer))
    with pytest.raises(Unanswered):
        WRITES[name](client(server.url))
    assert len(server.received) == 1


@pytest.mark.parametrize("answer", WHOLE.values(), ids=WHOLE)
def test_whole_answer_is_one(serve: Serve, client: MakeClient, answer: bytes) -> None:
    grammar.read(answer)
    WRITES["clear"](client(serve(then_close(answer)).url))


def test_refusal_behind_a_hidden_length_is_not_done(serve: Serve, client: MakeClient) -> None:
    """Was recorded as done: by the hidden length nothing follows, which a good clear may be."""
    refusal = b'{"message":"No.","errors":{}}'
    head = b"HTTP/1.1 200 OK\r\nX: 1\rContent-Length: 0\r\n\r\n"
    with pytest.raises(Unanswered):
        WRITES["clear"](client(serve(then_close(head + refusal)).url))


@pytest.mark.parametrize(("status", "kind"), [(401, Unauthenticated), (403, Forbidden)])
@pytest.mark.parametrize("name", WRITES)
def test_a_refusal_of_a_simple_server_is_one(
    serve: Serve, client: MakeClient, name: str, status: int, kind: type[CoreError]
) -> None:
    """As Python's own server sends it: in HTTP/1.0, with neither a body nor its length."""
    head = f"HTTP/1.0 {status} Refused\r\nServer: BaseHTTP/0.6\r\n".encode()
    with pytest.raises(kind):
        WRITES[name](client(serve(then_close(head + b"\r\n")).url))
    for cut in (head, head + b"Content-Type: text/html\r\n\r\n"):
        with pytest.raises((Unanswered, Unexpected)):
            WRITES[name](client(serve(then_close(cut)).url))
