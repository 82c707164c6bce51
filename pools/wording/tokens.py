"""A person's tokens in words: their state, what they give access to, what was done to them."""

from datetime import datetime
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format

from pools.tokens.keeping import TokenScope
from pools.tokens.state import TokenState
from pools.wording.names import isolated
from pools.wording.numbers import counted
from pools.wording.situations import Problem, in_one_line

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
