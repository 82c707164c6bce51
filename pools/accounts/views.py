"""Pages for signing in that allauth lacks, or that work differently here."""

from collections.abc import Callable
from typing import Any, Final

import structlog
from allauth.account import views as account
from allauth.account.mixins import NextRedirectMixin
from allauth.mfa.webauthn.views import AddWebAuthnView, LoginWebAuthnView
from allauth.socialaccount.internal.flows.signup import clear_pending_signup
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode

from pools.accounts.events import record_or_log
from pools.accounts.provider import why_no_answer
from pools.accounts.provider_tokens import CheckingAdapter
from pools.accounts.reauthentication import PROVIDER_PROVED_NOTHING, credential_given_lately
from pools.accounts.single_sign_on_settings import PROVIDER_ID
from pools.database_faults import try_to_write
from pools.pages.drafts import take_draft
from pools.pages.guards import person
from pools.pages.ticket import ticket_of, with_ticket
from pools.wording import people as wording

log = structlog.get_logger("panel.accounts")
# requests' own errors are OSErrors; the others come of an answer that is not what it should be.
_NO_ANSWER: Final = (OSError, LookupError, TypeError, ValueError, AttributeError)


class SignIn(account.LoginView):  # type: ignore[misc]
    """allauth's, which forgets the name where the form was out of date."""

    def get_initial(self) -> dict[str, Any]:
        return {**super().get_initial(), **take_draft(self.request)}


class PasskeySignIn(NextRedirectMixin, LoginWebAuthnView):  # type: ignore[misc]
    """allauth's, which forgets where the person was going."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What the browser's passkey prompt needs to start. Asked for by static/js/passkeys.js."""
        from allauth.mfa.webauthn.internal import auth

        return JsonResponse({"request_options": auth.begin_authentication(user=None)})

    def form_valid(self, form: Any) -> HttpResponse:
        from allauth.account.models import Login
        from allauth.mfa.webauthn.internal import flows

        factor = form.cleaned_data["credential"]
        login = Login(user=factor.user, redirect_url=self.get_next_url())
        answer: HttpResponse = flows.perform_passwordless_login(self.request, factor, login)
        return answer


class NewPasskey(AddWebAuthnView):  # type: ignore[misc]
    """allauth's, asking for a passkey that can sign in alone where the key can hold one."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        chosen = context["js_data"]["creation_options"]["publicKey"]["authenticatorSelection"]
        chosen["residentKey"] = "preferred"
        chosen["requireResidentKey"] = False
        return context


def password_change(request: HttpRequest) -> HttpResponse:
    """allauth's; it would offer a first password to people whom single sign-on brought."""
    if not person(request).has_usable_password():
        raise PermissionDenied(wording.ONLY_THROUGH_PROVIDER)
    answer: HttpResponse = account.password_change(request)
    return answer


def session_list(request: HttpRequest) -> HttpResponse:
    """A person's own sessions: where they are signed in, and ending them."""
    if request.method == "POST":
        return _end(request)
    here, user = request.session.session_key, person(request)
    try_to_write("ended sessions", lambda: UserSession.objects.purge_and_list(user))
    sessions = sorted(
        (session for session in UserSession.objects.filter(user=user) if session.exists()),
        key=lambda session: (session.session_key != here, -session.last_seen_at.timestamp()),
    )
    context = {"sessions": sessions, "here": here}
    return render(request, "usersessions/usersession_list.html", context)


@login_not_required
def provider_sign_in(request: HttpRequest, provider_id: str) -> HttpResponse:
    """allauth's; connecting an account for good is asked of its owner alone."""
    view = _asking_provider(_view_of(OAuth2LoginView))
    if ticket := ticket_of(request):
        # The provider sends people back without it: it waits where signing in leads to.
        request.GET = asked = request.GET.copy()  # type: ignore[assignment]
        asked["next"] = with_ticket(asked.get("next") or "/", ticket.text)
    if "connect" in (request.GET.get("process"), request.POST.get("process")):
        view = credential_given_lately(view)
    return view(request, provider_id)


@login_not_required
def provider_callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """allauth's: where the provider sends people back to."""
    return _asking_provider(_view_of(OAuth2CallbackView))(request, provider_id)


def provider_again(request: HttpRequest) -> HttpResponse:
    """Sends people without a password here to their provider, which asks them for theirs."""
    connected = SocialAccount.objects.filter(user=person(request), provider=PROVIDER_ID)
    if settings.SINGLE_SIGN_ON is None or not connected.exists():
        raise Http404
    query = {
        "process": "login",
        "next": str(request.GET.get("next") or "/"),
        # With `max_age` the provider must say when it asked. Microsoft's lets the ID token end so
        # long after the password: whoever takes their time for the second factor needs the time.
        "auth_params": f"prompt=login&max_age={settings.ACCOUNT_REAUTHENTICATION_TIMEOUT}",
    }
    context = {
        "query": urlencode(query),
        "reauthentication_alternatives": (),
        # Said once: whoever comes here again has not asked the provider since.
        "proved_nothing": request.session.pop(PROVIDER_PROVED_NOTHING, False),
    }
    return render(request, "account/provider_again.html", context)


@login_not_required
def provider_taken(request: HttpRequest) -> HttpResponse:
    """Where allauth would ask for another name or address: the administrator decides those."""
    clear_pending_signup(request)
    context = {"why": "taken", "provider": settings.SINGLE_SIGN_ON and settings.SINGLE_SIGN_ON.name}
    return render(request, "socialaccount/refused.html", context, status=403)


def _view_of(kind: Any) -> Callable[..., HttpResponse]:
    """allauth's view of that kind, as its openid_connect app has it, with our adapter."""

    def view(request: HttpRequest, provider_id: str) -> HttpResponse:
        try:
            made = kind.adapter_view(CheckingAdapter(request, provider_id))
            answer: HttpResponse = made(request)
        except SocialApp.DoesNotExist:
            raise Http404 from None
        return answer

    return view


def _asking_provider(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
    """A view of allauth that asks the provider; a page says when no usable answer came."""

    def answering(request: HttpRequest, provider_id: str) -> HttpResponse:
        try:
            answer: HttpResponse = view(request, provider_id)
        except Http404:
            raise
        except _NO_ANSWER as error:
            log.warning("provider gave no usable answer", error=type(error).__name__)
            context = {"why": why_no_answer(error)}
            page = "socialaccount/authentication_error.html"
            return render(request, page, context, status=503)
        return answer

    return answering


@credential_given_lately
def _end(request: HttpRequest) -> HttpResponse:
    own = UserSession.objects.filter(user=person(request))
    others: Any = own.exclude(session_key=request.session.session_key)
    if chosen := request.POST.get("session", ""):
        # The current one ends by signing out; somebody else's is not there. A number of 18
        # digits fits into every database's column.
        is_number = chosen.isascii() and chosen.isdecimal() and len(chosen) <= 18
        others = [get_object_or_404(others, pk=chosen if is_number else 0)]
    ended = 0
    for session in others:
        session.end()
        ended += 1
    record_or_log("sessions_ended", request, person(request), {"count": ended})
    messages.success(request, wording.sessions_ended(ended))
    return redirect("usersessions_list")
