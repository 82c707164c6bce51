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
from django.urls import URLPattern, URLResolver

from pools.pages.drafts import keep_draft
from pools.wording.roles import not_in_your_role

View = TypeVar("View", bound=Callable[..., HttpResponse])


def person(request: HttpRequest) -> User:
    """The signed-in person: guarded views have one, LoginRequiredMiddleware sees to it."""
    return cast(User, request.user)


def needs(permission: str) -> Callable[[View], View]:
    """Only people whose role includes `permission`."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not person(request).has_perm(permission):
                # Somebody whose role was taken while they were typing.
                request.draft_kept = request.method == "POST" and keep_draft(request, request.POST)  # type: ignore[attr-defined]
                raise PermissionDenied(not_in_your_role(permission))
            return view(request, *args, **kwargs)

        guarded.access = permission  # type: ignore[attr-defined]
        return cast(View, guarded)

    return guard


def signed_in(view: View) -> View:
    """Everyone who is signed in: their own things, and what everyone may read."""
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
