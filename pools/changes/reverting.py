"""Reverting a recorded change: what that would put back, and when it cannot be done."""

from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

from pools.changes.history import HistoryItem
from pools.changes.proposal import COMPARED, Snapshot
from pools.changes.state import ChangeState
from pools.core.schema import PoolChanges
from pools.models.vocabulary import Action

# What Core does not take as a value: a pool that had none of it cannot get that back.
_NEVER_NULL: Final = frozenset({"name", "limit"})


# What putting the values from before back undoes: a pool that was deleted is made again.
REVERTIBLE: Final = frozenset({Action.EDIT, Action.DELETE})


class RevertObstacle(Enum):
    """Why a change cannot be reverted."""

    KIND = "what it did is not undone by putting values back"
    OPEN = "what became of it is not known yet"
    RELEASED = "what became of it is not known, and its pool was unlocked by hand"
    WITHOUT_EFFECT = "it changed nothing"
    UNSEEN = "reading the pool back did not show it"
    SUPERSEDED = "the pool was changed by others at the same time"
    ELSEWHERE = "it was made where the company's pools were others"
    UNREADABLE = "an entry about it cannot be read"
    NOT_RECORDED = "the values from before are not on the record"


class CannotRevert(Exception):
    """The change cannot be reverted. Nothing was sent."""

    def __init__(self, obstacle: RevertObstacle, action: Action) -> None:
        super().__init__(obstacle.value)
        self.obstacle = obstacle
        self.action = action


class MovedOn(Exception):
    """The pool is no longer as the change left it. Nothing was sent."""

    def __init__(self, undo: "Undo", now: Snapshot) -> None:
        super().__init__("the pool was changed again")
        self.undo = undo
        self.now = now


class NothingToRevert(Exception):
    """The pool has the values from before already. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Undo:
    """What reverting a change means.

    `before` are the pool's values before it, `left` those that it left (of a delete: the
    same, as there is no pool now), `fields` those that it changed.
    """

    item: HistoryItem
    before: Snapshot
    left: Snapshot
    fields: tuple[str, ...]

    @classmethod
    def of(cls, item: HistoryItem, origin: int) -> Self:
        """`origin`: the one of the company's pools now. Raises CannotRevert."""
        if item.unreadable:
            raise CannotRevert(RevertObstacle.UNREADABLE, item.action)
        if item.origin != origin:
            raise CannotRevert(RevertObstacle.ELSEWHERE, item.action)
        if obstacle := _obstacle_to(item):
            raise CannotRevert(obstacle, item.action)
        before, wanted = item.before, item.wanted
        if before is None:
            raise CannotRevert(RevertObstacle.NOT_RECORDED, item.action)
        if item.action is Action.DELETE:
            return cls(item, before, before, ())
        if wanted is None:
            raise CannotRevert(RevertObstacle.NOT_RECORDED, item.action)
        fields = tuple(
            field
            for field in COMPARED
            if before.differs_in(field, wanted)
            and field not in before.unreadable
            and not (field in _NEVER_NULL and getattr(before, field) is None)
        )
        if not fields:
            raise CannotRevert(RevertObstacle.NOT_RECORDED, item.action)
        return cls(item, before, item.after or wanted, fields)

    def obstacle(self, now: Snapshot) -> MovedOn | NothingToRevert | None:
        """What somebody should know who is about to revert, of a pool with the values `now`."""
        if self.left.same_values(now):
            return None
        return MovedOn(self, now) if self.changes(now) != PoolChanges() else NothingToRevert()

    def changes(self, now: Snapshot) -> PoolChanges:
        """What to send to a pool that has the values `now`; nothing where it has them already."""
        return PoolChanges(
            **{
                field: getattr(self.before, field)
                for field in self.fields
                if self.before.differs_in(field, now)
            }
        )

    def result(self, now: Snapshot) -> Snapshot:
        """The pool afterwards: what the change did not touch stays as it is now."""
        return now.changed_by(self.changes(now))


def _obstacle_to(item: HistoryItem) -> RevertObstacle | None:
    if item.action not in REVERTIBLE:
        return RevertObstacle.KIND
    if item.state.is_confirmed:
        return None
    by_state = {
        ChangeState.UNDER_WAY: RevertObstacle.OPEN,
        ChangeState.UNKNOWN: RevertObstacle.OPEN,
        ChangeState.RELEASED: RevertObstacle.RELEASED,
        ChangeState.NOT_SEEN: RevertObstacle.UNSEEN,
        ChangeState.SUPERSEDED: RevertObstacle.SUPERSEDED,
    }
    return by_state.get(item.state, RevertObstacle.WITHOUT_EFFECT)
