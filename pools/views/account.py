"""A person's own account, and how the panel looks to them."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from pools.guards import person, signed_in
from pools.presentation import THEMES

_YEAR_SECONDS = 365 * 86400


@signed_in
def account(request: HttpRequest) -> HttpResponse:
    roles = [group.name for group in person(request).groups.order_by("name")]
    return render(request, "pools/account.html", {"roles": roles})


@signed_in
@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keeps the chosen look in a cookie: it belongs to the screen, not to the person."""
    response = redirect(safe_next(request, "/"))
    chosen = request.POST.get("theme", "auto")
    if chosen in THEMES:
        response.set_cookie(
            "theme",
            chosen,
            max_age=_YEAR_SECONDS,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
    return response


def safe_next(request: HttpRequest, otherwise: str) -> str:
    """Where to go back to: an address of this panel only, never somebody else's."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else otherwise
