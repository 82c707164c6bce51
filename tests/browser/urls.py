"""The panel's addresses, and one that always fails, and one that is always asked too often."""

from typing import NoReturn

from django.http import HttpRequest, HttpResponse
from django.urls import path

from adminpanel.urls import *  # noqa: F403
from adminpanel.urls import urlpatterns as panels_own
from pools.pages.errors import too_many
from pools.pages.guards import public


@public
def broken(request: HttpRequest) -> NoReturn:
    raise RuntimeError("as a test wants it")


@public
def limited(request: HttpRequest) -> HttpResponse:
    """As after twenty attempts in a minute, which other tests may need."""
    return too_many(request)


urlpatterns = [*panels_own, path("broken/", broken), path("limited/", limited)]
