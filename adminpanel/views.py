"""Pages of the deployment itself: health, metrics, and errors in the panel's look."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django_htmx.middleware import HtmxDetails
from prometheus_client import CONTENT_TYPE_LATEST

from adminpanel.metrics import exposition, may_scrape
from adminpanel.readiness import State, readiness


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive. Asks nothing of the database or of Core."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """Ready to work: 200, or 503; each check's state as JSON. Why one failed is in the log."""
    checks = readiness()
    ready = all(state is State.OK for state in checks.values())
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, with METRICS_TOKEN; without that setting there is no such address."""
    if settings.METRICS_TOKEN is None:
        raise Http404
    if not may_scrape(request, settings.METRICS_TOKEN):
        refusal = HttpResponse("METRICS_TOKEN is asked for.\n", "text/plain", status=401)
        refusal["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return refusal
    return HttpResponse(exposition(), CONTENT_TYPE_LATEST)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    answer = _error(request, "403_csrf.html", 403)
    return say_in_dialog(request, ended=False) if is_in_dialog(request) else answer


def is_in_dialog(request: HttpRequest) -> bool:
    """Whether a form in the page's dialog asks."""
    return request.htmx.target == "dialog-body"  # type: ignore[attr-defined, no-any-return]


def say_in_dialog(request: HttpRequest, *, ended: bool) -> HttpResponse:
    """Above the dialog's form, which stays as it was typed and gets a token that is good."""
    answer = render(request, "parts/dialog_says.html", {"ended": ended}, status=403)
    answer["HX-Retarget"], answer["HX-Reswap"] = "#dialog-says", "outerHTML"
    return answer


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    too_large = isinstance(exception, (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent))
    status = 413 if too_large else 400
    return _error(request, f"{status}.html", status)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, "403.html", 403, reason=str(exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, "404.html", 404)


def too_many(request: HttpRequest) -> HttpResponse:
    """Too many attempts from one address or for one name. Named by allauth's throttling."""
    answer = _error(request, "429.html", 429)
    answer["Retry-After"] = "60"
    return answer


def server_error(request: HttpRequest) -> HttpResponse:
    return _error(request, "500.html", 500)


def _error(request: HttpRequest, template: str, status: int, **context: str) -> HttpResponse:
    """The page, or the part of it that HTMX puts in place."""
    if not hasattr(request, "htmx"):
        # It failed before the middleware that notices.
        request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
    return render(request, template, context, status=status)
