"""Addresses of the deployment itself: health and metrics."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST

from adminpanel.metrics import exposition, may_scrape
from adminpanel.readiness import State, checkpoints, ledger_verified, readiness


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive. Asks nothing of the database or of Core."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """Ready to work: 200, or 503; each check's state as JSON. Why one failed is in the log."""
    checks = readiness()
    ready = all(state is State.OK for state in checks.values())
    told = {
        "ready": ready,
        "checks": checks,
        "ledger_verified": ledger_verified(),
        "checkpoints": checkpoints(),
    }
    return JsonResponse(told, status=200 if ready else 503)


@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, with METRICS_TOKEN; without that setting there is no such address."""
    if settings.METRICS_TOKEN is None:
        raise Http404
    if not may_scrape(request, settings.METRICS_TOKEN):
        refusal = HttpResponse(
            "This address needs METRICS_TOKEN as a bearer token.\n", "text/plain", status=401
        )
        refusal["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return refusal
    return HttpResponse(exposition(), CONTENT_TYPE_LATEST)
