"""Finding lines of the record: changes and events, filtered, a page at a time.

Newest first, by time and then by number. A page is found by its place in that order, so
that the last one costs what the first one does. Which index it is read by is chosen here:
an outcome and a word are on other rows than the line, and neither database would know.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from pools.changes.outcome import Outcome, Verdict
from pools.models import Entry, IndexTerm, Kind, Lease
from pools.models.index_term import words_of

# Terms are counted up to here to learn which of them is the rarest.
COUNTED: Final = 1000
# Lines whose outcome is looked up at a time, at least.
LOOKED_UP: Final = 200
CHUNK: Final = 500


class Place(NamedTuple):
    """Where a line stands in the record."""

    at: datetime
    seq: int


class Found(NamedTuple):
    """A line that fits. `said` is the last word on its outcome, if that was looked up."""

    at: datetime
    seq: int
    action: str
    said: str | None

    @property
    def place(self) -> Place:
        return Place(self.at, self.seq)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of changes, or of events, is narrowed to. Empty: not narrowed.

    `companies` are slugs; None means every company, those included that are no longer
    here. `pool` is an id, or words of the name that the pool had. `begin` is included,
    `end` is not. `words` must all be in the reason. Events have no pool and no outcome.
    An outcome is the last word on it: a verdict stands in place of unknown, and a clear
    outcome in place of both. What was made outside the panel has none.
    """

    companies: frozenset[str] | None = None
    events: bool = False
    who: str = ""
    action: str = ""
    outcome: Outcome | Verdict | None = None
    pool: str = ""
    begin: datetime | None = None
    end: datetime | None = None
    words: str = ""


def newest(filters: Filters, limit: int, before: Place | None = None) -> list[Found]:
    """The newest lines that fit, or the newest older than `before`; newest first."""
    return _nearest(filters, limit, before, downwards=True)


def next_newer(filters: Filters, limit: int, after: Place) -> list[Found]:
    """The lines that fit and are next newer than `after`; newest first."""
    return _nearest(filters, limit, after, downwards=False)[::-1]


def place_of(seq: int) -> Place | None:
    """Where the entry with a number stands, if there is one."""
    found = Entry.objects.filter(seq=seq).values_list("at", "seq").first()
    return None if found is None else Place(*found)


def walk(filters: Filters) -> Iterator[list[Found]]:
    """All lines that fit, newest first, in chunks that are read one by one."""
    before = None
    while chunk := newest(filters, CHUNK, before):
        yield chunk
        before = chunk[-1].place


def newest_names(companies: frozenset[str] | None, limit: int) -> set[str]:
    """Who made the newest `limit` changes of each company."""
    return {
        name
        for source in _sources(Filters(companies=companies))
        for name in source.order_by("-at", "-seq").values_list("actor_name", flat=True)[:limit]
    }


def _nearest(filters: Filters, limit: int, edge: Place | None, *, downwards: bool) -> list[Found]:
    """The lines that fit, nearest to the edge first."""
    if filters.outcome is None:
        return _candidates(filters, limit, edge, downwards=downwards)
    size = max(LOOKED_UP, limit * 9 // 8)
    found: list[Found] = []
    while len(found) < limit:
        chunk = _candidates(filters, size, edge, downwards=downwards)
        found += _ended(chunk, filters.outcome)
        if len(chunk) < size:
            break
        edge = chunk[-1].place
    return found[:limit]


def _candidates(
    filters: Filters, limit: int, edge: Place | None, *, downwards: bool
) -> list[Found]:
    """Lines that fit but perhaps for their outcome: an index has what it once was."""
    order = ("-at", "-seq") if downwards else ("at", "seq")
    columns = ("at", "seq", "action", *(["ended", "verdict"] if filters.outcome else []))
    found = {
        Found(row[0], row[1], row[2], _said(*row[3:]) if filters.outcome else None)
        for source in _sources(filters)
        for row in _beyond(_within(_told(source, filters), filters), edge, downwards=downwards)
        .order_by(*order)
        .values_list(*columns)[:limit]
    }
    return sorted(found, key=lambda each: each.place, reverse=downwards)[:limit]


def _told(source: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    """With each line's action, and the last word on its outcome if that matters."""
    change: Any = OuterRef("change")
    told: QuerySet[Any] = source
    if source.model is IndexTerm:
        line = Entry.objects.filter(seq=OuterRef("seq"))
        told = source.annotate(action=Subquery(line.values("action")[:1]))
        change = Entry.objects.filter(seq=OuterRef(OuterRef("seq"))).values("change")[:1]
    if filters.outcome is not None:
        ends = Entry.objects.filter(change=change)
        told = told.annotate(
            ended=Subquery(ends.filter(kind=Kind.OUTCOME).values("outcome")[:1]),
            verdict=Subquery(ends.filter(kind=Kind.SETTLED).values("outcome")[:1]),
        )
    return told


def _said(ended: str | None, verdict: str | None) -> str | None:
    """The last word: Core's clear answer, however late it was recorded; or the verdict."""
    return ended if ended not in {None, Outcome.UNKNOWN} else verdict or ended


def _ended(chunk: list[Found], outcome: Outcome | Verdict) -> list[Found]:
    """Those whose outcome it is. Nothing said for longer than a call may take: unknown."""
    if outcome is not Outcome.UNKNOWN:
        return [each for each in chunk if each.said == outcome]
    silent = timezone.now() - timedelta(seconds=settings.CORE_LIMITS.deadline_seconds)
    return [
        each for each in chunk if each.said == outcome or (each.said is None and each.at <= silent)
    ]


def _sources(filters: Filters) -> list[QuerySet[Any]]:
    """Queries that together find the lines: each is read in order by an index of its own."""
    if terms := _terms(filters):
        sources: list[QuerySet[Any]] = [_by_term(filters, terms)]
        if filters.outcome is Outcome.UNKNOWN:
            sources.append(_held(filters, terms))
        return sources
    if filters.companies is None or len(filters.companies) == 1 or filters.who:
        return [_lines(filters)]
    # No index is in order over several companies: each is asked, and the answers merged.
    return [
        _lines(replace(filters, companies=frozenset({slug}))) for slug in sorted(filters.companies)
    ]


def _terms(filters: Filters) -> list[str]:
    """The terms to look up, the rarest first. Done is no term: nearly all changes are."""
    facet = "event" if filters.events else "reason"
    terms = [f"{facet}:{word}" for word in words_of(filters.words)]
    if filters.pool.isdecimal() and filters.pool.isascii():
        terms.append(f"pool:{filters.pool}")
    else:
        terms += [f"name:{word}" for word in words_of(filters.pool)]
    if filters.outcome not in {None, Outcome.DONE}:
        terms.append(f"outcome:{filters.outcome}")
    return terms if len(terms) < 2 else sorted(terms, key=_count)


def _count(term: str) -> int:
    return len(IndexTerm.objects.filter(term=term).values_list("seq")[:COUNTED])


def _by_term(filters: Filters, terms: list[str]) -> QuerySet[IndexTerm]:
    found = IndexTerm.objects.filter(term=terms[0]).filter(*map(_has_term, terms[1:]))
    if filters.companies is None and not filters.who and not filters.action:
        return found
    return found.filter(Exists(_lines(filters).filter(seq=OuterRef("seq"))))


def _held(filters: Filters, terms: list[str]) -> QuerySet[Entry]:
    """Changes that hold their pool: their outcome may never have been written."""
    others = [term for term in terms if term != f"outcome:{Outcome.UNKNOWN}"]
    changes = list(Lease.objects.values_list("change", flat=True))
    return _lines(filters).filter(change__in=changes).filter(*map(_has_term, others))


def _has_term(term: str) -> Exists:
    return Exists(IndexTerm.objects.filter(term=term, at=OuterRef("at"), seq=OuterRef("seq")))


def _lines(filters: Filters) -> QuerySet[Entry]:
    """The lines that fit all but the terms, the time and the outcome."""
    found = Entry.objects.order_by().filter(_is_event() if filters.events else _is_change())
    if filters.companies is not None and len(filters.companies) == 1:
        found = found.filter(company=next(iter(filters.companies)))
    elif filters.companies is not None:
        found = found.filter(company__in=sorted(filters.companies))
    if filters.who:
        found = found.filter(actor_name=filters.who)
    if filters.action:
        found = found.filter(action=filters.action)
    return found


def _within(lines: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    if filters.begin is not None:
        lines = lines.filter(at__gte=filters.begin)
    return lines if filters.end is None else lines.filter(at__lt=filters.end)


def _beyond(lines: QuerySet[Any], edge: Place | None, *, downwards: bool) -> QuerySet[Any]:
    if edge is None:
        return lines
    # The first condition is implied by the second: it is the one that an index can use.
    if downwards:
        return lines.filter(at__lte=edge.at).filter(Q(at__lt=edge.at) | Q(seq__lt=edge.seq))
    return lines.filter(at__gte=edge.at).filter(Q(at__gt=edge.at) | Q(seq__gt=edge.seq))


def _is_change() -> Func:
    # As literals: SQLite uses a partial index only for a condition that it can read.
    return Func(
        F("kind"), template="%(expressions)s IN ('intent', 'drift')", output_field=BooleanField()
    )


def _is_event() -> Func:
    return Func(F("kind"), template="%(expressions)s = 'event'", output_field=BooleanField())
