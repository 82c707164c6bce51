"""allauth's account adapter: sign-up closed, attempts counted, every sign-in recorded."""

import time
from typing import Any, Final, cast

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from pools.accounts.devices import device_of, remember_device
from pools.accounts.events import record_or_log
from pools.accounts.person_by_name import find_person, typed_as
from pools.accounts.provider import asked_at
from pools.accounts.reauthentication import (
    PROVIDER_ASKED_AT,
    proved_lately,
    renew_session,
    sign_on_method,
)
from pools.accounts.redirects import is_own_path
from pools.accounts.sessions import STARTED_AT
from pools.people.user_names import NameTaken, must_be_free

log = structlog.get_logger("panel.accounts")

# In the words of the form's own labels.
_MISMATCH: Final = "The {}, or the password, is wrong."


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """How people come in. Accounts are made by administrators or by the provider's groups."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _MISMATCH.format("user name"),
        "email_password_mismatch": _MISMATCH.format("e-mail address"),
        "too_many_login_attempts": "Too many failed attempts. Wait a few minutes, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Only an address within this panel: a path, and never another host or scheme."""
        return is_own_path(url)

    def is_ajax(self, request: HttpRequest) -> bool:
        """Never: allauth would answer with the form as JSON, typed password included."""
        return False

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """Called for each name that could be given to somebody whom the provider sends nameless."""
        name: str = super().clean_username(username, shallow=shallow)
        try:
            must_be_free(name)
        except NameTaken:
            raise self.validation_error("username_taken") from None
        return name

    def generate_unique_username(self, txts: list[str | None], regex: str | None = None) -> str:
        """Of the address first: many people have the same first name."""
        by_address = sorted(txts, key=lambda text: "@" not in (text or ""))
        name: str = super().generate_unique_username(by_address, regex)
        return name

    def get_client_ip(self, request: HttpRequest) -> str:
        """As ClientAddressMiddleware found it. On a local socket there is none."""
        return request.META.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104  # nosec B104  (no bind, a blank)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("pools:account")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        try:
            return cast(User | None, super().authenticate(request, **credentials))
        except Exception:
            log.warning("sign-in refused unseen", address=self.get_client_ip(request))
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        record_or_log("sign_in_failed", request, find_person(_name_in(credentials)))

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        # Django keeps the key of a session whose person signs in once more.
        renew_session(request)
        # The working day begins now, not with the next page: see SessionLimitsMiddleware.
        request.session.setdefault(STARTED_AT, int(time.time()))
        sociallogin = (kwargs.get("signal_kwargs") or {}).get("sociallogin")
        request.session[PROVIDER_ASKED_AT] = asked_at(sociallogin)
        record_or_log("signed_in", request, user, {"method": sign_on_method(request, user)})
        remember_device(request, response, user)
        return response

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """allauth's, and the provider for people who sign in with it."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        sign_on = settings.SINGLE_SIGN_ON
        if sign_on and user.is_authenticated and SocialAccount.objects.filter(user=user).exists():
            url = reverse("sso_reauthenticate")
            text = f"Confirm with {sign_on.name}"
            methods.append({"id": "provider", "description": text, "url": url})
        return methods

    def is_reauthentication_required(self, *, app: str = "", **kwargs: Any) -> bool:
        """A sign-in counts as a proof for as long as one that was asked for."""
        return not proved_lately(context.request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """What failed attempts are counted for: the name, or the browser of its owner."""
        name = _name_in(credentials)
        device = device_of(request)
        if device is not None:
            person = find_person(name)
            if person is not None and person.pk == device.user_id:
                return f"device:{device.number}"
        return f"name:{typed_as(name)}"


def _name_in(credentials: dict[str, Any]) -> str:
    return credentials.get("username") or credentials.get("email") or ""
