"""When people were last here: a person, and each of their sessions."""

import time
from collections.abc import Callable
from typing import Final

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from pools.guards import person
from pools.models import LastSeen

# A database write for every page would be too many.
_NOTED_EVERY_SECONDS: Final = 300
_SESSION_KEY: Final = "seen_at"


class LastSeenMiddleware:
    """Notes at most every five minutes that a person was here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now = int(time.time())
        noted = request.session.get(_SESSION_KEY, 0)
        if now - noted > _NOTED_EVERY_SECONDS and request.user.is_authenticated:
            request.session[_SESSION_KEY] = now
            _note(request, person(request))
        return self.get_response(request)


def _note(request: HttpRequest, user: User) -> None:
    now, address = timezone.now(), request.META.get("REMOTE_ADDR") or None
    try:
        with transaction.atomic():
            LastSeen.objects.update_or_create(user=user, defaults={"at": now})
            session = UserSession.objects.filter(session_key=request.session.session_key)
            session.update(last_seen_at=now, **({"ip": address} if address else {}))
    except DatabaseError:
        # Nobody is kept from reading because of this.
        return
