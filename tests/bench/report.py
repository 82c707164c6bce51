"""The document that a run writes: report.md with what the run found."""

import os
import platform
import re
import sqlite3
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import django

from adminpanel import gunicorn_conf
from tests.bench.figures import (
    NAMES,
    NOISY_SHARE,
    TOO_NOISY,
    Figure,
    Found,
    Turns,
    errors,
    share_of_others,
)

WIDTH: Final = 115
NOT_MEASURED: Final = "not measured"
DOCUMENT: Final = Path(__file__).with_suffix(".md")
NO_BROWSER: Final = "There is no Chromium on this machine: none of it was measured."
# By whether what serves is without the tools of development.
PACKAGES: Final = {
    True: "What serves has the packages that a deployment installs, and no others.",
    False: "What serves has the tools of development beside it, of which libraries load some.",
}
HEADINGS: Final = ("figure", "this run", "spread", "the panel", "its yardstick", "to reach", "")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run was."""

    rounds: int
    seconds: float
    steady: float
    people: int
    each_second: int
    databases: Sequence[str]
    pools: int
    changes: int
    served: int
    by_wrk: bool
    in_browser: bool
    deployed: bool
    took: float


def document(facts: Facts, found: Mapping[Figure, Found | None], turns: Turns) -> str:
    share = share_of_others(turns)
    noisy = share > NOISY_SHARE
    filled = DOCUMENT.read_text().format(
        **asdict(facts)
        | {
            "machine": _machine(facts),
            "noise": _noise(share, noisy=noisy),
            "table": _table(found, noisy=noisy),
            "too_noisy": TOO_NOISY.capitalize(),
            "databases": _databases(facts),
            "errors": _errors(turns),
            "crowded": NAMES[facts.databases[-1]],
            "latency": _latency(facts),
            "packages": PACKAGES[facts.deployed],
            "browser": "" if facts.in_browser else NO_BROWSER,
        }
    )
    return "\n\n".join(map(_wrapped, filled.strip().split("\n\n"))) + "\n"


def _machine(facts: Facts) -> str:
    processors = re.findall(r"(?m)^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text())
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    return (
        f"{datetime.now(UTC):%-d %B %Y, %H:%M} UTC. {os.cpu_count()} × "
        f"{processors[0] if processors else platform.machine()}, {memory:.0f} GB, "
        f"{platform.system()} {platform.release().partition('-')[0]}, "
        f"Python {platform.python_version()}, Django {django.get_version()}, "
        f"SQLite {sqlite3.sqlite_version}. {gunicorn_conf.workers} workers of "
        f"{gunicorn_conf.threads} threads each, for the panel and the yardstick alike. Rounds: "
        f"{facts.rounds}, with turns of {facts.seconds:g} s; {facts.took / 60:.1f} min in all."
    )


def _noise(share: float, *, noisy: bool) -> str:
    used = f"Others used {share:.0%} of the machine while turns were taken"
    if not noisy:
        return f"{used}: it was quiet enough."
    return (
        f"**The machine was too noisy to tell how long anything takes.** {used}. Ratios of "
        "processor time can still be read, with their spread; a figure that has waiting in it "
        "can't. Run it again on a machine that does nothing else."
    )


def _databases(facts: Facts) -> str:
    if "postgresql" in facts.databases:
        return ""
    return "PostgreSQL did not answer: everything was measured on SQLite alone."


def _latency(facts: Facts) -> str:
    if facts.by_wrk:
        return "Latency at 64 connections is measured by wrk."
    return (
        "There is no wrk on this machine: latency at 64 connections is measured in Python, which "
        "leaves less of the machine to what is measured."
    )


def _errors(turns: Turns) -> str:
    found = errors(turns)
    if not found:
        return "None. Each answer was looked at: its status, and the last row of the page."
    return "\n".join(f"- {name}: {count:.0f}" for name, count in sorted(found.items()))


def _table(found: Mapping[Figure, Found | None], *, noisy: bool) -> str:
    rows = [HEADINGS, ["---"] * len(HEADINGS)]
    rows += [_row(each, noisy=noisy) if each else _empty_row(name) for name, each in found.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _empty_row(figure: Figure) -> list[str]:
    return [figure.title, NOT_MEASURED, "", "", "", _wanted(figure), ""]


def _row(found: Found, *, noisy: bool) -> list[str]:
    figure, alone = found.figure, found.yardstick is None
    spread = f"{_number(found.least)} – {_number(found.most)}" if found.least != found.most else ""
    return [
        figure.title,
        _number(found.middle, figure.unit if alone else ""),
        spread,
        "" if alone else _number(found.side, figure.unit),
        "" if found.yardstick is None else _number(found.yardstick, figure.unit),
        _wanted(figure),
        found.verdict(noisy=noisy),
    ]


def _wanted(figure: Figure) -> str:
    return "" if figure.at_most is None else f"≤ {figure.at_most:g}"


def _number(value: float, unit: str = "") -> str:
    text = f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}".strip()


def _wrapped(part: str) -> str:
    """A paragraph, or a list, in lines of a width; a table stays as it is."""
    if part.startswith("|"):
        return part
    items = [" ".join(item.split()) for item in re.split(r"\n(?=- )", part)]
    return "\n".join(
        textwrap.fill(
            item,
            WIDTH,
            subsequent_indent="  " if item.startswith("- ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for item in items
    )
