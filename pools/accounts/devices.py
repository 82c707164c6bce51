"""A browser in which someone signed in before.

Guesses from elsewhere are counted for the name; a browser that its owner has used is
counted alone. So nobody is locked out by strangers who keep guessing their password.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

# Keeps its spelling wherever it moves: browsers would no longer count as known.
_SALT: Final = "pools.accounts.devices"
_KEPT: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Device:
    """Who signed in here last, and a number of this browser's own."""

    user_id: int
    number: str


def device_of(request: HttpRequest) -> Device | None:
    """The browser's own statement, signed by this panel; None without one or when it is old."""
    text = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
    try:
        user_id, number = signing.loads(text, salt=_SALT, max_age=_KEPT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Device(user_id, number)


def remember_device(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """Notes in the browser that this person signed in with it."""
    device = device_of(request)
    number = device.number if device and device.user_id == user.pk else secrets.token_urlsafe(16)
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps([user.pk, number], salt=_SALT),
        max_age=int(_KEPT.total_seconds()),
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
