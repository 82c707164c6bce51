"""What people read when Patchworks refused something, or could not be reached or understood.

What the person was doing decides the words; Patchworks' own are quoted beside them. Of a token
that is missing, over or refused, the words are in `tokens`.
"""

from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from pools.changes.proposal import COMPARED
from pools.core import Reason, errors
from pools.core.rate_limits import USUAL_PAUSE
from pools.models.vocabulary import Action
from pools.wording.actions import words_for
from pools.wording.core_error_reasons import (
    CAUSES,
    cause_at_sign_in,
    cause_of,
    is_about_classes,
)
from pools.wording.situations import Activity, Problem, Situation

_ADDING: Final = frozenset({Activity.ADDING_TOKEN, Activity.TRYING_TOKEN})
# Where no pool is asked for by its id: a 404 is then about the address.
_OF_LIST: Final = frozenset({*_ADDING, Activity.READING_LIST, Action.CREATE})
# What another server would say. All else is Patchworks' own, in a form that we don't know.
_OF_ANOTHER_SERVER: Final = frozenset(
    {
        Reason.REDIRECT,
        Reason.WEB_PAGE,
        Reason.NOT_JSON,
        Reason.EMPTY,
        Reason.MALFORMED,
        Reason.TOO_LARGE,
        Reason.SHAPE,
    }
)
_READING: Final = "Use a token that may read connection pools"
# How long to wait where Patchworks asks for a pause and says of no length.
_USUAL_SECONDS: Final = int(USUAL_PAUSE.total_seconds())
_BELIEVABLE_SECONDS: Final = 7 * 86_400
_REQUEST_ID: Final = "If it happens again, give an administrator the request id below."


def not_sent(error: errors.NotSent, situation: Situation) -> Problem:
    return Problem(
        title="We couldn't reach Patchworks.",
        meaning=unchanged(situation),
        **_again(situation),
        kind="danger",
        status=503,
        detail=f"{_cause(error, situation)} ({error.detail})".removesuffix(" ()"),
    )


def busy(error: errors.Busy, situation: Situation) -> Problem:
    return Problem(
        title="We have too many calls to Patchworks running.",
        meaning=unchanged(situation) or "We didn't start another one.",
        **_again(situation),
        kind="warning",
        status=503,
    )


def forbidden(error: errors.Forbidden, situation: Situation) -> Problem:
    name = situation.company.name
    if situation.doing is Activity.SIGNING_IN:
        return _refusal(error, situation, "Check the e-mail and the password.", status=422)
    if situation.doing in _ADDING:
        return Problem(
            title=f"This token may not list the pools of {name}.",
            meaning=unchanged(situation),
            next_text=f"{_READING}.",
            kind="danger",
            status=422,
            core_text=quoted(error),
        )
    # Any key may read, by what Patchworks says of its own: only changing wants more.
    changing = situation.called
    needed = "It may be a read-only key. Use one with manager access"
    return Problem(
        title=f"Your token for {name} may not {_right(situation)}.",
        meaning=unchanged(situation),
        next_text=f"{needed if changing else _READING}, or ask a colleague.",
        next_href=situation.token_href("token_replace"),
        next_label="Replace",
        kind="danger",
        status=403,
        core_text=quoted(error),
        mends_token=True,
    )


def _right(situation: Situation) -> str:
    if situation.called and isinstance(situation.doing, Action):
        return f"{situation.doing} pools"
    return "list pools" if situation.doing in _OF_LIST else "show this pool"


def not_found(error: errors.NotFound, situation: Situation) -> Problem:
    name = situation.company.name
    if situation.doing is Activity.SIGNING_IN:
        return _no_such_address(error, situation, f"{name}'s sign-in address")
    if situation.doing in _OF_LIST:
        return _no_such_address(error, situation, f"{name}'s address")
    return Problem(
        title=f"Patchworks has no such pool in {name}.",
        meaning=f"It was deleted, its id belongs to another company, or it is so new that "
        f"Patchworks doesn't show it yet. "
        f"{unchanged(situation)}".strip(),
        next_text="Look for it in the list.",
        next_href=situation.list_href,
        next_label="Pools",
        kind="warning",
        status=404,
        core_text=quoted(error),
    )


def _no_such_address(error: errors.CoreError, situation: Situation, address: str) -> Problem:
    return Problem(
        title=f"Nothing was found at {address} (404).",
        meaning=unchanged(situation),
        next_text=_check_address(situation),
        kind="danger",
        status=502,
        core_text=quoted(error),
    )


def invalid(error: errors.Invalid, situation: Situation) -> Problem:
    """Of a change, its values; of anything else, the question that we asked."""
    if not situation.called:
        # There are no fields that its reasons could stand next to.
        text = " ".join([quoted(error), *errors.reasons_in(error.fields)]).strip()
        next_text, status = _if_no_help(text), 502
        if situation.doing is Activity.SIGNING_IN:
            next_text, status = "Check the e-mail and the password.", 422
        return replace(_refusal(error, situation, next_text, status=status), core_text=text)
    if situation.doing in {Action.CREATE, Action.EDIT} and error.fields.keys() & set(COMPARED):
        return _refusal(error, situation, "Patchworks' messages are next to the fields.")
    if error.fields or quoted(error):
        return _refusal(error, situation, "Check what Patchworks says, then send it again.")
    return _refusal(error, situation, _if_no_help(""))


def refused(error: errors.Refused, situation: Situation) -> Problem:
    if error.status == HTTPStatus.NOT_FOUND and not situation.called:
        return _no_such_address(error, situation, f"{situation.company.name}'s address")
    text = _if_no_help(quoted(error))
    return _refusal(error, situation, text, status=409 if situation.called else 502)


def _if_no_help(text: str) -> str:
    """What to do next, where Patchworks itself may have said that."""
    if not text:
        return f"Patchworks gave no reason. {_REQUEST_ID}"
    return "If Patchworks' message doesn't help, give an administrator the request id below."


def _refusal(
    error: errors.CoreError, situation: Situation, next_text: str, *, status: int = 422
) -> Problem:
    number = f" ({error.status})" if error.status else ""
    return Problem(
        title=f"{_what_was_refused(situation)}{number}.",
        meaning=unchanged(situation),
        next_text=next_text,
        next_href="" if situation.filling_in else situation.here,
        next_label="" if situation.filling_in else "Try again",
        kind="danger",
        status=status,
        core_text=quoted(error),
    )


def _what_was_refused(situation: Situation) -> str:
    if situation.called and isinstance(situation.doing, Action):
        return words_for(situation.doing).refused
    if situation.doing is Activity.SIGNING_IN:
        return "Patchworks refused this sign-in"
    of_list = situation.doing in _OF_LIST
    return f"Patchworks refused to {'list the pools' if of_list else 'show this pool'}"


def rate_limited(error: errors.RateLimited, situation: Situation) -> Problem:
    seconds = error.retry_after_seconds or _USUAL_SECONDS
    return Problem(
        # Of calls that are kept for people, Patchworks has not said no yet.
        title=CAUSES[Reason.KEPT_FREE]
        if error.reason == Reason.KEPT_FREE
        else "Patchworks is rate-limiting this account.",
        meaning=unchanged(situation),
        next_text=f"{_pause(error)}{_type_again(situation)}",
        next_href="" if situation.filling_in else situation.here,
        next_label="" if situation.filling_in else "Try again",
        kind="warning",
        status=429,
        wait_seconds=seconds if seconds <= _BELIEVABLE_SECONDS else None,
        core_text=quoted(error),
    )


def _pause(error: errors.RateLimited) -> str:
    """How long Patchworks wants us to wait, as far as that is said and to be believed."""
    seconds = error.retry_after_seconds
    if seconds is None:
        return "Patchworks doesn't say for how long. Try again in about a minute."
    if seconds > _BELIEVABLE_SECONDS:
        return f"It asks for {duration(seconds)}, which is probably a mistake. Try again later."
    return f"Try again in {duration(seconds or _USUAL_SECONDS)}."


def duration(seconds: int) -> str:
    """A wait as people say it: seconds, minutes, hours or days, rounded up."""
    for unit, length, most in (("s", 1, 120), ("min", 60, 120), ("h", 3600, 48)):
        if seconds < most * length:
            return f"{-(-seconds // length)} {unit}"
    return f"{-(-seconds // 86_400)} days"


def unanswered(error: errors.Unanswered, situation: Situation) -> Problem:
    return Problem(
        title=_cause(error, situation) or "Patchworks gave no clear answer.",
        meaning=unchanged(situation),
        **_again(situation, error.retry_after_seconds),
        kind="danger",
        status=502,
        core_text=quoted(error),
    )


def unexpected(error: errors.Unexpected, situation: Situation) -> Problem:
    if error.reason is Reason.NO_TOKEN:
        return _no_token(error, situation)
    elsewhere = error.reason in _OF_ANOTHER_SERVER
    return Problem(
        title="This doesn't look like Patchworks."
        if elsewhere
        else "We can't read this answer from Patchworks.",
        meaning=f"{_cause(error, situation)} {unchanged(situation)}".strip(),
        next_text=_check_address(situation) if elsewhere else _REQUEST_ID,
        next_href="" if situation.filling_in else situation.here,
        next_label="" if situation.filling_in else "Try again",
        kind="danger",
        status=502,
        core_text="" if error.reason is Reason.REDIRECT else quoted(error),
        detail=f"It redirects to {error.detail}"
        if error.reason is Reason.REDIRECT and error.detail
        else "",
    )


def _no_token(error: errors.Unexpected, situation: Situation) -> Problem:
    return Problem(
        title=CAUSES[Reason.NO_TOKEN],
        meaning=unchanged(situation),
        next_text="If this account signs in with a second factor too, add an API key instead: we "
        "can't ask for the second factor.",
        kind="danger",
        status=422,
        core_text=quoted(error),
    )


def _again(situation: Situation, seconds: int | None = None) -> dict[str, Any]:
    wait = duration(seconds) if seconds else "a moment"
    counted = {"wait_seconds": seconds}
    if situation.of_token:
        return counted | {"next_text": f"Try again in {wait}.{_type_again(situation)}"}
    if situation.filling_in:
        return counted | {"next_text": f"Your entries are still here. Try again in {wait}."}
    kept = "Your entries are kept. " if situation.kept else ""
    return counted | {
        "next_text": f"{kept}Try again in {wait}.",
        "next_href": situation.here,
        "next_label": "Try again",
    }


def _type_again(situation: Situation) -> str:
    """What is secret is on no page that comes back."""
    if not situation.of_token:
        return ""
    secret = "token" if situation.doing is Activity.ADDING_TOKEN else "password"
    return f" You'll need to enter the {secret} again."


def _cause(error: errors.CoreError, situation: Situation) -> str:
    """Why it failed, at the address that was asked."""
    at_sign_in = situation.doing is Activity.SIGNING_IN
    return cause_at_sign_in(error) if at_sign_in else cause_of(error)


def _check_address(situation: Situation) -> str:
    which = "sign-in address" if situation.doing is Activity.SIGNING_IN else "address"
    return f"Ask an administrator to check the company's {which}."


def unchanged(situation: Situation) -> str:
    """What did not happen; of a read there is nothing to say."""
    if situation.called and isinstance(situation.doing, Action):
        return words_for(situation.doing).nothing
    if situation.changing:
        return "Nothing was sent."
    if situation.doing in _ADDING:
        return "The token was not stored."
    return "No token was stored." if situation.of_token else ""


def quoted(error: errors.CoreError) -> str:
    return "" if is_about_classes(error.detail) else error.detail
