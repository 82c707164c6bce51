"""A person's own account, and how the panel looks to them."""

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from pools import zones
from pools.accounts.redirects import is_own_path
from pools.pages.context import THEMES
from pools.pages.guards import person, signed_in
from pools.people.acts import roles_of

_YEAR_SECONDS = 365 * 86400


@signed_in
def account(request: HttpRequest) -> HttpResponse:
    user = person(request)
    connected = SocialAccount.objects.filter(user=user).exists()
    context = {
        "roles": roles_of(user),
        "connected": connected,
        "zones": zones.zone_names(),
        "own_zone": request.COOKIES.get(settings.ZONE_COOKIE_NAME, ""),
        "panel_zone": settings.TIME_ZONE,
    }
    return render(request, "pools/account.html", context)


@signed_in
@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keeps the chosen look in a cookie: it belongs to the screen, not to the person."""
    response = redirect(safe_next(request, "/"))
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        _keep(response, settings.THEME_COOKIE_NAME, chosen)
    return response


@signed_in
@require_POST
def keys(request: HttpRequest) -> HttpResponse:
    """Keeps whether single keys do anything, in a cookie: signing out leaves it as it is.

    A page says where to go back to; the script of the dialog goes nowhere.
    """
    back = safe_next(request, "")
    response = redirect(back) if back else HttpResponse(status=204)
    _keep(response, settings.KEYS_COOKIE_NAME, "off" if request.POST.get("keys") == "off" else "on")
    return response


@signed_in
@require_POST
def zone(request: HttpRequest) -> HttpResponse:
    """Keeps the zone that times are shown in; none chosen is the panel's own."""
    response = redirect("pools:account")
    chosen = request.POST.get("zone", "")
    if not chosen:
        response.delete_cookie(settings.ZONE_COOKIE_NAME)
    elif zones.zone_called(chosen):
        _keep(response, settings.ZONE_COOKIE_NAME, chosen)
    return response


def _keep(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=_YEAR_SECONDS,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def safe_next(request: HttpRequest, otherwise: str) -> str:
    """Where to go back to: an address of this panel only, never somebody else's."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return wanted if is_own_path(wanted) else otherwise
