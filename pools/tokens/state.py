"""What a person has to know about their token: whether it works, and when it ends."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.conf import settings

from pools.models import Token
from pools.tokens.keeping import is_readable

# How long before its end a token counts as expiring soon.
EXPIRES_SOON: Final = timedelta(hours=2)
# A token that never expires is worth replacing after so many days, unless TOKEN_NUDGE_DAYS is set.
NUDGE_DAYS: Final = 180


class TokenState(StrEnum):
    """What a person has to know about their token."""

    MISSING = "missing"
    READY = "ready"
    UNCONFIRMED = "unconfirmed"
    EXPIRING = "expiring"  # within two hours
    EXPIRED = "expired"
    REFUSED = "refused"  # Core answered 401 since it last worked
    UNREADABLE = "unreadable"
    ARCHIVED = "archived"  # its company is: it is kept, and not used


# Those in which Core can be asked with it.
WORKING: Final = frozenset({TokenState.READY, TokenState.EXPIRING})


def state_of(token: Token | None, now: datetime) -> TokenState:
    """The state of a token, by what is known here: nothing is asked of Core."""
    if token is None:
        return TokenState.MISSING
    if token.company.archived_at is not None:
        return TokenState.ARCHIVED
    if not is_readable(token):
        return TokenState.UNREADABLE
    if token.expires_at is not None and token.expires_at <= now:
        return TokenState.EXPIRED
    if token.refused_at is not None:
        return TokenState.REFUSED
    if token.confirmed_at is None:
        return TokenState.UNCONFIRMED
    if token.expires_at is not None and token.expires_at - now <= EXPIRES_SOON:
        return TokenState.EXPIRING
    return TokenState.READY


def days_worth_replacing(token: Token | None, now: datetime) -> int | None:
    """For how many days a token that never expires is in use, once it is worth replacing."""
    if token is None or token.expires_at is not None:
        return None
    least: int | None = settings.TOKEN_NUDGE_DAYS
    days = (now - token.created_at).days
    return days if days >= (NUDGE_DAYS if least is None else least) else None
