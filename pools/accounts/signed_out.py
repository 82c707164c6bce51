"""Sending people to sign in, so that they come back to what they were doing."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from adminpanel.views import is_in_dialog, say_in_dialog
from pools.accounts.devices import device_of
from pools.accounts.redirects import is_own_path
from pools.drafts import keep_draft


class DoorMiddleware(LoginRequiredMiddleware):
    """Django's; a form that comes after its session has ended is kept for its person.

    Only for the one who signed in with this browser last: on a shared machine nobody
    finds what somebody else typed. A dialog is told to stay open where it is not kept.
    """

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponse:
        if request.method == "POST":
            device = device_of(request)
            kept = bool(device and keep_draft(request, request.POST, device.user_id))
            request.draft_kept = kept  # type: ignore[attr-defined]
            if not kept and is_in_dialog(request):
                return say_in_dialog(request, ended=True)
            if not kept and (page := _page_before(request)):
                return redirect_to_login(page, self.get_login_url(view_func))
        return super().handle_no_permission(request, view_func)


def _page_before(request: HttpRequest) -> str:
    """The page with the button that was pressed: its address may be no page to go back to."""
    referer = urlsplit(request.META.get("HTTP_REFERER", ""))
    path = f"{referer.path}?{referer.query}" if referer.query else referer.path
    own = referer.netloc == request.get_host() and is_own_path(path)
    return path if own else ""
