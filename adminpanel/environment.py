"""How settings are read from the environment: required ones refuse in one sentence."""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, Final, cast

from django.core.exceptions import ImproperlyConfigured
from environ import FileAwareEnv

from pools.secret import Secret
from pools.tickets import TicketLinks, ticket_links

KEY_BYTES: Final = 32
SHORTEST_TOKEN: Final = 24
_KEY_ID = re.compile(r"[a-z0-9-]{1,32}")

env = FileAwareEnv()


def required(name: str, hint: str) -> str:
    """The setting's text. Absent or empty: no start, and `hint` says what to do."""
    text = cast(str, env.str(name, default="")).strip()
    if not text:
        raise ImproperlyConfigured(f"{name} is not set; {hint}")
    return text


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
        if not _KEY_ID.fullmatch(key_id):
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
