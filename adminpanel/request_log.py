"""An id for each request, and the line that it leaves in the log."""

import logging
import time
import uuid

import structlog
from django.http import HttpRequest, HttpResponse

from adminpanel.middleware import PROBES, View

log = structlog.get_logger("panel.request")


class RequestIdMiddleware:
    """Gives each request an id that its log lines, its error page and its answer carry."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.id = uuid.uuid4().hex  # type: ignore[attr-defined]
        started = time.monotonic()
        with structlog.contextvars.bound_contextvars(request_id=request.id):  # type: ignore[attr-defined]
            response = self.get_response(request)
            # The person is not looked up in a database that has just refused.
            refused = getattr(request, "database_refused", False)
            user = None if refused else getattr(request, "user", None)
            # Asked every few seconds: a line for each that finds all well says nothing.
            quiet = request.path in PROBES and response.status_code == 200
            log.log(
                logging.DEBUG if quiet else logging.INFO,
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                milliseconds=round((time.monotonic() - started) * 1000),
                user=user.pk if user and user.is_authenticated else None,
            )
        response["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        return response
