"""What Core shows of a change that is open: one read, with the token of who made it.

Talks to Core alone. What was read and does not decide is an error like any other.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from pools.changes.foreign_tokens import Witness, is_heard
from pools.changes.history import HistoryItem
from pools.changes.proposal import COMPARED, Snapshot
from pools.changes.verdicts import Newest, Unreadable, in_order, shows, verdict_of
from pools.core import (
    CoreClient,
    CoreError,
    NotFound,
    Pool,
    PoolQuery,
    Reason,
    Sort,
    Unexpected,
)
from pools.core.bounds import PER_PAGE
from pools.core.comparing import compared_form, may_be_kept_as
from pools.models import Token
from pools.models.vocabulary import UNREADABLE_VALUES, Action, Verdict

# Pools newer than the create that are looked through, at 100 a page.
MOST_PAGES: Final = 10


class Undecided(Unexpected):
    """Core was read, and what it shows does not decide: too much, too little, or unreadable."""


@dataclass(frozen=True, slots=True)
class Case:
    """An open change that can be settled now. `core` is None where nothing needs reading.

    `witnesses` are pools of the company. A token that is newer than the change may be another
    company's: it has to show one of them before we believe that something is not there. None
    where the token is the one that the change was made with. `made_since` are the pools that
    other creates made here at the time of this one or later.
    """

    item: HistoryItem
    company: str
    evidence: Mapping[str, Any]
    token: Token | None = None
    core: CoreClient | None = None
    witnesses: tuple[Witness, ...] | None = None
    made_since: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """What one read showed: the pool, nothing where it is gone, or pools that a create may be."""

    pools: tuple[Pool, ...]
    verdict: Verdict
    at: datetime

    def agrees_with(self, other: "Observation") -> bool:
        return self.verdict is other.verdict and self.values == other.values

    @property
    def values(self) -> set[tuple[object, ...]]:
        return {
            (pool.id, *(compared_form(getattr(pool, field)) for field in COMPARED))
            for pool in self.pools
        }


def observe(case: Case) -> Observation | CoreError:
    """One read of what the change was about. Talks to Core alone, and raises nothing."""
    try:
        pools = () if case.core is None else _read(case.core, case)
        return Observation(pools, _verdict(case, pools), timezone.now())
    except CoreError as error:
        return error


def _read(core: CoreClient, case: Case) -> tuple[Pool, ...]:
    pools = _matching(core, case)
    if pools:
        return pools
    if case.witnesses is not None and not is_heard(core, case.witnesses):
        raise Undecided(Reason.MISMATCH)
    return ()


def _matching(core: CoreClient, case: Case) -> tuple[Pool, ...]:
    if case.item.action is Action.CREATE:
        return _new_namesakes(core, case)
    assert case.item.pool_id is not None  # noqa: S101  (only a create has none)
    try:
        return (core.get_pool(case.item.pool_id),)
    except NotFound:
        return ()


def _verdict(case: Case, pools: tuple[Pool, ...]) -> Verdict:
    item = case.item
    facts = (frozenset(case.evidence.get(key, ())) for key in (UNREADABLE_VALUES, "changed"))
    unreadable = Unreadable(*facts)
    verdict = verdict_of(item.action, item.before, item.wanted, pools, unreadable)
    answered = item.action is Action.CREATE and item.problem == Reason.MISMATCH
    if verdict is None or (answered and verdict is Verdict.NOT_APPLIED):
        # Core had answered with a pool: that none of that name is there speaks against nothing.
        raise Undecided(Reason.SHAPE)
    return verdict


def _new_namesakes(core: CoreClient, case: Case) -> tuple[Pool, ...]:
    """Pools of the wanted name, or of what a Core may have made of it, that are new.

    From the list by time, newest first: a name with a comma cannot be searched for. Where there
    are none, new ones with the wanted values: a Core may have made any name of the one that it
    was sent (transliterated, numbered), and none is known to be somebody else's.
    """
    if case.item.wanted is None or "newest" not in case.evidence:
        raise Undecided(Reason.MISMATCH)
    facts = case.evidence["newest"]
    newest = None if facts is None else Newest.from_json(facts)
    wanted = case.item.wanted
    namesakes, others = [], []
    for pool in _listed_since(core, newest):
        is_new = newest is None or newest.is_older(pool)
        if pool.name is not None and not may_be_kept_as(wanted.name or "", pool.name):
            if is_new is not False and _may_be_made_of(wanted, pool, case.made_since):
                others.append((pool, is_new))
            continue
        if is_new is None or (is_new and (pool.name is None or pool.id is None)):
            raise Undecided(Reason.SHAPE)
        if is_new:
            namesakes.append(pool)
    if not namesakes and not all(is_new for _, is_new in others):
        raise Undecided(Reason.SHAPE)
    return tuple(namesakes or (pool for pool, _ in others))


def _may_be_made_of(wanted: Snapshot, pool: Pool, made_since: Collection[int]) -> bool:
    """Whether a pool of another name may all the same be the wanted one: by its values."""
    return pool.id not in made_since and shows(pool, wanted, ("limit", "timeout")) is not False


def _listed_since(core: CoreClient, newest: Newest | None) -> list[Pool]:
    """The list from its newest pool down to what was certainly there before.

    All of it where Core keeps no order, and `newest` was found without one.
    """
    listed: list[Pool] = []
    for number in range(1, MOST_PAGES + 1):
        page = core.list_pools(
            PoolQuery(sort=Sort.CREATED_DESCENDING, page=number, per_page=PER_PAGE.largest)
        )
        listed += page.pools
        # Another page than was asked for, an order of its own, or rows that moved from one
        # page to the next while they were read: then some may have been missed.
        ids = [pool.id for pool in listed if pool.id is not None]
        ordered = page.sort is not None and in_order(listed)
        may_do_without = newest is None or newest.whole
        if page.number != number or len(set(ids)) != len(ids) or not (ordered or may_do_without):
            raise Undecided(Reason.SHAPE)
        if ordered and (not page.pools or page.is_last or _goes_back(listed, newest)):
            return listed
        if page.is_last and (page.total == len(ids) == len(listed) or number == 1):
            return listed
        if not page.pools:
            raise Undecided(Reason.SHAPE)
    raise Undecided(Reason.TOO_LARGE)


def _goes_back(listed: list[Pool], newest: Newest | None) -> bool:
    """Whether the list reached pools that are certainly older than the create."""
    if newest is None or newest.created_at is None:
        return False
    moments = [pool.created_at for pool in listed if pool.created_at is not None]
    return bool(moments) and newest.surely_before(moments[-1])
