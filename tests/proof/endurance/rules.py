"""What must hold: the record of every case against what Core received and applied.

Each rule has a name. What is found is a violation of one of them by one case.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from pools.changes import Action, Outcome, Verdict
from pools.changes.proposal import COMPARED
from pools.models import Entry, Kind
from sandbox.journal import Applied
from tests.endurance.cases import BETWEEN_READS, Again, Other, number_of
from tests.endurance.cast import Place
from tests.endurance.core_process import BY_OUTSIDERS, Journal, Write
from tests.endurance.processes import Ended

RULES: Final[Mapping[str, str]] = {
    "no intent": "Core received or applied a change without an earlier intent",
    "sent twice": "a change or a form was sent more than once",
    "sent unrecorded": "something was sent though its person was told that nothing was",
    "left open": "a change has neither a final outcome nor a verdict, and no reason is known",
    "closed twice": "a change has more than one end",
    "wrong outcome": "done, refused or not sent, and the journal says otherwise",
    "wrong verdict": "a verdict that the journal contradicts",
    "too early": "settled before the quiet time was over",
    "wrong lease": "a pool was held without an open change, or not held with one",
    "overlap": "a change was sent while another one of the same pool was open",
    "unseen": "a change was sent, of a pool that was no longer as its person had seen it",
    "told otherwise": "a person was told what the record does not say",
    "wrong drift": "a change by nobody was recorded where nobody outside made one",
    "broken": "an error that no caller expects, or a process that hung",
    "chain": "the ledger does not verify",
}
FINAL: Final = frozenset({Outcome.DONE, Outcome.REFUSED, Outcome.NOT_SENT})


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a case (-1: none in particular) broke, and how."""

    number: int
    rule: str
    text: str


@dataclass
class Change:
    """One change of a case: all that is on the ledger, and all that is in the journal."""

    id: UUID
    entries: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    writes: list[Write] = field(default_factory=list)
    applied: list[Applied] = field(default_factory=list)

    @property
    def intent(self) -> Entry | None:
        return next(iter(self.entries[Kind.INTENT]), None)

    @property
    def outcome(self) -> str:
        return self.entries[Kind.OUTCOME][0].outcome if self.entries[Kind.OUTCOME] else ""

    @property
    def verdict(self) -> str:
        return self.entries[Kind.SETTLED][0].outcome if self.entries[Kind.SETTLED] else ""

    @property
    def outcome_is_late(self) -> bool:
        """Whether it was recorded when the change was settled already."""
        settled = self.entries[Kind.SETTLED]
        return bool(settled) and settled[0].seq < self.entries[Kind.OUTCOME][0].seq

    @property
    def closed_at(self) -> int | None:
        """The number of the entry that gave the pool back."""
        ends = self.entries[Kind.OUTCOME] if self.outcome in FINAL else []
        return min((e.seq for e in (*ends, *self.entries[Kind.SETTLED])), default=None)

    @property
    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.intent.facts) if self.intent else {}
        return found


@dataclass
class History:
    """All of one case: its place, its changes, what was outside, and what people were told."""

    place: Place
    changes: dict[UUID, Change]
    outside: list[Applied]
    on_pool: list[Applied]
    drift: list[Entry]
    made: Sequence[Ended]
    settled: Sequence[Ended]
    premise: list[str] = field(default_factory=list)

    def violations(self) -> Iterator[Violation]:
        """Every rule that this case broke."""
        for change in self.changes.values():
            for rule in PER_CHANGE:
                yield from self._named(rule(self, change))
        for check in PER_CASE:
            yield from self._named(check(self))

    def change(self, change: UUID) -> Change:
        """The one with this id, known by now or not."""
        return self.changes.setdefault(change, Change(change))

    def _named(self, found: Iterator[tuple[str, str]]) -> Iterator[Violation]:
        return (Violation(self.place.case.number, rule, text) for rule, text in found)


Found = Iterator[tuple[str, str]]


@dataclass
class Histories:
    """Sorts entries, writes and applied changes by the case that they belong to."""

    by_number: dict[int, History]
    numbers: dict[int | None, int] = field(default_factory=dict)  # by the pool's id
    lost: list[Violation] = field(default_factory=list)

    def add_entry(self, entry: Entry) -> None:
        number = number_of(entry.form) if entry.form else _number_in({"name": entry.pool_name})
        owner = self._owner(number, f"entry {entry.seq}")
        if owner is None or entry.change is None:
            return
        if entry.kind == Kind.DRIFT:
            owner.drift.append(entry)
        else:
            owner.change(entry.change).entries[entry.kind].append(entry)

    def add_write(self, write: Write) -> None:
        named = self.numbers.get(write.pool_id) if write.pool_id else None
        number = _number_in({"name": write.name}) if named is None else named
        owner = self._owner(number, f"{write.method} {write.request_id}")
        if owner and not write.by_outsider:
            owner.change(UUID(write.request_id)).writes.append(write)

    def add_applied(self, each: Applied) -> None:
        if each.action == "create":
            number = _number_in(each.after)
            if number is not None:
                self.numbers[each.pool_id] = number
        owner = self._owner(self.numbers.get(each.pool_id), f"{each.action} {each.request_id}")
        if owner is None:
            return
        owner.on_pool.append(each)
        if each.request_id.startswith(BY_OUTSIDERS):
            owner.outside.append(each)
        else:
            owner.change(UUID(each.request_id)).applied.append(each)

    def _owner(self, number: int | None, what: str) -> History | None:
        owner = None if number is None else self.by_number.get(number)
        if owner is None:
            self.lost.append(Violation(-1, "no intent", f"{what} belongs to no case"))
        return owner


def histories(
    places: Mapping[int, Place],
    entries: Sequence[Entry],
    journal: Journal,
    made: Mapping[int, Sequence[Ended]],
    settled: Mapping[int, Sequence[Ended]],
) -> tuple[dict[int, History], list[Violation]]:
    """The history of each case; and what belongs to none, which is a violation."""
    found = Histories(
        {
            number: History(place, {}, [], [], [], made.get(number, ()), settled.get(number, ()))
            for number, place in places.items()
        },
        {place.pool_id: number for number, place in places.items() if place.pool_id},
    )
    for each in journal.applied:
        found.add_applied(each)
    for write in journal.writes:
        found.add_write(write)
    for entry in entries:
        if entry.kind != Kind.EVENT:
            found.add_entry(entry)
    return found.by_number, found.lost


def _number_in(shown: Mapping[str, Any] | None) -> int | None:
    last = str((shown or {}).get("name", "")).rpartition(" ")[2]
    return int(last) if last.isdecimal() else None


# Rules about one change


def recorded_before_it_was_sent(history: History, change: Change) -> Found:
    intent = change.intent
    at_core: list[Write | Applied] = [*change.writes, *change.applied]
    for what in at_core:
        if intent is None:
            yield "no intent", f"{change.id} was sent or applied, and is not on the ledger"
        elif what.at < intent.at:
            yield "no intent", f"{change.id} was at Core at {what.at}, its intent at {intent.at}"


def sent_once(history: History, change: Change) -> Found:
    if len(change.writes) > 1:
        yield "sent twice", f"{change.id} was received {len(change.writes)} times"
    if len(change.applied) > 1:
        yield "sent twice", f"{change.id} was applied {len(change.applied)} times"


def closed_once(history: History, change: Change) -> Found:
    if change.intent is None:
        if change.entries:
            yield "no intent", f"{change.id} has entries and no intent"
        return
    ends = len(change.entries[Kind.SETTLED]) + (change.outcome in FINAL)
    # Who was held up for longer than the quiet time records an outcome that comes late.
    ends -= change.outcome in FINAL and change.outcome_is_late
    if ends > 1 or len(change.entries[Kind.OUTCOME]) > 1:
        yield "closed twice", f"{change.id} has {ends} ends"
    if ends == 0 and not _stays_open(history, change):
        yield "left open", f"{change.id} {change.outcome or 'without an outcome'}"


def _stays_open(history: History, change: Change) -> bool:
    """Whether the panel rightly says that it cannot settle it: without token, or evidence."""
    states = {each.said("state") for each in history.settled}
    action = change.intent.action if change.intent else ""
    if history.place.case.leaves and action != Action.CLEAR:
        return "no_token" in states
    # Core did not say what was there before: whether a pool is new cannot be told.
    newest = change.facts.get("newest", {})
    without_evidence = newest is not None and newest.get("id") is None
    return action == Action.CREATE and without_evidence and "not_read" in states


def outcome_is_true(history: History, change: Change) -> Found:
    done = bool(change.applied)
    if change.outcome == Outcome.DONE and not done and history.place.case.group != "lie":
        yield "wrong outcome", f"{change.id} is done, and was not applied"
    if change.outcome == Outcome.DONE and not done and _verified(change):
        yield "wrong outcome", f"{change.id} is verified, and was not applied"
    if change.outcome in {Outcome.REFUSED, Outcome.NOT_SENT} and done:
        yield "wrong outcome", f"{change.id} is {change.outcome}, and was applied"
    if change.outcome == Outcome.NOT_SENT and change.writes:
        yield "wrong outcome", f"{change.id} is not sent, and was received"


def _verified(change: Change) -> bool:
    return any(json.loads(entry.facts).get("verified") for entry in change.entries[Kind.READBACK])


def verdict_is_true(history: History, change: Change) -> Found:
    if not change.entries[Kind.SETTLED]:
        return
    settled = change.entries[Kind.SETTLED][0]
    right = _right_verdicts(history, change, settled.at)
    if settled.outcome not in right:
        text = f"{change.id} is {settled.outcome}, and is {' or '.join(sorted(right))}"
        late = any(each.at > _due_from(change, settled) for each in change.applied)
        if late and history.place.case.fault != BETWEEN_READS:
            # Core took longer than it is said to take at most: no verdict could be right.
            history.premise.append(text)
        else:
            yield "wrong verdict", text


def _right_verdicts(history: History, change: Change, at: datetime) -> set[str]:
    """What may be said of a change, by the journal; one verdict, unless others interfered."""
    assert change.intent is not None
    action, applied = change.intent.action, bool(change.applied)
    interfered = [each for each in history.outside if each.at > change.intent.at]
    plain = {str(Verdict.APPLIED if applied else Verdict.NOT_APPLIED)}
    if action == Action.CLEAR:
        return {str(Verdict.UNKNOWABLE)}
    if action == Action.CREATE:
        # A namesake with other values may be what became of it, as far as anybody can see.
        return plain if applied or not interfered else {str(Verdict.SUPERSEDED)}
    if action == Action.DELETE or not interfered:
        return plain
    facts = change.facts
    last = [each.after for each in history.on_pool if each.at <= at]
    now = last[-1] if last else facts["before"]
    # What Core did not tell before, and the change left alone, says nothing about it.
    told = [name for name in COMPARED if name not in facts.get("untold", ())]
    if _same(now, facts["wanted"], told):
        return {str(Verdict.APPLIED)} if applied else set()
    if _same(now, facts["before"], told):
        return set() if applied else {str(Verdict.NOT_APPLIED)}
    return {str(Verdict.SUPERSEDED)}


def _same(one: Mapping[str, Any] | None, other: Mapping[str, Any], fields: Sequence[str]) -> bool:
    return one is not None and all(one.get(name) == other.get(name) for name in fields)


def settled_in_time(history: History, change: Change) -> Found:
    for settled in change.entries[Kind.SETTLED]:
        early = _due_from(change, settled) - settled.at
        if early > timedelta():
            yield "too early", f"{change.id} was settled {early} before it was due"


def _due_from(change: Change, settled: Entry) -> datetime:
    """When the quiet time was over: after the outcome, or when there must have been one."""
    assert change.intent is not None
    ended = [each for each in change.entries[Kind.OUTCOME] if each.seq < settled.seq]
    return (ended[0].at if ended else change.intent.at + _deadline()) + _quiet()


PER_CHANGE: Final = (
    recorded_before_it_was_sent,
    sent_once,
    closed_once,
    outcome_is_true,
    verdict_is_true,
    settled_in_time,
)


# Rules about a whole case


def forms_sent_once(history: History) -> Found:
    sent = sum(len(change.writes) for change in history.changes.values())
    forms = 2 if history.place.case.other is Other.COLLEAGUE else 1
    if sent > forms:
        yield "sent twice", f"{sent} writes for {forms} forms"


def nothing_sent_that_was_denied(history: History) -> Found:
    """As many changes were sent, at most, as there are people who were not told otherwise."""
    may_have_sent = sum(_may_have_sent(ended) for ended in history.made)
    sent = sum(bool(change.writes) for change in history.changes.values())
    if sent > may_have_sent:
        yield "sent unrecorded", f"{sent} sent, {may_have_sent} say so"


def _may_have_sent(ended: Ended) -> bool:
    return bool(ended.killed_by) or _says_sent(ended)


def _says_sent(ended: Ended) -> bool:
    return _unwritten(ended) or ended.said("repeated") is False


def people_are_told_the_truth(history: History) -> Found:
    for ended in history.made:
        told, name = ended.said("outcome"), ended.said("change")
        if told is None or name is None:
            continue
        change = history.changes.get(UUID(name), Change(UUID(name)))
        open_then = ended.said("repeated") or ended.said("raised")
        if told != change.outcome and not (open_then and (told == "unknown" or _unwritten(ended))):
            yield "told otherwise", f"{name}: told {told}, recorded {change.outcome or 'nothing'}"
        if ended.said("verified") and not change.applied:
            yield "told otherwise", f"{name}: told that it was verified"


def _unwritten(ended: Ended) -> bool:
    return bool(ended.said("raised") == "OutcomeUnwritten")


def one_after_the_other(history: History) -> Found:
    """While a change holds the pool, no other change of it is on the ledger or at Core."""
    known = [(each.intent.seq, each) for each in history.changes.values() if each.intent]
    in_order = sorted(known, key=lambda pair: pair[0])
    for (_, earlier), (began, later) in pairwise(in_order):
        if earlier.closed_at is None or earlier.closed_at > began:
            yield "overlap", f"{later.id} began while {earlier.id} was open"


def sent_as_seen(history: History) -> Found:
    """Who has a form of how the pool was before somebody outside changed it sends nothing."""
    case = history.place.case
    outdated = case.other is Other.EARLIER and case.action is not Action.CREATE
    if outdated and any(change.writes for change in history.changes.values()):
        yield "unseen", "the pool had been changed since the form was rendered"


def drift_is_real(history: History) -> Found:
    for entry in history.drift:
        earlier = [each for each in history.outside if each.at < entry.at]
        # Of a Core that says done and does nothing, who can say what changed a pool.
        if not earlier and history.place.case.group != "lie":
            yield "wrong drift", f"entry {entry.seq}, and nobody outside changed the pool"


def nothing_unexpected(history: History) -> Found:
    for ended in (*history.made, *history.settled):
        if text := ended.said("unexpected"):
            yield "broken", str(text)
        if ended.said("stuck"):
            yield "broken", "a process hung"
        if ended.killed_by and ended.said("died") is None and not ended.said("stuck"):
            yield "broken", f"killed by signal {ended.killed_by}"
    if history.place.case.again is Again.NEVER and any(e.said("repeated") for e in history.made):
        yield "broken", "a first submit was taken for a second one"


PER_CASE: Final = (
    forms_sent_once,
    nothing_sent_that_was_denied,
    people_are_told_the_truth,
    one_after_the_other,
    sent_as_seen,
    drift_is_real,
    nothing_unexpected,
)


def _quiet() -> timedelta:
    return timedelta(seconds=settings.SETTLE_QUIET_SECONDS)


def _deadline() -> timedelta:
    return timedelta(seconds=settings.CORE_LIMITS.deadline_seconds)
