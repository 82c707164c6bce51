"""Single sign-on: who the provider sends, and which roles its groups give them here."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import structlog
from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.base import AuthError, AuthProcess
from django.conf import settings
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from pools.accounts.events import record_or_log
from pools.accounts.person_by_name import find_person
from pools.accounts.reauthentication import provider_confirmed
from pools.accounts.redirects import is_own_path
from pools.accounts.single_sign_on_settings import SingleSignOn
from pools.pages.actors import address_of
from pools.people import acts
from pools.people.user_names import NameHolder, NameTaken, must_be_free

log = structlog.get_logger("panel.accounts")
# What allauth calls what it looks for, and the provider's claim.
_CLAIMS: Final = {
    "username": "preferred_username",
    "email": "email",
    "name": "name",
    "first_name": "given_name",
    "last_name": "family_name",
}
# A name that nobody may have is left, as one that the provider does not send.
_WHOSE: Final = {NameHolder.PERSON: "taken", NameHolder.HISTORY: "recorded"}


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """allauth's adapter; people come in when a group of theirs has a role, and with it."""

    def get_requests_session(self) -> Any:
        """Without the machine's proxies and .netrc: they could get the client's secret."""
        session = super().get_requests_session()
        ca_file = _sign_on().ca_file
        session.trust_env = False
        session.max_redirects = 3
        if ca_file:
            session.verify = ca_file
        return session

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> Any:
        """The one of the environment. Rows in the database are not looked at."""
        apps = super().list_apps(request, provider=provider, client_id=client_id)
        return [app for app in apps if app.pk is None]

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        claims = _claims(sociallogin)
        if claims is None:
            self._refuse(request, sociallogin, "mixed")
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            return
        roles = roles_for(_groups(claims or {}))
        if sociallogin.is_existing:
            self._let_in_again(request, sociallogin, roles)
            if request.user == sociallogin.user:
                raise ImmediateHttpResponse(_confirmed(request, sociallogin))
        elif not roles:
            self._refuse(request, sociallogin, "no_role")
        elif why := _taken(sociallogin.user):
            self._refuse(request, sociallogin, why)

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: Any = None,
    ) -> None:
        """Has the page say what went wrong, and the log, which an administrator looks it up in."""
        why = "unknown_start" if "state_id" in extra_context else why_no_answer(exception)
        extra_context["why"] = why
        if error != AuthError.CANCELLED:
            said = type(exception).__name__ if exception else f"{why}: {error}"
            log.warning("provider gave no usable answer", error=said)

    def populate_user(
        self, request: HttpRequest, sociallogin: SocialLogin, data: Mapping[str, Any]
    ) -> User:
        """The person, by all that the provider says.

        allauth looks at its second answer alone, where Microsoft's has no user name and that of
        AD FS has no names at all. The user name is in the form in which Django keeps one.
        """
        claims = _claims(sociallogin) or {}
        told = {name: data.get(name) or claims.get(claim) for name, claim in _CLAIMS.items()}
        told["username"] = User.normalize_username(told["username"] or "")
        user: User = super().populate_user(request, sociallogin, told)
        return user

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Who comes this far has a role: see pre_social_login."""
        return True

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """A new person, with the roles of their groups, on the ledger: all or nothing."""
        user: User = sociallogin.user
        user.set_unusable_password()
        get_account_adapter(request).populate_username(request, user)
        with acts.recording():
            sociallogin.save(request)
            acts.add_from_provider(user, roles_for(_groups(_claims(sociallogin) or {})))
        return user

    def validate_disconnect(self, account: SocialAccount, accounts: Any) -> None:
        if not account.user.has_usable_password():
            raise self.validation_error("no_password")

    def _let_in_again(
        self, request: HttpRequest, sociallogin: SocialLogin, roles: frozenset[str]
    ) -> None:
        """Who the provider brought keeps the roles it says; who was invited keeps theirs."""
        user: User = sociallogin.user
        if user.has_usable_password():
            return
        try:
            acts.follow_provider(user, roles, replace(acts.PROVIDER, address=address_of(request)))
        except acts.LastAdministrator:
            return
        if not roles:
            self._refuse(request, sociallogin, "no_role")

    def _refuse(self, request: HttpRequest, sociallogin: SocialLogin, why: str) -> None:
        user = sociallogin.user if sociallogin.is_existing else None
        record_or_log("sign_in_failed", request, user, {"method": "single sign-on", "why": why})
        context = {"why": why, "provider": _sign_on().name}
        page = render(request, "socialaccount/refused.html", context, status=403)
        raise ImmediateHttpResponse(page)


def _confirmed(request: HttpRequest, sociallogin: SocialLogin) -> HttpResponse:
    """Leads on, in the same session.

    allauth would sign them out and in again: what they typed, kept in the session, would go, and
    a second factor be asked for that they had given.
    """
    provider_confirmed(request, asked_at(sociallogin))
    address = sociallogin.get_redirect_url(request)
    return redirect(address if address and is_own_path(address) else "/")


def why_no_answer(error: Exception | None) -> str:
    """In the word of the page that says so. The errors of requests are all OSErrors."""
    return "unreachable" if isinstance(error, OSError) else "unusable"


def roles_for(groups: Iterable[str]) -> frozenset[str]:
    """The panel's roles for a provider's groups. `*` in the map stands for everyone."""
    role_map: Mapping[str, str] = _sign_on().role_map
    return frozenset(role_map[group] for group in {*groups, "*"} if group in role_map)


def asked_at(sociallogin: SocialLogin | None) -> int | None:
    """When the provider last asked the person for a proof, if it says so."""
    claims = (_claims(sociallogin) if sociallogin else None) or {}
    at = claims.get("auth_time")
    # A time to come would count for longer than it should.
    return at if isinstance(at, int) and at <= time.time() + 60 else None


def _claims(sociallogin: SocialLogin) -> dict[str, Any] | None:
    """What the provider says, both ways it says it; None if they are about different people."""
    answers = sociallogin.account.extra_data
    userinfo, signed = answers.get("userinfo") or {}, answers.get("id_token") or {}
    if not signed.get("sub") or userinfo.get("sub") not in (None, signed["sub"]):
        return None
    return {**userinfo, **signed}


def _groups(claims: Mapping[str, Any]) -> list[str]:
    """The groups in the configured claim; a dot leads into a claim (`realm_access.roles`)."""
    name = _sign_on().groups_claim
    claim: Any = claims.get(name)
    if claim is None:
        claim = claims
        for part in name.split("."):
            claim = claim.get(part) if isinstance(claim, Mapping) else None
    if isinstance(claim, str):
        return [claim]
    return [group for group in claim if isinstance(group, str)] if isinstance(claim, list) else []


def _taken(user: User) -> str:
    """Why this name or address is not theirs; empty where it may be, or they get another name.

    People who are here connect the provider themselves, signed in. An address is no proof: at
    many providers people can write what they like.
    """
    if any(find_person(name) for name in (user.username, user.email) if name):
        return "taken"
    try:
        if user.username:
            must_be_free(user.username)
    except NameTaken as error:
        return _WHOSE.get(error.holder, "")
    return ""


def _sign_on() -> SingleSignOn:
    """The deployment's provider. Without one no address leads here."""
    sign_on = settings.SINGLE_SIGN_ON
    if sign_on is None:
        raise Http404
    return sign_on
