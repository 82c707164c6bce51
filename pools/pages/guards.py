"""Who may open a view: stated by its first line, checked when addresses load.

A view without one of these decorators stops the start (see `unguarded_views`), so that
a new address cannot be open by oversight.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, reverse
from django.utils.http import urlencode

from pools.accounts.proofs import proved_lately
from pools.drafts import keep_draft

View = TypeVar("View", bound=Callable[..., HttpResponse])

# What a person cannot do, for the sentence of a refusal.
DEEDS = {
    "pools.view_pools": "see pools",
    "pools.edit_pools": "edit pools",
    "pools.clear_pools": "clear pools",
    "pools.create_pools": "create pools",
    "pools.delete_pools": "delete pools",
    "pools.manage_people": "look after people",
}


def person(request: HttpRequest) -> User:
    """The signed-in person: guarded views have one, LoginRequiredMiddleware sees to it."""
    return cast(User, request.user)


def needs(permission: str) -> Callable[[View], View]:
    """Only people whose role includes `permission`."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not person(request).has_perm(permission):
                raise PermissionDenied(f"Your role does not let you {DEEDS[permission]}.")
            return view(request, *args, **kwargs)

        guarded.access = permission  # type: ignore[attr-defined]
        return cast(View, guarded)

    return guard


def credential_given_lately(view: View) -> View:
    """Only when the person proved who they are in the last minutes; otherwise they do it now.

    allauth's own guard would keep the posted form in the session meanwhile, and with it
    the token that was typed; here they come back to the page, filled in but for that.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not proved_lately(request):
            if request.method == "POST" and request.user.is_authenticated:
                keep_draft(request, request.POST)
            query = urlencode({"next": request.get_full_path()})
            return redirect(f"{reverse('account_reauthenticate')}?{query}")
        return view(request, *args, **kwargs)

    return cast(View, guarded)


def signed_in(view: View) -> View:
    """Everyone who is signed in: their own things only."""
    view.access = "signed in"  # type: ignore[attr-defined]
    return view


def public(view: View) -> View:
    """Everyone, signed in or not."""
    view.access = "everyone"  # type: ignore[attr-defined]
    return login_not_required(view)


def unguarded_views(patterns: Iterable[URLPattern | URLResolver]) -> list[str]:
    """The names of views that state neither a permission nor that they are for all."""
    return [
        str(pattern.pattern)
        for pattern in patterns
        if isinstance(pattern, URLPattern) and not getattr(pattern.callback, "access", None)
    ]
