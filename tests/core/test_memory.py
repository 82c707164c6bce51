"""Answers made to fill the memory: refused within 32 MiB, in a process of their own."""

import gzip
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.core.raw_server import Connection, Handler, RawServer, Received, raw_answer

MOST_MEBIBYTES = 32
MEBIBYTE = 2**20
GZIP = (("Content-Encoding", "gzip"),)

# For each bomb in turn: the error of a call, and by how many MiB the process has grown
# at its peak since the good call before all of them.
MEASURED_CALLS = """
import re, sys
from pathlib import Path
from pools.core import ApiKey, CoreClient, CoreError, CoreLimits
from pools.secret import Secret

def peak():
    # Not getrusage: that counts from the parent's size on.
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) / 1024

core = CoreClient(sys.argv[1], ApiKey(Secret("canary-canary")), CoreLimits(read_retries=0))
core.get_pool(1)
before = peak()
for pool_id in range(2, 2 + int(sys.argv[2])):
    try:
        core.get_pool(pool_id)
    except CoreError as error:
        print(type(error).__name__, error.reason, peak() - before, sep=":")
"""


@cache
def bomb(megabytes: int, start: bytes = b'{"data":[', end: bytes = b"]}") -> bytes:
    return gzip.compress(start + b" " * (megabytes * MEBIBYTE) + end, mtime=0)


@cache
def chained(times: int) -> bytes:
    body = bomb(20)
    for _ in range(times - 1):
        body = gzip.compress(body, mtime=0)
    return raw_answer(body, 200, (("Content-Encoding", ", ".join(["gzip"] * times)),))


def endless(part: bytes, start: bytes) -> Handler:
    def handle(request: Received, connection: Connection) -> None:
        connection.send(start)
        while not connection.stopped.is_set():
            connection.send(part)

    return handle


def fixed(answer: bytes) -> Handler:
    return lambda request, connection: answer


def packed(pack: Callable[[], bytes]) -> Handler:
    """Packing takes a second, which those who only collect these tests do not have to wait for."""
    return lambda request, connection: pack()


HEAD = b"HTTP/1.1 200 OK\r\n"
PIECE = b" " * 65536
BOMBS: dict[str, tuple[Handler, str]] = {
    "gzip": (packed(lambda: raw_answer(bomb(300), 200, GZIP)), "Unexpected:answer too large"),
    "gzip in an error": (
        packed(lambda: raw_answer(bomb(300), 422, GZIP)),
        "Unexpected:answer too large",
    ),
    "gzip in a redirect": (
        packed(lambda: raw_answer(bomb(300), 302, (*GZIP, ("Location", "/x")))),
        "Unexpected:answer too large",
    ),
    "gzip in gzip": (
        packed(lambda: chained(5)),
        "Unexpected:compressed in a way that was not asked for",
    ),
    "body without end": (endless(PIECE, HEAD + b"\r\n"), "Unexpected:answer too large"),
    "chunks without end": (
        endless(b"10000\r\n" + PIECE + b"\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
        "Unexpected:answer too large",
    ),
    "one huge chunk": (
        endless(PIECE, HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n"),
        "Unexpected:answer too large",
    ),
    "chunk of negative size": (
        endless(PIECE, HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n"),
        "Unanswered:malformed answer",
    ),
    "header line without end": (
        endless(b"x" * 65536, HEAD + b"X: "),
        "Unanswered:malformed answer",
    ),
    "headers without end": (
        endless(b"X: " + b"x" * 60_000 + b"\r\n", HEAD),
        "Unanswered:malformed answer",
    ),
    "deep": (fixed(raw_answer(b"[" * 4_000_000)), "Unexpected:answer too large"),
    "deep enough": (
        fixed(raw_answer(b"[" * 12_000 + b"]" * 12_000)),
        "Unexpected:malformed answer",
    ),
    "long number": (
        fixed(raw_answer(b'{"data":{"id":' + b"9" * (7 * MEBIBYTE) + b"}}")),
        "Unexpected:wrong shape",
    ),
    "many small values": (
        fixed(raw_answer(b'{"data":[' + b"{}," * 2_500_000 + b"{}]}")),
        "Unexpected:answer too large",
    ),
    "as many as may be": (
        fixed(raw_answer(b'{"data":[' + b'{"a":0},' * 19_500 + b"{}]}")),
        "Unexpected:wrong shape",
    ),
    "long text": (
        fixed(raw_answer(b'{"data":"' + b"x" * (7 * MEBIBYTE) + b'"}')),
        "Unexpected:wrong shape",
    ),
}

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the peak is read from /proc"
)


@pytest.fixture(scope="module")
def measured() -> dict[str, tuple[str, float]]:
    """Bomb → what the client made of it, and the growth in MiB up to then."""
    # Before a call waits for them.
    bomb(300)
    chained(5)
    handlers = [fixed(raw_answer(b'{"data": {"id": 1}}'))]
    handlers += [handler for handler, _ in BOMBS.values()]

    def handle(request: Received, connection: Connection) -> bytes | None:
        pool_id = int(request.target.partition("?")[0].rpartition("/")[2])
        return handlers[pool_id - 1](request, connection)

    server = RawServer(handle)
    run = subprocess.run(
        [sys.executable, "-c", MEASURED_CALLS, server.url, str(len(BOMBS))],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    server.stop()
    lines = [line.rpartition(":") for line in run.stdout.splitlines()]
    return {name: (line[0], float(line[2])) for name, line in zip(BOMBS, lines, strict=True)}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_refused(measured: dict[str, tuple[str, float]], name: str) -> None:
    assert measured[name][0] == BOMBS[name][1]


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_takes_little_memory(measured: dict[str, tuple[str, float]], name: str) -> None:
    assert measured[name][1] <= MOST_MEBIBYTES
