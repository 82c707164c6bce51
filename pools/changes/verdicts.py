"""What became of a change, from what was there before, what was wanted, and what is there.

Pure: what was read goes in, a verdict comes out. None wherever what was read does not
decide: a wrong verdict is worse than none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final, Self

from pools.changes.proposal import COMPARED, CONNECTORS, Snapshot
from pools.core import Pool
from pools.core.comparing import may_be_kept_as, same_digits, same_value
from pools.core.decoding import read_time
from pools.models.vocabulary import TRACELESS, Action, Verdict

# How far the clocks of Core's own servers may be apart.
CLOCKS_APART: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Newest:
    """Core's newest pool before a create was sent: what is newer than it is new.

    `id` is the largest of all that were made in the same moment, None where those were
    too many to list; `created_at` is None where Core did not say. `whole`: it was found among
    all pools that there were, and not by an order that Core may not have kept.
    """

    id: int | None
    created_at: datetime | None
    whole: bool = False

    @classmethod
    def from_pools(cls, newest_first: Sequence[Pool], *, whole: bool) -> Self | None:
        """From a list by time, newest first; `whole`: it is all there are, in whatever order.

        None: no evidence.
        """
        dated = [(pool.created_at, pool) for pool in newest_first if pool.created_at is not None]
        if whole and len(dated) == len(newest_first):
            newest_first = [pool for _, pool in sorted(dated, key=itemgetter(0), reverse=True)]
        if not newest_first or not in_order(newest_first):
            return None
        moment = newest_first[0].created_at
        ids = [pool.id for pool in newest_first if pool.created_at == moment]
        listed = whole or len(ids) < len(newest_first)
        readable_ids = [each for each in ids if each is not None]
        complete = listed and moment is not None and len(readable_ids) == len(ids)
        return cls(max(readable_ids) if complete else None, moment, whole)

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Self:
        """From what `to_json` gave."""
        return cls(facts["id"], read_time(facts["created_at"]), facts.get("whole") is True)

    def to_json(self) -> dict[str, Any]:
        facts = {"id": self.id, "created_at": self.created_at and self.created_at.isoformat()}
        return facts | ({"whole": True} if self.whole else {})

    def surely_before(self, moment: datetime) -> bool:
        """Whether what was made at a moment was there before this one, whatever the clocks."""
        return self.created_at is not None and moment < self.created_at - CLOCKS_APART

    def is_older(self, pool: Pool) -> bool | None:
        """Whether a pool was made after this one. None: the id and the time do not agree."""
        if self.created_at is None or pool.created_at is None or pool.id is None:
            return None
        later = pool.created_at - self.created_at
        if self.id is None:
            return None if abs(later) <= CLOCKS_APART else later > timedelta()
        if pool.id > self.id:
            return True if later >= -CLOCKS_APART else None
        return False if later <= timedelta() else None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Fields that Core did not tell before an edit, and those that the edit changed."""

    fields: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()


def in_order(pools: Iterable[Pool]) -> bool:
    """Whether a list is newest first, as far as Core says when its pools were made."""
    moments = [pool.created_at for pool in pools if pool.created_at is not None]
    return moments == sorted(moments, reverse=True)


def verdict_of(
    action: Action,
    before: Snapshot | None,
    wanted: Snapshot | None,
    present: Sequence[Pool],
    unreadable: Unreadable | None = None,
) -> Verdict | None:
    """The verdict on a change whose quiet time is over.

    `present` is the pool, or nothing where it is gone; for a create, the new pools of its
    name. `unreadable` is there where some values could not be read before an edit.
    """
    if action in TRACELESS:
        return Verdict.UNKNOWABLE
    if action is Action.DELETE:
        return Verdict.NOT_APPLIED if present else Verdict.APPLIED
    if wanted is None:
        return None
    if action is Action.CREATE:
        return _of_create(wanted, present)
    return None if before is None else _of_edit(before, wanted, present, unreadable or Unreadable())


def _of_create(wanted: Snapshot, present: Sequence[Pool]) -> Verdict | None:
    if not present:
        return Verdict.NOT_APPLIED
    fitting = [shows(pool, wanted) for pool in present]
    if None in fitting:
        return None
    if True not in fitting:
        return Verdict.SUPERSEDED
    return Verdict.APPLIED if fitting.count(True) == 1 else Verdict.DUPLICATE


def _of_edit(
    before: Snapshot, wanted: Snapshot, present: Sequence[Pool], unreadable: Unreadable
) -> Verdict | None:
    if not present:
        return Verdict.SUPERSEDED
    pool = _without_doubtful_timeout(present[0], before, unreadable)
    # What could not be read before and was not changed says nothing about the edit.
    compared = [field for field in COMPARED if field not in unreadable.fields - unreadable.changed]
    if (as_wanted := shows(pool, wanted, compared)) is not False:
        return Verdict.APPLIED if as_wanted else None
    if unreadable.fields & unreadable.changed:
        return None
    as_before = shows(pool, before, compared)
    if as_before and _may_leave_no_trace(before, wanted):
        return None
    return {True: Verdict.NOT_APPLIED, False: Verdict.SUPERSEDED, None: None}[as_before]


def _may_leave_no_trace(before: Snapshot, wanted: Snapshot) -> bool:
    """Whether an edit changed the name alone, and to one that Core may keep as the old one.

    Then a pool that is as before says nothing of it: in capitals, Orders is ORDERS again.
    """
    name, old = wanted.name, before.name
    only_name = [field for field in COMPARED if before.differs_in(field, wanted)] == ["name"]
    return only_name and name is not None and old is not None and may_be_kept_as(name, old)


def _without_doubtful_timeout(pool: Pool, before: Snapshot, unreadable: Unreadable) -> Pool:
    """The pool, its timeout unreadable where a Core that had said null leaves it out now."""
    said_null = before.timeout is None and "timeout" not in unreadable.fields
    if not said_null or is_readable(pool, "timeout"):
        return pool
    return replace(pool, unreadable=pool.unreadable | {"timeout"})


def shows(pool: Pool, values: Snapshot, fields: Iterable[str] = COMPARED) -> bool | None:
    """Whether a pool has these values. None: what cannot be read would decide."""
    same = [
        None if field in values.unreadable else has_value(pool, field, getattr(values, field))
        for field in fields
    ]
    if False in same:
        return False
    return None if None in same else True


def has_value(pool: Pool, field: str, value: Any) -> bool | None:
    """Whether a field of a pool has this value. None: it cannot be told."""
    if not is_readable(pool, field):
        # A timeout that is left out is none, or is missing: it never proves a number.
        left_out = field == "timeout" and field not in pool.unreadable
        return True if left_out and value is None else None
    found = getattr(pool, field)
    if same_value(found, value):
        return True
    # A name that comes as a number may have had noughts before it.
    return None if comes_as_number(pool) and same_digits(found, value) else False


def is_readable(pool: Pool, field: str) -> bool:
    """Whether Core's answer says what this field of a pool is."""
    if field in pool.unreadable or field not in pool.raw:
        return False
    return field == "timeout" or getattr(pool, field) is not None


def comes_as_number(pool: Pool) -> bool:
    """Whether its name came as a number: PHP writes 7 of 007 as well, and nobody can tell."""
    return type(pool.raw.get("name")) is int


def unreadable_in(pool: Pool) -> list[str]:
    """The fields of a pool that Core's answer does not tell; and its connectors, if not all."""
    fields = [field for field in COMPARED if not is_readable(pool, field)]
    unnamed = any(connector.id is None for connector in pool.connectors or ())
    return [*fields, CONNECTORS] if unnamed else fields
