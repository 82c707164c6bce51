"""`python -m tests.bench`: the panel beside its yardsticks, and docs/performance.md from it.

`make bench` runs it. BENCH adds options, as in BENCH='--steady 180 --minutes 10'.
"""

import argparse
import os
import random
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from adminpanel.demo import Demo, only_one, say, until_the_end
from tests.bench import kernel, report
from tests.bench.browser import Chromium, browsing
from tests.bench.core import core_process
from tests.bench.figures import Figure, Found, figures, found
from tests.bench.servers import ROOT, Site, panel, postgresql_databases, wrk, yardstick
from tests.bench.sides import (
    ADMIN,
    CHANGES,
    LIST,
    MINIMAL,
    SMALL,
    SWAP,
    VAST,
    Bench,
    Turn,
    bare_calls,
    bare_fetching,
    changing,
    crowded,
    exporting,
    reading,
    starting,
    steady,
)

EACH_SECOND: Final = 25
WARM_UP_SECONDS: Final = 0.5
PROCESSORS: Final = os.cpu_count() or 1
# Sides whose pages the workers serve whose memory is read.
OF_THE_PANEL: Final = ("list sqlite", "swap sqlite", "changes sqlite", "small", "vast", "list 64")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=5, help="turns of each side (default: 5)")
    add("--seconds", type=float, default=1.5, help="how long a turn takes (default: 1.5)")
    add("--minutes", type=float, default=5, help="no round begins that would end later than this")
    add("--steady", type=float, default=20, help="seconds of steady load (a long turn: 180)")
    add("--pages", type=int, default=0, help="go on with the list until so many pages were served")
    add("--pools", type=int, default=100_000, help="pools of the large company")
    add("--changes", type=int, default=31_500, help="changes on the ledger; each has 3.2 entries")
    add("--people", type=int, default=50, help="people of the steady load")
    add("--python", default=sys.executable, help="the Python that serves (default: this one)")
    add("--out", type=Path, default=ROOT / "docs/performance.md", help="the document")
    add("--data", type=Path, default=ROOT / ".bench", help="what is kept between runs")
    return parser.parse_args()


def main() -> int:
    asked = options()
    asked.began = time.monotonic()
    os.umask(0o077)
    asked.data.mkdir(parents=True, exist_ok=True)
    with only_one(asked.data), core_process(asked.pools) as core:
        demo = Demo(asked.data.absolute(), {})

        def work(demo: Demo) -> None:
            with (
                tempfile.TemporaryDirectory(dir=asked.data) as folder,
                postgresql_databases(2) as others,
                browsing() as browser,
                ExitStack() as stack,
            ):
                # Before the databases go that its children use.
                stack.callback(demo.end)
                run = Run(demo, Bench(core, asked.seconds, wrk()), asked)
                run.start(Path(folder).absolute(), others, browser)
                run.measure()
                asked.out.write_text(report.document(run.facts(), run.figures(), run.turns))
                say(f"{asked.out} is written.")

        return until_the_end(demo, work)


class Run:
    """One run: what is running, whose turn it is, and what was measured."""

    def __init__(self, demo: Demo, bench: Bench, asked: argparse.Namespace) -> None:
        self.demo, self.bench, self.asked = demo, bench, asked
        self.sites: dict[tuple[str, str], Site] = {}
        self.sides: dict[str, Turn] = {}
        self.turns: dict[str, list[Mapping[str, float]]] = defaultdict(list)
        # Pages that the panel's workers have served since they were of these sizes, in MB.
        self.served = 0
        self.warm: list[float] = []

    def start(self, folder: Path, others: list[str], browser: Chromium | None) -> None:
        """Fills the databases, starts every site, and lets each side take a turn for nothing."""
        asked, core = self.asked, self.bench.core
        urls = [f"sqlite:///{folder}/{name}.sqlite3" for name in ("panel", "yardstick")]
        pairs = [urls, others] if others else [urls]
        say("Filling the databases …")
        for number, (ours, theirs) in enumerate(pairs, 1):
            # The crowd of the steady load reads the last one alone.
            people = asked.people if number == len(pairs) else 1
            self._open(panel(self.demo, ours, core, asked.changes, people), LIST)
            self._open(yardstick(self.demo, theirs, core), MINIMAL)
        for database in self.databases:
            self._add_pages(database)
        self._add_others(folder / "panel.sqlite3")
        if browser:
            self._add_browsers(browser)
        say("Warming up …")
        self.bench.seconds = min(WARM_UP_SECONDS, self.asked.seconds)
        for name, turn in self.sides.items():
            if not name.startswith("start"):
                turn()
        self.bench.seconds = self.asked.seconds

    def _open(self, site: Site, path: str) -> None:
        site.python = self.asked.python
        site.start(self.demo, path)
        self.sites[site.name, site.database] = site

    @property
    def databases(self) -> list[str]:
        return [database for name, database in self.sites if name == "panel"]

    @property
    def _panel(self) -> Site:
        return self.sites["panel", "sqlite"]

    def _add_pages(self, database: str) -> None:
        ours, yard = self.sites["panel", database], self.sites["yardstick", database]
        self.sides |= {
            f"list {database}": reading(self.bench, ours, LIST),
            f"swap {database}": reading(self.bench, ours, LIST, SWAP),
            f"changes {database}": reading(self.bench, ours, CHANGES),
            f"minimal {database}": reading(self.bench, yard, MINIMAL),
            f"admin {database}": reading(self.bench, yard, ADMIN),
        }

    def _add_others(self, file: Path) -> None:
        ours, yard = self._panel, self.sites["yardstick", "sqlite"]
        self.sides |= {
            "small": reading(self.bench, ours, SMALL),
            "vast": reading(self.bench, ours, VAST),
            "list 64": crowded(self.bench, ours, LIST),
            "minimal 64": crowded(self.bench, yard, MINIMAL),
            "change": changing(self.bench, ours),
            "bare calls": bare_calls(self.bench),
            "export": exporting(ours),
            "bare fetching": bare_fetching(str(file)),
            "start panel": starting(self.demo, ours, LIST),
            "start minimal": starting(self.demo, yard, MINIMAL),
        }

    def _add_browsers(self, browser: Chromium) -> None:
        for name, path in (("panel", LIST), ("yardstick", MINIMAL)):
            site = self.sites[name, "sqlite"]
            self.sides |= {
                f"browser {name}": browser.first_rows(site, path),
                f"3G {name}": browser.slow_rows(site, path),
            }
        self.sides["browser 100"] = browser.first_rows(self._panel, f"{LIST}?per_page=100")
        self.sides["browser changes"] = browser.first_rows(self._panel, CHANGES)

    def measure(self) -> None:
        longest = 0.0
        left = self.asked.minutes * 60 - self.asked.steady
        for number in range(self.asked.rounds):
            began = time.monotonic()
            if number and began + longest - self.asked.began > left:
                say("No time for another round.")
                break
            say(f"Round {number + 1} of {self.asked.rounds} …")
            names = list(self.sides)
            random.shuffle(names)
            for name in names:
                self._take(name, self.sides[name])
            if not number:
                # By now each thread has served every page, and what it needs for one is there.
                self.warm = [kernel.memory(pid)[0] for pid in self._panel.workers()]
                self.served = 0
            longest = max(longest, time.monotonic() - began)
        say("Steady load …")
        crowd = self.sites["panel", self.databases[-1]]
        self._take("steady", lambda: steady(self.bench, crowd, EACH_SECOND, self.asked.steady))
        while self.served < self.asked.pages:
            self.served += int(self.sides["list sqlite"]()["pages"])
        self.turns["memory"].append(self._memory())
        self.turns["size"].append(self._size())

    def _take(self, name: str, turn: Turn) -> None:
        self.demo.watch()
        began = time.monotonic(), kernel.seconds_of_machine(), kernel.seconds_known(os.getpid())
        measured = turn()
        took = time.monotonic() - began[0]
        busy = kernel.seconds_of_machine() - began[1]
        known = kernel.seconds_known(os.getpid()) - began[2]
        others = max(0.0, busy - known) / took / PROCESSORS
        self.turns[name].append({**measured, "others": others})
        if name in OF_THE_PANEL:
            self.served += int(measured["pages"])

    def _memory(self) -> dict[str, float]:
        now = [kernel.memory(pid) for pid in self._panel.workers()]
        grown = [rss - before for (rss, _), before in zip(now, self.warm, strict=True)]
        rss, pss = zip(*now, strict=True)
        of_minimal = [kernel.memory(pid)[0] for pid in self.sites["yardstick", "sqlite"].workers()]
        sizes = {"rss": median(rss), "pss": median(pss), "growth": max(grown)}
        return sizes | {"minimal": median(of_minimal)} | _NO_TURN

    def _size(self) -> dict[str, float]:
        _, plain = self._panel.get(LIST)
        _, compressed = self._panel.get(LIST, {"Accept-Encoding": "gzip, br"})
        requests = len(_fetched(self._panel, plain.decode())) + 1
        sizes = {"plain": len(plain) / 1000, "compressed": len(compressed) / 1000}
        return {**sizes, "requests": requests} | _NO_TURN

    def figures(self) -> dict[Figure, Found | None]:
        return {figure: found(figure, self.turns) for figure in figures(self.databases)}

    def facts(self) -> report.Facts:
        return report.Facts(
            rounds=len(self.turns["list sqlite"]),
            seconds=self.asked.seconds,
            steady=self.asked.steady,
            people=self.asked.people,
            each_second=EACH_SECOND,
            databases=self.databases,
            pools=self.asked.pools,
            changes=self.asked.changes,
            served=self.served,
            by_wrk=bool(self.bench.wrk),
            in_browser="browser panel" in self.turns,
            deployed=self.asked.python != sys.executable,
            took=time.monotonic() - self.asked.began,
        )


_NO_TURN: Final = {"errors": 0.0}


def _fetched(site: Site, html: str) -> set[str]:
    """What a browser that has nothing yet fetches for a page, style sheets' own files too."""
    wanted = {"link[href]": "href", "script[src]": "src", "img[src]": "src", "use": "href"}
    tree = LexborHTMLParser(html)
    files = {
        urljoin(LIST, (each.attributes.get(name) or "").partition("#")[0])
        for selector, name in wanted.items()
        for each in tree.css(selector)
    } - {LIST}
    for sheet in [file for file in files if ".css" in file]:
        text = site.get(sheet)[1].decode()
        inside = re.findall(r"url\(['\"]?([^'\")]+)", text)
        files |= {urljoin(sheet, each) for each in inside if not each.startswith("data:")}
    return files


if __name__ == "__main__":
    sys.exit(main())
