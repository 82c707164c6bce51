"""Which addresses the panel may send a credential to, and the paths below them.

Pure text: nothing is looked up here. A name that turns out to point at a forbidden
address is refused again when the connection is made (see `is_forbidden_address`).
"""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

POOLS_PATH: Final = "/api/v1/connection-pools"
LARGEST_POOL_ID: Final = 2**63 - 1
LONGEST_URL: Final = 500

_ALLOWED_TEXT = re.compile(r"[\x21-\x7e]+")
_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_NUMBER_LABEL = re.compile(r"(?:\d+|0x[0-9a-f]*)")
_PATH_PART = re.compile(r"[A-Za-z0-9._~-]+")

_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "instance-data"})
_METADATA_ADDRESSES = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def check_base_url(url: str, plain_http_hosts: frozenset[str] = frozenset()) -> str:
    """The address in its normal form: lower-case host, no default port, no closing slash.

    Scheme, host, port and path prefix only. `plain_http_hosts` are the host names that
    may be spoken to without TLS, besides loopback. Raises ValueError with a sentence
    that says what is wrong; the sentence never repeats the address, which may hold a
    password.
    """
    if not url or len(url) > LONGEST_URL:
        raise ValueError(f"Enter an address of 1 to {LONGEST_URL} characters.")
    if not _ALLOWED_TEXT.fullmatch(url):
        raise ValueError("The address may hold no spaces, line breaks or non-ASCII characters.")
    parts = _split(url)
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError("The address must start with https:// (or http:// where allowed).")
    if "@" in parts.netloc or "\\" in url:
        raise ValueError("The address may hold no user name, password or backslash.")
    if "?" in url or "#" in url:
        raise ValueError("The address may hold no query (?) and no fragment (#).")
    host = _checked_host(parts)
    port = _checked_port(parts)
    if parts.scheme == "http" and not _is_loopback(host) and host not in plain_http_hosts:
        raise ValueError(
            "Plain http is allowed only to this machine and to hosts that the settings name."
        )
    authority = f"[{host}]" if ":" in host else host
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        authority = f"{authority}:{port}"
    return f"{parts.scheme}://{authority}{_checked_path(parts.path)}"


def check_proxy_url(url: str) -> None:
    """ValueError unless this is http(s)://[user:password@]host[:port]; never repeats it."""
    parts = _split(url)
    text_fits = _ALLOWED_TEXT.fullmatch(url) and "?" not in url and "#" not in url
    if not text_fits or parts.scheme not in _DEFAULT_PORTS or parts.path not in {"", "/"}:
        raise ValueError("A proxy's address is http:// or https:// with a host and a port.")
    _checked_port(parts)
    if not parts.hostname:
        raise ValueError("A proxy's address needs a host name.")


def pool_path(pool_id: int) -> str:
    """The path of one pool below the base URL. ValueError for what cannot be a pool's id."""
    if type(pool_id) is not int or not 1 <= pool_id <= LARGEST_POOL_ID:
        raise ValueError("A pool's id is a whole number from 1 up.")
    return f"{POOLS_PATH}/{pool_id}"


def is_forbidden_address(address: IPv4Address | IPv6Address) -> bool:
    """Whether a credential may never go there: link-local, cloud metadata, no host at all."""
    inner = _inner_address(address)
    if inner is not None:
        return is_forbidden_address(inner)
    return (
        address in _METADATA_ADDRESSES
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address == IPv4Address("255.255.255.255")
    )


def _inner_address(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, NAT64), if any."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise ValueError("This is not an address.") from None


def _checked_host(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    if parts.netloc.startswith("[") or ":" in host:
        return _checked_literal(host)
    if not _HOST_NAME.fullmatch(host):
        raise ValueError("The address needs a host name (an international one as xn--…).")
    # What ends in a number is read as an IPv4 address by resolvers, in spellings
    # (2852039166, 0xa9.254, 010.1) that hide where it goes: one spelling is allowed.
    if _NUMBER_LABEL.fullmatch(host.rpartition(".")[2]):
        return _checked_literal(host)
    if host in _METADATA_NAMES:
        raise ValueError("This host is a cloud's metadata service, not Core.")
    return host


def _checked_literal(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        raise ValueError("The IP address is not written in its usual form.") from None
    if getattr(address, "scope_id", None):
        raise ValueError("The IP address may hold no zone.")
    if is_forbidden_address(address):
        raise ValueError("Link-local, metadata and other special addresses are not allowed.")
    return str(address)


def _checked_port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("The port must be a number from 1 to 65535.")
    return port


def _checked_path(path: str) -> str:
    trimmed = path.removesuffix("/")
    if not trimmed:
        return ""
    for part in trimmed[1:].split("/"):
        if part in {"", ".", ".."} or not _PATH_PART.fullmatch(part):
            raise ValueError(
                "The path may hold letters, digits and . _ ~ - between single slashes only."
            )
    return trimmed


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
