"""What Core's answers mean: typed, frozen, tolerant.

A missing field has a defined absence (None), a wrongly typed one is named in
`unreadable` and costs that cell, never the page. Unknown fields stay in `raw`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Final, NamedTuple, Self


class System(NamedTuple):
    """A third-party system (Shopify, NetSuite …) that a connector belongs to."""

    id: int | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector instance attached to a pool. Every field may be absent."""

    id: int | None
    name: str | None
    system: System | None
    raw: Mapping[str, Any] = field(repr=False, hash=False, compare=False)


@dataclass(frozen=True, slots=True)
class Pool:
    """A connection pool as Core answered it.

    `id` is None only for a list row whose id is missing or unreadable.
    `limit` counts requests at the same time; `timeout` is in seconds (inferred)
    or None for "none". `connectors` is None when Core did not include them.
    """

    id: int | None
    name: str | None
    limit: int | None
    timeout: int | None
    created_at: datetime | None
    updated_at: datetime | None
    connectors: tuple[Connector, ...] | None
    unreadable: frozenset[str]
    raw: Mapping[str, Any] = field(repr=False, hash=False, compare=False)

    def unincluded(self) -> Self:
        """The same, where nobody asked for its connectors: that none are listed says nothing."""
        return replace(self, connectors=self.connectors or None)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list, as Core says that it gave it: not always as it was asked for.

    `first` is the place of its first pool in the whole list. `total`, `last_page` and `more`
    (whether pools follow) are None when Core did not say. Not `numbered`: this is all that a
    page's number can reach, because Core pages by cursor or gives all pools at once. `sort` is
    None when Core refused the order that was asked for, or visibly ignored it; `searched` is
    False when it visibly ignored the search, or there was none: then `strangers` are how many of
    the pools lack each of its terms.
    """

    pools: tuple[Pool, ...]
    number: int
    per_page: int
    first: int
    total: int | None
    last_page: int | None
    more: bool | None = None
    numbered: bool = True
    sort: "Sort | None" = None
    searched: bool = False
    strangers: int = 0

    def unincluded(self) -> Self:
        """The same, where nobody asked for the connectors of its pools."""
        return replace(self, pools=tuple(pool.unincluded() for pool in self.pools))

    @property
    def follows(self) -> bool | None:
        """Whether pools follow, as far as Core says; None where it says nothing of that.

        Where it contradicts itself, what speaks for more of them counts.
        """
        said = self._said_of_more
        return True in said if said else None

    @property
    def contradicts_itself(self) -> bool:
        """Whether Core says both that pools follow and that none do."""
        return len(self._said_of_more) > 1

    @property
    def _said_of_more(self) -> set[bool]:
        """What its links, the number of pages and the number of pools each say."""
        last, total = self.last_page, self.total
        said = (
            self.more,
            None if last is None or not self.numbered else self.number < last,
            None if total is None else self.first + len(self.pools) - 1 < total,
        )
        return {each for each in said if each is not None}

    @property
    def begins_late(self) -> bool:
        """Whether pools stand before these that are on none of the pages before."""
        return self.numbered and self.first > max(self.number - 1, 0) * self.per_page + 1

    @property
    def is_last(self) -> bool:
        """Whether nothing follows, as far as Core says."""
        return self.follows is False

    @property
    def is_whole(self) -> bool:
        """Whether these are all pools that were asked for, as far as Core says."""
        whole = self.number == self.first == 1 and self.is_last
        return whole and self.total in (None, len(self.pools))


class Sort(StrEnum):
    """The only orders that Core knows."""

    NAME = "name"
    NAME_DESCENDING = "-name"
    LIMIT = "limit"
    LIMIT_DESCENDING = "-limit"
    CREATED = "created_at"
    CREATED_DESCENDING = "-created_at"


@dataclass(frozen=True, slots=True)
class PoolQuery:
    """A question to the list. `page` counts from 1, `per_page` is 1 to 100."""

    search: str = ""
    sort: Sort | None = None
    page: int = 1
    per_page: int = 25


@dataclass(frozen=True, slots=True)
class PoolFields:
    """What a new pool is made from."""

    name: str
    limit: int
    timeout: int | None


class Leave(Enum):
    """The sentinel that tells "leave it as it is" from "set it to null"."""

    LEAVE = "leave"


LEAVE: Final = Leave.LEAVE


@dataclass(frozen=True, slots=True)
class PoolChanges:
    """What an edit sends: only fields that are not LEAVE."""

    name: str | Leave = LEAVE
    limit: int | Leave = LEAVE
    timeout: int | Leave | None = LEAVE
