"""Pages for errors, in the panel's look."""

import sys
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import (
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django_htmx.middleware import HtmxDetails

from pools.database_faults import Cause, cause_of
from pools.pages.drafts import has_entries, left_out, typed_in
from pools.wording.addresses import AddressRefused
from pools.wording.database import AGAIN_SECONDS, DatabaseRefusal, Undone, refusal


def form_expired(request: HttpRequest) -> HttpResponse:
    """A form without the token of the browser that sent it."""
    return _error(request, "403_csrf.html", 403)


def is_in_dialog(request: HttpRequest) -> bool:
    """Whether a form in the page's dialog asks."""
    return request.htmx.target == "dialog-body"  # type: ignore[attr-defined, no-any-return]


def say_in_dialog(request: HttpRequest, *, ended: bool) -> HttpResponse:
    """Above the dialog's form, which stays as it was typed and gets a token that is good."""
    answer = render(request, "parts/dialog_says.html", {"ended": ended}, status=403)
    return _above_dialog(answer)


def _above_dialog(answer: HttpResponse) -> HttpResponse:
    answer["HX-Retarget"], answer["HX-Reswap"] = "#dialog-says", "outerHTML"
    return answer


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    too_large = isinstance(exception, (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent))
    status = 413 if too_large else 400
    why = str(exception) if isinstance(exception, AddressRefused) else ""
    return _error(request, f"{status}.html", status, why=why)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, "403.html", 403, reason=str(exception))


class NotHere(Http404):
    """There is no such page, and there may be more to say about that: a sentence, or none."""


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    # What Django itself says of an address is for whoever writes the panel.
    also = str(exception) if isinstance(exception, NotHere) else ""
    return _error(request, "404.html", 404, also=also)


def only_sent_to(request: HttpRequest) -> HttpResponse:
    """An address that only a form sends to, opened by hand."""
    return _error(request, "405.html", 405)


def too_many(request: HttpRequest) -> HttpResponse:
    """Too many attempts from one address or for one name. Named by allauth's throttling."""
    answer = _error(request, "429.html", 429)
    answer["Retry-After"] = "60"
    return answer


def too_large(request: HttpRequest, status: int) -> HttpResponse:
    """An address (414) or headers (431) that were not read."""
    return _error(request, f"{status:d}.html", status)


def server_error(request: HttpRequest) -> HttpResponse:
    """A defect of ours; or the database refused, wherever in the panel that was noticed.

    Called while the exception is handled, by Django.
    """
    cause = cause_of(sys.exc_info()[1])
    return database_refused(request, cause) if cause else _error(request, "500.html", 500)


def database_refused(request: HttpRequest, cause: Cause) -> HttpResponse:
    """The page that needs no database; a form's entries are in it, to be sent again."""
    if request.method != "POST":
        return _refusal(request, refusal(cause, Undone.READING), back=request.get_full_path())
    if getattr(request, "may_have_sent", False):
        return _refusal(request, refusal(cause, Undone.SENT))
    sign_in_pages = {
        resolve_url(settings.LOGIN_URL): Undone.SIGNING_IN,
        resolve_url("account_logout"): Undone.SIGNING_OUT,
    }
    why = refusal(cause, sign_in_pages.get(request.path, Undone.SENDING))
    _know_htmx(request)
    if not is_in_dialog(request):
        typed, path = typed_in(request), request.get_full_path()
        kept = {"has_entries": has_entries(typed), "left_out": left_out(request)}
        return _refusal(request, why, again=path, typed=typed, **kept)
    answer = render(request, "parts/dialog_refused.html", {"refusal": why}, status=503)
    return _above_dialog(_marked(request, answer))


def not_kept(request: HttpRequest, cause: Cause, sentences: Sequence[str]) -> HttpResponse:
    """After an act: what would have been said on the next page, if the session could keep it."""
    if sentences:
        return _refusal(request, refusal(cause, Undone.GOING_ON), said=sentences)
    return database_refused(request, cause)


def _refusal(request: HttpRequest, why: DatabaseRefusal, **context: Any) -> HttpResponse:
    shown = {"refusal": why, "said": (), "back": "", "again": "", "typed": (), **context}
    return _marked(request, _error(request, "503.html", 503, **shown))


def _marked(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    request.database_refused = True  # type: ignore[attr-defined]
    answer["Retry-After"] = str(AGAIN_SECONDS)
    return answer


def _error(request: HttpRequest, template: str, status: int, **context: Any) -> HttpResponse:
    """The page, or the part of it that HTMX puts in place."""
    _know_htmx(request)
    context["fragment"] = "main" if request.htmx else None  # type: ignore[attr-defined]
    return render(request, template, context, status=status)


def _know_htmx(request: HttpRequest) -> None:
    if not hasattr(request, "htmx"):
        # It failed before the middleware that notices.
        request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
