"""Sending mail, from the environment: invitations, and links to a new password.

Both work without it: an administrator hands the link over.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from adminpanel.environment import env, required
from pools.secret import Secret

# Scheme → whether the connection is encrypted later, or from the start; and the usual port.
_SCHEMES: Final = {
    "smtp": (False, False, 25),
    "smtp+tls": (True, False, 587),
    "smtps": (False, True, 465),
}


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The mail server, and who mails come from."""

    host: str
    port: int
    user: str
    password: Secret
    starttls: bool
    tls: bool
    sender: str


def mail_settings() -> MailSettings | None:
    """What EMAIL_URL says, for instance smtp+tls://user:password@mail.example; None without it."""
    text = env.str("EMAIL_URL", default="").strip()
    if not text:
        return None
    try:
        url = urlsplit(text)
        starttls, tls, usual_port = _SCHEMES[url.scheme]
        host, port = url.hostname, url.port or usual_port
    except (KeyError, ValueError):
        host = None
    if not host:
        raise ImproperlyConfigured(
            "EMAIL_URL must look like smtp+tls://user:password@mail.example:587 "
            "(or smtp:, or smtps:)."
        )
    return MailSettings(
        host=host,
        port=port,
        user=unquote(url.username or ""),
        password=Secret(unquote(url.password or "")),
        starttls=starttls,
        tls=tls,
        sender=required("EMAIL_FROM", "EMAIL_URL needs an address that mails come from."),
    )
