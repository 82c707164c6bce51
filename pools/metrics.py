"""What is counted of the panel's own work, and what is read of its state, for /metrics.

Counters live in the process that counts; `adminpanel.metrics` adds those of all web
processes up. What the database knows is read from it at the scrape, by whichever process
answers. No label holds anything that a person or Core has chosen.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Case, Count, Value, When
from django.utils import timezone
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pools.core import WAITS, CoreClient, Reason, observe
from pools.ledger import clock, standing
from pools.ledger.verifying import latest
from pools.models import Entry, Lease, Token
from pools.models.vocabulary import MADE_HERE, Outcome

# A sample beside each counter that says when it began: several processes have no such moment.
disable_created_metrics()  # type: ignore[no-untyped-call]
# What the processes count; not the library's own, which holds figures of one process.
COUNTED: Final = CollectorRegistry()
EXPIRES_WITHIN_A_DAY: Final = timedelta(hours=24)
TOKEN_STATES: Final = ("ready", "expiring", "expired", "refused", "unconfirmed")
# Every operation of the service module, by its method's name.
OPERATIONS: Final = (
    *(name for name in vars(CoreClient) if name.endswith(("_pool", "_pools"))),
    "sign_in",
)
# The outcome of a call whose end could not be written to the ledger.
UNWRITTEN: Final = "unwritten"
SIGN_IN_EVENTS: Final = ("signed_in", "sign_in_failed", "second_factor_failed")
# Nothing was tried: their "latency" is not Core's.
_NOT_TRIED: Final = frozenset({Reason.OWN_CHECK, Reason.BUSY, Reason.EXPIRED, Reason.ADDRESS})
_SECONDS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)

core_calls = Counter(
    "panel_core_calls",
    "Calls to Core by the service module's operation; outcome is ok or the error's class.",
    ["operation", "outcome", "reason"],
    registry=COUNTED,
)
core_answers = Counter(
    "panel_core_answers",
    "Complete answers of Core by status, those that a read was tried again after included.",
    ["status"],
    registry=COUNTED,
)
core_seconds = Histogram(
    "panel_core_call_seconds",
    "How long calls to Core took, every try of a read included; without waiting here.",
    ["operation"],
    buckets=_SECONDS,
    registry=COUNTED,
)
core_wait_seconds = Histogram(
    "panel_core_wait_seconds",
    "How long was waited here before Core was asked: for a place, a turn, a read's next try.",
    ["for"],
    buckets=_SECONDS,
    registry=COUNTED,
)
changes = Counter(
    "panel_changes",
    "Changes of pools that were recorded as about to be sent, by how the call ended.",
    ["action", "outcome"],
    registry=COUNTED,
)
sign_ins = Counter(
    "panel_sign_ins",
    "Sign-ins, failed ones, and second factors that failed.",
    ["event"],
    registry=COUNTED,
)


class _CoreCounts:
    """Counts the calls that the service module reports."""

    def call_ended(self, operation: str, outcome: str, reason: str, seconds: float) -> None:
        core_calls.labels(operation, outcome, reason).inc()
        if reason not in _NOT_TRIED:
            core_seconds.labels(operation).observe(seconds)

    def waited(self, what_for: str, seconds: float) -> None:
        core_wait_seconds.labels(what_for).observe(seconds)

    def answered(self, status: int) -> None:
        core_answers.labels("429" if status == 429 else f"{status // 100}xx").inc()


def count_sign_in(event: str) -> None:
    """A sign-in, or one that failed; other events are not counted."""
    if event in SIGN_IN_EVENTS:
        sign_ins.labels(event).inc()


@contextmanager
def counted_change(action: str, outcome: str) -> Iterator[None]:
    """Counts how the call of a change ended, once that is written to the ledger."""
    try:
        yield
    except Exception:
        changes.labels(action, UNWRITTEN).inc()
        raise
    changes.labels(action, outcome).inc()


def connect() -> None:
    """Starts counting, once, when the app is ready.

    What may happen is there with 0 from the start: the first failure then shows as an
    increase.
    """
    observe(_CoreCounts())
    core_answers.labels("429")
    for what_for in WAITS:
        core_wait_seconds.labels(what_for)
    for operation in OPERATIONS:
        core_calls.labels(operation, "ok", "")
    for action in MADE_HERE:
        for outcome in (*Outcome, UNWRITTEN):
            changes.labels(action, outcome)
    for event in SIGN_IN_EVENTS:
        sign_ins.labels(event)


class DatabaseFigures(Collector):
    """What the database knows, in five short queries. Database errors pass through."""

    def collect(self) -> Iterable[Metric]:
        yield from _open_changes()
        yield _tokens()
        yield GaugeMetricFamily(
            "panel_ledger_height",
            "The number of the ledger's last entry.",
            Entry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0,
        )
        yield from _verification()
        yield from _checkpoints()


def _checkpoints() -> Iterator[Metric]:
    """Signed checkpoints and their copies; without samples where there are none to be."""
    size = GaugeMetricFamily(
        "panel_checkpoint_size", "Entries that the last signed checkpoint covers.", labels=["copy"]
    )
    age = GaugeMetricFamily(
        "panel_checkpoint_age_seconds", "How long ago that was, or was copied.", labels=["copy"]
    )
    failing = GaugeMetricFamily(
        "panel_checkpoint_failing_seconds",
        "For how long it could not be signed, or copied; 0 where it can.",
        labels=["copy"],
    )
    known = standing.read_wanted()
    now = clock.now() if known else None
    for name, each in known.items():
        size.add_metric([name], each.size)
        if now and each.at:
            age.add_metric([name], (now - each.at).total_seconds())
        since = each.failing_since
        failing.add_metric([name], (now - since).total_seconds() if now and since else 0.0)
    yield from (size, age, failing)


def _verification() -> Iterator[Metric]:
    """What the last walk along the ledger found; without samples where there was none."""
    last = latest()
    height = age = found = None
    if last is not None:
        height, found = last.whole.last, len(last.findings)
        age = (clock.now() - last.whole.at).total_seconds()
    for name, meaning, value in (
        ("verified_height", "The last entry when the whole ledger was last verified.", height),
        ("verified_age_seconds", "How long ago the whole ledger was last verified.", age),
        ("findings", "How many things verifying the ledger last found wrong.", found),
    ):
        yield GaugeMetricFamily(f"panel_ledger_{name}", meaning, value)


def _open_changes() -> Iterator[Metric]:
    """Under way or unknown: each holds its pool. Those under way are there for seconds."""
    held: list[object] = list(Lease.objects.values_list("held_since", flat=True))
    # verify_audit reports a time that cannot be read.
    since = [at for at in held if isinstance(at, datetime)]
    yield GaugeMetricFamily(
        "panel_changes_open", "Changes that are under way or unknown.", len(held)
    )
    age = (clock.now() - min(since)).total_seconds() if since else 0.0
    yield GaugeMetricFamily(
        "panel_changes_open_oldest_seconds",
        "How long the oldest of them has been open; 0 without one.",
        max(age, 0.0),
    )


def _tokens() -> Metric:
    """Tokens of people who are not disabled, each in one state."""
    now = timezone.now()
    state = Case(
        When(expires_at__lte=now, then=Value("expired")),
        When(refused_at__isnull=False, then=Value("refused")),
        When(confirmed_at__isnull=True, then=Value("unconfirmed")),
        When(expires_at__lte=now + EXPIRES_WITHIN_A_DAY, then=Value("expiring")),
        default=Value("ready"),
    )
    active = Token.objects.filter(user__is_active=True).order_by()
    counts = dict(active.values_list(state).annotate(Count("pk")))
    family = GaugeMetricFamily(
        "panel_tokens",
        "People's tokens by state; expiring: within 24 hours.",
        labels=["state"],
    )
    for each in TOKEN_STATES:
        family.add_metric([each], counts.get(each, 0))
    return family
