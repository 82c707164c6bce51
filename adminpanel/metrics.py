"""`/metrics`: how requests fare, and everything that is counted, in Prometheus' format."""

import os
import platform
import time
from collections.abc import Callable, Iterable

import django
import structlog
from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from adminpanel import VERSION
from adminpanel.call_stack import in_one_piece
from adminpanel.readiness import State, readiness
from pools.metrics import COUNTED, DatabaseFigures

View = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger("panel.metrics")

requests = Counter(
    "panel_requests",
    "Requests by view and class of status; without a view: static files, or no such address.",
    ["view", "status"],
    registry=COUNTED,
)
request_seconds = Histogram(
    "panel_request_seconds",
    "How long it took until the answer began, by view.",
    ["view"],
    buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
    registry=COUNTED,
)


class MetricsMiddleware:
    """Counts every request and its time. Outermost, so that nothing escapes it."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    # Here, since it is the outermost.
    @in_one_piece
    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        response = self.get_response(request)
        view = _view_of(request)
        requests.labels(view, f"{response.status_code // 100}xx").inc()
        request_seconds.labels(view).observe(time.monotonic() - started)
        return response


def _view_of(request: HttpRequest) -> str:
    """The name of the address in the URL configuration: as many as there are, and no more."""
    match = request.resolver_match
    if match is not None:
        return match.view_name
    return "static" if request.path.startswith(settings.STATIC_URL) else "none"


def exposition() -> bytes:
    """Everything, of all web processes, as text. Core is not asked."""
    state = CollectorRegistry()
    state.register(_Deployment())
    texts = [generate_latest(_counted()), generate_latest(state)]
    try:
        texts.append(generate_latest(_of_database()))
    except AnyDatabaseError as error:
        # The readiness figures say so too; the counters are worth having even then.
        log.warning("no figures of the database", error=type(error).__name__)
    return b"".join(texts)


def _counted() -> CollectorRegistry:
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        together = CollectorRegistry()
        MultiProcessCollector(together, folder)  # type: ignore[no-untyped-call]
        return together
    return COUNTED


def _of_database() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(DatabaseFigures())
    return registry


class _Deployment(Collector):
    """Which panel this is, and whether it is ready."""

    def collect(self) -> Iterable[Metric]:
        about = {
            "version": VERSION,
            "django": django.get_version(),
            "python": platform.python_version(),
            "database": connection.vendor,
        }
        info = GaugeMetricFamily("panel_build_info", "What runs; always 1.", labels=list(about))
        info.add_metric(list(about.values()), 1)
        yield info
        ready = GaugeMetricFamily(
            "panel_ready", "What /readyz checks: 1 where it holds.", labels=["check"]
        )
        for check, state in readiness().items():
            ready.add_metric([check], int(state is State.OK))
        yield ready
