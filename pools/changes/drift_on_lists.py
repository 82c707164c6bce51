"""Noticing on the list what was changed, or deleted, outside the panel.

The pools of a page are compared with the record as whenever they are read. A list that was
read whole says more: what the record last showed as there, and the list lacks, may have been
deleted. It is asked for by its id; only where Core does not have it is that recorded.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from django.core.cache import cache
from django.db import connection

from pools.catalogue.keeping import Known, forget, keep
from pools.changes import drift, foreign_tokens
from pools.changes.entries import Recorded, Sql
from pools.changes.pool_records import PoolsRecord, newest_entries, record_of
from pools.core import CoreClient, CoreError, NotFound, Page, Pool, PoolQuery
from pools.models import Company
from pools.models.reference import PoolReference

# Of the pools that a list lacks: how many are asked for, and how many are looked up first.
MOST_ASKED: Final = 3
MOST_MISSING: Final = 200
# A pool that the list lacks and Core has all the same is asked for again after that.
ASKED_AGAIN_SECONDS: Final = 600
# Each pool is found by a seek of its own: its entries are many. As one text, which the query for
# what is in the catalogue brings along at one of its rows.
_POOLS: Final = """
WITH RECURSIVE pools(reference) AS (
  SELECT MIN(pool_id) FROM pools_entry WHERE company = %s
  UNION ALL
  SELECT (
    SELECT MIN(pool_id) FROM pools_entry WHERE company = %s AND pool_id > pools.reference
  )
  FROM pools WHERE reference IS NOT NULL
)
SELECT COALESCE({joined}(reference, ' '), '') FROM pools WHERE reference <> ''
"""
_RECORDED: Final[Mapping[str, str]] = {
    "sqlite": _POOLS.format(joined="group_concat"),
    "postgresql": _POOLS.format(joined="string_agg"),
}
_RECORDED_AT: Final[Mapping[str, str]] = {
    vendor: f"CASE WHEN pool_id = %s THEN ({sql}) END" for vendor, sql in _RECORDED.items()
}


def record_page(
    core: CoreClient,
    company: Company,
    query: PoolQuery,
    page: Page,
    as_of: int,
    reader: int | None = None,
) -> PoolsRecord:
    """What the record says of a page that was just read, with what the page tells it.

    `as_of` was asked for before it was read, `reader` is whose token read it (a user's id).
    Raises nothing of Core's.
    """
    ids = [pool.id for pool in page.pools if pool.id is not None]
    record = record_of(company, ids)
    whole = is_whole(query, page)
    kept = keep(company, page.pools, beside=_recorded_at(company, ids) if whole and ids else None)
    noticed = drift.record_differences(company, page.pools, as_of, known=record.newest)
    if whole:
        _record_missing(core, company, page, as_of, reader, _recorded(company, kept))
    return record if noticed is None else record_of(company, ids)


def _record_missing(
    core: CoreClient,
    company: Company,
    page: Page,
    as_of: int,
    reader: int | None,
    recorded: Iterable[str],
) -> None:
    """Records which pools are gone of those that the record knows and the whole list lacks."""
    missing = _missing(company, page.pools, as_of, recorded)
    if not missing:
        return
    listed = foreign_tokens.are_listed(company, page.pools)
    for entry in missing[:MOST_ASKED]:
        pool_id = PoolReference.read(entry.pool_id).pool_id
        assert pool_id is not None  # noqa: S101  (it was looked up by its id)
        if not (listed or foreign_tokens.has_reached(company, pool_id, reader)):
            continue
        if not cache.add(f"panel.missing:{company.pk}:{entry.pool_id}", 1, ASKED_AGAIN_SECONDS):
            continue
        try:
            core.get_pool(pool_id)
        except NotFound:
            drift.record_gone(company, entry)
            forget(company, pool_id)
        except CoreError:
            return


def is_whole(query: PoolQuery, page: Page) -> bool:
    """Whether these are all pools that there are, as far as Core itself says so."""
    ids = {pool.id for pool in page.pools}
    counted = page.total == len(ids) == len(page.pools)
    first = page.number == page.last_page == 1 and page.is_last
    return not query.search and first and counted and None not in ids


def _number_here(company: Company, reference: str) -> int | None:
    try:
        pool = PoolReference.read(reference)
    except ValueError:
        return None  # not as we write entries: verify_audit reports it
    return pool.pool_id if pool.origin == company.origin else None


def _recorded_at(company: Company, ids: Iterable[int]) -> Sql:
    """The pools that the record knows, at the row of one pool of the page."""
    return _RECORDED_AT[connection.vendor], [min(ids), company.slug, company.slug]


def _recorded(company: Company, kept: Mapping[int, Known]) -> list[str]:
    """The same as they came; asked for where the catalogue has no row of that pool yet."""
    known = next((row.beside for row in kept.values() if isinstance(row.beside, str)), None)
    if known is None:
        with connection.cursor() as cursor:
            cursor.execute(_RECORDED[connection.vendor], [company.slug, company.slug])
            (known,) = cursor.fetchone() or (None,)
    return known.split() if isinstance(known, str) else []


def _missing(
    company: Company, pools: Iterable[Pool], as_of: int, recorded: Iterable[str]
) -> list[Recorded]:
    """The newest entries about pools that were last there, and are not among these."""
    listed = {pool.id for pool in pools}
    here = {number for each in recorded if (number := _number_here(company, each)) is not None}
    lacking = sorted(here - listed)
    references = [company.reference(pool_id) for pool_id in lacking[-MOST_MISSING:]]
    if not references:
        return []
    entries = newest_entries(company, references)
    return [each for each in entries[::-1] if each.seq <= as_of and drift.tells_of_absence(each)]
