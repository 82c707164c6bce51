"""Pages of the deployment itself: health, and errors in the panel's look."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.middleware import HtmxDetails


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive. Asks nothing of the database or of Core."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """Ready to serve: the database answers. Never asks Core."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _error(request, "403_csrf.html", 403)


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
