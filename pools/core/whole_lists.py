"""Reading a list to its end, page by page: which page is asked for next, and how it ended.

Pools come, go and move to other pages meanwhile. That can't be prevented, and is noticed. A Core
may also say one thing of its list and give another: then nobody may call it whole, and nobody may
ask for ever.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from pools.core.bounds import PER_PAGE
from pools.core.schema import Page, Pool, PoolQuery

# No company has so many; whatever gives more of them would give them for ever.
MOST_POOLS: Final = 1_000_000
MOST_PAGES: Final = MOST_POOLS // PER_PAGE.largest


class Ending(StrEnum):
    """Why no further page of a list is asked for."""

    END = "its end"
    REPEATS = "nothing but pools that were there before"
    OTHER_PAGE = "another page than was asked for"
    UNNUMBERED = "pages without numbers"
    MISCOUNTED = "another number of pools than Core counts"
    ENDLESS = "more than anybody has"
    WITHOUT_ID = "pools without an id"
    MOVED = "pools that came and went meanwhile"
    NONE_LEFT = "none, where there were some"


def ending_with(
    page: Page, asked: PoolQuery, *, new: int, pools: int, counted: int | None
) -> Ending | None:
    """How a list ends with this page; None: the next one has to be asked for.

    `new` pools of it were on no page before, `pools` came until now. `counted` is how many Core
    has said that there are, the last time it said so.
    """
    if not page.numbered:
        return Ending.END if page.is_last else Ending.UNNUMBERED
    if not page.pools:
        goes_on = page.follows and pools != counted
        return Ending.MISCOUNTED if goes_on else Ending.END
    other = page.number != asked.page
    if not new:
        # Shorter than it could be, and nothing said of others: this Core has one page.
        single = page.follows is None and len(page.pools) < asked.per_page
        return Ending.END if single or (page.is_last and not other) else Ending.REPEATS
    if other and not (page.is_last and asked.page == 1):
        return Ending.OTHER_PAGE
    if page.is_last:
        # What its own rows refute is no count any more.
        refuted = page.total is None and counted is not None and pools > counted
        return Ending.MISCOUNTED if refuted else Ending.END
    if counted is not None and pools > counted + asked.per_page:
        return Ending.MISCOUNTED
    return Ending.ENDLESS if pools >= MOST_POOLS or asked.page >= MOST_PAGES else None


@dataclass(slots=True)
class WholeReading:
    """The pages of one list as they come.

    `query` asks for the next one, until there is an `ending`. `pools` came until now, on `pages`
    that had new ones; `repeated` came once more. Core counted `first_total` of them at first and
    `last_total` at the end, None where it does not say.
    """

    query: PoolQuery
    ending: Ending | None = None
    pools: int = 0
    pages: int = 0
    repeated: int = 0
    first_total: int | None = None
    last_total: int | None = None
    _counted: int | None = None
    _known: set[Hashable] = field(default_factory=set)
    _pages_before: set[int] = field(default_factory=set)

    def take(self, page: Page) -> tuple[Pool, ...]:
        """Of the page that was asked for the pools that were on none before."""
        if not self._pages_before:
            self.first_total = page.total
        self.last_total = page.total
        self._counted = self._counted if page.total is None else page.total
        new = self._new(page)
        self.pools += len(new)
        self.pages += bool(new)
        self.ending = ending_with(
            page, self.query, new=len(new), pools=self.pools, counted=self._counted
        )
        if self.ending is not Ending.END or page.follows is not None:
            self.repeated += len(page.pools) - len(new)
        self.query = replace(self.query, page=self.query.page + 1)
        return new

    @property
    def is_whole(self) -> bool:
        """Whether nothing speaks against these being all pools that there are."""
        agreed = self.first_total == self.last_total in (None, self.pools)
        return self.ending is Ending.END and agreed and not self.repeated

    def _new(self, page: Page) -> tuple[Pool, ...]:
        """Pools without an id are new where their page is: nothing else tells them apart."""
        mark = hash(page.pools)
        seen_before = mark in self._pages_before
        self._pages_before.add(mark)
        new = []
        for pool in page.pools:
            if pool.id is None and seen_before:
                continue
            if pool.id is None or pool.id not in self._known:
                new.append(pool)
            if pool.id is not None:
                self._known.add(pool.id)
        return tuple(new)
