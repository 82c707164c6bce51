"""Finding lines of the record: changes and events, filtered, a page at a time.

Newest first, by time and then by number. A page is found by its place in that order, so
that the last one costs what the first one does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import (
    BooleanField,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.expressions import RawSQL

from pools.changes.filtering import Filters, of_no_kind, sources, sources_of, within
from pools.changes.queries_together import Asked, Row, asked_together
from pools.changes.state import last_word, outcome_at
from pools.ledger import clock
from pools.models import Entry, IndexTerm
from pools.models.stored import (
    GarbledMoment,
    MomentField,
    order_of,
    read_moment,
    read_text,
)
from pools.models.vocabulary import Kind, Outcome, Verdict

# Lines whose outcome is looked up at a time, at least.
LOOKED_UP: Final = 200
CHUNK: Final = 500
# When the entry with a number was made; where there is none, no line is beyond it.
_AT: Final = "SELECT at FROM pools_entry WHERE seq = %s"
# Of an item, whether no later one of its list is shown as it is.
_LATER: Final = f"""
SELECT 1 FROM pools_entry AS later
WHERE later.batch = {{0}}.batch AND later.seq > {{0}}.seq AND later.kind = '{Kind.INTENT}'
AND later.company = {{0}}.company AND later.actor_name = {{0}}.actor_name
AND later.reason = {{0}}.reason{{{{}}}}
"""  # noqa: S608  # nosec B608
_ALONE: Final = f"""(
pools_entry.batch IS NULL OR pools_entry.kind <> '{Kind.INTENT}'
OR NOT EXISTS ({_LATER.format("pools_entry")}))"""
_ALONE_BY_TERM: Final = f"""NOT EXISTS (
SELECT 1 FROM pools_entry AS line
WHERE line.seq = pools_indexterm.seq AND line.batch IS NOT NULL AND line.kind = '{Kind.INTENT}'
AND EXISTS ({_LATER.format("line")}))"""  # noqa: S608  # nosec B608
_MOMENT: Final = MomentField()


class Position(NamedTuple):
    """Where a line is in the record."""

    at: datetime | GarbledMoment
    seq: int

    @property
    def order(self) -> tuple[Any, ...]:
        """What positions are sorted by, as the database sorts them."""
        return order_of(self.at), self.seq


class Match(NamedTuple):
    """A line that fits. `last_word` is that on its outcome, if that was looked up."""

    at: datetime | GarbledMoment
    seq: int
    action: str
    last_word: str | None

    @property
    def position(self) -> Position:
        return Position(self.at, self.seq)

    @property
    def begun(self) -> datetime | None:
        """None: it cannot be read."""
        return self.at if isinstance(self.at, datetime) else None


@dataclass(frozen=True, slots=True)
class Part:
    """Of the lines that fit, as many as `limit`, from the edge on.

    That is a place, or the number of the entry that is there. `folded`: of each list of changes
    only the newest line that fits, which stands for all of them.
    """

    filters: Filters
    limit: int
    edge: Position | int | None = None
    downwards: bool = True
    folded: bool = False


def newest(filters: Filters, limit: int, before: Position | None = None) -> list[Match]:
    """The newest lines that fit, or the newest older than `before`; newest first."""
    return _nearest(Part(filters, limit, before))


@dataclass(frozen=True, slots=True)
class Overview:
    """What a page of lines is made of: the nearest of each part, and who made the latest."""

    parts: list[list[Match]]
    names: set[str]


def overview(parts: list[Part], companies: frozenset[str] | None, named: int) -> Overview:
    """All of it by one statement, unless more than the lines themselves has to be looked up."""
    if not any(part.filters.who or part.filters.outcome for part in parts):
        queries = [*map(_lines_of, parts), _names_of(companies, named), _altered()]
        answers = iter(asked_together(queries))
        *lines, names, altered = ([next(answers) for _ in each] for each in queries)
        if not any(altered):
            found = [
                _in_order(part, [list(map(_match, rows)) for rows in each])
                for part, each in zip(parts, lines, strict=True)
            ]
            return Overview(found, {read_text(name) for rows in names for *_, name in rows})
    return Overview(
        [_nearest(each) for each in parts],
        newest_names(companies, named),
    )


def _lines_of(part: Part) -> tuple[Asked, ...]:
    # Of words, those that are rare are looked up: which they are may change.
    worded = part.filters.words or part.filters.pool
    return _put_together(part) if worded else _kept(part)


def _put_together(part: Part) -> tuple[Asked, ...]:
    return tuple(Asked.of(_slice(part, each)) for each in sources_of(part.filters))


# Django takes longer to put a query together than the database to answer it.
_kept: Final = lru_cache(maxsize=256)(_put_together)


@lru_cache(maxsize=256)
def _names_of(companies: frozenset[str] | None, named: int) -> tuple[Asked, ...]:
    return tuple(Asked.of(_names(each, named)) for each in sources_of(Filters(companies=companies)))


@cache
def _altered() -> tuple[Asked, ...]:
    return (Asked.of(of_no_kind()[:1]),)


def _match(row: Row) -> Match:
    at, seq, action = row
    return Match(read_moment(at), seq, read_text(action), None)


def walk(filters: Filters) -> Iterator[list[Match]]:
    """All lines that fit, newest first, in chunks that are read one by one."""
    before = None
    while chunk := newest(filters, CHUNK, before):
        yield chunk
        before = chunk[-1].position


def newest_names(companies: frozenset[str] | None, limit: int) -> set[str]:
    """Who made the newest `limit` changes of each company."""
    return {
        name
        for source in sources(Filters(companies=companies))
        for _, _, name in _names(source, limit)
    }


def _names(source: QuerySet[Any], limit: int) -> QuerySet[Any]:
    rows: QuerySet[Any] = source.annotate(moment=F("at")).order_by("-at", "-seq")
    return rows.values_list("moment", "seq", "actor_name")[:limit]


def _nearest(part: Part) -> list[Match]:
    """The lines that fit, nearest to the edge first."""
    outcome, limit = part.filters.outcome, part.limit
    if outcome is None:
        return _candidates(part)
    part = replace(part, limit=max(LOOKED_UP, limit * 9 // 8))
    matches: list[Match] = []
    while len(matches) < limit:
        chunk = _candidates(part)
        matches += _ended(chunk, outcome)
        if len(chunk) < part.limit:
            break
        part = replace(part, edge=chunk[-1].position)
    return matches[:limit]


def _candidates(part: Part) -> list[Match]:
    """Lines that fit but perhaps for their outcome: an index has what it once was."""
    with_word = part.filters.outcome is not None
    return _in_order(
        part,
        [
            [
                Match(row[0], row[1], row[2], last_word(*row[3:]) if with_word else None)
                for row in _slice(part, source)
            ]
            for source in sources(part.filters)
        ],
    )


def _slice(part: Part, source: QuerySet[Any]) -> QuerySet[Any]:
    """What one source has of a part."""
    filters = part.filters
    order = ("-at", "-seq") if part.downwards else ("at", "seq")
    # Under another name: Django would order by what is selected, which no index has.
    columns = ("moment", "seq", "action", *(["ended", "verdict"] if filters.outcome else []))
    lines: QuerySet[Any] = within(_detailed(source, filters), filters)
    if part.folded:
        lines = lines.filter(_stands_alone(source, filters))
    lines = _beyond(lines, part.edge, downwards=part.downwards).annotate(moment=F("at"))
    return lines.order_by(*order).values_list(*columns)[: part.limit]


def _in_order(part: Part, slices: list[list[Match]]) -> list[Match]:
    """What several sources have of a part, each line once."""
    if len(slices) == 1:
        return slices[0]
    matches = {match for each in slices for match in each}
    lines = sorted(matches, key=lambda each: each.position.order, reverse=part.downwards)
    return lines[: part.limit]


def _stands_alone(source: QuerySet[Any], filters: Filters) -> RawSQL:
    """Not the condition of an item for which a newer one of its list stands.

    Those are of one person, with one reason: what the line says is true of all that it stands for.
    As a text: the query is made for every page of changes.
    """
    wanted, given = of_items("later", filters)
    sql = (_ALONE if source.model is Entry else _ALONE_BY_TERM).format(wanted)
    return RawSQL(sql, given, output_field=BooleanField())  # noqa: S611  # nosec B611


def of_items(name: str, filters: Filters) -> tuple[str, list[Any]]:
    """What filters may ask of one item of a list and not of another, but for its pool and outcome:

    the end of a condition, and what goes into it.
    """
    wanted: list[tuple[str, Any]] = []
    if filters.action:
        wanted.append(("action =", filters.action))
    for bound, moment in (("at >=", filters.begin), ("at <", filters.end)):
        if moment is not None:
            wanted.append((bound, _MOMENT.get_db_prep_value(moment, connection)))
    return "".join(f" AND {name}.{bound} %s" for bound, _ in wanted), [each for _, each in wanted]


def _detailed(source: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    """With each line's action, and the last word on its outcome if that matters."""
    change: Any = OuterRef("change")
    lines: QuerySet[Any] = source
    if source.model is IndexTerm:
        line = Entry.objects.filter(seq=OuterRef("seq"))
        lines = source.annotate(action=Subquery(line.values("action")[:1]))
        change = Entry.objects.filter(seq=OuterRef(OuterRef("seq"))).values("change")[:1]
    if filters.outcome is not None:
        ends = Entry.objects.filter(change=change)
        lines = lines.annotate(
            ended=Subquery(ends.filter(kind=Kind.OUTCOME).values("outcome")[:1]),
            verdict=Subquery(ends.filter(kind=Kind.SETTLED).values("outcome")[:1]),
        )
    return lines


def _ended(chunk: list[Match], outcome: Outcome | Verdict) -> list[Match]:
    """Those whose outcome it is. Nothing said for longer than a call may take: unknown."""
    if outcome is not Outcome.UNKNOWN:
        return [each for each in chunk if each.last_word == outcome]
    now = clock.now()
    return [each for each in chunk if outcome_at(now, each.begun, each.last_word) == outcome]


def _beyond(lines: QuerySet[Any], edge: Position | int | None, *, downwards: bool) -> QuerySet[Any]:
    if edge is None:
        return lines
    at: Any
    if isinstance(edge, int):
        at, seq = RawSQL(_AT, [edge], output_field=MomentField()), edge  # noqa: S611  # nosec B611
    else:
        at, seq = edge
    # The first condition is implied by the second: it is the one that an index can use.
    if downwards:
        return lines.filter(at__lte=at).filter(Q(at__lt=at) | Q(seq__lt=seq))
    return lines.filter(at__gte=at).filter(Q(at__gt=at) | Q(seq__gt=seq))
