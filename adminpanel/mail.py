"""Sending mail, from the environment: invitations, and links to a new password.

Both work without it: an administrator hands the link over.
"""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import django
from django.core.exceptions import ImproperlyConfigured

from adminpanel.environment import required, text
from pools.secret import Secret

# Scheme → whether the connection is encrypted later, or from the start; and the usual port.
_SCHEMES: Final = {
    "smtp": (False, False, 25),
    "smtp+tls": (True, False, 587),
    "smtps": (False, True, 465),
}
# A server that says nothing keeps nobody waiting for longer.
TIMEOUT_SECONDS: Final = 10
# What each option of a mailer was called before Django 6.1.
_SETTINGS: Final = {
    "host": "EMAIL_HOST",
    "port": "EMAIL_PORT",
    "username": "EMAIL_HOST_USER",
    "password": "EMAIL_HOST_PASSWORD",
    "use_tls": "EMAIL_USE_TLS",
    "use_ssl": "EMAIL_USE_SSL",
    "timeout": "EMAIL_TIMEOUT",
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
    address = text("EMAIL_URL")
    if not address:
        return None
    try:
        url = urlsplit(address)
        starttls, tls, usual_port = _SCHEMES[url.scheme]
        host, port = url.hostname, url.port or usual_port
    except (KeyError, ValueError):
        host = None
    if not host:
        raise ImproperlyConfigured(
            "EMAIL_URL must look like smtp+tls://user:password@mail.example:587 "
            "(or start with smtp: or smtps:)."
        )
    return MailSettings(
        host=host,
        port=port,
        user=unquote(url.username or ""),
        password=Secret(unquote(url.password or "")),
        starttls=starttls,
        tls=tls,
        sender=required("EMAIL_FROM", "EMAIL_URL needs an address for mails to come from."),
    )


def settings_for_django(mail: MailSettings | None) -> dict[str, Any]:
    """The settings that have Django send so, or drop every mail where there is no mail server.

    Django 6.1 warns of the old settings, and earlier ones don't know the new one.
    """
    backend = f"django.core.mail.backends.{'smtp' if mail else 'dummy'}.EmailBackend"
    options = {} if mail is None else _options(mail)
    if django.VERSION >= (6, 1):
        return {"MAILERS": {"default": {"BACKEND": backend, "OPTIONS": options}}}
    return {"EMAIL_BACKEND": backend} | {_SETTINGS[name]: options[name] for name in options}


def _options(mail: MailSettings) -> dict[str, Any]:
    return {
        "host": mail.host,
        "port": mail.port,
        "username": mail.user,
        "password": mail.password.reveal(),
        "use_tls": mail.starttls,
        "use_ssl": mail.tls,
        "timeout": TIMEOUT_SECONDS,
    }
