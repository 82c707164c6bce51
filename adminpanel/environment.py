"""How settings are read from the environment: a wrong one is refused in one sentence.

A value is used exactly as it is, from the environment and from a file alike: nothing in it
is replaced. What a setting means decides what is left out: spaces around a word or a number,
and the line break that ends a file. An empty value counts as not set.
"""

import base64
import binascii
import re
import ssl
from collections.abc import Collection
from datetime import date
from ipaddress import IPv6Address, ip_network
from typing import Final, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

from pools.core.addresses import Network, check_host, check_proxy_url
from pools.secret import Secret
from pools.tickets import Tickets, tickets_of

KEY_BYTES: Final = 32
SECRET_KEY_LENGTH: Final = 50
KEY_ID = re.compile(r"[a-z0-9-]{1,32}")

_CONTROL_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MACHINE_TOKEN = re.compile(r"[\x21-\x7e]{24,}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LOG_ORIGIN = re.compile(r"[\x21-\x2a\x2c-\x7e]{1,255}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_ORIGIN = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?")
_LISTENING = re.compile(
    r"(?:\[[0-9a-f:.]+\]|[\w.-]+):([0-9]{1,5})|unix:/\S+|fd://[0-9]+", re.ASCII | re.IGNORECASE
)
# Digits as people type them in a settings file: no sign, no exponent, no other alphabet.
_WHOLE_NUMBER = re.compile(r"[0-9]{1,15}")
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")
_LARGEST_PORT: Final = 65535
_USUAL_PORTS: Final = {"http": 80, "https": 443}
_SWITCH: Final = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


class _Readable(FileAwareMapping):  # type: ignore[misc]  # (django-environ has no types)
    """The environment, in which NAME_FILE names a file with the value of NAME."""

    def __getitem__(self, key: str) -> str:
        try:
            value = cast(str, super().__getitem__(key))
            value.encode()
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
            file = self.env.get(f"{key}_FILE")
            named = f"{key}_FILE names {file}, which" if file else key
            raise ImproperlyConfigured(f"{named} cannot be read: {reason}.") from None
        # An editor ends each file with one.
        return value.rstrip("\n") if self.env.get(f"{key}_FILE") else value


_environment: Final = _Readable(cache=False)


def as_it_stands(name: str) -> str:
    """The setting's text with every character that was given: for secrets. "" if not set."""
    return cast(str, _environment.get(name, ""))


def text(name: str, default: str = "") -> str:
    """One line of text, without the spaces around it; `default` where there is none."""
    value = as_it_stands(name).strip()
    if _CONTROL_CHARACTER.search(value):
        raise ImproperlyConfigured(f"{name} must be one line of text, without control characters.")
    return value or default


def required(name: str, hint: str) -> str:
    """The same of a setting without a default. Not set: no start, and `hint` says what to do."""
    return text(name) or _missing(name, hint)


def required_as_it_stands(name: str, hint: str) -> str:
    """The same with every character that was given: for secrets."""
    return as_it_stands(name) or _missing(name, hint)


def _missing(name: str, hint: str) -> str:
    raise ImproperlyConfigured(f"{name} is not set. {hint}")


def secret_key() -> str:
    """The key that signs sessions must be impossible to guess."""
    value = required_as_it_stands("SECRET_KEY", "Run `manage.py newkeys` to make one.")
    if len(value) < SECRET_KEY_LENGTH or len(set(value)) < SECRET_KEY_LENGTH // 10:
        raise ImproperlyConfigured(
            f"SECRET_KEY must be at least {SECRET_KEY_LENGTH} random characters. "
            "Run `manage.py newkeys` to make one."
        )
    return value


def items(name: str) -> list[str]:
    """The parts of a list separated by commas, without spaces; an empty part is refused."""
    parts = [part.strip() for part in text(name).split(",")] if text(name) else []
    if "" in parts:
        raise ImproperlyConfigured(f"{name} has an empty item: check its commas.")
    return parts


def hosts(name: str) -> list[str]:
    """Exact host names as Django compares them: lower-case, without scheme and port."""
    required(name, "Name the host that people type, such as panel.example.com.")
    return [_host(name, item) for item in items(name)]


def _host(name: str, item: str) -> str:
    host = item.lower()
    try:
        if host.startswith("["):
            host = f"[{IPv6Address(host[1:-1])}]"
    except ValueError:
        host = ""
    if not _HOST.fullmatch(host):
        raise ImproperlyConfigured(
            f"{name} must list exact host names, such as panel.example.com, separated by commas: "
            f"{item!r} is not one."
        )
    return host


def plain_http_hosts(name: str) -> frozenset[str]:
    """Hosts that may be called without TLS, as `check_base_url` compares them."""
    names = set()
    for item in items(name):
        try:
            names.add(check_host(item))
        except ValueError as error:
            raise ImproperlyConfigured(
                f"{name} must list hosts, such as core.internal, separated by commas: "
                f"{item!r} is not one. {error}"
            ) from None
    return frozenset(names)


def networks(name: str) -> tuple[Network, ...]:
    """Networks of IP addresses, each as its first address and the length of its prefix."""
    ranges = []
    for item in items(name):
        try:
            ranges.append(ip_network(item))
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} must list networks, such as 10.20.0.0/16, separated by commas: "
                f"{item!r} is not one."
            ) from None
    return tuple(ranges)


def public_url(name: str, *, https: bool) -> str:
    """The address that people open, without a path; "" where it is not set."""
    url = text(name)
    if not url:
        return ""
    url = origin(name, url)
    if url.startswith("https://") != https:
        scheme, switched = ("https", "true") if https else ("http", "false")
        raise ImproperlyConfigured(f"{name} must start with {scheme}://, as HTTPS is {switched}.")
    return url


def origin(name: str, url: str) -> str:
    """Scheme and host as browsers write them: lower-case, without the scheme's usual port."""
    parts = _ORIGIN.fullmatch(url.lower())
    port = int(parts[3] or _USUAL_PORTS[parts[1]]) if parts else 0
    if not parts or not 0 < port <= _LARGEST_PORT:
        raise ImproperlyConfigured(
            f"{name} must be a scheme and a host, such as https://panel.example.com, not {url!r}."
        )
    host = _host(name, parts[2])
    return f"{parts[1]}://{host}" + (f":{port}" if port != _USUAL_PORTS[parts[1]] else "")


def host_of(url: str) -> str:
    """The host of an origin, as ALLOWED_HOSTS has it."""
    parts = _ORIGIN.fullmatch(url)
    return parts[2] if parts else ""


def switch(name: str, *, default: bool) -> bool:
    """On or off. What is neither refuses: a misspelt HTTPS=ture must not mean off."""
    word = text(name).lower()
    if word and word not in _SWITCH:
        raise ImproperlyConfigured(f"{name} must be true or false, not {word!r}.")
    return _SWITCH.get(word, default)


def one_of(name: str, choices: Collection[str], default: str) -> str:
    """One of these words, in capitals or not."""
    word = text(name, default)
    for choice in choices:
        if choice.lower() == word.lower():
            return choice
    raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {word!r}.")


def log_format() -> str:
    """How lines of the log are written, gunicorn's own too."""
    return one_of("LOG_FORMAT", ("json", "text"), "json")


def time_zone(name: str) -> str:
    """The name of a time zone; UTC where none is set."""
    zone = text(name, "UTC")
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ImproperlyConfigured(
            f"{name} must be a time zone such as Europe/London, not {zone!r}."
        ) from None
    return zone


def listening_address(name: str, default: str) -> str:
    """Where gunicorn listens: a host or an address with a port, or a socket's path."""
    address = text(name, default)
    parts = _LISTENING.fullmatch(address)
    if not parts or int(parts[1] or 0) > _LARGEST_PORT:
        raise ImproperlyConfigured(
            f"{name} must be an address and a port, such as {default}, not {address!r}."
        )
    return address


def certificates(name: str) -> str | None:
    """A file of certificates to trust, in PEM; None where it is not set."""
    path = text(name)
    if not path:
        return None
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name} names {path}, but no certificates can be read from it: "
            f"{error.strerror or error}."
        ) from None
    return path


def proxy(name: str) -> str | None:
    """The address of a proxy for calls that go out; None where it is not set."""
    url = text(name)
    if not url:
        return None
    try:
        check_proxy_url(url)
    except ValueError:
        # Not quoted: it may hold a password.
        raise ImproperlyConfigured(f"{name} must look like http://proxy.example:3128.") from None
    return url


def number(name: str, default: float, *, least: float, most: float) -> float:
    """A number within bounds (in the unit that the name ends with)."""
    value = text(name, str(default))
    if not _NUMBER.fullmatch(value) or not least <= float(value) <= most:
        raise ImproperlyConfigured(
            f"{name} must be a number from {least:g} to {most:g}, not {value!r}."
        )
    return float(value)


def number_or_none(name: str, *, least: float, most: float) -> float | None:
    """The same; None where it is not set."""
    return number(name, least, least=least, most=most) if text(name) else None


def whole_number(name: str, default: int, *, least: int, most: int) -> int:
    """The same without a fraction."""
    value = text(name, str(default))
    if not _WHOLE_NUMBER.fullmatch(value) or not least <= int(value) <= most:
        raise ImproperlyConfigured(
            f"{name} must be a whole number from {least} to {most}, not {value!r}."
        )
    return int(value)


def whole_number_or_none(name: str, *, least: int, most: int) -> int | None:
    """The same; None where it is not set."""
    return whole_number(name, least, least=least, most=most) if text(name) else None


def day_or_none(name: str) -> date | None:
    """A day such as 2024-01-31; None where none is set."""
    value = text(name)
    if not value:
        return None
    # fromisoformat also reads weeks, and days without hyphens.
    try:
        return date.fromisoformat(value if _DAY.fullmatch(value) else "")
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} must be a day such as 2024-01-31, not {value!r}."
        ) from None


def keys(name: str) -> tuple[tuple[str, Secret], ...]:
    """Keys as `id:base64[,older…]`; each is 32 bytes, the first is used for new rows."""
    required(name, "Run `manage.py newkeys` to make some.")
    return keys_if_any(name)


def keys_if_any(name: str) -> tuple[tuple[str, Secret], ...]:
    """The same of a setting that need not be there."""
    pairs = []
    for part in items(name):
        key_id, _, encoded = part.partition(":")
        if not KEY_ID.fullmatch(key_id):
            raise ImproperlyConfigured(
                f"{name} has a key without a valid id "
                "(1 to 32 characters of a-z, 0-9 and -, then a colon)."
            )
        pairs.append((key_id, _key(name, key_id, encoded)))
    if len({key_id for key_id, _ in pairs}) != len(pairs):
        raise ImproperlyConfigured(f"{name} has two keys with the same id.")
    return tuple(pairs)


def https_url(name: str) -> str:
    """An address that something is sent to, over HTTPS alone; "" where it is not set."""
    url = text(name)
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and bool(parts.hostname) and (parts.port or 1) > 0
        usable = usable and parts.username is None and not parts.fragment and " " not in url
    except ValueError:
        usable = False
    if url and not usable:
        # Not quoted: it may hold a token.
        raise ImproperlyConfigured(
            f"{name} must be an address such as https://witness.example.com/checkpoints, without "
            "a user and without #."
        )
    return url


def log_origin(name: str, host: str) -> str:
    """What names the record's tree to whoever verifies it: a host and a path, without scheme."""
    value = text(name, f"{host}/ledger")
    if not _LOG_ORIGIN.fullmatch(value):
        raise ImproperlyConfigured(
            f"{name} must be a name such as panel.example.com/ledger, without spaces and +, "
            f"not {value!r}."
        )
    return value


def machine_token(name: str) -> Secret | None:
    """What an address for programs asks for; None: there is no such address."""
    token = as_it_stands(name)
    if token and not _MACHINE_TOKEN.fullmatch(token):
        raise ImproperlyConfigured(f"{name} must be at least 24 random characters, without spaces.")
    return Secret(token) if token else None


def tickets() -> Tickets:
    """What ticket ids look like, and where they lead to."""
    try:
        return tickets_of(as_it_stands("TICKET_PATTERN"), text("TICKET_URL"))
    except ValueError as error:
        raise ImproperlyConfigured(str(error)) from None


def _key(name: str, key_id: str, encoded: str) -> Secret:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ImproperlyConfigured(f"{name}: key {key_id} is not {KEY_BYTES} bytes in base64.")
    return Secret(encoded)
