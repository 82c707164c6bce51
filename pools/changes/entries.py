"""Entries of the ledger as they are read: their columns, without the machinery of a model.

A page reads hundreds of them, an export all. What is stored in a column may be anything: one
that is not of its kind costs that entry alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from pools.ledger import clock
from pools.ledger.chain import fetched
from pools.models import Entry
from pools.models.stored import (
    AS_STORED,
    GarbledId,
    read_id,
    read_moment,
    read_text,
    text_or_bytes,
)
from pools.models.vocabulary import Kind

if TYPE_CHECKING:
    from pools.changes.entry_contents import Said

_COLUMNS: Final = (
    *("seq", "at", "change", "form", "batch", "kind", "actor_id", "actor_name", "company"),
    *("pool_id", "pool_name", "action", "outcome", "reason", "facts", "digest"),
)
_TEXT: Final = {str}
# A part of a query, and what goes into it.
Sql: TypeAlias = tuple[str, Sequence[Any]]
NO_MARKS: Final[Mapping[str, Sql]] = MappingProxyType({})


@dataclass(slots=True, eq=False)
class Recorded:
    """An entry, with the model's names. `at` is a moment, or a GarbledMoment.

    `garbled`: a column of it holds no value of its kind. `now` is when it was read, by the
    database's clock; `marks` are what its query asked besides, of each entry.
    """

    seq: int
    at: Any
    change: UUID | None
    garbled: bool
    now: datetime
    marks: dict[str, Any]
    kind: str
    actor_id: str
    actor_name: str
    company: str
    pool_id: str
    pool_name: str
    action: str
    outcome: str
    reason: str
    facts: str
    digest: str
    form: UUID | None = None
    batch: UUID | None = None
    said: "Said | None" = field(default=None)


def read(entries: QuerySet[Entry]) -> list[Recorded]:
    """The entries of a query, in its order, by one statement."""
    wanted = entries.annotate(now=clock.moment()).values_list(*_COLUMNS, "now")
    try:
        statement, given = wanted.query.sql_with_params()
    except EmptyResultSet:
        return []
    return _all(statement, given)


def read_where(condition: Sql, marks: Mapping[str, Sql] = NO_MARKS) -> list[Recorded]:
    """The entries that fit a condition, oldest first, each with what is asked besides of it.

    As a text: what every page asks is not put together anew for each. Only placeholders are put
    into it, and what goes into them beside it.
    """
    vendor = connection.vendor
    forms = {"at": AS_STORED[vendor].format("at")}
    selected = [forms.get(name, name) for name in _COLUMNS]
    selected += [sql for sql, _ in marks.values()]
    # Asked once: by itself it would be for each entry.
    now = f"(SELECT {clock.SQL[vendor]})".replace("%", "%%")
    statement = (
        f"SELECT {', '.join(selected)}, {now} FROM pools_entry WHERE {condition[0]} ORDER BY seq"  # noqa: S608  # nosec
    )
    given = [each for _, facts in (*marks.values(), condition) for each in facts]
    return _all(statement, given, [*marks])


def _all(statement: str, given: Sequence[Any], marks: Sequence[str] = ()) -> list[Recorded]:
    rows = fetched(statement, list(given), damaged=text_or_bytes)
    if not rows:
        return []
    now, ids = clock.read(rows[0][-1]), _Ids({None: None})
    return [_recorded(row, now, marks, ids) for row in rows]


def first(entries: QuerySet[Entry]) -> Recorded | None:
    return next(iter(read(entries[:1])), None)


def intent_of(change: UUID) -> Recorded:
    """The intent of a change that was made here. Raises IndexError where there is none."""
    return read(Entry.objects.filter(change=change, kind=Kind.INTENT))[0]


def _recorded(
    row: tuple[Any, ...],
    now: datetime,
    marks: Sequence[str],
    known: "_Ids",
) -> Recorded:
    texts, ids = row[5:16], [known[row[2]], known[row[3]], known[row[4]]]
    garbled = GarbledId in map(type, ids)
    if {*map(type, texts)} != _TEXT:
        texts = tuple(map(read_text, texts))
        garbled = True
    told = dict(zip(marks, row[16:], strict=False)) if marks else {}
    return Recorded(row[0], read_moment(row[1]), ids[0], garbled, now, told, *texts, *ids[1:])


class _Ids(dict[Any, UUID | None]):
    """Ids as they are read: each one once, as most are on several entries."""

    def __missing__(self, value: Any) -> UUID:
        self[value] = read = read_id(value)
        return read
