"""What is known of every case: the record, what Core received and applied, what people read."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pools.models import Entry
from pools.models.vocabulary import Kind, Outcome
from sandbox.journal import Applied
from tests.proof.endurance.cases import number_of
from tests.proof.endurance.cast import Place
from tests.proof.endurance.core_process import BY_OUTSIDERS, Journal, Read, Write
from tests.proof.endurance.processes import Ended

FINAL: Final = frozenset({Outcome.DONE, Outcome.REFUSED, Outcome.NOT_SENT})


@dataclass
class Seen:
    """What a round left behind, beside the ledger: by case, and as a whole."""

    made: dict[int, list[Ended]] = field(default_factory=dict)
    settled: dict[int, list[Ended]] = field(default_factory=lambda: defaultdict(list))
    misfits: set[tuple[str, str]] = field(default_factory=set)
    looked_at_leases: int = 0
    journal: Journal = field(default_factory=lambda: Journal((), (), ()))
    pages: dict[str, str] = field(default_factory=dict)  # how each change stands, by its id


@dataclass
class Change:
    """One change of a case: all that is on the ledger, and all that is in the journal."""

    id: UUID
    entries: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    writes: list[Write] = field(default_factory=list)
    applied: list[Applied] = field(default_factory=list)
    page: str = ""  # how it stands, as the list of changes says

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
    def sent_at(self) -> datetime:
        """When Core had received it; the intent's moment where it never did."""
        assert self.intent is not None
        return min((write.at for write in self.writes), default=self.intent.at)

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
    reads: Sequence[Read] = ()  # of its pool, and of its company's list
    premise: list[str] = field(default_factory=list)

    def change(self, change: UUID) -> Change:
        """The one with this id, known by now or not."""
        return self.changes.setdefault(change, Change(change))


@dataclass
class Histories:
    """Sorts entries, writes and applied changes by the case that they belong to."""

    by_number: dict[int, History]
    numbers: dict[int | None, int] = field(default_factory=dict)  # by the pool's id
    # Of each intent's change: Core may not have told the pool's name, or another one.
    changes: dict[UUID | None, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def add_entry(self, entry: Entry) -> None:
        number = self.changes.get(entry.change, _number_in({"name": entry.pool_name}))
        if entry.form:
            number = self.changes[entry.change] = number_of(entry.form)
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
            self.lost.append(f"{what} belongs to no case")
        return owner


def histories(
    places: Mapping[int, Place], entries: Sequence[Entry], seen: Seen
) -> tuple[dict[int, History], list[str]]:
    """The history of each case; and what belongs to none, as sentences."""
    made, settled = seen.made, seen.settled
    found = Histories(
        {
            number: History(place, {}, [], [], [], made.get(number, ()), settled.get(number, ()))
            for number, place in places.items()
        },
        {place.pool_id: number for number, place in places.items() if place.pool_id},
    )
    for each in seen.journal.applied:
        found.add_applied(each)
    for write in seen.journal.writes:
        found.add_write(write)
    for entry in entries:
        if entry.kind != Kind.EVENT:
            found.add_entry(entry)
    for history in found.by_number.values():
        history.reads = [read for read in seen.journal.reads if _shows(read, history.place)]
    changes = {
        str(change.id): change
        for history in found.by_number.values()
        for change in history.changes.values()
    }
    for change, word in seen.pages.items():
        if change in changes:
            changes[change].page = word
    return found.by_number, found.lost


def _shows(read: Read, place: Place) -> bool:
    """Whether it may show the pool: one that is created has an id that nobody knew before."""
    created = place.pool_id is None
    return read.company == place.company and (created or read.pool_id in {None, place.pool_id})


def _number_in(shown: Mapping[str, Any] | None) -> int | None:
    last = str((shown or {}).get("name", "")).rpartition(" ")[2]
    return int(last) if last.isdecimal() else None
