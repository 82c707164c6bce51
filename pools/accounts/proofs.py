"""When and how a person last proved who they are in this session."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from allauth.account.authentication import get_authentication_records
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest, HttpResponse

PROVIDER_ASKED_AT: Final = "provider_asked_at"


def proved_lately(request: HttpRequest) -> bool:
    """A password, a code or a passkey in the last minutes, or the provider asking for one."""
    since = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    return any(at >= since for at in _proofs(request))


def sign_on_method(request: HttpRequest, user: Any) -> str:
    """How this session began, for the record: "password", "password, totp", "passkey" …"""
    names = []
    for proof in get_authentication_records(request, user):
        if proof["method"] == "mfa":
            names.append("passkey" if proof["type"] == "webauthn" else proof["type"])
        else:
            names.append({"socialaccount": "single sign-on"}.get(proof["method"], proof["method"]))
    return ", ".join(names) or "invitation"


def with_new_session(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view that asks for a proof: once it is given, the session has a new key."""

    @wraps(view)
    def asking(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        before = len(get_authentication_records(request, request.user))
        answer = view(request, *args, **kwargs)
        if len(get_authentication_records(request, request.user)) > before:
            renew_session(request)
        return answer

    return asking


def renew_session(request: HttpRequest) -> None:
    """Who knew the session's key knows it no more; the person's list of sessions goes along."""
    old = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=old).update(session_key=request.session.session_key)


def _proofs(request: HttpRequest) -> list[float]:
    own = [
        proof["at"]
        for proof in get_authentication_records(request, request.user)
        # A provider may have let them in unasked: its own word counts, below.
        if proof["method"] != "socialaccount"
    ]
    asked_at = request.session.get(PROVIDER_ASKED_AT)
    return [*own, asked_at] if asked_at else own
