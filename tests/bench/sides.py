"""What takes turns: a page, a change, an export, a start, each beside what it is compared with.

A turn returns what it measured, by name. Times are milliseconds.
"""

import contextlib
import http.client
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import requests
from selectolax.lexbor import LexborHTMLParser

from adminpanel.demo import CannotGoOn, Demo
from tests.bench import load
from tests.bench.core import Core
from tests.bench.load import Load, Page, closed, percentile
from tests.bench.servers import Site

Turn = Callable[[], Mapping[str, float]]
LIST: Final = "/c/acme/pools/"
# Companies that nothing was changed at: the same page, of few pools and of many.
SMALL: Final = "/c/small/pools/"
VAST: Final = "/c/vast/pools/"
CHANGES: Final = "/changes/"
EXPORT: Final = "/changes/export/?action=create"
MINIMAL: Final = "/"
ADMIN: Final = "/admin/yardstick/row/"
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
SWAP: Final = {"HX-Request": "true", "HX-Target": "pool-table"}
ROWS: Final = 25
CHANGED_POOL: Final = 250
_ROW: Final = {
    **dict.fromkeys((LIST, SMALL, VAST), r'href="\d+/"'),
    MINIMAL: r"/pools/\d+/",
    ADMIN: r"/row/\d+/change/",
    CHANGES: r"/changes/[0-9a-f-]{36}/",
}


@dataclass(slots=True)
class Bench:
    """What every turn needs to know; `seconds` is how long it takes."""

    core: Core
    seconds: float
    wrk: str

    @property
    def changes(self) -> int:
        """How many changes a turn of them has."""
        return max(2, round(self.seconds * 6))


def page_of(site: Site, path: str, headers: Mapping[str, str] = NO_HEADERS) -> Page:
    """A page whose rows were counted once; each answer is to have the last of them."""
    status, body = site.get(path, headers)
    rows = re.findall(_ROW[path], body.decode())
    if status != http.client.OK or len(set(rows)) < ROWS:
        raise CannotGoOn(f"{site.name} {path}: {status}, {len(set(rows))} rows")
    # Changes that are made between the turns move the rows of the changes.
    marker = "</html>" if path == CHANGES else rows[-1]
    return Page(site.port, path, {**site.headers(), **headers}, marker)


def reading(bench: Bench, site: Site, path: str, headers: Mapping[str, str] = NO_HEADERS) -> Turn:
    """Pages from 8 connections: what a page costs the server."""
    page = page_of(site, path, headers)

    def turn() -> Mapping[str, float]:
        bench.core.calls()
        before = site.used()
        found = closed(page, 8, bench.seconds)
        used = site.used() - before
        return _of(found) | {
            "cpu": used.seconds * 1000 / found.pages,
            "faults": used.faults / found.pages,
            "calls": bench.core.calls() / found.pages,
        }

    return turn


def crowded(bench: Bench, site: Site, path: str) -> Turn:
    """Pages from 64 connections while Core takes 50 ms: how long people wait."""
    page = page_of(site, path)

    def turn() -> Mapping[str, float]:
        with _slow(bench.core, 50):
            if bench.wrk:
                found = load.by_wrk(bench.wrk, page, 64, bench.seconds * 2)
                # What wrk cut off is not to be done in somebody else's turn.
                site.wait_until_idle()
                return _of(found)
            return _of(closed(page, 64, bench.seconds * 2))

    return turn


def steady(bench: Bench, site: Site, each_second: float, seconds: float) -> Mapping[str, float]:
    """Everybody who is signed in reads the list in turn, while Core takes 100 ms."""
    first = page_of(site, LIST)
    people = [replace(first, headers=site.headers(person)) for person in range(len(site.sessions))]
    with _slow(bench.core, 100):
        return _of(load.steady(people, each_second, seconds))


def _of(found: Load) -> dict[str, float]:
    return {
        "pages": found.pages,
        "errors": found.errors,
        "refused": found.refused,
        "p50": found.p50,
        "p95": found.p95,
        "p99": found.p99,
    }


@contextlib.contextmanager
def _slow(core: Core, milliseconds: int) -> Iterator[None]:
    core.latency(milliseconds)
    try:
        yield
    finally:
        core.latency(0)


def changing(bench: Bench, site: Site) -> Turn:
    """Edits of one pool by the form, while Core takes 50 ms; reading the form is not timed."""
    address = f"http://127.0.0.1:{site.port}/c/acme/pools/{CHANGED_POOL}/edit/"

    def turn() -> Mapping[str, float]:
        took, errors, times = [], 0, bench.changes
        with _browser(site) as browser, _slow(bench.core, 50):
            bench.core.calls()
            for _ in range(times):
                form = _form(browser.get(address, timeout=30).text)
                form["limit"] = str(int(form["limit"]) % 100 + 1)
                started = time.perf_counter()
                answer = browser.post(address, form, timeout=30, allow_redirects=False)
                took.append((time.perf_counter() - started) * 1000)
                errors += answer.status_code != http.client.FOUND
            # One of them read the pool for the form.
            calls = bench.core.calls() / times - 1
        return {"pages": times, "errors": errors, "p50": percentile(took, 50), "calls": calls}

    return turn


def bare_calls(bench: Bench) -> Turn:
    """What an edit asks Core: read, write, read, on a connection that is kept."""
    address = f"{bench.core.url}/api/v1/connection-pools/{CHANGED_POOL}"

    def turn() -> Mapping[str, float]:
        took, errors, times = [], 0, bench.changes
        with requests.Session() as session, _slow(bench.core, 50):
            session.trust_env = False
            session.headers["Authorization"] = bench.core.keys["acme"]
            for number in range(times):
                started = time.perf_counter()
                answers = [
                    session.get(address, timeout=30),
                    session.put(address, json={"limit": number % 100 + 1}, timeout=30),
                    session.get(address, timeout=30),
                ]
                took.append((time.perf_counter() - started) * 1000)
                errors += any(answer.status_code != http.client.OK for answer in answers)
        return {"pages": times, "errors": errors, "p50": percentile(took, 50)}

    return turn


def exporting(site: Site) -> Turn:
    """The changes that created a pool, as CSV: what a line costs the server."""
    base = f"http://127.0.0.1:{site.port}"

    def turn() -> Mapping[str, float]:
        with _browser(site) as browser:
            form = _form(browser.get(f"{base}{CHANGES}", timeout=30).text)
            before = site.used()
            answer = browser.post(f"{base}{EXPORT}", form | {"format": "csv"}, timeout=60)
            used = site.used() - before
        lines = answer.text.count("\r\n") - 1
        return {
            "pages": lines,
            "errors": int(answer.status_code != http.client.OK or lines < 1),
            "cpu": used.seconds * 1000 / max(lines, 1),
        }

    return turn


def bare_fetching(file: str) -> Turn:
    """The rows of the same changes, fetched and nothing else; a line is a change here too."""

    def turn() -> Mapping[str, float]:
        before = time.process_time()
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
            rows = database.execute(
                "SELECT change, * FROM pools_entry WHERE action = 'create' ORDER BY seq DESC"
            ).fetchall()
        database.close()
        lines = len({change for change, *_ in rows})
        used = time.process_time() - before
        return {"pages": lines, "errors": 0, "cpu": used * 1000 / max(lines, 1)}

    return turn


def starting(demo: Demo, site: Site, path: str) -> Turn:
    """A server of its own beside the one that runs, until its first page."""

    def turn() -> Mapping[str, float]:
        another = replace(site, database=f"{site.database}-start")
        seconds = another.start(demo, path)
        another.stop(demo)
        return {"pages": 1, "errors": 0, "milliseconds": seconds * 1000}

    return turn


def _browser(site: Site) -> requests.Session:
    browser = requests.Session()
    browser.trust_env = False
    browser.cookies.set("session", site.sessions[0])
    return browser


def _form(html: str) -> dict[str, str]:
    """What a browser would send of a page's inputs."""
    inputs = LexborHTMLParser(html).css("main input[name]")
    return {str(each.attributes["name"]): each.attributes.get("value") or "" for each in inputs}
