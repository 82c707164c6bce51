"""Taking a recorded change back: what that would put back, and when it cannot be done."""

from dataclasses import dataclass
from enum import Enum
from typing import Self

from pools.changes.history import HistoryItem
from pools.changes.outcome import Action, Outcome, Verdict
from pools.changes.proposal import COMPARED, Snapshot
from pools.core.schema import PoolChanges

# What Core does not take as a value: a pool that had none of it cannot get that back.
_NEVER_NULL = frozenset({"name", "limit"})


class Hindrance(Enum):
    """Why a change cannot be taken back."""

    CREATED = "a new pool is taken back by deleting it"
    CLEARED = "what was dropped is nowhere any more"
    OUTSIDE = "it was not made here"
    OPEN = "what became of it is not known yet"
    WITHOUT_EFFECT = "it changed nothing"
    UNSEEN = "reading the pool back did not show it"
    SUPERSEDED = "the pool was changed by others at the same time"
    NOT_RECORDED = "the values from before are not on the record"


class CannotRevert(Exception):
    """The change cannot be taken back. Nothing was sent."""

    def __init__(self, hindrance: Hindrance) -> None:
        super().__init__(hindrance.value)
        self.hindrance = hindrance


@dataclass(frozen=True, slots=True)
class Undo:
    """What taking a change back means.

    `before` are the pool's values before it, `left` those that it left (of a delete: the
    same, as there is no pool any more), `fields` those that it changed.
    """

    item: HistoryItem
    before: Snapshot
    left: Snapshot
    fields: tuple[str, ...]

    @classmethod
    def of(cls, item: HistoryItem) -> Self:
        """Raises CannotRevert."""
        if hindrance := _hindrance(item):
            raise CannotRevert(hindrance)
        before, wanted = item.before, item.wanted
        if before is None:
            raise CannotRevert(Hindrance.NOT_RECORDED)
        if item.action is Action.DELETE:
            return cls(item, before, before, ())
        if wanted is None:
            raise CannotRevert(Hindrance.NOT_RECORDED)
        fields = tuple(
            field
            for field in COMPARED
            if getattr(before, field) != getattr(wanted, field)
            and not (field in _NEVER_NULL and getattr(before, field) is None)
        )
        if not fields:
            raise CannotRevert(Hindrance.NOT_RECORDED)
        return cls(item, before, item.after or wanted, fields)

    def changes(self, now: Snapshot) -> PoolChanges:
        """What to send to a pool that has the values `now`; nothing where it has them already."""
        return PoolChanges(
            **{
                field: getattr(self.before, field)
                for field in self.fields
                if getattr(self.before, field) != getattr(now, field)
            }
        )

    def result(self, now: Snapshot) -> Snapshot:
        """The pool afterwards: what the change did not touch stays as it is now."""
        return now.changed_by(self.changes(now))


def _hindrance(item: HistoryItem) -> Hindrance | None:
    by_action = {
        Action.CREATE: Hindrance.CREATED,
        Action.CLEAR: Hindrance.CLEARED,
        Action.OUTSIDE: Hindrance.OUTSIDE,
    }
    if item.action in by_action:
        return by_action[item.action]
    if item.took_effect:
        return Hindrance.UNSEEN if item.unseen else None
    if item.verdict is Verdict.SUPERSEDED:
        return Hindrance.SUPERSEDED
    unsettled = item.verdict is None and item.outcome in (None, Outcome.UNKNOWN)
    return Hindrance.OPEN if unsettled else Hindrance.WITHOUT_EFFECT
