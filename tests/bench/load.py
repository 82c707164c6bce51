"""Load: so many connections at once, or so many requests a second. Every answer is looked at."""

import asyncio
import json
import math
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
LONGEST_SECONDS: Final = 30
# Instead of a status: no answer, or one that is not whole.
WRONG: Final = 0
BUSY: Final = 503
OK: Final = 200
SCRIPT: Final = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True, slots=True)
class Page:
    """What is asked for, and what a whole answer has near its end."""

    port: int
    path: str
    headers: dict[str, str]
    marker: str

    def request(self) -> bytes:
        lines = [f"GET {self.path} HTTP/1.1", *(f"{k}: {v}" for k, v in self.headers.items())]
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode()


@dataclass(frozen=True, slots=True)
class Load:
    """How it went: answers, those among them that were wrong, refused as busy, milliseconds."""

    pages: int
    errors: int
    refused: int
    p50: float
    p95: float
    p99: float


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so many in a hundred do not exceed; NaN of nothing."""
    ordered = sorted(values)
    return ordered[math.ceil(share / 100 * len(ordered)) - 1] if ordered else math.nan


def closed(page: Page, connections: int, seconds: float) -> Load:
    """Each connection asks again as soon as it is answered. What was begun is finished, so
    that what the server spent belongs to pages that are counted."""
    heard: list[tuple[int, float]] = []

    async def connection(until: float) -> None:
        while time.perf_counter() < until:
            heard.append(await _ask(page))

    async def all_of_them() -> None:
        until = time.perf_counter() + seconds
        await asyncio.gather(*(connection(until) for _ in range(connections)))

    asyncio.run(all_of_them())
    return _load(heard)


def steady(pages: Sequence[Page], each_second: float, seconds: float) -> Load:
    """Requests come when they come, however long the ones before take; people in turn."""
    heard: list[tuple[int, float]] = []

    async def later(page: Page, at: float) -> None:
        await asyncio.sleep(at - time.perf_counter())
        status, _ = await _ask(page)
        # From when it was due: a generator that is late is not to hide it.
        heard.append((status, (time.perf_counter() - at) * 1000))

    async def all_of_them() -> None:
        begin = time.perf_counter() + 0.1
        await asyncio.gather(
            *(
                later(pages[number % len(pages)], begin + number / each_second)
                for number in range(round(each_second * seconds))
            )
        )

    asyncio.run(all_of_them())
    return _load(heard)


def by_wrk(program: str, page: Page, connections: int, seconds: float) -> Load:
    """The same as `closed`, by wrk: it costs the machine less, and cuts what it began."""
    command = [program, "--threads", "1", "--connections", str(connections)]
    command += ["--duration", f"{max(1, round(seconds))}s", "--timeout", f"{LONGEST_SECONDS}s"]
    command += ["--script", str(SCRIPT)]
    for name, value in page.headers.items():
        command += ["--header", f"{name}: {value}"]
    command += [f"http://{HOST}:{page.port}{page.path}", "--", page.marker]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Load(refused=0, **json.loads(said.splitlines()[-1]))


async def _ask(page: Page) -> tuple[int, float]:
    """The status (WRONG: no whole answer) and the milliseconds until its last byte."""
    started = time.perf_counter()
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            status = await _answer(page)
    except (OSError, TimeoutError):
        status = WRONG
    return status, (time.perf_counter() - started) * 1000


async def _answer(page: Page) -> int:
    reader, writer = await asyncio.open_connection(HOST, page.port, limit=2**20)
    try:
        writer.write(page.request())
        answer = await reader.read(-1)
    finally:
        writer.close()
    status = int(answer[9:12] or WRONG)
    return WRONG if status == OK and page.marker.encode() not in answer else status


def _load(heard: Sequence[tuple[int, float]]) -> Load:
    times = [milliseconds for _, milliseconds in heard]
    return Load(
        pages=len(heard),
        errors=sum(status != OK for status, _ in heard),
        refused=sum(status == BUSY for status, _ in heard),
        p50=percentile(times, 50),
        p95=percentile(times, 95),
        p99=percentile(times, 99),
    )
