"""When and how a person last proved who they are in this session."""

import time
from typing import Any, Final

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.http import HttpRequest

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


def _proofs(request: HttpRequest) -> list[float]:
    own = [
        proof["at"]
        for proof in get_authentication_records(request, request.user)
        # A provider may have let them in unasked: its own word counts, below.
        if proof["method"] != "socialaccount"
    ]
    asked_at = request.session.get(PROVIDER_ASKED_AT)
    return [*own, asked_at] if asked_at else own
