"""Keeping what a reading of Core showed, whoever read it and what for.

A page that shows pools pays one query for it, and writes only what is different: a pool that
is as it was has its time renewed every quarter of an hour, which is exact enough for "seen
20 min ago" and spares every list a write. A database that refuses costs the page nothing; the
next reading keeps what this one could not.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar

import structlog
from django.db import Error as AnyDatabaseError
from django.db import connection
from django.utils import timezone

from pools.catalogue import connectors
from pools.catalogue.normalizing import searchable
from pools.core import Pool
from pools.database_faults import cause_of, try_to_write
from pools.models import Company, PinnedNote
from pools.models.catalogue import SeenPool, SeenSystem
from pools.models.rows import Columns

_NUMBERS: Final = frozenset({"limit", "timeout"})
RENEWED_AFTER: Final = timedelta(minutes=15)
_KEY: Final = ("company", "origin", "pool_id")
# Of a pool with more connectors than anybody attaches, the rest is not found by its words.
_LONGEST_WORDS: Final = 20_000
# A part of a query, and what goes into it.
Sql = tuple[str, Sequence[Any]]
log = structlog.get_logger("panel.catalogue")
_Kept = TypeVar("_Kept")


class Facts(NamedTuple):
    """What Core says of a pool, as it is kept."""

    name: str | None
    limit: int | None
    timeout: int | None
    created_at: datetime | None
    updated_at: datetime | None
    connectors: str
    unreadable: str


class Known(NamedTuple):
    """What was kept of a pool until then; and what was asked beside it."""

    facts: Facts
    seen_at: datetime
    reading: int | None
    note: str
    beside: Any


_COLUMNS: Final = Columns(SeenPool, ("pool_id", "seen_at", "reading", "note", *Facts._fields))


def seen_pools(company: Company, pool_ids: Collection[int]) -> dict[int, SeenPool]:
    """What is kept of these pools, by id, where the company is now."""
    rows = SeenPool.objects.filter(
        company=company, origin=company.origin, pool_id__in=list(pool_ids)
    )
    return {row.pool_id: row for row in rows}


def keep(
    company: Company, pools: Iterable[Pool], reading: int | None = None, beside: Sql | None = None
) -> Mapping[int, Known]:
    """Keeps pools that Core has just shown; what was kept of them until then, by id: the one
    query of a page.

    `reading` is the number of the reading of all pools that they came with, if it is one.
    `beside` is what a page asks besides, so that it need not ask again: as each one's `beside`.
    """
    read = {pool.id: pool for pool in pools if pool.id is not None}
    before = _asked(lambda: _known(company, read, beside)) if read else {}
    now = timezone.now()
    news = {
        pool_id: facts
        for pool_id, pool in read.items()
        if (facts := _news(pool, before.get(pool_id), now, reading)) is not None
    }
    if news:
        # By id: two lists that write the same pools lock them in the same order.
        new = [
            _row(company, pool_id, facts, before.get(pool_id), now, reading)
            for pool_id, facts in sorted(news.items())
        ]
        moved = [row for row in new if _has_moved(row, before.get(row.pool_id))]
        unknown = read.keys() - before.keys()
        try_to_write("pools last seen", lambda: _write(company, new, moved, unknown))
    return before


def forget(company: Company, pool_id: int) -> None:
    """Drops a pool that Core no longer has."""
    for row in _asked(lambda: seen_pools(company, [pool_id])).values():
        try_to_write("a pool that is gone", row.delete)


def noted(company: Company, pool_id: int, note: str) -> None:
    """Has a pool be found by the note that was pinned to it, in the caller's transaction."""
    for row in seen_pools(company, [pool_id]).values():
        row.note = note
        row.words = _words(row)
        row.save(update_fields=["note", "words"])


def _notes_on(company: Company, new: Collection[int]) -> dict[int | None, str]:
    """The notes on pools that the catalogue did not know."""
    if not new:
        return {}
    notes = PinnedNote.objects.filter(company=company, origin=company.origin, pool_id__in=new)
    return dict(notes.values_list("pool_id", "text"))


def _asked(question: Callable[[], dict[int, _Kept]]) -> dict[int, _Kept]:
    """The answer; none where the database refuses: whoever reads a pool must not end over this."""
    try:
        return question()
    except AnyDatabaseError as error:
        log.warning("catalogue not read", error=type(error).__name__, cause=cause_of(error))
        return {}


def _known(company: Company, pool_ids: Collection[int], beside: Sql | None) -> dict[int, Known]:
    asked, given = beside or ("NULL", ())
    ids = ", ".join(["%s"] * len(pool_ids))
    query = (
        f"SELECT {_COLUMNS.sql}, {asked} FROM pools_seenpool"  # noqa: S608  # nosec B608
        f" WHERE company_id = %s AND origin = %s AND pool_id IN ({ids})"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [*given, company.pk, company.origin, *pool_ids])
        rows = cursor.fetchall()
    found = {}
    for pool_id, seen_at, reading, note, *facts, told in _COLUMNS.values(rows):
        found[pool_id] = Known(Facts(*facts), seen_at, reading, note, told)
    return found


def _news(pool: Pool, before: Known | None, now: datetime, reading: int | None) -> Facts | None:
    """A pool as it is kept from now on; None: as it was.

    It stays known by the name, the times and the connectors that can't be read now; a limit and a
    timeout that can't are no longer known.
    """
    facts = Facts(
        connectors.cut(pool.name),
        pool.limit,
        pool.timeout,
        pool.created_at,
        pool.updated_at,
        connectors.written(pool.connectors),
        "",
    )
    if before is not None and (pool.unreadable or not facts.connectors):
        unread = {*pool.unreadable, *(() if facts.connectors else ("connectors",))} - _NUMBERS
        was = before.facts._asdict()
        facts = facts._replace(**{each: was[each] for each in unread & was.keys()})
    if pool.unreadable:
        gaps = [each for each in sorted(pool.unreadable) if not getattr(facts, each, "")]
        facts = facts._replace(unreadable=" ".join(gaps))
    if before is None:
        return facts
    same = facts == before.facts and reading in (None, before.reading)
    return None if same and now - before.seen_at < RENEWED_AFTER else facts


def _row(
    company: Company,
    pool_id: int,
    facts: Facts,
    before: Known | None,
    now: datetime,
    reading: int | None,
) -> SeenPool:
    if before is not None and reading is None:
        reading = before.reading
    return SeenPool(
        company=company,
        origin=company.origin,
        pool_id=pool_id,
        seen_at=now,
        reading=reading,
        note=before.note if before else "",
        **facts._asdict(),
    )


def _has_moved(row: SeenPool, before: Known | None) -> bool:
    """Whether it has connectors of other systems than before."""
    return row.connectors != (before.facts.connectors if before else "")


def _write(
    company: Company, rows: list[SeenPool], moved: list[SeenPool], unknown: Collection[int]
) -> None:
    notes = _notes_on(company, unknown)
    for row in rows:
        row.note = notes.get(row.pool_id, row.note)
        row.words = _words(row)
    written = SeenPool.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=_KEY,
        update_fields=(*Facts._fields, "words", "seen_at", "reading"),
    )
    of = {row.pool_id: row for row in written}
    systems = [
        SeenSystem(pool=of[row.pool_id], key=key, name=name)
        for row in moved
        for key, name in connectors.systems(connectors.read(row.connectors)).items()
    ]
    SeenSystem.objects.filter(pool__in=[of[row.pool_id] for row in moved]).delete()
    SeenSystem.objects.bulk_create(systems, ignore_conflicts=True)


def _words(row: SeenPool) -> str:
    """The name first: who looks for a word mostly means one of those."""
    attached = connectors.read(row.connectors) or ()
    texts = list(connectors.systems(attached).values())
    texts += [each.name for each in attached if each.name]
    texts += [str(each.id) for each in attached if each.id is not None]
    return searchable([row.name or "", str(row.pool_id), row.note, *texts])[:_LONGEST_WORDS]
