"""What decides whether a change is right, for the pages where somebody is about to make it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pools.changes.clears import RecentClears
from pools.core import Pool
from pools.guidance.gathering import Kept, Note
from pools.guidance.sums import Share


@dataclass(frozen=True, slots=True)
class Deciding:
    """What decides about a pool.

    `shares` are of the systems that it has a connector of; what other pools take of them is as
    of `as_of`, and `whole` if that was every pool of the company. `wanted` is the limit that a
    change is to give it, None where it gives it none.
    """

    clears: RecentClears
    shares: list[Share]
    as_of: datetime | None
    whole: bool
    wanted: int | None
    company_note: Note | None
    pool_note: Note | None

    @classmethod
    def about(
        cls,
        kept: Kept,
        pool: Pool | None,
        clears: RecentClears | None = None,
        wanted: int | None = None,
    ) -> Self:
        """Of a pool that was just read; None: of one that is not there."""
        return cls(
            clears=clears or RecentClears(),
            shares=kept.shares(pool, pool.limit) if pool else [],
            as_of=kept.as_of,
            whole=kept.whole,
            wanted=wanted,
            company_note=kept.notes.get(None),
            pool_note=None if pool is None or pool.id is None else kept.notes.get(pool.id),
        )
