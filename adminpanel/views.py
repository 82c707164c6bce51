"""Addresses of the deployment itself: health, metrics, and the feed of the record."""

import re
from typing import Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST

from adminpanel import VERSION
from adminpanel.bearer import refusal_of
from adminpanel.metrics import exposition
from adminpanel.readiness import State, checkpoints, ledger_verified, readiness
from pools.feed.lines import Beyond, Cursor, InArchive, lines_after

# Of what a column can hold.
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


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
    if refusal := refusal_of(request, settings.METRICS_TOKEN, "METRICS_TOKEN"):
        return refusal
    return HttpResponse(exposition(), CONTENT_TYPE_LATEST)


@login_not_required
@require_GET
def feed(request: HttpRequest) -> HttpResponse:
    """The record from an entry on, for a SIEM with FEED_TOKEN: a line of OCSF for each entry."""
    if refusal := refusal_of(request, settings.FEED_TOKEN, "FEED_TOKEN"):
        return refusal
    after, uid = request.GET.get("after", ""), request.GET.get("uid", "")
    if not _NUMBER.fullmatch(after):
        words = "Say after which entry: ?after=0 begins with the first.\n"
        return HttpResponse(words, "text/plain", status=400)
    cursor = Cursor(int(after), uid)
    try:
        lines = [*lines_after(cursor, version=VERSION, values=settings.FEED_VALUES)]
    except Beyond as reason:
        return HttpResponse(f"{reason}\n", "text/plain", status=409)
    except InArchive as reason:
        return HttpResponse(f"{reason}\n", "text/plain", status=410)
    return HttpResponse("".join(f"{line.text}\n" for line in lines), "application/x-ndjson")
