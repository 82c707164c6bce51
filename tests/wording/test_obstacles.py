"""Why a change can't be reverted: every reason of every action, in words that are true of it."""

import pytest

from pools.changes.reverting import REVERTIBLE, CannotRevert, RevertObstacle
from pools.models import Company
from pools.models.vocabulary import Action
from pools.wording.actions import words_for
from pools.wording.problems import problem_for
from pools.wording.situations import Problem, Situation

# What nobody can do to a pool that is gone, or after a change that made no pool.
NOT_TO_BE_SAID = {
    Action.DELETE: ["edit", "changed", "didn't show it", "as it was", "Delete the pool"],
    Action.EDIT: ["create", "deleted", "still there", "Delete the pool"],
    Action.CREATE: ["edit", "as it was", "still there"],
    Action.CLEAR: ["edit", "create", "delete", "as it was", "still there"],
}


def said(obstacle: RevertObstacle, action: Action) -> Problem:
    company = Company(slug="acme", name="Acme")
    return problem_for(CannotRevert(obstacle, action), Situation(company, "/", Action.EDIT))


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("obstacle", RevertObstacle)
def test_each_obstacle_has_a_reason_that_is_true_of_the_action(
    obstacle: RevertObstacle, action: Action
) -> None:
    problem = said(obstacle, action)
    if obstacle is RevertObstacle.KIND and action in REVERTIBLE:
        return  # never raised: it can be reverted
    if obstacle is RevertObstacle.WITHOUT_EFFECT and action not in NOT_TO_BE_SAID:
        return  # what is only seen has an effect
    if obstacle is not RevertObstacle.UNSEEN or action in NOT_TO_BE_SAID:
        assert problem.meaning
    text = f"{problem.meaning} {problem.next_text}".lower()
    assert [word for word in NOT_TO_BE_SAID.get(action, []) if word.lower() in text] == []


@pytest.mark.parametrize(
    ("obstacle", "action", "meaning", "instead"),
    [
        (
            RevertObstacle.UNSEEN,
            Action.DELETE,
            "Patchworks confirmed it, but the pool was still there afterwards.",
            "The pool may still be there.",
        ),
        (RevertObstacle.WITHOUT_EFFECT, Action.DELETE, "Nothing was deleted.", ""),
        (RevertObstacle.WITHOUT_EFFECT, Action.EDIT, "Nothing was changed.", ""),
        (
            RevertObstacle.NOT_RECORDED,
            Action.DELETE,
            "The values from before it were not recorded.",
            "If it is still needed, create a new pool.",
        ),
        (
            RevertObstacle.NOT_RECORDED,
            Action.EDIT,
            "The values from before it were not recorded.",
            "Edit the pool instead.",
        ),
    ],
)
def test_what_to_do_instead_can_be_done(
    obstacle: RevertObstacle, action: Action, meaning: str, instead: str
) -> None:
    problem = said(obstacle, action)
    assert problem.meaning == meaning
    assert problem.next_text.startswith(instead)


@pytest.mark.parametrize("action", sorted(REVERTIBLE))
def test_checking_again_is_offered_only_while_it_can_find_something(action: Action) -> None:
    assert said(RevertObstacle.OPEN, action).next_text == "Use Check again first."
    released = said(RevertObstacle.RELEASED, action)
    assert released.next_text == words_for(action).look_first
