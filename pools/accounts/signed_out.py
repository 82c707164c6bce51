"""People whose session has ended: they sign in, and come back to what they were doing."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from pools.accounts.devices import device_of
from pools.accounts.redirects import is_own_path, leading_back
from pools.pages.drafts import keep_draft
from pools.pages.errors import is_in_dialog, say_in_dialog
from pools.wording import coming_back


class SignedOutMiddleware(LoginRequiredMiddleware):
    """Django's; a form that comes after its session has ended is kept for its person.

    Only for the one who signed in with this browser last: on a shared machine nobody
    finds what somebody else typed. A dialog is told to stay open where it is not kept.
    """

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponse:
        return to_sign_in(request)


def session_has_ended(request: HttpRequest) -> bool:
    """Whether what was asked for is for people who are signed in, and nobody is."""
    match = request.resolver_match
    needs_sign_in = match is None or getattr(match.func, "login_required", True)
    return needs_sign_in and not request.user.is_authenticated


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page, which leads back; a form's entries are kept, and it says so."""
    if request.method == "POST":
        kept = keep_for_their_owner(request)
        request.draft_kept = kept  # type: ignore[attr-defined]
        if not kept and is_in_dialog(request):
            return say_in_dialog(request, ended=True)
        messages.warning(request, coming_back.SIGNED_OUT_KEPT if kept else coming_back.SIGNED_OUT)
        if not kept and (page := page_before(request)):
            return redirect(leading_back(page, reverse(settings.LOGIN_URL)))
    return redirect(leading_back(request.get_full_path(), reverse(settings.LOGIN_URL)))


def keep_for_their_owner(request: HttpRequest) -> bool:
    """Keeps what was typed for the person who is signed in, or was last in this browser."""
    if request.user.is_authenticated:
        return keep_draft(request, request.POST)
    device = device_of(request)
    return bool(device and keep_draft(request, request.POST, device.user_id))


def page_before(request: HttpRequest) -> str:
    """The page with the button that was pressed: its address may be no page to go back to."""
    referer = urlsplit(request.META.get("HTTP_REFERER", ""))
    path = f"{referer.path}?{referer.query}" if referer.query else referer.path
    own = referer.netloc == request.get_host() and is_own_path(path)
    return path if own else ""
