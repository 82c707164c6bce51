"""Answers that nobody would write: what the client makes of them, by the grammar read anew."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pools.core import ApiKey, CoreClient, CoreError, CoreLimits, Unanswered
from pools.core.answers import Answer
from pools.secret import Secret
from tests.core import grammar
from tests.core.operations import GOOD, OPERATIONS
from tests.core.raw_server import ScriptedServer
from tests.fixtures.kept_connections import close_kept_connections

KEY: Final = ApiKey(Secret("canary-canary"))

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


@pytest.fixture(scope="module")
def scripted() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    close_kept_connections()
    server.stop()


# A 404 is asked about a second time, and may then meet the connection that is being closed.
LIMITS: Final = CoreLimits(read_retries=1, calls_at_once=64)


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
