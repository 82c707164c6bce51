"""From what was chosen to the pools themselves, as Core shows them now."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from pools.batches.caps import CAPS, TooMany
from pools.batches.patience import IN_FRONT, Patient, TooLong, answered
from pools.catalogue.connectors import systems
from pools.catalogue.pools_of_system import list_seen
from pools.core import (
    CoreClient,
    Ending,
    NotFound,
    NotSent,
    Page,
    Pool,
    PoolQuery,
    Reason,
    Sort,
    WholeReading,
)
from pools.core.bounds import PER_PAGE
from pools.models import Company
from pools.models.allowance import system_key
from pools.models.batch import Operation

# So few are asked for one by one whatever else there is.
_FEW: Final = 3
_Answer = TypeVar("_Answer")


class CannotResolve(Exception):
    """Which pools match can't be told for certain.

    `searched` is False where Core gave pools that don't match. `ending` is where its list ended.
    """

    def __init__(self, *, searched: bool = True, ending: Ending = Ending.MOVED) -> None:
        super().__init__("what matches can't be told for certain")
        self.searched = searched
        self.ending = ending


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
        whole = WholeReading(PoolQuery(sort=Sort.CREATED, per_page=PER_PAGE.largest))
        for page in _pages(reader, whole):
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
    """What the pages of a list make up, and how many had pools of their own."""
    found: dict[int, Pool] = {}
    whole = WholeReading(asked)
    for page in _pages(reader, whole):
        if asked.search and page.pools and not page.searched:
            raise CannotResolve(searched=False)
        found |= {pool.id: pool for pool in page.pools if pool.id is not None}
        must_fit(operation, max(page.total or 0, len(found)))
    if whole.ending is not Ending.END:
        raise CannotResolve(ending=whole.ending or Ending.MOVED)
    if whole.last_total not in (None, whole.pools):
        raise CannotResolve
    return found, whole.pages


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


def _pages(reader: _Reader, whole: WholeReading) -> Iterator[Page]:
    """The pages of a list, until it ends."""
    while whole.ending is None:
        page = reader.page(whole.query)
        whole.take(page)
        yield page


def _pages_left(page: Page) -> int:
    """How many pages follow: where Core does not say, as many as there were."""
    if page.last_page is None:
        return 0 if page.is_last else page.number
    return page.last_page - page.number


def _may_have(pool: Pool, system: str) -> bool:
    """Whether it has a connector of the system; also where Core does not tell."""
    return pool.connectors is None or system_key(system) in systems(pool.connectors)
