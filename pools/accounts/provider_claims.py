"""What the provider says of a person, in the types that OpenID Connect gives its claims.

Providers send a number for a user name, and the text "true" for true. A claim that is of no use
is left out: the person comes in without it.
"""

from collections.abc import Mapping
from typing import Any, Final

from allauth.socialaccount import app_settings
from allauth.socialaccount.providers.oauth2.client import OAuth2Error

from pools.ledger.canonical import storable_facts

_TEXTS: Final = ("preferred_username", "name", "given_name", "family_name", "email")


def as_specified(told: Any) -> dict[str, Any]:
    """The claims as every database can hold them: names as text, true and false as such.

    OAuth2Error where the provider sent no object, or a subject that can't be kept as it is. The
    subject alone says whose account it is.
    """
    if not isinstance(told, Mapping):
        raise OAuth2Error("the claims are no object")
    claims: dict[str, Any] = storable_facts(told)
    subject = claims.get("sub")
    if subject != told.get("sub") or len(str(subject)) > app_settings.UID_MAX_LENGTH:
        raise OAuth2Error("the subject can't be kept as it is")
    claims |= {name: _text(claims[name]) for name in _TEXTS if name in claims}
    if "email_verified" in claims:
        claims["email_verified"] = claims["email_verified"] in (True, "true")
    return claims


def _text(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""
