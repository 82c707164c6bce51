"""Answers that nobody would write: each is a result or one of our errors.

Two thousand in each run, ten thousand in `make proof`.
"""

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from pools.core import (
    BearerToken,
    CoreClient,
    CoreError,
    CoreLimits,
    Page,
    Pool,
    PoolQuery,
)
from pools.core.answers import Answer, AnswerReader
from pools.secret import Secret
from tests.core.conftest import KEY
from tests.core.operations import GOOD, OPERATIONS, POOL, WRITES
from tests.core.raw_server import ScriptedServer, raw_answer
from tests.fixtures.kept_connections import close_kept_connections
from tests.fixtures.sampling import generated

READER = AnswerReader(CoreLimits(), Secret("canary-canary"))
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**60), 10**60)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["canary-canary", "\x00", "2026-05-01T10:00:00Z", "5", "<b>"])
)
keys = st.sampled_from(
    [
        *POOL,
        "connectors",
        "system",
        "data",
        "meta",
        "message",
        "errors",
        "total",
        "per_page",
        "token",
    ]
) | st.text(max_size=5)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=8,
)
rows = st.fixed_dictionaries({}, optional={name: values | st.just(POOL[name]) for name in POOL})
documents = (
    values
    | st.fixed_dictionaries({"data": rows | st.lists(rows, max_size=3)}, optional={"meta": values})
    | st.fixed_dictionaries({"message": values}, optional={"errors": values})
    | st.fixed_dictionaries({"token": values, "expires_in": values})
)


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode()


def damaged(body: bytes, position: int, insertion: bytes, removed: int) -> bytes:
    at = position % (len(body) + 1)
    return body[:at] + insertion + body[at + removed :]


bodies = (
    documents.map(encoded)
    | st.fixed_dictionaries({"data": rows}).map(encoded)
    | st.fixed_dictionaries({"data": st.lists(rows, max_size=3)}).map(encoded)
    | st.binary(max_size=200)
    | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.builds(
        damaged,
        st.sampled_from([encoded(good) for good in GOOD.values()]),
        st.integers(0, 400),
        st.binary(max_size=4),
        st.integers(0, 4),
    )
)
headers = st.text(st.characters(max_codepoint=255), max_size=20)
# One body and its headers under twenty statuses: twenty answers for the price of one.
STATUSES = (
    *(103, 200, 201, 202, 204, 301, 302, 304, 400, 401),
    *(403, 404, 405, 413, 418, 422, 429, 500, 503, 999),
)
answers = st.builds(
    Answer,
    status=st.just(200),
    body=bodies,
    content_type=headers | st.sampled_from(["application/json", "text/html"]),
    framed=st.booleans(),
    location=headers,
    retry_after=headers | st.integers().map(str),
    received_at=st.just(NOW),
)


def read_every_way(answer: Answer) -> list[object]:
    """Each reader's result. They differ on successes alone: one stands for the rest."""
    if answer.status not in {200, 201}:
        return [READER.cleared(answer)]
    return [
        READER.page(answer, PoolQuery()),
        READER.pool(answer, 7),
        READER.written_pool(answer, {"name": "orders", "limit": 5, "timeout": None}),
        READER.written_pool(answer, {"limit": 5}, 7),
        READER.deleted(answer),
        READER.cleared(answer),
        READER.token(answer),
    ]


@generated(100, 500, suppress_health_check=[HealthCheck.too_slow])
@given(answers)
def test_any_answer_is_a_result_or_one_of_our_errors(drawn: Answer) -> None:
    for status in STATUSES:
        for result in read_every_way(replace(drawn, status=status)):
            assert isinstance(result, Page | Pool | str | BearerToken | CoreError)
            assert "canary-canary" not in shown(result)


def shown(result: object) -> str:
    """All of a result that a page or a database could be given; it must fit into UTF-8."""
    rows = result.pools if isinstance(result, Page) else (result,)
    raw = [row.raw for row in rows if isinstance(row, Pool)]
    text = f"{result!r} {raw} {getattr(result, 'detail', '')} {getattr(result, 'fields', '')}"
    assert not re.search("[\x00\ud800-\udfff]", text)
    return text


@pytest.fixture(scope="module")
def scripted() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    close_kept_connections()
    server.stop()


raw_answers = (
    st.binary(max_size=300)
    | st.builds(
        damaged,
        st.sampled_from([raw_answer(encoded(good)) for good in GOOD.values()]),
        st.integers(0, 400),
        st.binary(max_size=6),
        st.integers(0, 6),
    )
    | st.builds(
        lambda line, fields, body: b"\r\n".join([line, *fields, b"", body]),
        st.sampled_from(
            [b"HTTP/1.1 200 OK", b"HTTP/1.0 200 ", b"HTTP/1.1 999 X", b"HTTP/1.1 204 N"]
        ),
        st.lists(
            st.sampled_from(
                [
                    b"Content-Length: 2",
                    b"Content-Length: 0",
                    b"Transfer-Encoding: chunked",
                    b"Content-Encoding: gzip",
                    b"Connection: keep-alive",
                    b"Set-Cookie: a=\xff; Expires=x",
                    b"Retry-After: \xff",
                    b" folded",
                    b":",
                    b"X\x00: 1",
                ]
            ),
            max_size=4,
        ),
        st.sampled_from([b"{}", b"2\r\n{}\r\n0\r\n\r\n", b"", b"\x1f\x8b"]),
    )
)


@generated(
    50, 250, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(raw=raw_answers, name=st.sampled_from(sorted(OPERATIONS)))
def test_any_bytes_on_the_wire_are_a_result_or_one_of_our_errors(
    scripted: ScriptedServer, raw: bytes, name: str
) -> None:
    scripted.script = raw
    before = len(scripted.received)
    core = CoreClient(scripted.url, KEY, CoreLimits(read_retries=0, calls_at_once=64))
    with contextlib.suppress(CoreError):
        OPERATIONS[name](core)
    # A read may meet a kept connection that the server closed just then.
    assert len(scripted.received) - before in ({1} if name in WRITES else {0, 1})
