"""When people were last here: a person, and each of their sessions."""

import time
from collections.abc import Callable
from typing import Final

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from pools.accounts.sessions import SEEN_AT
from pools.database_faults import try_to_write
from pools.models import LastSeen
from pools.pages.guards import person

# A database write for every page would be too many.
_WRITTEN_EVERY_SECONDS: Final = 300


class LastSeenMiddleware:
    """Writes at most every five minutes that a person was here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now = int(time.time())
        written = request.session.get(SEEN_AT, 0)
        if now - written > _WRITTEN_EVERY_SECONDS and request.user.is_authenticated:
            request.session[SEEN_AT] = now
            user = person(request)
            try_to_write("last seen", lambda: _write(request, user))
        return self.get_response(request)


def _write(request: HttpRequest, user: User) -> None:
    now, address = timezone.now(), request.META.get("REMOTE_ADDR") or None
    LastSeen.objects.update_or_create(user=user, defaults={"at": now})
    session = UserSession.objects.filter(session_key=request.session.session_key)
    session.update(last_seen_at=now, **({"ip": address} if address else {}))
