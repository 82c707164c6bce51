"""Every figure of the report: whose turns it compares, in what, and what it is to reach."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# What each turn measured, by side: one entry a round.
Turns = Mapping[str, Sequence[Mapping[str, float]]]
# More of the machine than this used by others: latencies say nothing.
NOISY_SHARE: Final = 0.05
TOO_NOISY: Final = "too noisy to tell"
# When the first row of a page is there and can be painted, when the one of the next page is there,
# and how long its swap takes.
IN_BROWSER: Final = ("row", "painted", "next", "swap")


@dataclass(frozen=True, slots=True)
class Figure:
    """`side ÷ yardstick` of what `measured` names; without a yardstick, the side's alone."""

    title: str
    side: str
    measured: str
    unit: str = ""
    yardstick: str = ""
    at_most: float | None = None

    @property
    def in_time(self) -> bool:
        """Whether what others do on the machine is in it: in waiting it is, and in what comes
        of it; hardly in processor time."""
        return self.measured in (
            "p50",
            "p95",
            "p99",
            "milliseconds",
            "errors",
            "refused",
            *IN_BROWSER,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A figure of this run: the middle of its rounds, their least and their most."""

    figure: Figure
    middle: float
    least: float
    most: float
    side: float
    yardstick: float | None

    def verdict(self, *, noisy: bool) -> str:
        wanted = self.figure.at_most
        if wanted is None:
            return ""
        if (noisy and self.figure.in_time) or self.least <= wanted < self.most:
            return TOO_NOISY
        return "reached" if self.most <= wanted else "not reached"


_CPU: Final = "processor time"
_AT_64: Final = "64 connections, Core 50 ms"
_CHANGE: Final = "audited change, Core 50 ms: p50 ÷ three bare calls"
_LIST, _CHANGES, _START = "list sqlite", "changes sqlite", "start panel"
NAMES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def compared(database: str) -> list[Figure]:
    """What is measured on each database."""

    def figure(title: str, side: str, yardstick: str, at_most: float | None) -> Figure:
        title = f"{title}, {NAMES[database]}"
        return Figure(title, f"{side} {database}", "cpu", "ms", f"{yardstick} {database}", at_most)

    return [
        figure(f"{_CPU} of a list page ÷ minimal Django", "list", "minimal", 1.25),
        figure(
            "processor time of a swap (the table alone) ÷ minimal Django", "swap", "minimal", 1.1
        ),
        figure(f"{_CPU} of a list page ÷ Django admin", "list", "admin", 0.3),
        figure(f"{_CPU} of a page of changes ÷ minimal Django", "changes", "minimal", 2.5),
    ]


def _in_browser(side: str, where: str, at_most: float) -> list[Figure]:
    """Of the list, in a browser that has nothing yet."""
    panel, yardstick = f"{side} panel", f"{side} yardstick"
    title = f"first row of a cold load{where} ÷ minimal Django"
    painted = f"the same, painted: the panel's style sheet is there{where}"
    return [
        Figure(title, panel, "row", "ms", yardstick, at_most),
        Figure(painted, panel, "painted", "ms", yardstick),
    ]


ON_ONE: Final = [
    Figure(f"{_CPU} of a list page at many pools ÷ at 257", "vast", "cpu", "ms", "small", 1.05),
    Figure(f"{_CPU} of a page of changes", _CHANGES, "cpu", "ms", at_most=20),
    Figure(f"{_CPU} of a line of an export", "export", "cpu", "ms", at_most=0.06),
    Figure("the same ÷ fetching bare", "export", "cpu", "ms", "bare fetching"),
    Figure(f"{_AT_64}: p99 ÷ minimal Django", "list 64", "p99", "ms", "minimal 64", 1.2),
    Figure(f"{_AT_64}: wrong or missing answers a turn", "list 64", "errors", at_most=0),
    Figure(_CHANGE, "change", "p50", "ms", "bare calls", 1.1),
    *_in_browser("browser", "", 1.3),
    Figure("next page ÷ minimal Django", "browser panel", "next", "ms", "browser yardstick", 1.2),
    Figure(
        "a swap of 25 rows, from the answer's end to its frame",
        "browser panel",
        "swap",
        "ms",
        at_most=50,
    ),
    Figure("a swap of 100 rows", "browser 100", "swap", "ms", at_most=50),
    Figure("a swap of 50 changes", "browser changes", "swap", "ms", at_most=50),
    *_in_browser("3G", " on fast 3G", 1.1),
    Figure("start of gunicorn to the first page", _START, "milliseconds", "ms", at_most=1200),
    Figure("the same ÷ minimal Django", _START, "milliseconds", "ms", "start minimal"),
    Figure("page faults of a list page (`ru_minflt`)", _LIST, "faults"),
    Figure("page faults of a page of changes", _CHANGES, "faults"),
    Figure("calls to Core of a list page", _LIST, "calls", at_most=1),
    Figure("calls to Core of a change", "change", "calls", at_most=3),
    Figure("steady load: refused as busy", "steady", "refused", at_most=0),
    Figure("steady load: wrong or missing answers, those included", "steady", "errors", at_most=0),
    Figure("steady load: p95", "steady", "p95", "ms", at_most=300),
    Figure("memory of a worker, RSS", "memory", "rss", "MB", at_most=85),
    Figure("memory of a worker, PSS", "memory", "pss", "MB"),
    Figure("memory of a worker of minimal Django, RSS", "memory", "minimal", "MB"),
    Figure("growth of a worker since the first round, RSS", "memory", "growth", "MB", at_most=5),
    Figure("size of a list page, plain", "size", "plain", "kB", at_most=40),
    Figure("size of a list page, compressed", "size", "compressed", "kB", at_most=6),
    Figure("requests of a cold load of the list", "size", "requests", at_most=6),
]


def figures(databases: Sequence[str]) -> list[Figure]:
    return [each for database in databases for each in compared(database)] + ON_ONE


def found(figure: Figure, turns: Turns) -> Found | None:
    """Ratios are taken round by round: what a round's minute was like is in both.

    None: nobody took such a turn.
    """
    if figure.side not in turns:
        return None
    sides = [turn[figure.measured] for turn in turns[figure.side]]
    if not figure.yardstick:
        middle = statistics.median(sides)
        return Found(figure, middle, min(sides), max(sides), middle, None)
    yardsticks = [turn[figure.measured] for turn in turns[figure.yardstick]]
    ratios = [side / yardstick for side, yardstick in zip(sides, yardsticks, strict=True)]
    return Found(
        figure,
        statistics.median(ratios),
        min(ratios),
        max(ratios),
        statistics.median(sides),
        statistics.median(yardsticks),
    )


def share_of_others(turns: Turns) -> float:
    """The part of the machine that others used while turns were taken: the middle of all."""
    return statistics.median(
        turn["others"] for side in turns.values() for turn in side if "others" in turn
    )


def errors(turns: Turns) -> dict[str, float]:
    """Wrong or missing answers by side, of those that have some."""
    sums = {name: sum(turn["errors"] for turn in side) for name, side in turns.items()}
    return {name: count for name, count in sums.items() if count}
