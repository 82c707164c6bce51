"""Entries of the ledger as they are read: their columns, without the machinery of a model.

A page reads hundreds of them, an export all. What is stored in a column may be anything: one
that is not of its kind costs that entry alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

from pools.ledger import clock
from pools.ledger.chain import fetched
from pools.models import Entry
from pools.models.stored import (
    GarbledId,
    read_id,
    read_moment,
    read_text,
    text_or_bytes,
)
from pools.models.vocabulary import Kind

if TYPE_CHECKING:
    from pools.changes.said import Said

_COLUMNS: Final = (
    *("seq", "at", "change", "form", "batch", "kind", "actor_id", "actor_name", "company"),
    *("pool_id", "pool_name", "action", "outcome", "reason", "facts", "digest"),
)
_TEXT: Final = {str}


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
    said: "Said | None" = field(default=None)


def read(entries: QuerySet[Entry]) -> list[Recorded]:
    """The entries of a query, in its order, by one statement."""
    marks = [*entries.query.annotations]
    wanted = entries.annotate(now=clock.moment()).values_list(*_COLUMNS, *marks, "now")
    try:
        statement, given = wanted.query.sql_with_params()
    except EmptyResultSet:
        return []
    rows = fetched(statement, list(given), damaged=text_or_bytes)
    if not rows:
        return []
    now, identity = clock.read(rows[0][-1]), _identity()
    return [_recorded(row, now, marks, identity) for row in rows]


def first(entries: QuerySet[Entry]) -> Recorded | None:
    return next(iter(read(entries[:1])), None)


def intent_of(change: UUID) -> Recorded:
    """The intent of a change that was made here. Raises IndexError where there is none."""
    return read(Entry.objects.filter(change=change, kind=Kind.INTENT))[0]


def _recorded(
    row: tuple[Any, ...],
    now: datetime,
    marks: list[str],
    identity: Callable[[Any], UUID | None],
) -> Recorded:
    texts, ids = row[5:16], list(map(identity, row[2:5]))
    garbled = GarbledId in map(type, ids)
    if {*map(type, texts)} != _TEXT:
        texts = tuple(map(read_text, texts))
        garbled = True
    told = dict(zip(marks, row[16:], strict=False)) if marks else {}
    return Recorded(row[0], read_moment(row[1]), ids[0], garbled, now, told, *texts)


def _identity() -> Callable[[Any], UUID | None]:
    """What reads an id: each one once, as most are on several entries."""
    known: dict[Any, UUID | None] = {None: None}

    def identity(value: Any) -> UUID | None:
        if value not in known:
            known[value] = read_id(value)
        return known[value]

    return identity
