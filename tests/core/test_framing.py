"""What is taken for an answer, and what is not: the grammar in docs/core-api.md, at the wire."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pools.core import CoreClient, CoreError, CoreLimits, Unanswered
from pools.core.answers import Answer, AnswerReader
from tests.core import grammar
from tests.core.conftest import KEY, MakeClient
from tests.core.operations import GOOD, OPERATIONS, WRITES
from tests.core.raw_server import Connection, RawServer, Received, then_close
from tests.fixtures.kept_connections import close_kept_connections

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


# --- Answers that nobody would write, against the grammar read anew ---------------------------

texts = st.binary(max_size=6).map(
    lambda text: bytes(byte for byte in text if byte == 9 or (byte >= 32 and byte != 127))
)
names = st.sampled_from([b"X", b"x-request-id", b"From", b"Server", b"!#$", b"Connection"])
blanks = st.sampled_from([b"", b" ", b"\t", b" \t "])


@st.composite
def header(draw: st.DrawFn, body: bytes, *, chunked: bool | None) -> bytes:
    """Header lines as the grammar has them, with a length, in chunks, or with neither."""
    lines = [
        b"%b:%b%b%b\r\n" % (draw(names), draw(blanks), draw(texts), draw(blanks))
        for _ in range(draw(st.integers(0, 3)))
    ]
    if chunked is True:
        lines.append(b"Transfer-Encoding:%bchunked\r\n" % draw(blanks))
    elif chunked is False:
        lines.append(b"Content-Length:%b%d\r\n" % (draw(blanks), len(body)))
    shuffled: list[bytes] = draw(st.permutations(lines))
    return b"".join(shuffled)


@st.composite
def whole_answers(draw: st.DrawFn, body: bytes) -> bytes:
    """A whole answer with this body, in any framing that the grammar has."""
    chunked = draw(st.sampled_from([True, True, True, False, False, None]))
    status = draw(st.sampled_from([200, 200, 200, 201, 204, 401, 403, 404, 422, 429, 500]))
    if status == 204:
        body, chunked = b"", draw(st.sampled_from([False, None]))
    if chunked:
        cut = draw(st.integers(0, len(body)))
        chunks = [part for part in (body[:cut], body[cut:]) if part]
        sent = b"".join(b"%x%b\r\n%b\r\n" % (len(c), draw(blanks), c) for c in chunks)
        sent += b"0\r\n" + draw(st.sampled_from([b"", b"X: 1\r\n"])) + b"\r\n"
    else:
        sent = body
    hint = draw(st.sampled_from([b"", b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"]))
    line = b"HTTP/1.1 %d %b\r\n" % (status, draw(texts))
    return hint + line + draw(header(body, chunked=chunked)) + b"\r\n" + sent


DAMAGE: Final = (
    *(b"", b"\r", b"\n", b"\r\n", b"\x00", b"\t", b":", b"0", b"\xff", b"\x7f"),
    *(b"XX", b"\n\n", b"\r\r", b"  ", b"X: \x00\r\n", b"X: 1\r", b"From x\r\n", b"\r\n\r\n"),
    *(b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n"),
)


@st.composite
def damaged_answers(draw: st.DrawFn) -> tuple[str, bytes]:
    """An operation, and an answer to it, mostly whole, often with a few bytes too many or few."""
    name = draw(st.sampled_from(sorted(OPERATIONS)))
    good = json.dumps(GOOD[name]).encode()
    bodies = [good, good, good, b"{}", b"", b'{"message":"No.","errors":{}}', b"[]"]
    raw = draw(whole_answers(draw(st.sampled_from(bodies))))
    for _ in range(draw(st.sampled_from([0, 1, 1, 2]))):
        # Mostly where lines end: what is inside a body is the business of other tests.
        line_ends = [found.start() for found in re.finditer(b"\r", raw)]
        at = draw(st.sampled_from(line_ends or [0]) | st.integers(0, len(raw)))
        raw = (
            raw[:at]
            + draw(st.sampled_from(DAMAGE))
            + raw[at + draw(st.sampled_from([0, 1, 2, 2])) :]
        )
    return name, raw


class ScriptedServer(RawServer):
    """Answers every request with the bytes that `script` holds then, and closes."""

    def __init__(self) -> None:
        self.script = b""
        super().__init__(self._answer)

    def _answer(self, request: Received, connection: Connection) -> None:
        connection.send(self.script)


@pytest.fixture(scope="module")
def scripted() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    close_kept_connections()
    server.stop()


# A 404 is asked about a second time, and may then meet the connection that is being closed.
LIMITS: Final = CoreLimits(read_retries=1, calls_at_once=64)
READER: Final = AnswerReader(LIMITS, KEY.secret)


class Judged(CoreClient):
    """Makes the same of an answer as the client does, with the answer given."""

    given: Answer

    def _call(self, *arguments: Any, **options: Any) -> Answer:
        return self.given


def expected(name: str, raw: bytes) -> object:
    """What the operation makes of these bytes by the grammar; Unanswered where it is broken."""
    try:
        whole = grammar.read(raw)
    except grammar.Broken:
        return Unanswered
    judged = Judged("http://127.0.0.1:1", KEY, LIMITS)
    judged.given = Answer(
        status=whole.status,
        body=whole.body,
        content_type=next(iter(whole.all(b"content-type")), b"").decode("latin-1"),
        framed=whole.framed,
        location="",
        retry_after="",
        received_at=datetime.now(UTC),
    )
    return conclusion(name, judged)


def conclusion(name: str, core: CoreClient) -> object:
    """What the operation returned, or the class of its error."""
    try:
        return OPERATIONS[name](core)
    except CoreError as error:
        return type(error)


@settings(
    max_examples=1000,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=damaged_answers())
def test_conclusion_is_what_the_grammar_says(
    scripted: ScriptedServer, drawn: tuple[str, bytes]
) -> None:
    name, scripted.script = drawn
    close_kept_connections()
    assert conclusion(name, CoreClient(scripted.url, KEY, LIMITS)) == expected(*drawn)
