"""What the pages of changes show: a page of lines, counts by day, one change whole."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final, TypeGuard
from uuid import UUID

from pools.changes.entries import Recorded, read
from pools.changes.entry_contents import said_by
from pools.changes.filtering import Filters
from pools.changes.folding import LONGEST_LIST, Folded, folded, key_of, marks_of, tells_items_apart
from pools.changes.history import HistoryItem, changes_at, with_reverts
from pools.changes.paging import (
    Match,
    Part,
    newest,
    newest_names,
    overview,
    walk,
)
from pools.changes.proposal import Snapshot
from pools.models import Entry
from pools.models.stored import GarbledId, GarbledMoment
from pools.models.vocabulary import RECORDED, Action, Kind
from pools.people import user_names as names_of_people
from pools.people.user_names import Bearer

# Enough for a month of any team; a month of bulk work is charted as far as this goes.
CHARTED_LINES: Final = 2000
NAMED_LINES: Final = 500
# More of them no longer fit into a processor's cache, and each line costs a quarter more.
EXPORTED_AT_ONCE: Final = 50
_LINES: Final = frozenset({Kind.INTENT, Kind.DRIFT})
_KINDS: Final = frozenset(Kind)


class NoSuchPosition(ValueError):
    """There is no entry with the number that a page should begin at."""


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A change in a list. `company` is a slug, perhaps of a company that is gone.

    `folded`: it stands for several that are items of one list of changes, as the newest of them.
    `unfolded` are these then, if they were asked for.
    """

    seq: int
    company: str
    item: HistoryItem
    folded: Folded | None = None
    unfolded: "tuple[ChangeLine, ...]" = ()

    @property
    def at(self) -> datetime | None:
        return self.item.at


@dataclass(frozen=True, slots=True)
class EventLine:
    """Something that happened here and not at Core. `facts` are as they were recorded.

    An entry that is not `readable` has none; `at` is None where that cannot be read.
    """

    seq: int
    at: datetime | None
    company: str
    actor_name: str
    action: str
    outcome: str
    reason: str
    address: str
    facts: Mapping[str, Any]
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Days:
    """How many changes of each action there were on each day, oldest day first.

    `whole` is False when there were too many to count them all: then the days before
    the first one here have changes too, and the first one may have more.
    """

    counts: list[tuple[date, Mapping[Action, int]]]
    whole: bool


@dataclass(frozen=True, slots=True)
class Span:
    """Days of a zone, the first and the last included, and the lines that are counted there."""

    first: date
    last: date
    zone: tzinfo
    part: Part

    def counted(self, matches: list[Match]) -> Days:
        """How many of the part's lines each day has of each action."""
        dated = [
            (each.at.astimezone(self.zone).date(), each.action)
            for each in matches
            if _is_moment(each.at)
        ]
        counted: Counter[tuple[date, Action]] = Counter()
        for (day, word), count in Counter(dated).items():
            counted[day, _action(word)] += count
        first, whole = self.first, len(matches) < self.part.limit
        if not whole:
            first = max(first, dated[-1][0]) if dated else self.last
        days = [first + timedelta(days=number) for number in range((self.last - first).days + 1)]
        return Days(
            [(day, {action: counted[day, action] for action in Action}) for day in days], whole
        )


@dataclass(frozen=True, slots=True)
class Slice:
    """A page of lines, newest first, and whether there are newer and older ones.

    `names` are to choose from; `days` are those that were asked for.
    """

    lines: list[ChangeLine] | list[EventLine]
    newer: bool
    older: bool
    names: list[str]
    days: Days | None


@dataclass(frozen=True, slots=True)
class Step:
    """One entry about a change, as the ledger has it."""

    seq: int
    at: datetime | None
    kind: Kind | None
    action: str
    actor_name: str
    outcome: str
    reason: str
    facts: Mapping[str, Any]
    digest: str
    readable: bool = True


@dataclass(frozen=True, slots=True)
class WholeChange:
    """Everything that was recorded about one change.

    `wanted` are the values that were asked for, `address` is where the person came from,
    `status` and `took_milliseconds` are of the call to Core; each is empty or None where
    it was not recorded. `weighed` is what was known of allowances when its limit was chosen.
    """

    line: ChangeLine
    wanted: Snapshot | None
    address: str
    status: int | None
    took_milliseconds: int | None
    steps: list[Step]
    weighed: Sequence[Mapping[str, Any]] = ()


def page(
    filters: Filters,
    size: int,
    *,
    before: int | None = None,
    after: int | None = None,
    companies: frozenset[str] | None = None,
    span: Span | None = None,
    unfold: UUID | None = None,
    number: int = 1,
) -> Slice:
    """A page of lines: the newest, those older than entry `before`, or newer than `after`.

    Or the one so many pages on from there, as `number` counts them.
    The changes of a list are one line, unless the filters tell them apart; of the list `unfold`
    they are there, too. With the names of who made the latest changes of `companies`, and the
    changes of each day of `span`. Raises NoSuchPosition for an entry that is not there.
    """
    edge = before if after is None else after
    fold = not tells_items_apart(filters)
    parts = [Part(filters, number * size + 1, edge, downwards=after is None, folded=fold)]
    if span:
        parts.append(span.part)
    if unfold and fold:
        # Where, who and why are those of its line: by the list's id alone they are found at once.
        of_list = Filters(batch=unfold, begin=filters.begin, end=filters.end)
        parts.append(Part(of_list, LONGEST_LIST))
    found = overview(parts, companies, NAMED_LINES)
    if edge is not None and not found.parts[0] and not Entry.objects.filter(seq=edge).exists():
        raise NoSuchPosition
    matches = found.parts[0][(number - 1) * size : number * size]
    more = len(found.parts[0]) > number * size
    if after is not None:
        matches.reverse()
    return Slice(
        lines=_folded(filters, matches, found.parts[-1] if unfold else [])
        if fold
        else lines(filters, matches),
        newer=before is not None or number > 1 if after is None else more,
        older=more if after is None else True,
        names=_sorted(found.names),
        days=span.counted(found.parts[1]) if span else None,
    )


def _folded(filters: Filters, matches: list[Match], unfolded: list[Match]) -> list[ChangeLine]:
    """The lines at these places, each list as one; with the lines of the list that is unfolded."""
    unfolded = [each for each in unfolded if filters.action in {"", each.action}]
    on_page = {each.seq for each in matches}
    numbers = {*on_page, *(each.seq for each in unfolded)}
    read_at = changes_at(numbers, marks_of(filters, on_page))
    found = {each.seq: each for each in _change_lines(read_at)}
    shown = []
    for line in (found[each.seq] for each in matches if each.seq in found):
        list_of_it = folded(read_at[line.seq][0], line.item.batch)
        if list_of_it is None:
            shown.append(line)
            continue
        key = key_of(line.company, line.item)
        own = (found[each.seq] for each in unfolded if each.seq in found)
        items = tuple(each for each in own if key_of(each.company, each.item) == key)
        shown.append(replace(line, folded=list_of_it, unfolded=items))
    return shown


def lines(filters: Filters, matches: list[Match]) -> list[ChangeLine] | list[EventLine]:
    """The lines at these places, in their order, by one query."""
    numbers = [each.seq for each in matches]
    if filters.events:
        events = {each.seq: each for each in read(Entry.objects.filter(seq__in=numbers))}
        return [event_line(events[number]) for number in numbers if number in events]
    return _change_lines(changes_at(numbers))


def _change_lines(read_at: Mapping[int, tuple[Recorded, HistoryItem]]) -> list[ChangeLine]:
    return [
        ChangeLine(entry.seq, entry.company, item)
        for entry, item in read_at.values()
        if entry.kind in _LINES or entry.kind not in _KINDS
    ]


def all_lines(filters: Filters) -> Iterator[list[ChangeLine] | list[EventLine]]:
    """Every line that fits, newest first, read as it is asked for, many at a time."""
    for chunk in walk(filters):
        for begin in range(0, len(chunk), EXPORTED_AT_ONCE):
            yield lines(filters, chunk[begin : begin + EXPORTED_AT_ONCE])


def by_day(filters: Filters, zone: tzinfo, now: datetime, most_days: int) -> Days:
    """Changes by day of `zone` and by action: of the last days up to the filters' end."""
    span = span_of(filters, zone, now, most_days)
    return span.counted(newest(span.part.filters, span.part.limit))


def span_of(filters: Filters, zone: tzinfo, now: datetime, most_days: int) -> Span:
    """Those days."""
    end = min(now, filters.end - timedelta(microseconds=1)) if filters.end else now
    last = end.astimezone(zone).date()
    first = last - timedelta(days=most_days - 1)
    if filters.begin is not None:
        first = max(first, min(last, filters.begin.astimezone(zone).date()))
    midnight = datetime.combine(first, time(), zone)
    begin = midnight if filters.begin is None else max(midnight, filters.begin)
    # Each outcome has to be looked up.
    most = CHARTED_LINES if filters.outcome is None else CHARTED_LINES // 2
    return Span(first, last, zone, Part(replace(filters, begin=begin), most))


def _is_moment(at: datetime | GarbledMoment) -> TypeGuard[datetime]:
    return isinstance(at, datetime)


def _action(word: str) -> Action:
    return Action(word) if word in RECORDED else Action.UNREADABLE


def bearers(filters: Filters) -> list[Bearer]:
    """Whose name a list is narrowed to, as far as its own lines show."""
    if not filters.who:
        return []
    everyone = names_of_people.bearers(filters.who)
    if filters.companies is None:
        return everyone
    visible = [
        replace(each, others=tuple(name for name in each.others if _has_lines(filters, name)))
        for each in everyone
    ]
    if _has_lines(filters, filters.who):
        return visible
    # Whoever was renamed may not have done anything under the new name.
    return [each for each in visible if each.others and each.is_now(filters.who)]


def _has_lines(filters: Filters, who: str) -> bool:
    wanted = Filters(companies=filters.companies, events=filters.events, who=who)
    return bool(newest(wanted, 1))


def names(companies: frozenset[str] | None) -> list[str]:
    """Who made the latest changes, to choose from."""
    return _sorted(newest_names(companies, NAMED_LINES))


def _sorted(names: set[str]) -> list[str]:
    return sorted(names - {""}, key=str.casefold)


def change_of(entry: int) -> Recorded | None:
    """The entry with this number, if it is one of a change that can be found by its id."""
    found = read(Entry.objects.filter(seq=entry))
    return next(
        (each for each in found if each.change and not isinstance(each.change, GarbledId)), None
    )


def whole_change(change_id: UUID) -> WholeChange | None:
    """One change with everything about it, or None if there is none with this id."""
    entries, items = with_reverts(change_id)
    if not entries:
        return None
    reverts = (each.change_id for each in items[1:] if each.state.is_confirmed)
    item = items[0]._replace(reverted_by=next(reverts, None))
    steps = [step_of(entry) for entry in entries]
    wanted = steps[0].facts.get("wanted")
    called = next((step.facts for step in steps if step.kind is Kind.OUTCOME), {})
    return WholeChange(
        line=ChangeLine(entries[0].seq, entries[0].company, item),
        wanted=Snapshot.of(wanted) if wanted else None,
        address=steps[0].facts.get("address", ""),
        status=called.get("status"),
        took_milliseconds=called.get("took_milliseconds"),
        steps=steps,
        weighed=steps[0].facts.get("allowances", ()),
    )


def step_of(entry: Recorded) -> Step:
    """An entry about a change, as it was recorded."""
    said = said_by(entry)
    return Step(
        seq=entry.seq,
        at=said.at,
        kind=said.kind,
        action=entry.action,
        actor_name=entry.actor_name,
        outcome=entry.outcome,
        reason=entry.reason,
        facts=said.facts,
        digest=entry.digest,
        readable=said.readable,
    )


def event_line(entry: Recorded) -> EventLine:
    """An event as a line; its address is no longer among its facts."""
    said = said_by(entry)
    facts = dict(said.facts)
    return EventLine(
        seq=entry.seq,
        at=said.at,
        company=entry.company,
        actor_name=entry.actor_name,
        action=entry.action,
        outcome=entry.outcome,
        reason=entry.reason,
        address=facts.pop("address", ""),
        facts=facts,
        readable=said.readable,
    )
