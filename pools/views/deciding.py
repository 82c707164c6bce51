"""What decides whether a change is right, for the pages where somebody is about to make it."""

from dataclasses import dataclass, field

from pools.changes.clears import RecentClears, recent_clears
from pools.models.vocabulary import Action
from pools.views.workplace import Workplace


@dataclass(frozen=True, slots=True)
class Deciding:
    clears: RecentClears = field(default_factory=RecentClears)


def deciding(workplace: Workplace, action: Action, pool_id: int | None) -> Deciding:
    """For the form of a change."""
    if action is Action.CLEAR and pool_id is not None:
        return Deciding(clears=recent_clears(workplace.company, pool_id))
    return Deciding()
