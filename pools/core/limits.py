"""How long, how much and how many: every limit of a call to Core, in one place."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CoreLimits:
    """Limits of calls to Core, each with its unit in its name.

    `deadline_seconds` covers a whole call: waiting for a connection, sending, the answer
    to its last byte, and every retry of a read. `max_answer_bytes` counts after
    decompression. `calls_at_once` counts in this process. `connections_kept` is how many
    hosts a thread keeps one idle connection to, each for `keep_idle_seconds` at most.
    `ca_file` (PEM) replaces the usual roots of trust. `proxy_url` may hold a password.
    `plain_http_hosts` may be spoken to without TLS, besides loopback.
    """

    deadline_seconds: float = 15.0
    connect_timeout_seconds: float = 5.0
    read_timeout_seconds: float = 10.0
    max_answer_bytes: int = 8 * 2**20
    max_json_depth: int = 32
    max_json_values: int = 100_000
    calls_at_once: int = 6
    connections_kept: int = 8
    keep_idle_seconds: float = 20.0
    read_retries: int = 2
    max_retry_after_seconds: float = 5.0
    ca_file: str | None = None
    proxy_url: str | None = field(default=None, repr=False)
    plain_http_hosts: frozenset[str] = frozenset()
