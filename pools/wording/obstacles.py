"""What people read when a change can't be made: because of the pool, the record or the form."""

from collections.abc import Mapping
from typing import Final

from django.urls import reverse

from pools.changes import (
    ChangeResult,
    FormSentOtherwise,
    OutcomeUnwritten,
    PoolGone,
    PoolHeld,
    PoolVanished,
    Snapshot,
)
from pools.changes.reverting import CannotRevert, NothingToRevert, RevertObstacle
from pools.changes.state import ChangeState
from pools.ledger.appending import LedgerUnwritable
from pools.models.vocabulary import Action, Outcome
from pools.tokens.keeping import CompanyArchived
from pools.wording.actions import ActionWords, words_for
from pools.wording.changes import name_of, values_in_words
from pools.wording.core_error_reasons import is_about_classes
from pools.wording.core_errors import quoted
from pools.wording.database import because
from pools.wording.moments import moment_of
from pools.wording.names import called
from pools.wording.outcomes import window_of
from pools.wording.situations import Activity, Problem, Situation

_UNTOLD: Final = frozenset(
    {ChangeState.UNDER_WAY, ChangeState.UNKNOWN, ChangeState.RELEASED, ChangeState.UNKNOWABLE}
)
# Done, and nobody has seen it.
_UNSEEN: Final = frozenset({ChangeState.READING_BACK, ChangeState.NOT_READ, ChangeState.NOT_SEEN})
_TELL: Final = "Tell an administrator that the panel's database can't be written."
_ELSEWHERE: Final = (
    "The company has had a new address since, or Patchworks was restored from a backup: that pool "
    "is no longer here."
)
_SENT_BEFORE: Final = {
    Outcome.REFUSED: "You sent this form before, and Patchworks refused it.",
    Outcome.NOT_SENT: "You sent this form before, and it didn't reach Patchworks.",
}
_ENDED: Final[Mapping[Outcome, str]] = {
    Outcome.DONE: "Patchworks did it",
    Outcome.REFUSED: "Patchworks refused it",
    Outcome.NOT_SENT: "It was not sent",
    Outcome.UNKNOWN: "Patchworks gave no clear answer",
}


def company_archived(error: CompanyArchived, situation: Situation) -> Problem:
    kept = ", and what you entered is still here" if situation.filling_in else ""
    unsent = f"Nothing was sent{kept}. " if situation.changing else ""
    return Problem(
        title=f"{situation.company.name} is archived.",
        meaning=f"{unsent}Its pools can't be seen or changed here until an administrator brings "
        "the company back.",
        next_text="Its history is still there.",
        next_href=reverse("pools:change_list", args=[situation.company.slug]),
        next_label="Changes",
        kind="warning",
        status=409,
    )


def sent_before(result: ChangeResult, situation: Situation) -> Problem:
    """A second submit of a form whose change was not made: nothing is sent again."""
    return Problem(
        title=_SENT_BEFORE[result.outcome],
        meaning=f"{words_for(result.action).nothing} This time, nothing was sent.",
        next_text="Check the form, then send it as a new change.",
        kind="warning",
        status=409,
    )


def sent_otherwise(error: FormSentOtherwise, situation: Situation) -> Problem:
    """What a form asks for now is not what it asked for when it was sent."""
    return Problem(
        title="You sent this form before, with other entries.",
        meaning="What you sent then is a change of its own. This time, nothing was sent. Your "
        "entries are still here.",
        next_text="Check the form, then send it as a new change.",
        kind="warning",
        status=409,
        next_href=reverse("pools:change", args=[error.change_id]),
        next_label="Open the change",
    )


def nothing_to_revert(error: NothingToRevert, situation: Situation) -> Problem:
    return Problem(
        title="There is nothing to revert.",
        meaning="The pool already has the values from before that edit.",
        next_text="",
        kind="info",
        status=409,
    )


def cannot_revert(error: CannotRevert, situation: Situation) -> Problem:
    meaning, instead = _why_not(error.obstacle, words_for(error.action))
    return Problem(
        title="This change can't be reverted.",
        meaning=meaning,
        next_text=instead,
        next_href=situation.list_href,
        next_label="Pools",
        kind="warning",
        status=409,
    )


def _why_not(obstacle: RevertObstacle, words: ActionWords) -> tuple[str, str]:
    """Why a change cannot be reverted, and what to do instead."""
    match obstacle:
        case RevertObstacle.KIND:
            return words.no_revert, words.instead
        case RevertObstacle.OPEN:
            return "We can't tell yet whether it happened.", "Use Check again first."
        case RevertObstacle.RELEASED:
            return "We can't tell whether it happened.", words.look_first
        case RevertObstacle.WITHOUT_EFFECT:
            return words.nothing, ""
        case RevertObstacle.UNSEEN:
            return words.unseen, words.look_first
        case RevertObstacle.SUPERSEDED:
            found = "The pool had other values than we sent, and we can't tell whose they are."
            return found, words.instead
        case RevertObstacle.ELSEWHERE:
            return _ELSEWHERE, ""
        case RevertObstacle.UNREADABLE:
            return (
                "An entry about it can't be read: the panel's database may have been altered.",
                "Ask an administrator to run manage.py verify_audit.",
            )
        case RevertObstacle.NOT_RECORDED:
            return "The values from before it were not recorded.", words.instead


def pool_gone(error: PoolGone, situation: Situation) -> Problem:
    """A 404 alone does not say that the pool was deleted; our own record may."""
    item, name = error.item, called(error.item.pool_name, error.item.pool_id)
    values = f" {_last_values(error.values)}" if error.values else ""
    if error.deleted:
        title = f"{name} was deleted."
        history = f"{item.actor_name} deleted it on {moment_of(item.at)}."
    elif item.gone:
        title = f"{name} was deleted outside the panel."
        history = f"It was deleted {window_of(item)}. We don't know who did it."
    elif item.action is Action.DELETE and item.state in _UNTOLD:
        title = _no_longer_there(item.pool_name, item.pool_id, situation)
        history = (
            f"{item.actor_name} sent its deletion on {moment_of(item.at)}, and we couldn't tell "
            "what happened."
        )
    elif item.action is Action.CREATE and item.state in _UNSEEN:
        title = f"Patchworks hasn't shown {name} in {situation.company.name} yet."
        history = f"It was created in this panel on {moment_of(item.at)}."
    else:
        title = _no_longer_there(item.pool_name, item.pool_id, situation)
        history = (
            "It was not deleted in this panel. "
            f"The last thing recorded of it is the {name_of(item)}."
        )
    nothing = " Nothing was sent." if situation.changing else ""
    return Problem(
        title=title,
        meaning=f"{history}{values}{nothing}",
        next_text="Look for it in the list."
        if not error.deleted
        else "To get it back, create it again from its history.",
        next_href=situation.list_href
        if situation.doing is Activity.READING_POOL
        else situation.page_of(item.pool_id),
        next_label="Pools" if situation.doing is Activity.READING_POOL else "Open its history",
        kind="warning",
        status=404,
    )


def pool_vanished(error: PoolVanished, situation: Situation) -> Problem:
    """Since the form was opened; nothing about the pool is on record."""
    return Problem(
        title=_no_longer_there(error.name, error.pool_id, situation),
        meaning="It was there when you opened this form. The history doesn't say what happened "
        f"to it. {_last_values(error.values)} Nothing was sent.",
        next_text="Look for it in the list.",
        next_href=situation.list_href,
        next_label="Pools",
        kind="warning",
        status=404,
    )


def gone_when_called(result: ChangeResult, situation: Situation) -> Problem:
    """Between our reading the pool and the call itself."""
    values = f" {_last_values(result.before)}" if result.before else ""
    title = _no_longer_there(result.pool_name, result.pool_id, situation)
    why = ", so it was probably deleted outside the panel in between."
    # A gateway, or a Core without this route, names no record.
    if result.error is None or not is_about_classes(result.error.detail):
        pool = called(result.pool_name, result.pool_id)
        title = f"Patchworks found nothing for {pool} in {situation.company.name} (404)."
        why = (
            ". Either it was deleted outside the panel in between, or Patchworks doesn't know "
            "this request."
        )
    return Problem(
        title=title,
        meaning=f"It was there just before we sent your change{why}{values} "
        f"{words_for(result.action).nothing}",
        next_text="Its history shows what else we know.",
        next_href=situation.page_of(result.pool_id),
        next_label="Open its history",
        kind="warning",
        status=404,
        core_text=quoted(result.error) if result.error else "",
    )


def _no_longer_there(name: str, pool_id: int | None, situation: Situation) -> str:
    return f"Patchworks says it no longer has {called(name, pool_id)} in {situation.company.name}."


def _last_values(values: Snapshot) -> str:
    return f"Its last values: {values_in_words(values)}."


_WAITING_POOL: Final = (
    "This pool is waiting for the result of an earlier change.",
    "made it, and we can't tell yet whether it happened. Until then the pool can't be changed.",
)
_WAITING_NAME: Final = (
    "We don't know yet whether a pool with this name was created.",
    "sent its creation. Until we know, nobody can create another one.",
)


def pool_held(error: PoolHeld, situation: Situation) -> Problem:
    href, label = reverse("pools:change", args=[error.change_id]), "Open the change"
    if error.under_way:
        return Problem(
            title="A pool with this name is being created right now."
            if error.of_name
            else "This pool is being changed right now.",
            meaning=f"{error.actor_name} sent that change. Nothing of yours was sent.",
            next_text="Try again in a moment. The page of that change shows how it ended.",
            kind="warning",
            status=409,
            next_href=href,
            next_label=label,
        )
    if error.of_nobody:
        release = [situation.company.slug, error.change_id]
        return Problem(
            title=f"This {'name' if error.of_name else 'pool'} is locked, and the record doesn't "
            "say why.",
            meaning="No change in the record is waiting for a result here, so the panel's "
            "database may have been altered. Nothing was sent.",
            next_text="Tell an administrator before you unlock it.",
            kind="warning",
            status=409,
            next_href=reverse("pools:change_release", args=release),
            next_label="Unlock anyway",
        )
    title, meaning = _WAITING_NAME if error.of_name else _WAITING_POOL
    return Problem(
        title=title,
        meaning=f"{error.actor_name} {meaning} Nothing of yours was sent.",
        next_text="On its page, Check again shows what happened.",
        kind="warning",
        status=409,
        next_href=href,
        next_label=label,
    )


def ledger_unwritable(error: LedgerUnwritable, situation: Situation) -> Problem:
    changing = isinstance(situation.doing, Action)
    return Problem(
        title="We couldn't record this change, so we didn't send it."
        if changing
        else "We couldn't record this, so nothing was done.",
        meaning=f"{because(error)}Nothing was changed. You can still read pools.",
        next_text=_TELL,
        kind="danger",
        status=503,
    )


def export_unrecorded(error: Exception) -> Problem:
    """An export is recorded before its first byte is sent."""
    return Problem(
        title="Nothing was exported.",
        meaning=f"{because(error)}We couldn't record the export, and we don't export without "
        "recording it.",
        next_text=f"Try again in a moment. If that doesn't help: {_TELL[0].lower()}{_TELL[1:]}",
        kind="danger",
        status=503,
    )


def outcome_unwritten(error: OutcomeUnwritten, situation: Situation) -> Problem:
    return Problem(
        title=f"{_ENDED[error.outcome]}, but we couldn't record that.",
        meaning=f"{because(error)}The record shows the change as begun, without an outcome. "
        "Don't send it again.",
        next_text=_TELL,
        next_href=situation.list_href,
        next_label="Pools",
        kind="danger",
        status=500,
    )
