"""Which addresses the panel may send a credential to, and the paths below them.

Pure text: nothing is looked up here. A name that turns out to point at a forbidden
address is refused again when the connection is made (see `is_forbidden_address`).
"""

import re
from collections.abc import Collection
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final
from urllib.parse import SplitResult, urlsplit

from pools.core.bounds import LARGEST_POOL_ID, LONGEST_URL

POOLS_PATH: Final = "/api/v1/connection-pools"

_ALLOWED_TEXT = re.compile(r"[\x21-\x7e]+")
_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_NUMBER_LABEL = re.compile(r"(?:\d+|0x[0-9a-f]*)")
_PATH_PART = re.compile(r"[A-Za-z0-9._~-]+")

Network = IPv4Network | IPv6Network

_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "instance-data"})
# Where no Core can be, even if the settings name such a network.
_NEVER: Final = tuple(
    ip_network(text)
    for text in (
        # Nobody, everybody, and the link alone.
        *("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"),
        *("fe80::/10", "fec0::/10", "ff00::/8"),
        # Metadata services of clouds: AWS, Azure, Alibaba, Google, Oracle, Scaleway.
        *("fd00:ec2::/32", "168.63.129.16", "100.100.100.200", "fd20:ce::254", "192.0.0.192"),
        "fd00:42::42",
        # What carries another address in a way that only some routers understand: those that
        # IPv4 was once written in, SIIT, NAT64 of a network's own, Teredo.
        *("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "2001::/32"),
    )
)
# Python 3.11 counts some of these as public.
_NOT_PUBLIC: Final = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24")))
_PUBLIC_IPV6: Final = IPv6Network("2000::/3")
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})
_METADATA: Final = int(IPv4Address("169.254.169.254"))
_NAT64: Final = IPv6Network("64:ff9b::/96")
EVERY_NETWORK: Final = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_DEFAULT_PORTS = {"http": 80, "https": 443}


def check_base_url(
    url: str,
    plain_http_hosts: Collection[str] = (),
    private_networks: Collection[Network] = (),
) -> str:
    """The address in its normal form: lower-case host, no default port, no closing slash.

    Scheme, host, port and path prefix only. `plain_http_hosts` are the hosts that may be
    spoken to without TLS, besides loopback; any other IP address is public, or in one of
    `private_networks`. Raises ValueError with a sentence that says what is wrong; the
    sentence never repeats the address, which may hold a password.
    """
    if not url or len(url) > LONGEST_URL:
        raise ValueError(f"Enter an address of 1 to {LONGEST_URL} characters.")
    if not _ALLOWED_TEXT.fullmatch(url):
        raise ValueError("The address can't contain spaces, line breaks or non-ASCII characters.")
    parts = _split(url)
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError(
            "Start the address with https:// (or http:// where the settings allow it)."
        )
    if "@" in parts.netloc or "\\" in url:
        raise ValueError("The address can't contain a user name, a password or a backslash.")
    if "?" in url or "#" in url:
        raise ValueError("The address can't contain a query (?) or a fragment (#).")
    host = _checked_host(parts)
    port = _checked_port(parts)
    if host not in plain_http_hosts:
        _must_be_safe(parts.scheme, host, private_networks)
    authority = f"[{host}]" if ":" in host else host
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        authority = f"{authority}:{port}"
    return f"{parts.scheme}://{authority}{_checked_path(parts.path)}"


def _must_be_safe(scheme: str, host: str, private_networks: Collection[Network]) -> None:
    """With TLS, and on no private network; both as far as the address alone tells."""
    literal = _literal(host)
    on_this_machine = literal.is_loopback if literal else host == "localhost"
    if scheme == "http" and not on_this_machine:
        raise ValueError(
            "Use https. Plain http is only for this machine and for hosts that the settings name."
        )
    if literal and is_forbidden_address(literal, private_networks):
        raise ValueError("This IP address is on a private network that the settings don't name.")


def check_host(text: str) -> str:
    """A host in the normal form that `check_base_url` gives it, such as core.internal or ::1.

    ValueError for anything else, a port or a scheme included.
    """
    bare_literal = text.count(":") > 1 and not text.startswith("[")
    parts = _split(f"//[{text}]" if bare_literal else f"//{text}")
    if parts.netloc not in {text, f"[{text}]"} or "@" in text or _has_port(parts):
        raise ValueError("Name a host alone, without scheme, port or path.")
    return _checked_host(parts)


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
    if type(pool_id) is not int or not 0 <= pool_id <= LARGEST_POOL_ID:
        raise ValueError("A pool's id is a whole number from 0 up.")
    return f"{POOLS_PATH}/{pool_id}"


def is_forbidden_address(
    address: IPv4Address | IPv6Address, private_networks: Collection[Network] = ()
) -> bool:
    """Whether a credential may not go there.

    It may to what is public, to loopback, and to `private_networks`; never to a link-local
    address, a cloud's metadata service, or where no single host is. An address that carries
    another (mapped, 6to4, NAT64) is what it carries.
    """
    inner = _inner_address(address)
    if inner is not None:
        return is_forbidden_address(inner, private_networks)
    if address.is_loopback:
        return False
    if _is_in(address, _NEVER) or _is_isatap(address) or _spells_metadata(address):
        return True
    return not _is_public(address) and not _is_in(address, private_networks)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        return address.is_global and address in _PUBLIC_IPV6
    return address.is_global and not _is_in(address, _NOT_PUBLIC)


def _is_isatap(address: IPv4Address | IPv6Address) -> bool:
    """Whether it ends in an IPv4 address that a tunnel's router would unpack (RFC 5214)."""
    return isinstance(address, IPv6Address) and (int(address) >> 32) & 0xFFFFFFFF in _ISATAP


def _spells_metadata(address: IPv4Address | IPv6Address) -> bool:
    """Whether 169.254.169.254 stands in it, as clouds name their metadata services in IPv6.

    Linode's is fd00:a9fe:a9fe::1, Oracle's fd00:c1::a9fe:a9fe.
    """
    if isinstance(address, IPv4Address):
        return False
    return any((int(address) >> shift) & 0xFFFFFFFF == _METADATA for shift in range(0, 97, 16))


def _is_in(address: IPv4Address | IPv6Address, networks: Collection[Network]) -> bool:
    return any(address in network for network in networks)


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
        raise ValueError("This isn't an address.") from None


def _checked_host(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    if parts.netloc.startswith("[") or ":" in host:
        return _checked_literal(host)
    if not _HOST_NAME.fullmatch(host):
        raise ValueError("The address needs a host name (write an international one as xn--…).")
    # What ends in a number is read as an IPv4 address by resolvers, in spellings
    # (2852039166, 0xa9.254, 010.1) that hide where it goes: one spelling is allowed.
    if _NUMBER_LABEL.fullmatch(host.rpartition(".")[2]):
        return _checked_literal(host)
    if host in _METADATA_NAMES:
        raise ValueError("This host is a cloud's metadata service, not the Core API.")
    return host


def _checked_literal(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        raise ValueError(
            "Write the IP address in its usual form, such as 192.0.2.1 or [2001:db8::1]."
        ) from None
    if getattr(address, "scope_id", None):
        raise ValueError("The IP address can't have a zone (%).")
    if is_forbidden_address(address, EVERY_NETWORK):
        raise ValueError("Link-local, metadata and other special addresses aren't allowed.")
    return str(address)


def _checked_port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("The port must be a number from 1 to 65535.")
    return port


def _has_port(parts: SplitResult) -> bool:
    return ":" in parts.netloc.rpartition("]")[2]


def _checked_path(path: str) -> str:
    trimmed = path.removesuffix("/")
    if not trimmed:
        return ""
    for part in trimmed[1:].split("/"):
        if part in {"", ".", ".."} or not _PATH_PART.fullmatch(part):
            raise ValueError(
                "The path can only contain letters, digits and . _ ~ - between single slashes."
            )
    return trimmed


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
