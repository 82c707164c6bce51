"""Second factors: sealed at rest, and asked of everyone where the deployment says so."""

from collections.abc import Callable
from typing import Any, Final

from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_variables

from pools.secret import Secret
from pools.tokens.vault import keep_canary, seal_for, unseal_for

PURPOSE: Final = "second factor"
FACTORS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# What a person without a second factor can still do: set one up, prove who they are, leave.
_WAY_THERE: Final = frozenset(
    {
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_view_recovery_codes",
        "account_reauthenticate",
        "sso_reauthenticate",
        "account_logout",
        "account_change_password",
        "pools:theme",
    }
)


class SealedFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """allauth's adapter; secrets of apps and seeds of recovery codes are sealed.

    For the purpose alone, not for the person: allauth does not say whose they are. Somebody
    who can copy a row from one person to another could just as well delete it.
    """

    @sensitive_variables()
    def encrypt(self, text: str) -> str:
        keep_canary()
        return seal_for(PURPOSE, Secret(text))

    @sensitive_variables()
    def decrypt(self, encrypted_text: str) -> str:
        return unseal_for(PURPOSE, encrypted_text).reveal()

    def get_totp_issuer(self) -> str:
        return str(settings.PANEL_NAME)

    def generate_authenticator_name(self, user: User, type: Any) -> str:  # noqa: A002
        count = Authenticator.objects.filter(user=user, type=type).count()
        return "Passkey" if not count else f"Passkey {count + 1}"


def has_second_factor(user: User) -> bool:
    """An app or a passkey. Recovery codes alone don't count."""
    exists: bool = Authenticator.objects.filter(user=user, type__in=FACTORS).exists()
    return exists


class SecondFactorMiddleware:
    """Where second factors are required, leads people without one to setting it up.

    People who came by single sign-on are exempt: their provider decides what to ask for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not settings.SECOND_FACTOR_REQUIRED or not request.user.is_authenticated:
            return None
        if request.resolver_match and request.resolver_match.view_name in _WAY_THERE:
            return None
        if not getattr(view, "login_required", True) or came_by_provider(request):
            return None
        return None if has_second_factor(request.user) else redirect("mfa_index")


def came_by_provider(request: HttpRequest) -> bool:
    """Whether this session began with single sign-on."""
    proofs = get_authentication_records(request, request.user)
    return any(proof["method"] == "socialaccount" for proof in proofs)
