"""What a run found, as numbers: added up over rounds and databases, and printed as tables."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from pools.models.vocabulary import MADE_HERE, Kind, Outcome
from tests.proof.endurance.cases import GROUPS, Stage
from tests.proof.endurance.core_process import Journal
from tests.proof.endurance.processes import Ended
from tests.proof.endurance.rules import Violation
from tests.proof.endurance.truth import History

NOWHERE: Final = "–"
DOING: Final = ("change", "settling")
POINTS: Final = (NOWHERE, *map(str, Stage))


@dataclass
class Report:
    """Counts of one database, or of several together.

    `cells` counts cases by where they were really killed, by fault and by action;
    `failures` those in which the database failed, by what was under way and by mode.
    """

    cases: Counter[str] = field(default_factory=Counter)  # by database
    cells: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)  # database calls that failed, each one
    totals: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)  # violations by rule
    caught: Counter[str] = field(default_factory=Counter)  # violations by mutation and rule
    rehearsed: Counter[str] = field(default_factory=Counter)  # database calls there are
    texts: list[str] = field(default_factory=list)
    seconds: float = 0.0
    worked: float = 0.0  # seconds of processor time, but for those of a database server

    def add_round(
        self,
        database: str,
        found: Mapping[int, History],
        journal: Journal,
        violations: Sequence[Violation],
        looks: int,
    ) -> None:
        """Counts what a round did."""
        self.cases[database] += len(found)
        for history in found.values():
            self._add_history(history)
        self.totals["writes received"] += len(journal.writes)
        self.totals["changes applied"] += len(journal.applied)
        self.totals["reads received"] += len(journal.reads)
        self.totals["looks at all leases"] += looks
        for each in violations:
            self.broken[each.rule] += 1
            if each.number in found:
                self.caught[f"{found[each.number].place.case.mutation}|{each.rule}"] += 1

    def _add_history(self, history: History) -> None:
        case = history.place.case
        died = _died(history.made) | _died(history.settled)
        for stage in died or {NOWHERE}:
            self.cells[f"{stage}|{case.group}|{case.action}"] += 1
        self.totals["processes killed"] += sum(
            bool(each.killed_by) for each in (*history.made, *history.settled)
        )
        self.totals["premise broken"] += len(history.premise)
        self.totals[f"again {case.again}"] += 1
        self.totals[f"other {case.other}"] += 1
        self.totals["person left"] += bool(case.leaves)
        self._add_failure(history)
        for change in history.changes.values():
            self.totals["intents"] += change.intent is not None
            self.totals["left open, and rightly"] += bool(change.intent) and not (change.closed_at)
            for entry in change.entries[Kind.OUTCOME]:
                self.outcomes[entry.outcome] += 1
            if change.intent and not change.entries[Kind.OUTCOME]:
                self.outcomes["never written"] += 1
            for entry in change.entries[Kind.SETTLED]:
                self.verdicts[entry.outcome] += 1
        self.totals["outside changes noticed"] += len(history.drift)
        self.states.update(str(state) for each in history.settled if (state := each.said("state")))

    def _add_failure(self, history: History) -> None:
        case = history.place.case
        ledger = case.ledger
        if ledger is None:
            return
        doing = "settling" if ledger.settling else "change"
        ended = history.settled if ledger.settling else history.made
        struck = any(each.said("struck") for each in ended)
        self.failures[f"{doing}|{ledger.mode}|{'struck' if struck else 'not reached'}"] += 1
        if struck:
            self.calls[f"{doing}|{case.action}|{ledger.call}"] += 1

    def __add__(self, other: Self) -> "Report":
        added = Report()
        for name, value in vars(self).items():
            setattr(added, name, value + getattr(other, name))
        # Of how many calls there are, the most that any database has.
        added.rehearsed = self.rehearsed | other.rehearsed
        return added

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Self:
        """From what `to_json` gave."""
        report = cls()
        for name, value in facts.items():
            setattr(report, name, Counter(value) if isinstance(value, dict) else value)
        return report

    @property
    def clean(self) -> bool:
        return not self.broken and not self.texts

    def by(self, *places: int) -> Counter[tuple[str, ...]]:
        """The cells, added up by some of stage (0), fault (1) and action (2)."""
        found: Counter[tuple[str, ...]] = Counter()
        for cell, count in self.cells.items():
            parts = cell.split("|")
            found[tuple(parts[place] for place in places)] += count
        return found

    def tables(self) -> str:
        """The counts, as Markdown."""
        return "\n\n".join((self._cells(), self._actions(), self._failures(), self._ends()))

    def _cells(self) -> str:
        cells, lines = self.by(1, 0), self.by(1)
        rows = [
            (group, *(cells[group, point] for point in POINTS), lines[group,]) for group in GROUPS
        ]
        columns = self.by(0)
        last = ("all", *(columns[point,] for point in POINTS), sum(columns.values()))
        return _table(("fault \\ killed at", *POINTS, "all"), [*rows, last])

    def _actions(self) -> str:
        actions, unharmed = self.by(2), self.by(2, 0)
        rows = [
            (
                action,
                actions[action,],
                actions[action,] - unharmed[action, NOWHERE],
                *(self._failed_calls(doing, action) for doing in DOING),
            )
            for action in map(str, MADE_HERE)
        ]
        heads = [f"database calls of a {doing} that failed" for doing in DOING]
        return _table(("action", "cases", "killed", *heads), rows)

    def _failed_calls(self, doing: str, action: str) -> str:
        """How many of the database calls failed at least once, of how many there are."""
        failed = {key for key in self.calls if key.startswith(f"{doing}|{action}|")}
        return f"{len(failed)} of {self.rehearsed[f'{doing}|{action}']}"

    def _failures(self) -> str:
        modes = sorted({key.split("|")[1] for key in self.failures})
        rows = [
            (mode, *(self.failures[f"{doing}|{mode}|struck"] for doing in DOING)) for mode in modes
        ]
        return _table(("how the ledger failed", *(f"during a {doing}" for doing in DOING)), rows)

    def _ends(self) -> str:
        named = [f"cases on {name}" for name in self.cases]
        rows: list[tuple[object, ...]] = list(zip(named, self.cases.values(), strict=True))
        rows += [(name, self.totals[name]) for name in _TOTALS]
        ends = [*map(str, Outcome), "never written"]
        rows += [(f"outcome {name}", self.outcomes[name]) for name in ends]
        rows += [(f"verdict {name}", count) for name, count in sorted(self.verdicts.items())]
        rows += [(f"settling: {name}", count) for name, count in sorted(self.states.items())]
        rows += [("violations", sum(self.broken.values()))]
        return _table(("counted", "number"), rows)


_TOTALS: Final = (
    *("processes killed", "intents", "writes received", "changes applied", "reads received"),
    *("again after", "again at once", "other colleague", "other outsider", "person left"),
    "looks at all leases",
    *("outside changes noticed", "left open, and rightly", "premise broken"),
)


def _died(ended: Iterable[Ended]) -> set[str]:
    """The stages at which processes of a case were really killed."""
    return {each.said("died") for each in ended if each.killed_by and each.said("died")}


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    rules = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(line) + " |" for line in [list(head), rules, *lines])
