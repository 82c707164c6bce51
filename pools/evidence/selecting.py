"""Which entries a bundle of evidence is about: the lines of a filter, or one change, whole."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from uuid import UUID

from pools.changes.entries import Recorded, read_where
from pools.changes.filtering import Filters
from pools.changes.history import HistoryItem, in_order, items_of
from pools.changes.lines import EventLine, Step, event_line, step_of
from pools.changes.paging import Match, newest
from pools.models import Entry

# Changes, or events, of one bundle: a few seconds of work. `export_ledger` has no such bound.
MOST_LINES: Final = 1000


class TooMany(Exception):
    """More lines than one bundle may hold."""


class NothingThere(Exception):
    """There is no line that fits."""


@dataclass(frozen=True, slots=True)
class ChangeEvidence:
    """A change with each of its entries. `company` is a slug."""

    company: str
    item: HistoryItem
    steps: list[Step]


@dataclass(frozen=True, slots=True)
class Selection:
    """The numbers of the chosen entries, in order; and what they tell, newest first."""

    numbers: list[int]
    changes: list[ChangeEvidence]
    events: list[EventLine]


def matching(filters: Filters) -> list[Match]:
    """The lines that fit, newest first. Raises TooMany, NothingThere."""
    matches = newest(filters, MOST_LINES + 1)
    if len(matches) > MOST_LINES:
        raise TooMany
    if not matches:
        raise NothingThere
    return matches


def selected(filters: Filters) -> Selection:
    """What fits, with every entry of each change. Raises TooMany, NothingThere."""
    numbers = [each.seq for each in matching(filters)]
    entries = [] if filters.events else _of_changes_at(numbers)
    known = {entry.seq for entry in entries}
    # Events; and what belongs to no change that could be found, as it was altered.
    if single := [number for number in numbers if number not in known]:
        entries += in_order(Entry.objects.filter(seq__in=single))
    return _selection(entries, filters.companies)


def selected_change(change: UUID) -> Selection:
    """One change whole. Raises NothingThere."""
    entries = in_order(Entry.objects.filter(change=change))
    if not entries:
        raise NothingThere
    return _selection(entries, None)


def selected_batch(batch: UUID) -> Selection:
    """A list of changes: what was done with it, and every entry about each of its items."""
    entries = in_order(Entry.objects.filter(batch=batch))
    if not entries:
        raise NothingThere
    return _selection(entries, None)


def _of_changes_at(numbers: Sequence[int]) -> list[Recorded]:
    places = ", ".join(["%s"] * len(numbers))
    changes = f"SELECT change FROM pools_entry WHERE seq IN ({places})"  # noqa: S608  # nosec
    return read_where((f"change IN ({changes})", numbers))


def _selection(entries: Collection[Recorded], companies: frozenset[str] | None) -> Selection:
    # Nobody is given what a list would not show them, whatever an altered entry claims to be of.
    seen = [each for each in entries if companies is None or each.company in companies]
    return Selection(
        numbers=sorted({entry.seq for entry in seen}),
        changes=_changes(seen),
        events=[event_line(each) for each in _newest_first(seen) if each.change is None],
    )


def _newest_first(entries: Collection[Recorded]) -> list[Recorded]:
    return sorted(entries, key=lambda entry: entry.seq, reverse=True)


def _changes(entries: Collection[Recorded]) -> list[ChangeEvidence]:
    of_changes = sorted(
        (entry for entry in entries if entry.change is not None),
        key=lambda entry: (str(entry.change), entry.seq),
    )
    parts = {
        change: list(those) for change, those in groupby(of_changes, key=lambda each: each.change)
    }
    return [
        ChangeEvidence(
            company=parts[item.change_id][0].company,
            item=item,
            steps=[step_of(entry) for entry in parts[item.change_id]],
        )
        for item in items_of(_newest_first(entries)[::-1])
    ]
