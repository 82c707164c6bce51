"""What decides whether a change is right, for the pages where somebody is about to make it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from pools.changes.recent_clears import RecentClears
from pools.core import Pool
from pools.guidance.allowance_sums import Share
from pools.guidance.gathering import Kept, Note
from pools.models.allowance import system_key


@dataclass(frozen=True, slots=True)
class Deciding:
    """What decides about a pool.

    `shares` are of the systems that it has a connector of; what other pools take of them is as
    of `as_of`, and `whole` if that was every pool of the company. `wanted` is the limit that a
    change is to give it, None where it gives it none. `later`: the pool is new, and counts once
    it has connectors; so `shares` are of all systems.
    """

    clears: RecentClears
    shares: list[Share]
    as_of: datetime | None
    whole: bool
    wanted: int | None
    company_note: Note | None
    pool_note: Note | None
    later: bool

    @classmethod
    def about(
        cls,
        kept: Kept,
        pool: Pool | None,
        clears: RecentClears | None = None,
        wanted: int | None = None,
        *,
        is_new: bool = False,
    ) -> Self:
        """Of a pool that was just read; None: of one that is not there."""
        if is_new:
            shares = kept.shares_of_company()
        else:
            shares = kept.shares(pool, pool.limit) if pool else []
        return cls(
            clears=clears or RecentClears(),
            shares=shares,
            as_of=kept.as_of,
            whole=kept.whole,
            wanted=wanted,
            company_note=kept.notes.get(None),
            pool_note=None if pool is None or pool.id is None else kept.notes.get(pool.id),
            later=is_new,
        )

    @classmethod
    def on_list(cls, kept: Kept, system: str) -> Self:
        """Of a company's list: of its system, where it has one; else what is given too much."""
        found = kept.shares_of_company()
        if system:
            shown = [each for each in found if system_key(each.system) == system_key(system)]
        else:
            shown = [each for each in found if each.exceeded]
        return replace(cls.about(kept, None), shares=shown)
