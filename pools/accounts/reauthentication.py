"""When and how a person last proved who they are in this session."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, cast

from allauth.account.authentication import get_authentication_records
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from pools.accounts.redirects import leading_back
from pools.pages.drafts import keep_draft
from pools.pages.guards import View

# In open sessions: with another name, their people would be asked to prove themselves again.
PROVIDER_ASKED_AT: Final = "provider_asked_at"
# The provider sent them back here, and that was no proof.
PROVIDER_PROVED_NOTHING: Final = "provider_proved_nothing"


def proved_lately(request: HttpRequest) -> bool:
    """A password, a code or a passkey in the last minutes, or the provider asking for one."""
    since = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    return any(at >= since for at in _proofs(request))


def credential_given_lately(view: View) -> View:
    """Only when the person proved who they are in the last minutes; otherwise they do it now.

    allauth's own guard would keep the posted form in the session, and with it
    the token that was typed; here they come back to the page, filled in but for that.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not proved_lately(request):
            if request.method == "POST" and request.user.is_authenticated:
                keep_draft(request, request.POST)
            page = reverse("account_reauthenticate")
            return redirect(leading_back(request.get_full_path(), page))
        return view(request, *args, **kwargs)

    return cast(View, guarded)


def all_or_nothing(view: View) -> View:
    """A form of allauth's whose work is undone where the database refuses some of it."""

    @wraps(view)
    def whole(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with transaction.atomic():
            return view(request, *args, **kwargs)

    return cast(View, whole)


def provider_confirmed(request: HttpRequest, asked_at: int | None) -> None:
    """Counts what a provider says of somebody whom it sends back to their own session."""
    request.session[PROVIDER_ASKED_AT] = asked_at
    request.session[PROVIDER_PROVED_NOTHING] = not proved_lately(request)
    renew_session(request)


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
    """Gives the session a new key: a stolen one is useless. The list of sessions follows."""
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
