"""What people read when something did not go well, written once.

For each error: the sentence, what it means for their change, and the one thing to do
next. Pages, fragments and forms all take it from here. Core's own words are quoted
beside it, never alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from pools.changes import Conflict, LedgerUnwritable, OutcomeUnwritten, PoolHeld
from pools.changes.reverting import CannotRevert, Hindrance
from pools.core import Reason, errors
from pools.models import Company
from pools.tokens import TokenMissing, TokenUnreadable

THEMES = ("auto", "light", "dark")
# Why a change cannot be taken back, and what to do instead.
_HINDRANCES = {
    Hindrance.CREATED: ("A new pool is taken back by deleting it.", "Delete the pool instead."),
    Hindrance.CLEARED: (
        "The requests that a clear dropped are gone: neither Core nor the panel kept them.",
        "Whoever sent them has to send them again.",
    ),
    Hindrance.OUTSIDE: ("It was not made through this panel.", "Edit the pool instead."),
    Hindrance.OPEN: ("What became of it is not known.", "Find that out first."),
    Hindrance.WITHOUT_EFFECT: ("It changed nothing.", ""),
    Hindrance.UNSEEN: (
        "Core confirmed it, but reading the pool back did not show it.",
        "The pool may still be as it was: look at it, and edit it if need be.",
    ),
    Hindrance.SUPERSEDED: (
        "Others changed the pool at the same time: which value was whose is not known.",
        "Edit the pool instead.",
    ),
    Hindrance.NOT_RECORDED: (
        "The values from before are not on the record.",
        "Edit the pool instead.",
    ),
}
# What is known of the cause, for the administrator who is asked.
_CAUSES = {
    Reason.OWN_CHECK: "The panel itself found the request not fit to be sent.",
    Reason.ADDRESS: "The company's address is not one that the panel may call.",
    Reason.DNS: "The name in Core's address was not found.",
    Reason.CONNECTION_REFUSED: "Core's host refused the connection.",
    Reason.UNREACHABLE: "Core's host cannot be reached from here.",
    Reason.CONNECT_TIMEOUT: "Core's host did not take the connection in time.",
    Reason.TLS: "Core's certificate was not accepted.",
    Reason.CA_FILE: "The file of trusted certificates (CORE_CA_FILE) cannot be read.",
    Reason.PROXY: "The proxy towards Core refused.",
    Reason.DEADLINE: "The time for one call was over.",
    Reason.READ_TIMEOUT: "Core was silent for too long.",
    Reason.CONNECTION_LOST: "The connection broke.",
    Reason.CUT: "The answer broke off before its end.",
    Reason.SERVER_ERROR: "Core had an error of its own.",
    Reason.REDIRECT: "Core's address leads elsewhere: is it right?",
    Reason.WEB_PAGE: "This looks like a web page: is the company's address right?",
    Reason.NOT_JSON: "The answer was not JSON.",
    Reason.MALFORMED: "The answer was not well-formed.",
    Reason.TOO_LARGE: "The answer was larger than any that Core should give.",
    Reason.STATUS: "Core answered with a status that its contract does not know.",
    Reason.SHAPE: "The answer did not have the shape that Core's contract gives it.",
    Reason.MISMATCH: "Core answered with other values than were sent.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that went wrong, as a person reads it. `kind` is danger, warning or info.

    `mends_token`: the way on is to the token and back, and a form waits meanwhile.
    """

    title: str
    meaning: str
    next_text: str
    next_href: str
    next_label: str
    kind: str
    status: int
    core_text: str = ""
    detail: str = ""
    mends_token: bool = False


class Deed(Enum):
    """What a person was doing: a problem means something else to each."""

    READING = "reading"
    CHANGING = "changing"
    ADDING_TOKEN = "adding a token"  # noqa: S105  (a deed, not a token)
    SIGNING_IN = "signing in to Patchworks"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person is: the company, the address to come back to, and what they did."""

    company: Company
    here: str
    deed: Deed = Deed.READING

    @property
    def filling_in(self) -> bool:
        """Whether there is a form whose entries are still here."""
        return self.deed is not Deed.READING

    @property
    def list_href(self) -> str:
        return reverse("pools:pool_list", args=[self.company.slug])

    def token_href(self, name: str) -> str:
        """The page that mends the token, and then comes back here."""
        query = urlencode({"next": self.here})
        if name == "token_add":
            query = urlencode({"company": self.company.slug, "next": self.here})
            return f"{reverse('pools:token_add')}?{query}"
        return f"{reverse(f'pools:{name}', args=[self.company.slug])}?{query}"


def panel(request: HttpRequest) -> dict[str, Any]:
    """Context of every page."""
    theme = request.COOKIES.get(settings.THEME_COOKIE_NAME, "auto")
    return {
        "panel_name": settings.PANEL_NAME,
        "request_id": getattr(request, "id", ""),
        "theme": theme if theme in THEMES else "auto",
    }


def problem_for(error: Exception, place: Place) -> Problem:
    """The problem as a person reads it. Every error that a view may meet has a row."""
    for kind, describe in _ROWS:
        if isinstance(error, kind):
            return describe(error, place)
    raise TypeError(f"no sentence for {type(error).__name__}") from error


def cause_of(error: errors.CoreError) -> str:
    """A sentence about the cause, or nothing where the title says it all."""
    return _CAUSES.get(Reason(error.reason), "") if error.reason in list(Reason) else ""


def _again(place: Place) -> dict[str, Any]:
    if place.filling_in:
        return {
            "next_text": "Your entries are still here: try once more in a moment."
            if place.deed is Deed.CHANGING
            else "Try once more in a moment.",
            "next_href": "",
            "next_label": "",
        }
    return {
        "next_text": "Try again in a moment.",
        "next_href": place.here,
        "next_label": "Try again",
    }


def _unchanged(place: Place, otherwise: str) -> str:
    return {
        Deed.READING: otherwise,
        Deed.CHANGING: "Nothing was sent: everything is as it was.",
        Deed.ADDING_TOKEN: "The token was not stored.",
        Deed.SIGNING_IN: "No token was stored.",
    }[place.deed]


def _not_sent(error: errors.NotSent, place: Place) -> Problem:
    return Problem(
        title="Core could not be reached.",
        meaning=_unchanged(place, "What it holds cannot be shown just now."),
        **_again(place),
        kind="danger",
        status=503,
        detail=cause_of(error),
    )


def _busy(error: errors.Busy, place: Place) -> Problem:
    return Problem(
        title="Too many calls to Core are under way.",
        meaning=_unchanged(place, "The panel did not add one more."),
        **_again(place),
        kind="warning",
        status=503,
    )


def _token_expired(error: errors.CredentialExpired, place: Place) -> Problem:
    return _mend(
        place, f"Your token for {place.company.name} has expired.", "token_replace", "Replace"
    )


def _token_refused(error: errors.Unauthenticated, place: Place) -> Problem:
    if place.deed in (Deed.ADDING_TOKEN, Deed.SIGNING_IN):
        return _entry_refused(error, place)
    return _mend(
        place,
        f"Core no longer accepts your token for {place.company.name}.",
        "token_replace",
        "Replace",
        # Unlike the other ways to this page, here Core was asked.
        meaning="Core refused; nothing was changed." if place.deed is Deed.CHANGING else "",
        core_text=error.detail,
    )


def _entry_refused(error: errors.Unauthenticated, place: Place) -> Problem:
    signing_in = place.deed is Deed.SIGNING_IN
    return Problem(
        title="Patchworks does not accept this e-mail and password."
        if signing_in
        else f"Core does not accept this token for {place.company.name}.",
        meaning=_unchanged(place, ""),
        next_text="Type them once more."
        if signing_in
        else "Check that it was copied whole, is of the right kind, and was not revoked.",
        next_href="",
        next_label="",
        kind="danger",
        status=422,
        core_text=error.detail,
    )


def _token_missing(error: TokenMissing, place: Place) -> Problem:
    return _mend(
        place, f"You have no token for {place.company.name} yet.", "token_add", "Add token", "info"
    )


def _token_unreadable(error: TokenUnreadable, place: Place) -> Problem:
    return _mend(
        place,
        f"Your token for {place.company.name} can no longer be opened.",
        "token_replace",
        "Replace",
        meaning="This happens when the company's address or the panel's key was changed. "
        + _unchanged(place, ""),
    )


def _mend(
    place: Place,
    title: str,
    page: str,
    label: str,
    kind: str = "warning",
    *,
    meaning: str = "",
    core_text: str = "",
) -> Problem:
    return Problem(
        title=title,
        meaning=meaning
        or _unchanged(place, "Pools are read with your own token, as Core judges it."),
        next_text="Afterwards you come back here, and your entries are still filled in."
        if place.deed is Deed.CHANGING
        else "Afterwards you come back to where you were.",
        next_href=place.token_href(page),
        next_label=label,
        kind=kind,
        status=403,
        core_text=core_text,
        mends_token=True,
    )


def _forbidden(error: errors.Forbidden, place: Place) -> Problem:
    return Problem(
        title="Core does not allow this with your token.",
        meaning="Core refused; nothing was changed."
        if place.deed is Deed.CHANGING
        else "Core refused to show it.",
        next_text="It may be a read-only key: use one with manager access, or ask a colleague.",
        next_href=place.token_href("token_replace"),
        next_label="Replace",
        kind="danger",
        status=403,
        core_text=error.detail,
        mends_token=True,
    )


def _not_found(error: errors.NotFound, place: Place) -> Problem:
    return Problem(
        title=f"{place.company.name} has no such pool.",
        meaning="It was deleted, or its number belongs to another company."
        + (" Nothing was changed." if place.deed is Deed.CHANGING else ""),
        next_text="Look for it in the list.",
        next_href=place.list_href,
        next_label="Pools",
        kind="warning",
        status=404,
        core_text=error.detail,
    )


def _invalid(error: errors.Invalid, place: Place) -> Problem:
    return Problem(
        title="Core refused these values.",
        meaning="Nothing was changed.",
        next_text="Core's reasons stand next to the fields."
        if error.fields
        else "Change them and send the form again.",
        next_href="",
        next_label="",
        kind="danger",
        status=422,
        core_text="" if error.fields else error.detail,
    )


def _rate_limited(error: errors.RateLimited, place: Place) -> Problem:
    seconds = error.retry_after_seconds
    return Problem(
        title="Core asks for a pause: too many calls for this account.",
        meaning="Core refused; nothing was changed." if place.deed is Deed.CHANGING else "",
        next_text=f"Try again in {_duration(seconds or 60)}.",
        next_href="" if place.filling_in else place.here,
        next_label="" if place.filling_in else "Try again",
        kind="warning",
        status=429,
    )


def _duration(seconds: int) -> str:
    """A wait as people say it: seconds, minutes or hours, rounded up."""
    for unit, length in (("s", 1), ("min", 60)):
        if seconds < 120 * length:
            return f"{-(-seconds // length)} {unit}"
    return f"{-(-seconds // 3600)} h"


def _refused(error: errors.Refused, place: Place) -> Problem:
    return Problem(
        title="Core refused this.",
        meaning="Nothing was changed.",
        next_text="If Core's own words do not help, an administrator can look up the request id.",
        next_href="",
        next_label="",
        kind="danger",
        status=502 if error.status is None else 409,
        core_text=error.detail,
    )


def _unanswered(error: errors.Unanswered, place: Place) -> Problem:
    return Problem(
        title="Core gave no usable answer.",
        meaning=_unchanged(place, "It was reached, but did not answer completely or in time."),
        **_again(place),
        kind="danger",
        status=502,
        core_text=error.detail,
        detail=cause_of(error),
    )


def _unexpected(error: errors.Unexpected, place: Place) -> Problem:
    return Problem(
        title="This does not look like Core answering.",
        meaning=_unchanged(place, "The answer was not what Core's contract says."),
        next_text="An administrator can check the company's address.",
        next_href="" if place.filling_in else place.here,
        next_label="" if place.filling_in else "Try again",
        kind="danger",
        status=502,
        core_text=error.detail,
        detail=cause_of(error),
    )


def _conflict(error: Conflict, place: Place) -> Problem:
    return Problem(
        title="Somebody changed this pool since you opened the form.",
        meaning="Nothing was sent.",
        next_text="Compare below, then save once more to apply your values to the pool as it is.",
        next_href="",
        next_label="",
        kind="warning",
        status=409,
    )


def _cannot_revert(error: CannotRevert, place: Place) -> Problem:
    meaning, instead = _HINDRANCES[error.hindrance]
    return Problem(
        title="This change cannot be reverted.",
        meaning=meaning,
        next_text=instead,
        next_href=place.list_href,
        next_label="Pools",
        kind="warning",
        status=409,
    )


def _held(error: PoolHeld, place: Place) -> Problem:
    if error.under_way:
        return Problem(
            title="Another change of this pool is being sent just now.",
            meaning=f"{error.actor_name} sent it. Nothing of yours was sent.",
            next_text="Try again in a moment: its page says how it ended.",
            next_href=reverse("pools:change", args=[error.change_id]),
            next_label="Open the change",
            kind="warning",
            status=409,
        )
    return Problem(
        title="An earlier change of this pool has no known outcome yet.",
        meaning=f"{error.actor_name} sent it; until it is clear what became of it, "
        "the pool cannot be changed again. Nothing was sent.",
        next_text="Its page has Check again, which finds out what became of it.",
        next_href=reverse("pools:change", args=[error.change_id]),
        next_label="Open the change",
        kind="warning",
        status=409,
    )


def _ledger_unwritable(error: LedgerUnwritable, place: Place) -> Problem:
    return Problem(
        title="The change could not be recorded, so it was not sent.",
        meaning="Nothing was changed. Reading pools still works.",
        next_text="Tell an administrator: the panel's database cannot be written.",
        next_href="",
        next_label="",
        kind="danger",
        status=503,
    )


def _outcome_unwritten(error: OutcomeUnwritten, place: Place) -> Problem:
    ended = {
        "done": "Core did it",
        "refused": "Core refused it",
        "not_sent": "It was not sent",
        "unknown": "Core gave no clear answer",
    }[error.outcome]
    return Problem(
        title=f"{ended}, but that could not be recorded.",
        meaning="The record shows the change as begun, without an outcome. Do not send it again.",
        next_text="Tell an administrator: the panel's database cannot be written.",
        next_href=place.list_href,
        next_label="Pools",
        kind="danger",
        status=500,
    )


# The first row that fits is taken: an error stands before its base.
_ROWS: tuple[tuple[type[Exception], Callable[[Any, Place], Problem]], ...] = (
    (TokenMissing, _token_missing),
    (TokenUnreadable, _token_unreadable),
    (errors.CredentialExpired, _token_expired),
    (errors.Busy, _busy),
    (errors.NotSent, _not_sent),
    (errors.Unauthenticated, _token_refused),
    (errors.Forbidden, _forbidden),
    (errors.NotFound, _not_found),
    (errors.Invalid, _invalid),
    (errors.RateLimited, _rate_limited),
    (errors.Refused, _refused),
    (errors.Unanswered, _unanswered),
    (errors.Unexpected, _unexpected),
    (Conflict, _conflict),
    (PoolHeld, _held),
    (CannotRevert, _cannot_revert),
    (LedgerUnwritable, _ledger_unwritable),
    (OutcomeUnwritten, _outcome_unwritten),
)
