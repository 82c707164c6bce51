"""From what was chosen to the pools themselves, as Core shows them now."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from pools.batches.caps import CAPS, TooMany
from pools.batches.patience import IN_FRONT, Patient, TooLong, answered
from pools.catalogue.connectors import systems
from pools.catalogue.listing import list_seen
from pools.core import CoreClient, NotFound, NotSent, Page, Pool, PoolQuery, Reason, Sort
from pools.core.bounds import PER_PAGE
from pools.models import Company
from pools.models.allowance import system_key
from pools.models.batch import Operation

# So few are asked for one by one whatever else there is.
_FEW: Final = 3
_Answer = TypeVar("_Answer")


class CannotResolve(Exception):
    """Which pools match can't be told for certain: Core gave others, or the list was changing.

    `searched` is False where Core visibly did not search.
    """

    def __init__(self, *, searched: bool = True) -> None:
        super().__init__("what matches can't be told for certain")
        self.searched = searched


class _Reader:
    """Core, for somebody who waits for all of it: what would take too long is not begun.

    Each question has a deadline of its own, and more than a few of them leave a fifth of what
    Core allows to people's work. Raises CoreError.
    """

    def __init__(self, core: CoreClient) -> None:
        self._patient = Patient(lambda: core, IN_FRONT)

    def pool(self, pool_id: int) -> Pool:
        return self._ask(lambda core: core.get_pool(pool_id))

    def page(self, query: PoolQuery) -> Page:
        return self._ask(lambda core: core.list_pools(query))

    def _ask(self, question: Callable[[CoreClient], _Answer]) -> _Answer:
        try:
            return answered(self._patient.ask(question))
        except TooLong:
            raise NotSent(Reason.DEADLINE) from None


def read_ticked(core: CoreClient, ids: Collection[int]) -> dict[int, Pool]:
    """These pools, by id; one that Core does not have is missing.

    By pages of the list where these are fewer than the pools. What no page had is asked for by
    its id: rows move from one page to the next while others are added and deleted.
    """
    reader = _Reader(core)
    found: dict[int, Pool] = {}
    wanted = set(ids)
    if len(wanted) > _FEW:
        for page in _pages(reader, PoolQuery(sort=Sort.CREATED, per_page=PER_PAGE.largest)):
            found |= {pool.id: pool for pool in page.pools if pool.id in wanted}
            if wanted == found.keys() or _pages_left(page) > len(wanted) - len(found):
                break
    for pool_id in ids:
        if pool_id not in found:
            try:
                found[pool_id] = reader.pool(pool_id)
            except NotFound:
                continue
    return found


def read_matching(core: CoreClient, query: PoolQuery, operation: Operation) -> dict[int, Pool]:
    """All pools that match, by id, in the order in which they were made.

    More than a page of them is read twice: where one is deleted and another one made meanwhile,
    the count is right, and a pool has slipped from one page to the one before. Raises TooMany as
    soon as that is clear, and CannotResolve where the pages don't make up one list.
    """
    asked = replace(query, sort=Sort.CREATED, page=1, per_page=PER_PAGE.largest)
    reader = _Reader(core)
    found, pages = _read_whole(reader, asked, operation)
    if pages > 1:
        before = found.keys()
        found, _ = _read_whole(reader, asked, operation)
        if found.keys() != before:
            raise CannotResolve
    return found


def _read_whole(
    reader: _Reader, asked: PoolQuery, operation: Operation
) -> tuple[dict[int, Pool], int]:
    """What the pages of a list make up, and how many these are."""
    found: dict[int, Pool] = {}
    last, unnumbered = None, 0
    for page in _pages(reader, asked):
        if asked.search and page.pools and not page.searched:
            raise CannotResolve(searched=False)
        found |= {pool.id: pool for pool in page.pools if pool.id is not None}
        unnumbered += sum(pool.id is None for pool in page.pools)
        must_fit(operation, max(page.total or 0, len(found)))
        last = page
    if last is None or not _is_end(last, len(found) + unnumbered):
        raise CannotResolve
    return found, last.number


def read_system(
    core: CoreClient, company: Company, system: str, query: PoolQuery, operation: Operation
) -> dict[int, Pool]:
    """The pools that were last seen to have a connector of a system, each read now.

    One that no longer has any is left out.
    """
    ids = seen_ids(company, system, query, operation)
    read = read_ticked(core, ids)
    return {pool_id: pool for pool_id, pool in read.items() if _may_have(pool, system)}


def seen_ids(company: Company, system: str, query: PoolQuery, operation: Operation) -> list[int]:
    """Their ids. Raises TooMany."""
    asked = replace(query, page=1, per_page=CAPS[operation])
    seen = list_seen(company, system, asked).page
    must_fit(operation, seen.total or 0)
    return [pool.id for pool in seen.pools if pool.id is not None]


def must_fit(operation: Operation, count: int) -> None:
    """Raises TooMany where a batch may not have so many pools."""
    if count > CAPS[operation]:
        raise TooMany(operation, count)


def by_name(ids: Iterable[int], read: Mapping[int, Pool]) -> list[int]:
    """The ids in the order of the names, as people look for them; what has none comes last."""

    def place(pool_id: int) -> tuple[bool, str, int]:
        name = read[pool_id].name if pool_id in read else None
        return name is None, (name or "").casefold(), pool_id

    return sorted(ids, key=place)


def _pages(reader: _Reader, query: PoolQuery) -> Iterator[Page]:
    """The pages of a list, as far as their numbers reach."""
    while True:
        page = reader.page(query)
        yield page
        told = page.last_page is not None or page.more is not None
        ends = page.is_last or not page.numbered or not page.pools or page.number != query.page
        if ends or (not told and len(page.pools) < page.per_page):
            return
        query = replace(query, page=query.page + 1)


def _is_end(last: Page, count: int) -> bool:
    """Whether so many pools are all that there are, as far as the last page read says."""
    if last.total is not None and last.total != count:
        return False
    return last.is_last or last.more is not True


def _pages_left(page: Page) -> int:
    return 0 if page.last_page is None else page.last_page - page.number


def _may_have(pool: Pool, system: str) -> bool:
    """Whether it has a connector of the system; also where Core does not tell."""
    return pool.connectors is None or system_key(system) in systems(pool.connectors)
