"""What the pages of changes show: a page of lines, counts by day, one change whole."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final
from uuid import UUID

from pools.changes.browsing import (
    Filters,
    Found,
    Place,
    newest,
    newest_names,
    next_newer,
    place_of,
    walk,
)
from pools.changes.history import HistoryItem, changes_by_id, revert_of
from pools.changes.outcome import Action
from pools.changes.proposal import Snapshot
from pools.models import Entry, Kind

CHARTED_DAYS: Final = 30
# Enough for a month of any team; a month of bulk work is charted as far as this goes.
CHARTED_LINES: Final = 2000
NAMED_LINES: Final = 500


class NoSuchPlace(ValueError):
    """There is no entry with the number that a page should begin at."""


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A change in a list. `company` is a slug, perhaps of a company that is gone."""

    seq: int
    company: str
    item: HistoryItem

    @property
    def at(self) -> datetime:
        return self.item.at


@dataclass(frozen=True, slots=True)
class EventLine:
    """Something that happened here and not at Core. `facts` are as they were recorded."""

    seq: int
    at: datetime
    company: str
    actor_name: str
    action: str
    outcome: str
    reason: str
    address: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Slice:
    """A page of lines, newest first, and whether there are newer and older ones."""

    lines: list[ChangeLine] | list[EventLine]
    newer: bool
    older: bool


@dataclass(frozen=True, slots=True)
class Days:
    """How many changes of each action there were on each day, oldest day first.

    `whole` is False when there were too many to count them all: then the days before
    the first one here have changes too, and the first one may have more.
    """

    counts: list[tuple[date, Mapping[Action, int]]]
    whole: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One entry about a change, as the ledger has it."""

    seq: int
    at: datetime
    kind: Kind
    actor_name: str
    outcome: str
    reason: str
    facts: Mapping[str, Any]
    digest: str


@dataclass(frozen=True, slots=True)
class WholeChange:
    """Everything that was recorded about one change.

    `wanted` are the values that were asked for, `address` is where the person came from,
    `status` and `took_milliseconds` are of the call to Core; each is empty or None where
    it was not recorded.
    """

    line: ChangeLine
    wanted: Snapshot | None
    address: str
    status: int | None
    took_milliseconds: int | None
    steps: list[Step]


def page(
    filters: Filters, size: int, *, before: int | None = None, after: int | None = None
) -> Slice:
    """A page of lines: the newest, those older than entry `before`, or newer than `after`.

    Raises NoSuchPlace for an entry that is not there.
    """
    if after is not None:
        found = next_newer(filters, size + 1, _place(after))
        return Slice(lines(filters, found[-size:]), newer=len(found) > size, older=True)
    found = newest(filters, size + 1, None if before is None else _place(before))
    return Slice(lines(filters, found[:size]), newer=before is not None, older=len(found) > size)


def lines(filters: Filters, found: list[Found]) -> list[ChangeLine] | list[EventLine]:
    """The lines at these places, in their order, by at most two queries."""
    entries = {
        entry.seq: entry for entry in Entry.objects.filter(seq__in=[each.seq for each in found])
    }
    if filters.events:
        return [_event(entries[each.seq]) for each in found]
    changes = [entry.change for entry in entries.values() if entry.change is not None]
    items = {item.change_id: item for item in changes_by_id(changes)}
    ordered = [entries[each.seq] for each in found]
    return [
        ChangeLine(entry.seq, entry.company, items[entry.change])
        for entry in ordered
        if entry.change in items
    ]


def all_lines(filters: Filters) -> Iterator[ChangeLine | EventLine]:
    """Every line that fits, newest first, read as it is asked for."""
    for chunk in walk(filters):
        yield from lines(filters, chunk)


def by_day(filters: Filters, zone: tzinfo, now: datetime) -> Days:
    """Changes by day of `zone` and by action: of the last days up to the filters' end."""
    end = min(now, filters.end - timedelta(microseconds=1)) if filters.end else now
    last = end.astimezone(zone).date()
    first = last - timedelta(days=CHARTED_DAYS - 1)
    if filters.begin is not None:
        first = max(first, min(last, filters.begin.astimezone(zone).date()))
    midnight = datetime.combine(first, time(), zone)
    begin = midnight if filters.begin is None else max(midnight, filters.begin)
    # Each outcome has to be looked up.
    most = CHARTED_LINES if filters.outcome is None else CHARTED_LINES // 2
    found = newest(replace(filters, begin=begin), most)
    counted = Counter((each.at.astimezone(zone).date(), each.action) for each in found)
    whole = len(found) < most
    if not whole:
        first = found[-1].at.astimezone(zone).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return Days(
        [(day, {action: counted[day, action.value] for action in Action}) for day in days], whole
    )


def names(companies: frozenset[str] | None) -> list[str]:
    """Who made the latest changes, to choose from."""
    return sorted(newest_names(companies, NAMED_LINES) - {""}, key=str.casefold)


def whole_change(change_id: UUID) -> WholeChange | None:
    """One change with everything about it, or None if there is none with this id."""
    entries = list(Entry.objects.filter(change=change_id).order_by("seq"))
    if not entries:
        return None
    (item,) = changes_by_id([change_id])
    item = replace(item, reverted_by=revert_of(change_id))
    steps = [_step(entry) for entry in entries]
    wanted = steps[0].facts.get("wanted")
    called = next((step.facts for step in steps if step.kind is Kind.OUTCOME), {})
    return WholeChange(
        line=ChangeLine(entries[0].seq, entries[0].company, item),
        wanted=Snapshot.from_json(wanted) if wanted else None,
        address=steps[0].facts.get("address", ""),
        status=called.get("status"),
        took_milliseconds=called.get("took_milliseconds"),
        steps=steps,
    )


def _place(seq: int) -> Place:
    place = place_of(seq)
    if place is None:
        raise NoSuchPlace("The list has no page there.")
    return place


def _step(entry: Entry) -> Step:
    return Step(
        seq=entry.seq,
        at=entry.at,
        kind=Kind(entry.kind),
        actor_name=entry.actor_name,
        outcome=entry.outcome,
        reason=entry.reason,
        facts=json.loads(entry.facts),
        digest=entry.digest,
    )


def _event(entry: Entry) -> EventLine:
    facts = json.loads(entry.facts)
    return EventLine(
        seq=entry.seq,
        at=entry.at,
        company=entry.company,
        actor_name=entry.actor_name,
        action=entry.action,
        outcome=entry.outcome,
        reason=entry.reason,
        address=facts.pop("address", ""),
        facts=facts,
    )
