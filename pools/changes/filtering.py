"""Which lines of the record fit, as queries: each is read in order by an index of its own.

Which index that is is chosen here: an outcome and a word are on other rows than the line, and
neither database would know.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import (
    BooleanField,
    Count,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
)
from django.db.models.lookups import Exact

from pools.changes.queries_together import MOST_ASKED_EACH
from pools.ledger.recorded_names import recorded_under
from pools.models import Entry, IndexTerm, Lease
from pools.models.index_term import words_sought
from pools.models.vocabulary import Kind, Outcome, Verdict

# Terms are counted up to here to learn which of them is the rarest.
COUNTED: Final = 1000
MOST_COUNTED: Final = 10
# Terms that are asked for one by one.
SINGLY: Final = 4
# Entries of no kind that lists show, the newest; verify_audit names the first in any case.
MOST_ALTERED: Final = 500
_CHANGES: Final = f"IN ('{Kind.INTENT}', '{Kind.DRIFT}')"
_EVENTS: Final = f"= '{Kind.EVENT}'"
_KINDS: Final = f"IN ({', '.join(repr(str(kind)) for kind in Kind)})"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of changes, or of events, is narrowed to. Empty: not narrowed.

    `companies` are slugs; None means every company, those included that are no longer
    here. `who` is a whole name, as people see it. `pool` is an id, or words of the name that the
    pool had. `begin` is included, `end` is not. `words` must all be in the reason. `batch`
    is the list that a change was an item of. Events have no pool and no outcome. An outcome is
    the last word on it: a verdict replaces unknown, and a clear outcome replaces both. What was
    made outside the panel has none.
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
    batch: UUID | None = None


def sources(filters: Filters) -> list[QuerySet[Any]]:
    """Queries that together find the lines: each is read in order by an index of its own."""
    if not filters.who:
        each = [filters]
    else:
        names = sorted({recorded.name for recorded in recorded_under(filters.who)})
        each = [replace(filters, who=who) for who in names]
    altered = [seq for _, seq, _ in of_no_kind()] if each else []
    sources = [source for one in each for source in sources_of(one)]
    return sources + [_lost_lines(one, altered) for one in each if altered]


def sources_of(filters: Filters) -> list[QuerySet[Any]]:
    if terms := _terms(filters):
        sources: list[QuerySet[Any]] = [_by_term(filters, terms)]
        if filters.outcome is Outcome.UNKNOWN:
            sources.append(_held(filters, terms))
        return sources
    slugs = filters.companies
    if slugs is None or len(slugs) == 1 or len(slugs) > MOST_ASKED_EACH or filters.who:
        return [_lines(filters)]
    # No index is in order over several companies: each is asked, and the answers merged.
    return [_lines(replace(filters, companies=frozenset({slug}))) for slug in sorted(slugs)]


def _terms(filters: Filters) -> list[str]:
    """The terms to look up, the rarest first. Done is no term: nearly all changes are."""
    facet = "event" if filters.events else "reason"
    terms = [f"{facet}:{word}" for word in words_sought(filters.words)]
    if filters.pool.isdecimal() and filters.pool.isascii():
        terms.append(f"pool:{filters.pool}")
    else:
        terms += [f"name:{word}" for word in words_sought(filters.pool)]
    if filters.outcome not in {None, Outcome.DONE}:
        terms.append(f"outcome:{filters.outcome}")
    if len(terms) < 2:
        return terms
    # Which is the rarest matters for speed alone: of a very long text only some are counted.
    return sorted(terms[:MOST_COUNTED], key=_count) + terms[MOST_COUNTED:]


def _count(term: str) -> int:
    return len(IndexTerm.objects.filter(term=term).values_list("seq")[:COUNTED])


def _by_term(filters: Filters, terms: list[str]) -> QuerySet[IndexTerm]:
    matching = IndexTerm.objects.filter(term=terms[0]).filter(*_has_all(terms[1:]))
    if (filters.companies, filters.batch) == (None, None) and not filters.who + filters.action:
        return matching
    return matching.filter(Exists(_lines(filters).filter(seq=OuterRef("seq"))))


def _held(filters: Filters, terms: list[str]) -> QuerySet[Entry]:
    """Changes that hold their pool: their outcome may never have been written."""
    others = [term for term in terms if term != f"outcome:{Outcome.UNKNOWN}"]
    changes = list(Lease.objects.values_list("change", flat=True))
    return _lines(filters).filter(change__in=changes).filter(*_has_all(others))


def _has_all(terms: list[str]) -> list[Exists | Exact]:
    """Conditions of a line that has every term.

    Many are counted in one subquery: PostgreSQL plans hundreds of them for minutes.
    """
    if len(terms) <= SINGLY:
        return [_has_term(term) for term in terms]
    wanted = set(terms)
    held = IndexTerm.objects.filter(term__in=wanted, at=OuterRef("at"), seq=OuterRef("seq"))
    count = held.order_by().values("seq").annotate(held=Count("term")).values("held")
    return [Exact(Subquery(count, output_field=IntegerField()), len(wanted))]


def _has_term(term: str) -> Exists:
    return Exists(IndexTerm.objects.filter(term=term, at=OuterRef("at"), seq=OuterRef("seq")))


def of_no_kind() -> QuerySet[Any]:
    """Entries whose kind is no word of ours: none, unless the database was altered."""
    entries = Entry.objects.filter(_has_no_kind()).annotate(moment=F("at"))
    rows = entries.order_by("-at", "-seq").values_list("moment", "seq", "action")
    return rows[:MOST_ALTERED]


def _lost_lines(filters: Filters, altered: list[int]) -> QuerySet[Entry]:
    """Those of them that are on no other line.

    One that belongs to a change is listed among changes, any other among events.
    """
    lines = _narrowed(Entry.objects.order_by().filter(seq__in=altered), filters)
    lines = lines.filter(change__isnull=filters.events).filter(*_has_all(_terms(filters)))
    begun = Entry.objects.filter(change=OuterRef("change"), kind__in=[Kind.INTENT, Kind.DRIFT])
    return lines.filter(~Exists(begun))


def _lines(filters: Filters) -> QuerySet[Entry]:
    """The lines that fit all but the terms, the time and the outcome."""
    lines = Entry.objects.order_by().filter(_is_event() if filters.events else _is_change())
    return _narrowed(lines, filters)


def _narrowed(lines: QuerySet[Entry], filters: Filters) -> QuerySet[Entry]:
    if filters.companies is not None and len(filters.companies) == 1:
        lines = lines.filter(company=next(iter(filters.companies)))
    elif filters.companies is not None:
        lines = lines.filter(company__in=sorted(filters.companies))
    if filters.who:
        lines = lines.filter(actor_name=filters.who)
    if filters.action:
        lines = lines.filter(action=filters.action)
    return lines if filters.batch is None else lines.filter(batch=filters.batch)


def within(lines: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    if filters.begin is not None:
        lines = lines.filter(at__gte=filters.begin)
    return lines if filters.end is None else lines.filter(at__lt=filters.end)


def _is_change() -> Func:
    # As literals: SQLite uses a partial index only for a condition that it can read.
    return Func(F("kind"), template=f"%(expressions)s {_CHANGES}", output_field=BooleanField())


def _is_event() -> Func:
    return Func(F("kind"), template=f"%(expressions)s {_EVENTS}", output_field=BooleanField())


def _has_no_kind() -> Func:
    template = f"NOT (%(expressions)s {_KINDS})"
    return Func(F("kind"), template=template, output_field=BooleanField())
