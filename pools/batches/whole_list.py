"""Reading the whole of a filtered list, page by page, for whoever takes it along."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, TypeAlias

from pools.batches.patience import STOPS, Asking, Patient, Pause
from pools.catalogue.pools_of_system import seen_with
from pools.core import (
    CoreClient,
    CoreError,
    Ending,
    NotFound,
    Page,
    Pool,
    PoolQuery,
    Sort,
    WholeReading,
)
from pools.core.bounds import PER_PAGE
from pools.models import Company

# Of a system's pools, each is read by itself: so many are handed on together.
SEEN_AT_ONCE: Final = 25


class State(StrEnum):
    """How reading a list ended."""

    COMPLETE = "complete"
    CHANGED = "changed"  # to its end, and it was another list by then
    INCOMPLETE = "incomplete"


@dataclass(slots=True)
class End:
    """What can be said of a list that was read; `error` is what stopped it, `ending` where.

    `pools` were read. Core counted `first_total` of them at first and `last_total` at the end.
    `repeated` came once more, on another page; `gone` had been there and was not.
    `unsorted`: Core gave them in another order than was asked for.
    """

    pools: int = 0
    first_total: int | None = None
    last_total: int | None = None
    repeated: int = 0
    gone: int = 0
    unsorted: bool = False
    ending: Ending | None = None
    error: Exception | None = None

    @property
    def missing(self) -> int:
        """How many Core counted and did not show."""
        return max(0, (self.last_total or 0) - self.pools - self.gone)

    @property
    def state(self) -> State:
        if self.error is not None or self.ending not in (None, Ending.END):
            return State.INCOMPLETE
        moved = self.first_total != self.last_total or self.missing
        return State.CHANGED if moved or self.repeated or self.gone else State.COMPLETE


@dataclass(frozen=True, slots=True)
class WholeQuery:
    """Which pools: by a search and in an order of Core's, or those last seen with a system.

    `connectors`: with these, which takes a call for each pool where the list does not tell them.
    """

    search: str = ""
    sort: Sort | None = None
    system: str = ""
    connectors: bool = False


# A page, with the pools that were on none before; or a pause, which the caller makes.
Step: TypeAlias = tuple[Pool, ...] | Pause


@dataclass(slots=True)
class WholeList:
    """All pools of a question, page by page; `end` says how it went, when it has ended.

    `open` gives a client, or raises one of STOPS.
    """

    company: Company
    query: WholeQuery
    open: Callable[[], CoreClient]
    end: End = field(default_factory=End)

    def __iter__(self) -> Iterator[Step]:
        """What goes wrong ends it, and is the error of `end`."""
        patient = Patient(self.open)
        try:
            yield from self._seen(patient) if self.query.system else self._pages(patient)
        except (CoreError, *STOPS) as error:
            self.end.error = error

    def _pages(self, patient: Patient) -> Iterator[Step]:
        # The oldest first, unless an order was chosen: a new one comes last.
        sort = self.query.sort or Sort.CREATED
        reading = WholeReading(
            PoolQuery(search=self.query.search, sort=sort, per_page=PER_PAGE.largest)
        )
        while reading.ending is None:
            page = yield from patient.ask(_listing(reading.query))
            new = reading.take(page)
            self._note(reading, page)
            yield (yield from self._told(patient, new))

    def _note(self, reading: WholeReading, page: Page) -> None:
        end = self.end
        end.pools, end.repeated, end.ending = reading.pools, reading.repeated, reading.ending
        end.first_total, end.last_total = reading.first_total, reading.last_total
        end.unsorted |= self.query.sort is not None and page.sort is None and len(page.pools) > 1

    def _seen(self, patient: Patient) -> Iterator[Step]:
        """Those that were last seen with a connector of the system, each read again."""
        wanted = PoolQuery(search=self.query.search, sort=self.query.sort)
        ids = seen_with(self.company, self.query.system, wanted)
        self.end.first_total = self.end.last_total = len(ids)
        for begin in range(0, len(ids), SEEN_AT_ONCE):
            read = []
            for pool_id in ids[begin : begin + SEEN_AT_ONCE]:
                pool = yield from _alone(patient, pool_id)
                if pool is None:
                    self.end.gone += 1
                else:
                    read.append(pool)
            self.end.pools += len(read)
            yield tuple(read)

    def _told(self, patient: Patient, pools: tuple[Pool, ...]) -> Asking[tuple[Pool, ...]]:
        """The same, with their connectors where these are wanted and the list has not told them."""
        if not self.query.connectors or all(pool.connectors is not None for pool in pools):
            return pools
        told = []
        for pool in pools:
            alone = None
            if pool.connectors is None and pool.id is not None:
                alone = yield from _alone(patient, pool.id)
            told.append(replace(pool, connectors=alone.connectors) if alone else pool)
        return tuple(told)


def _listing(query: PoolQuery) -> Callable[[CoreClient], Page]:
    return lambda core: core.list_pools(query)


def _alone(patient: Patient, pool_id: int) -> Asking[Pool | None]:
    """One pool; None where Core does not have it any more."""
    try:
        return (yield from patient.ask(lambda core: core.get_pool(pool_id)))
    except NotFound:
        return None
