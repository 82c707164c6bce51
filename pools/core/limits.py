"""How long, how much and how many: every limit of a call to Core, in one place.

Some can be set: adminpanel/settings.py reads CORE_… from the environment.
"""

from dataclasses import dataclass, field, fields
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address

from pools.core.addresses import (
    EVERY_NETWORK,
    Network,
    check_base_url,
    check_proxy_url,
    is_forbidden_address,
)

_MAY_BE_ZERO = frozenset(
    {"read_retries", "max_retry_after_seconds", "keep_idle_seconds", "waiting_at_once"}
)


@dataclass(frozen=True, slots=True)
class CoreLimits:
    """Limits of calls to Core, each with its unit in its name.

    `deadline_seconds` covers a whole call: waiting for a connection, sending, the answer to its
    last byte, and every retry of a read. `max_answer_bytes` counts after decompression; of
    `max_json_values`, an object or a list takes four. `calls_at_once` counts in this process;
    `waiting_at_once` more may wait for one of them to end, for `place_wait_seconds` at most,
    and any number unless Core hangs. `connections_kept` is how many hosts a thread keeps
    one idle connection to, each for `keep_idle_seconds` at most. `ca_file` (PEM) replaces the
    usual roots of trust. `proxy_url` may hold a password. `plain_http_hosts` may be spoken to
    without TLS, besides loopback. They, and what is in `private_networks`, may have an address
    that is not public.

    ValueError for a limit that is not positive, or a proxy address that isn't one.
    """

    deadline_seconds: float = 15.0
    connect_timeout_seconds: float = 5.0
    read_timeout_seconds: float = 10.0
    max_answer_bytes: int = 8 * 2**20
    max_json_depth: int = 32
    max_json_values: int = 100_000
    calls_at_once: int = 6
    waiting_at_once: int = 1
    place_wait_seconds: float = 1.0
    connections_kept: int = 8
    keep_idle_seconds: float = 20.0
    read_retries: int = 2
    max_retry_after_seconds: float = 5.0
    ca_file: str | None = None
    proxy_url: str | None = field(default=None, repr=False)
    plain_http_hosts: frozenset[str] = frozenset()
    private_networks: tuple[Network, ...] = ()

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            least = 0 if limit.name in _MAY_BE_ZERO else 1e-3
            if isinstance(value, int | float) and not least <= value < float("inf"):
                raise ValueError(f"{limit.name} is out of range.")
        if self.proxy_url is not None:
            check_proxy_url(self.proxy_url)

    def checked_url(self, url: str) -> str:
        """An address that may be called, in its normal form; ValueError: see `check_base_url`."""
        return check_base_url(url, self.plain_http_hosts, self.private_networks)

    def allow(self, host: str, address: IPv4Address | IPv6Address) -> bool:
        """Whether a host of an address that may be called may be there."""
        named = host in self.plain_http_hosts
        return not is_forbidden_address(address, EVERY_NETWORK if named else self.private_networks)

    @property
    def longest_call(self) -> timedelta:
        """How long a call can last at most, from its first try to its answer's last byte."""
        return timedelta(seconds=self.deadline_seconds)

    @property
    def longest_change(self) -> timedelta:
        """How long a change can take at most, until its person has a page in front of them.

        Reading, sending and reading back share one deadline; the rest is the panel's own work.
        """
        return self.longest_call + timedelta(seconds=0.5)
