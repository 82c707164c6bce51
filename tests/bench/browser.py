"""What a person waits for, in a browser that has nothing yet: the first row, and the next page.

A row counts when it is in the page, and again when a frame with it can be painted. A swap begins
with the end of its answer, and ends after the frame.
"""

import os
import statistics
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.servers import PANEL, ROOT, Site
from tests.bench.sides import Turn

# As the browser's own tools call it: bytes a second, and milliseconds that each answer takes.
FAST_3G: Final = {
    "offline": False,
    "latency": 562.5,
    "downloadThroughput": 180_000,
    "uploadThroughput": 84_375,
}
# Notes when the first row is another one than before; a chart's is none.
WATCHED: Final = """(() => {
    const now = () => performance.timeOrigin + performance.now();
    let known;
    window.seen = {};
    new MutationObserver(() => {
        const row = document.querySelector("tbody :is(th, td) a:not(.chart a)");
        if (!row || row === known) return;
        known = row;
        const seen = window.seen = { row: now() };
        requestAnimationFrame(() => {
            seen.painted = now();
            setTimeout(() => { seen.shown = now(); });
        });
    }).observe(document, { childList: true, subtree: true });
})()"""
BEGUN: Final = "performance.timeOrigin"
GO_ON: Final = """() => {
    window.seen = {};
    const links = [...document.querySelectorAll("a")];
    const next = links.find((link) => link.innerText.trim() === "Next");
    const begun = performance.timeOrigin + performance.now();
    next.click();
    return begun;
}"""
ANSWERED: Final = """() => {
    const asked = performance.getEntriesByType("resource")
        .filter((each) => each.initiatorType === "xmlhttprequest");
    const answer = asked.at(-1) ?? performance.getEntriesByType("navigation")[0];
    return performance.timeOrigin + answer.responseEnd;
}"""
LOADS: Final = 3


def chromium() -> str:
    """The path of a Chromium, or nothing; installed as root on Debian."""
    found = subprocess.run(
        ["sh", ".ci/chromium"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout.strip()


@dataclass(frozen=True, slots=True)
class Chromium:
    """A browser without a window. Its library has a loop running in the thread that it is in."""

    thread: ThreadPoolExecutor
    browser: Browser

    def first_rows(self, site: Site, path: str) -> Turn:
        """Cold loads, and from each of them the way to the next page."""
        return lambda: self.thread.submit(_first_rows, self.browser, site, path).result()

    def slow_rows(self, site: Site, path: str) -> Turn:
        """One cold load over a slow network."""
        return lambda: self.thread.submit(_slow_rows, self.browser, site, path).result()


@contextmanager
def browsing() -> Iterator[Chromium | None]:
    path = chromium()
    if not path:
        yield None
        return
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    with ThreadPoolExecutor(max_workers=1) as thread:
        library = thread.submit(lambda: sync_playwright().start()).result()
        launch = library.chromium.launch
        browser = thread.submit(launch, executable_path=path, args=arguments).result()
        try:
            yield Chromium(thread, browser)
        finally:
            thread.submit(browser.close).result()
            thread.submit(library.stop).result()


def _first_rows(browser: Browser, site: Site, path: str) -> Mapping[str, float]:
    loads = []
    for _ in range(LOADS):
        with _cold(browser, site) as page:
            first = _first(page, path)
            begun = float(page.evaluate(GO_ON))
            seen = _seen(page)
            swap = seen["shown"] - float(page.evaluate(ANSWERED))
            loads.append(first | {"next": seen["row"] - begun, "swap": swap})
    middle = {name: statistics.median(load[name] for load in loads) for name in loads[0]}
    return {**middle, "pages": LOADS, "errors": 0}


def _slow_rows(browser: Browser, site: Site, path: str) -> Mapping[str, float]:
    with _cold(browser, site) as page:
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.send("Network.emulateNetworkConditions", FAST_3G)
        return {**_first(page, path), "pages": 1, "errors": 0}


@contextmanager
def _cold(browser: Browser, site: Site) -> Iterator[Page]:
    """Somebody who is signed in, and whose browser has kept nothing."""
    address = f"http://127.0.0.1:{site.port}"
    context = browser.new_context(base_url=address)
    name = "session" if site.name == PANEL else "sessionid"
    context.add_cookies([{"name": name, "value": site.sessions[0], "url": address}])
    context.add_init_script(WATCHED)
    yield context.new_page()
    context.close()


def _first(page: Page, path: str) -> dict[str, float]:
    page.goto(path, wait_until="commit")
    seen = _seen(page)
    begun = float(page.evaluate(BEGUN))
    return {name: at - begun for name, at in seen.items()}


def _seen(page: Page) -> dict[str, float]:
    seen: dict[str, float] = page.wait_for_function(
        "() => window.seen.shown && window.seen"
    ).json_value()
    return seen
