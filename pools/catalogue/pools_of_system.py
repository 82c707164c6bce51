"""The pools of a system as they were last seen, a page at a time: Core can't search for these."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import and_, or_
from typing import Final

from django.db.models import Count, F, Min, OrderBy, Q, QuerySet, Window

from pools.catalogue import connectors
from pools.catalogue.normalizing import words_in
from pools.core import Page, Pool, PoolQuery, Sort
from pools.models import Company, SeenPool, SeenSystem
from pools.models.allowance import system_key

# Names in the order of their words; a pool without a value comes last either way.
_COLUMNS: Final = {"name": "words", "limit": "limit", "created_at": "created_at"}


@dataclass(frozen=True, slots=True)
class SeenPage:
    """A page of them, as if Core had given it. `since` is when the oldest of it was seen."""

    page: Page
    since: datetime | None


@dataclass(frozen=True, slots=True)
class SystemSeen:
    """A system, and how many pools were seen to have a connector of it."""

    name: str
    pools: int


def systems_with_pools(company: Company) -> list[SystemSeen]:
    """Each system once, however its name is written, in the order of the names."""
    seen = SeenSystem.objects.filter(pool__company=company, pool__origin=company.origin)
    rows = seen.values("key").annotate(shown=Min("name"), pools=Count("pool")).order_by("key")
    return [SystemSeen(row["shown"], row["pools"]) for row in rows]


def list_seen(company: Company, system: str, query: PoolQuery) -> SeenPage:
    """Its pools with a connector of that system, searched, sorted and paged as asked."""
    found = _found(company, system, query)
    begin = (query.page - 1) * query.per_page
    shown = list(found.annotate(total=Window(Count("pk")))[begin : begin + query.per_page])
    total = getattr(shown[0], "total", 0) if shown else found.count() if begin else 0
    page = Page(
        pools=tuple(map(_as_pool, shown)),
        number=query.page,
        per_page=query.per_page,
        first=begin + 1,
        total=total,
        last_page=max(1, -(-total // query.per_page)),
        sort=query.sort,
        searched=bool(query.search),
    )
    return SeenPage(page, min((row.seen_at for row in shown), default=None))


def seen_with(company: Company, system: str, query: PoolQuery) -> list[int]:
    """The ids of all of them, in the same order."""
    return list(_found(company, system, query).values_list("pool_id", flat=True))


def _found(company: Company, system: str, query: PoolQuery) -> QuerySet[SeenPool]:
    rows = SeenPool.objects.filter(
        company=company, origin=company.origin, systems__key=system_key(system)
    )
    return _sorted(_searched(rows, query.search), query.sort)


def _searched(rows: QuerySet[SeenPool], search: str) -> QuerySet[SeenPool]:
    """A comma means "or", as in Core's own search; the words of a term may be in any order."""
    terms = [words for each in search.split(",") if (words := words_in(each))]
    if not terms:
        return rows.none() if search else rows
    return rows.filter(reduce(or_, map(_has_all, terms)))


def _has_all(words: Sequence[str]) -> Q:
    return reduce(and_, (Q(words__contains=word) for word in words))


def _sorted(rows: QuerySet[SeenPool], sort: Sort | None) -> QuerySet[SeenPool]:
    if sort is None:
        return rows.order_by("pool_id")
    column = F(_COLUMNS[sort.removeprefix("-")])
    return rows.order_by(OrderBy(column, sort.startswith("-"), nulls_last=True), "pool_id")


def _as_pool(row: SeenPool) -> Pool:
    return Pool(
        id=row.pool_id,
        name=row.name,
        limit=row.limit,
        timeout=row.timeout,
        created_at=row.created_at,
        updated_at=row.updated_at,
        connectors=connectors.read(row.connectors),
        unreadable=frozenset(row.unreadable.split()),
        raw={},
    )
