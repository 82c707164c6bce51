"""What people read after *Check again*: what was found out, or why nothing was, and what next."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

from django.conf import settings
from django.utils import timezone

from pools.changes import Action, HistoryItem, Settling, SettlingState, Verdict
from pools.changes.looking import Undecided
from pools.core import CoreError, Forbidden
from pools.models import Company
from pools.presentation import Place, problem_for
from pools.sentences import OutcomeMessage, isolated
from pools.tokens import PersonDisabled, TokenMissing, TokenUnreadable


class _Attempt(NamedTuple):
    """An attempt that settled nothing; `what` is how its change is named."""

    settling: Settling
    item: HistoryItem
    company: Company
    what: str


_ATTEMPTS: Final = {
    Action.CREATE: "The creation",
    Action.EDIT: "The edit",
    Action.CLEAR: "The clearing",
    Action.DELETE: "The deletion",
}
_FREE: Final = "The pool can be changed again."
# Level, what was found, and what to do next.
_VERDICTS: Final = {
    Verdict.APPLIED: ("success", "happened.", _FREE),
    Verdict.NOT_APPLIED: ("success", "did not happen.", "Make it anew if it is still wanted."),
    Verdict.SUPERSEDED: (
        "warning",
        "left other values than before, and others than it asked for.",
        "Somebody else changed the pool meanwhile: look at it before you change it again.",
    ),
    Verdict.DUPLICATE: (
        "warning",
        "happened more than once: there are several new pools of that name.",
        "Look them up in the list, and delete what is too many.",
    ),
    Verdict.UNKNOWABLE: (
        "warning",
        "leaves nothing to look up: whether it happened cannot be known.",
        _FREE,
    ),
}


def settled_message(settling: Settling, item: HistoryItem, company: Company) -> OutcomeMessage:
    """One sentence for what an attempt to settle found, and one for what to do next."""
    what = f"{_ATTEMPTS[item.action]} of {isolated(item.pool_name)} in {company.name}"
    if settling.verdict is not None:
        level, found, then = _VERDICTS[settling.verdict]
        return OutcomeMessage(level, f"{what} {found} {then}")
    level = "success" if settling.state is SettlingState.ALREADY else "warning"
    return OutcomeMessage(
        level, _UNSETTLED[settling.state](_Attempt(settling, item, company, what))
    )


def unrecorded_message() -> OutcomeMessage:
    """What was found could not be kept, and so is not found."""
    return OutcomeMessage(
        "warning",
        "Nothing was settled: the panel's record cannot be written just now. "
        "Tell an administrator.",
    )


def _already(attempt: _Attempt) -> str:
    return f"{attempt.what} is not open any more: there is nothing to look up."


def _under_way(attempt: _Attempt) -> str:
    return f"{attempt.what} is still being sent. Check again in half a minute."


def _waiting(attempt: _Attempt) -> str:
    return (
        f"Core may still be working on it, so it is too early to look. "
        f"Check again after {_clock(attempt.settling.not_before)}."
    )


def _no_token(attempt: _Attempt) -> str:
    lack = _lack(attempt.settling.error)
    return (
        f"Only the token of {attempt.item.actor_name} may look this up, and {lack} "
        "Look at Patchworks yourself, then release the pool."
    )


def _lack(error: Exception | None) -> str:
    if isinstance(error, PersonDisabled):
        return "they are disabled."
    if isinstance(error, TokenMissing):
        return "they have none for this company any more."
    if isinstance(error, TokenUnreadable):
        return "it can no longer be opened."
    return "Core no longer accepts it."


def _not_read(attempt: _Attempt) -> str:
    error = attempt.settling.error
    if isinstance(error, Undecided) or not isinstance(error, CoreError):
        return (
            "Core was read, and what it shows does not decide it. "
            "Look at Patchworks yourself, then release the pool."
        )
    if isinstance(error, Forbidden):
        return (
            f"Core does not let {attempt.item.actor_name}'s token look this up. "
            "Look at Patchworks yourself, then release the pool."
        )
    why = problem_for(error, Place(attempt.company, ""))
    cause = f" {why.detail}" if why.detail else ""
    return f"Nothing could be looked up. {why.title}{cause} Check again in a moment."


def _disagree(attempt: _Attempt) -> str:
    apart = settings.SETTLE_READS_APART_SECONDS
    return (
        f"Two looks at the pool, {apart} s apart, differ: it is changing just now. "
        "Check again in a minute."
    )


def _clock(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%H:%M:%S}" if at else "a minute"


_UNSETTLED: Final[dict[SettlingState, Callable[[_Attempt], str]]] = {
    SettlingState.ALREADY: _already,
    SettlingState.UNDER_WAY: _under_way,
    SettlingState.WAITING: _waiting,
    SettlingState.NO_TOKEN: _no_token,
    SettlingState.NOT_READ: _not_read,
    SettlingState.DISAGREE: _disagree,
}
