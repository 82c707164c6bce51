"""How settings are read from the environment: required ones refuse in one sentence."""

import base64
import binascii
import re
import ssl
from collections.abc import Callable, Collection
from typing import Any, Final, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured
from environ import FileAwareEnv
from environ.fileaware_mapping import FileAwareMapping

from pools.secret import Secret
from pools.tickets import TicketLinks, ticket_links

KEY_BYTES: Final = 32
SECRET_KEY_LENGTH: Final = 50
SHORTEST_TOKEN: Final = 24
KEY_ID = re.compile(r"[a-z0-9-]{1,32}")

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]", re.IGNORECASE)
_LISTENING = re.compile(r"(\[[0-9a-f:.]+\]|[\w.-]+):\d{1,5}|unix:/\S+|fd://\d+", re.IGNORECASE)
_SWITCH: Final = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


class _Readable(FileAwareMapping):  # type: ignore[misc]  # (django-environ has no types)
    """NAME_FILE that cannot be read refuses like everything else that is wrong."""

    def __getitem__(self, key: str) -> str:
        try:
            return cast(str, super().__getitem__(key))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise ImproperlyConfigured(
                f"{key}_FILE names {self.env[f'{key}_FILE']}, which cannot be read: {reason}."
            ) from None


class _Environment(FileAwareEnv):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.ENVIRON = _Readable()


env = _Environment()


def required(name: str, hint: str) -> str:
    """The setting's text. Absent or empty: no start, and `hint` says what to do."""
    text = cast(str, env.str(name, default="")).strip()
    if not text:
        raise ImproperlyConfigured(f"{name} is not set; {hint}")
    return text


def secret_key() -> str:
    """Whatever signs sessions must not be guessed."""
    text = required("SECRET_KEY", "`manage.py newkeys` makes one.")
    if len(text) < SECRET_KEY_LENGTH or len(set(text)) < SECRET_KEY_LENGTH // 10:
        raise ImproperlyConfigured(
            f"SECRET_KEY must be {SECRET_KEY_LENGTH} or more random characters: "
            "`manage.py newkeys` makes one."
        )
    return text


def hosts(name: str) -> list[str]:
    """Exact host names, without scheme and port."""
    found = [host.strip() for host in required(name, "name the host that people type.").split(",")]
    for host in found:
        if not _HOST.fullmatch(host):
            raise ImproperlyConfigured(
                f"{name} must name exact hosts, such as panel.example.com: {host!r} is none."
            )
    return found


def switch(name: str, *, default: bool) -> bool:
    """On or off. What is neither refuses: a misspelt HTTPS=ture must not mean off."""
    text = env.str(name, default="").strip().lower()
    if text and text not in _SWITCH:
        raise ImproperlyConfigured(f"{name} must be true or false, not {text!r}.")
    return _SWITCH.get(text, default)


def one_of(name: str, choices: Collection[str], default: str) -> str:
    text = cast(str, env.str(name, default="")).strip() or default
    if text not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {text!r}.")
    return text


def time_zone(name: str) -> str:
    text = cast(str, env.str(name, default="")).strip() or "UTC"
    try:
        ZoneInfo(text)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ImproperlyConfigured(
            f"{name} must be a zone such as Europe/London, not {text!r}."
        ) from None
    return text


def origins(name: str) -> list[str]:
    """Scheme and host each, such as https://panel.example.com."""
    found = [origin.strip() for origin in env.list(name, default=[])]
    for origin in found:
        if not re.fullmatch(r"https?://[^/\s,]+", origin):
            raise ImproperlyConfigured(
                f"{name} must name origins such as https://panel.example.com: {origin!r} is none."
            )
    return found


def listening_address(name: str, default: str) -> str:
    """Where gunicorn listens: a host or an address with a port, or a socket's path."""
    text = cast(str, env.str(name, default="")).strip() or default
    if not _LISTENING.fullmatch(text):
        raise ImproperlyConfigured(
            f"{name} must be an address and a port, such as {default}, not {text!r}."
        )
    return text


def certificates(name: str) -> str | None:
    """A file of certificates to trust, in PEM; None where it is not set."""
    path = cast(str, env.str(name, default="")).strip()
    if not path:
        return None
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name} names {path}, which holds no certificates that can be read: "
            f"{error.strerror or error}."
        ) from None
    return path


def proxy(name: str) -> str | None:
    """The address of a proxy for calls that go out; None where it is not set."""
    text = cast(str, env.str(name, default="")).strip()
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if text and not good:
        # Not quoted: it may hold a password.
        raise ImproperlyConfigured(f"{name} must look like http://proxy.example:3128.")
    return text or None


def number(name: str, default: float, *, least: float, most: float) -> float:
    """A number within bounds (in the unit that the name ends with)."""
    return _bounded(name, env.str(name, default=str(default)), float, least, most)


def whole_number(name: str, default: int, *, least: int, most: int) -> int:
    return int(_bounded(name, env.str(name, default=str(default)), int, least, most))


def keys(name: str) -> tuple[tuple[str, Secret], ...]:
    """Keys as `id:base64[,older…]`; each is 32 bytes, the first is used for new rows."""
    pairs = []
    for part in required(name, "`manage.py newkeys` makes some.").split(","):
        key_id, _, text = part.strip().partition(":")
        if not KEY_ID.fullmatch(key_id):
            raise ImproperlyConfigured(f"{name} holds a key without a proper id (a-z, 0-9, -).")
        pairs.append((key_id, _key(name, key_id, text)))
    if len({key_id for key_id, _ in pairs}) != len(pairs):
        raise ImproperlyConfigured(f"{name} names the same key id twice.")
    return tuple(pairs)


def metrics_token() -> Secret | None:
    """What `/metrics` asks for; None: there is no such address."""
    text = env.str("METRICS_TOKEN", default="").strip()
    if text and len(text) < SHORTEST_TOKEN:
        raise ImproperlyConfigured(
            f"METRICS_TOKEN is too short: {SHORTEST_TOKEN} or more random characters."
        )
    return Secret(text) if text else None


def tickets() -> TicketLinks | None:
    """Where ticket ids lead to, None where that is not set."""
    try:
        return ticket_links(
            env.str("TICKET_PATTERN", default=""), env.str("TICKET_URL", default="")
        )
    except ValueError as error:
        raise ImproperlyConfigured(str(error)) from None


def _key(name: str, key_id: str, text: str) -> Secret:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ImproperlyConfigured(f"{name}: the key {key_id} is not base64 of {KEY_BYTES} bytes.")
    return Secret(text)


def _bounded(
    name: str, text: Any, kind: Callable[[str], float], least: float, most: float
) -> float:
    try:
        value = kind(str(text))
    except ValueError:
        raise ImproperlyConfigured(f"{name} is not a number: {text!r}.") from None
    if not least <= value <= most:
        raise ImproperlyConfigured(f"{name} is {text}; it must be from {least} to {most}.")
    return value
