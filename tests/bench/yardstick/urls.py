"""The minimal page, and Django's administration over the same rows."""

import threading

import requests
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from tests.bench.yardstick import settings
from tests.bench.yardstick.models import Row
from tests.bench.yardstick.paths import POOLS

_of_thread = threading.local()


def _core() -> requests.Session:
    """A connection to Core that the thread keeps, as the panel's threads do."""
    if not hasattr(_of_thread, "core"):
        _of_thread.core = requests.Session()
        _of_thread.core.trust_env = False
        _of_thread.core.headers["Authorization"] = settings.CORE_KEY
    core: requests.Session = _of_thread.core
    return core


@login_required
def pool_list(request: HttpRequest) -> HttpResponse:
    page = int(request.GET.get("page", "1"))
    answer = _core().get(f"{settings.CORE_URL}{POOLS}&page={page}&per_page=25", timeout=15)
    answer.raise_for_status()
    return render(request, "minimal.html", {"pools": answer.json()["data"], "next": page + 1})


class RowAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # (a parameter only for the checker)
    list_display = ("name", "limit", "timeout", "connectors", "created", "updated")
    list_per_page = 25
    ordering = ("id",)


admin.site.register(Row, RowAdmin)
urlpatterns = [path("", pool_list), path("admin/", admin.site.urls)]
