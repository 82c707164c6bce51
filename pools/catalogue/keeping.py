"""Keeping what a reading of Core showed, whoever read it and what for.

A page that shows pools pays one query for it, and writes only what is different: a pool that
is as it was has its time renewed every quarter of an hour, which is exact enough for "seen
20 min ago" and spares every list a write. A database that refuses costs the page nothing; the
next reading keeps what this one could not.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import Error as AnyDatabaseError
from django.db.models.expressions import Expression
from django.utils import timezone

from pools.catalogue import connectors
from pools.catalogue.words import searchable
from pools.core import Pool
from pools.database_faults import cause_of, try_to_write
from pools.models import Company, PinnedNote
from pools.models.catalogue import SeenPool, SeenSystem

RENEWED_AFTER: Final = timedelta(minutes=15)
_KEY: Final = ("company", "origin", "pool_id")
_FACTS: Final = ("name", "limit", "timeout", "created_at", "updated_at", "connectors")
# Of a pool with more connectors than anybody attaches, the rest is not found by its words.
_LONGEST_WORDS: Final = 20_000
log = structlog.get_logger("panel.catalogue")


def seen_pools(
    company: Company, pool_ids: Collection[int], beside: Expression | None = None
) -> dict[int, SeenPool]:
    """What is kept of these pools, by id, where the company is now: the one query of a page.

    `beside` is what a page asks besides, so that it need not ask again: as each row's `beside`.
    """
    rows = SeenPool.objects.filter(
        company=company, origin=company.origin, pool_id__in=list(pool_ids)
    )
    if beside is not None:
        rows = rows.annotate(beside=beside)
    return {row.pool_id: row for row in rows}


def keep(
    company: Company,
    pools: Iterable[Pool],
    reading: int | None = None,
    beside: Expression | None = None,
) -> Mapping[int, SeenPool]:
    """Keeps pools that Core has just shown; what was kept of them until then, by id.

    `reading` is the number of the reading of all pools that they came with, if it is one;
    `beside` as `seen_pools` has it.
    """
    read = {pool.id: pool for pool in pools if pool.id is not None}
    before = _known(company, read, beside) if read else {}
    now = timezone.now()
    rows = {
        pool_id: _row(company, pool, before.get(pool_id), now, reading)
        for pool_id, pool in read.items()
    }
    # By id: two lists that write the same pools lock them in the same order.
    new = [row for _, row in sorted(rows.items()) if _is_news(row, before.get(row.pool_id))]
    if new:
        moved = [row for row in new if _has_moved(row, before.get(row.pool_id))]
        unknown = read.keys() - before.keys()
        try_to_write("pools last seen", lambda: _write(company, new, moved, unknown))
    return before


def forget(company: Company, pool_id: int) -> None:
    """Drops a pool that Core no longer has."""
    for row in _known(company, [pool_id]).values():
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


def _known(
    company: Company, pool_ids: Collection[int], beside: Expression | None = None
) -> dict[int, SeenPool]:
    """The same; none where the database refuses: whoever reads a pool must not end over this."""
    try:
        return seen_pools(company, pool_ids, beside)
    except AnyDatabaseError as error:
        log.warning("catalogue not read", error=type(error).__name__, cause=cause_of(error))
        return {}


def _row(
    company: Company, pool: Pool, before: SeenPool | None, now: datetime, reading: int | None
) -> SeenPool:
    """A pool as it is kept from now on. What could not be read stays as it was known."""
    assert pool.id is not None  # noqa: S101  (those without are left out)
    shown = {
        "name": connectors.cut(pool.name),
        "limit": pool.limit,
        "timeout": pool.timeout,
        "created_at": pool.created_at,
        "updated_at": pool.updated_at,
        "connectors": connectors.written(pool.connectors),
    }
    unread = set(pool.unreadable) | (set() if shown["connectors"] else {"connectors"})
    if before is not None:
        shown |= {field: getattr(before, field) for field in unread & shown.keys()}
        reading = reading if reading is not None else before.reading
    return SeenPool(
        company=company,
        origin=company.origin,
        pool_id=pool.id,
        seen_at=now,
        reading=reading,
        note=before.note if before else "",
        **shown,
    )


def _is_news(row: SeenPool, before: SeenPool | None) -> bool:
    if before is None or row.seen_at - before.seen_at >= RENEWED_AFTER:
        return True
    return any(getattr(row, fact) != getattr(before, fact) for fact in (*_FACTS, "reading"))


def _has_moved(row: SeenPool, before: SeenPool | None) -> bool:
    """Whether it has connectors of other systems than before."""
    return row.connectors != (before.connectors if before else "")


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
        update_fields=(*_FACTS, "words", "seen_at", "reading"),
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
