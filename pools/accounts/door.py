"""Sending people to sign in, so that they come back to what they were doing."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseRedirect

from pools.accounts.devices import device_of
from pools.accounts.redirects import is_own_path
from pools.drafts import keep_draft


class DoorMiddleware(LoginRequiredMiddleware):
    """Django's; a form that comes after its session has ended is kept for its person.

    Only for the one who signed in with this browser last: on a shared machine nobody
    finds what somebody else typed.
    """

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseRedirect:
        if request.method == "POST":
            device = device_of(request)
            request.draft_kept = bool(  # type: ignore[attr-defined]
                device and keep_draft(request, request.POST, device.user_id)
            )
            if not request.draft_kept and (page := _page_before(request)):  # type: ignore[attr-defined]
                return redirect_to_login(page, self.get_login_url(view_func))
        return super().handle_no_permission(request, view_func)


def _page_before(request: HttpRequest) -> str:
    """The page with the button that was pressed: its address may be no page to go back to."""
    referer = urlsplit(request.META.get("HTTP_REFERER", ""))
    path = f"{referer.path}?{referer.query}" if referer.query else referer.path
    own = referer.netloc == request.get_host() and is_own_path(path)
    return path if own else ""
