"""Forms whose CSRF token is out of date: refused, and what was typed is kept.

A token ends when somebody signs in or out in another window of the same browser. Only a
form that one of our own pages sent is helped along; what another site makes a browser
send gets a page that says no.
"""

from typing import Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from pools.accounts.redirects import is_own_path
from pools.accounts.signed_out import (
    keep_for_their_owner,
    page_before,
    session_has_ended,
    to_sign_in,
)
from pools.pages.drafts import keep_draft
from pools.pages.errors import form_expired, is_in_dialog, say_in_dialog
from pools.pages.guards import person
from pools.wording import coming_back

_OTHERS: Final = frozenset({settings.SESSION_COOKIE_NAME, settings.DEVICE_COOKIE_NAME})


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Named by the settings: what Django answers instead of the view."""
    came_from_here = _came_from_here(request, reason)
    if came_from_here and session_has_ended(request):
        return to_sign_in(request)
    if is_in_dialog(request):
        return say_in_dialog(request, ended=False)
    if not came_from_here:
        return form_expired(request)
    if request.user.is_authenticated and request.path == reverse("account_login"):
        name = person(request).get_username()
        messages.info(request, coming_back.already_signed_in(name))
        return redirect(_wanted(request) or "/")
    if not request.user.is_authenticated and "login" in request.POST:
        return _once_more(request)
    if keep_for_their_owner(request):
        return redirect(request.get_full_path())
    messages.warning(request, coming_back.OUT_OF_DATE)
    return redirect(page_before(request) or "/")


def _came_from_here(request: HttpRequest, reason: str) -> bool:
    """Whether one of our pages sent it, from a browser that keeps our cookies.

    Without cookies a redirect would lead to the same refusal, unexplained.
    """
    if "checking failed" in reason:
        return False
    # One that has lost this cookie alone keeps the others.
    if reason == REASON_NO_CSRF_COOKIE and not _OTHERS.intersection(request.COOKIES):
        return False
    # Django has compared an origin with ours before it looks at the token.
    return "HTTP_ORIGIN" in request.META or bool(page_before(request))


def _once_more(request: HttpRequest) -> HttpResponse:
    """To the same page of somebody who is not signed in: the name alone is kept."""
    keep_draft(request, {"login": request.POST["login"]})
    messages.warning(request, coming_back.OUT_OF_DATE)
    wanted = _wanted(request)
    query = urlencode({"next": wanted}) if wanted else ""
    return redirect(f"{request.path}?{query}" if query else request.path)


def _wanted(request: HttpRequest) -> str:
    """Where signing in should lead, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return wanted if is_own_path(wanted) else ""
