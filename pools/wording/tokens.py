"""A person's tokens in words: their state, what they give access to, what was done to them.

And what people read where theirs is missing, over, or no longer accepted by Patchworks.
"""

from datetime import datetime
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format

from pools.core import errors
from pools.models.vocabulary import Action
from pools.tokens.keeping import TokenMissing, TokenScope, TokenUnreadable
from pools.tokens.state import TokenState
from pools.wording.core_errors import quoted, unchanged
from pools.wording.names import isolated
from pools.wording.numbers import counted
from pools.wording.situations import Activity, Problem, Situation, in_one_line

STATES: Final[dict[TokenState, str]] = {
    TokenState.MISSING: "No token yet",
    TokenState.READY: "Token works",
    TokenState.UNCONFIRMED: "Waiting for you to confirm the token",
    TokenState.EXPIRING: "Token expires soon",
    TokenState.EXPIRED: "Token expired",
    TokenState.REFUSED: "Patchworks no longer accepts this token",
    TokenState.UNREADABLE: "This token can no longer be used",
    TokenState.ARCHIVED: "Company archived: kept, but not used",
}
# Beside the state of the token in use.
NEW_ONE_WAITS: Final = "Waiting for you to confirm a new token"
# The button for the one thing to do next; every other state is mended by a new token.
_NEXT: Final = {TokenState.MISSING: "Add token", TokenState.UNCONFIRMED: "Confirm"}

_CHECK_ENTRY: Final = (
    "Check that you copied all of it, that it is of the right kind, and that it has not been "
    "revoked."
)


def next_label(state: TokenState) -> str:
    """The word on the button that mends this state."""
    return _NEXT.get(state, "Replace")


def pools_counted(scope: TokenScope) -> str:
    """What a token gives access to: for instance 257 pools."""
    if scope.total is None:
        return "an unknown number of pools"
    if scope.total == 0:
        return "no pools"
    return counted(scope.total, "pool")


def works(company: str, scope: TokenScope) -> str:
    """After *Verify*: Patchworks accepted the token, and this is what it shows."""
    names = ", ".join(map(isolated, scope.names))
    what = pools_counted(scope) + (f", starting with {names}" if names else "")
    return f"Your token for {company} works. It gives access to {what}."


def in_use(company: str) -> str:
    """After a token was confirmed."""
    return f"You're now using this token for {company}."


def expires_soon(company: str, at: datetime) -> str:
    """A warning in the last hours of a token."""
    return f"Your token for {company} expires at {date_format(timezone.localtime(at), 'H:i')}."


def not_verified(problem: Problem) -> str:
    """After *Verify* did not work."""
    return in_one_line(problem)


def discarded(company: str, *, still_in_use: bool) -> str:
    """After a new token turned out not to be the right one."""
    kept = " Your current token stays in use." if still_in_use else ""
    return f"The new token for {company} was discarded.{kept}"


def removed(company: str) -> str:
    """After the token in use was removed."""
    return f"Your token for {company} was removed from the panel."


def tokens_stopped_working(count: int) -> str:
    """After a company's address was changed: `count` tokens were bound to the old one."""
    tokens, again = (
        ("1 stored token", "Its owner must add it")
        if count == 1
        else (f"{count} stored tokens", "Their owners must add them")
    )
    return f"The address has changed, so {tokens} stopped working. {again} again."


def worth_replacing(days: int) -> str:
    """A word about a key that never expires. `days`: how long it has been in use."""
    return f"In use for {counted(days, 'day')}. It never expires, so consider replacing it."


def missing(error: TokenMissing, situation: Situation) -> Problem:
    return _mend(
        situation,
        f"You need a Patchworks token for {situation.company.name}.",
        mending=("token_add", "Add token"),
        kind="info",
    )


def unreadable(error: TokenUnreadable, situation: Situation) -> Problem:
    return _mend(
        situation,
        f"Your stored token for {situation.company.name} no longer works.",
        meaning="The company's address or the panel's key has changed since you added it.",
    )


def expired(error: errors.CredentialExpired, situation: Situation) -> Problem:
    if situation.of_token:
        return Problem(
            title=f"This token for {situation.company.name} has expired.",
            meaning=unchanged(situation),
            next_text="Get a new one from Patchworks, and add that.",
            kind="danger",
            status=422,
        )
    return _mend(situation, f"Your token for {situation.company.name} has expired.")


def refused(error: errors.Unauthenticated, situation: Situation) -> Problem:
    if situation.of_token:
        return _entry_refused(error, situation)
    return _mend(
        situation,
        f"Patchworks no longer accepts your token for {situation.company.name}.",
        core_text=quoted(error),
    )


def _entry_refused(error: errors.Unauthenticated, situation: Situation) -> Problem:
    company = situation.company.name
    words: dict[Activity | Action, tuple[str, str]] = {
        Activity.SIGNING_IN: (
            "Patchworks doesn't accept this e-mail and password.",
            "Type them again.",
        ),
        Activity.TRYING_TOKEN: (
            f"The sign-in worked, but {company} at Patchworks doesn't accept the token it gave.",
            "Ask an administrator to check the company's two addresses.",
        ),
    }
    pasted = (f"Patchworks doesn't accept this token for {company}.", _CHECK_ENTRY)
    title, next_text = words.get(situation.doing, pasted)
    return Problem(
        title=title,
        meaning=unchanged(situation),
        next_text=next_text,
        kind="danger",
        status=422,
        core_text=quoted(error),
    )


def _mend(
    situation: Situation,
    title: str,
    *,
    meaning: str = "",
    mending: tuple[str, str] = ("token_replace", "Replace"),
    kind: str = "warning",
    core_text: str = "",
) -> Problem:
    """The way to the token and back."""
    page, label = mending
    verb = "Add" if page == "token_add" else "Replace"
    kept = " Your entries are kept." if situation.filling_in or situation.kept else ""
    return Problem(
        title=title,
        meaning=f"{meaning} {unchanged(situation)}".strip(),
        next_text=f"{verb} it, and you'll come straight back here.{kept}",
        next_href=situation.token_href(page),
        next_label=label,
        kind=kind,
        status=403,
        core_text=core_text,
        mends_token=True,
    )
