"""The way back for who has forgotten their password: ask, use the code, choose a new one."""

from typing import Any, Final

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from adminpanel.views import too_many
from pools import forgotten
from pools.accounts.events import note
from pools.accounts.finding import find_person
from pools.accounts.mailing import send_later
from pools.models.ledger import LedgerUnwritable
from pools.people_forms import ForgottenForm, JoinForm, NewPasswordForm
from pools.secret import Secret
from pools.vault import Unsealable, seal_for, unseal_for

_SESSION_KEY: Final = "forgotten"
_PURPOSE: Final = "forgotten password"
_ASKED: Final = (
    "If somebody here has this name, a password and an address, a link is on its way. "
    "It works for one hour."
)
_SPENT: Final = "This code opens nothing: it was used, or is too old. Ask for another link."
_UNRECORDED: Final = "The panel's record cannot be written just now. Try again later."
_MAIL: Final = """\
Hello {name},

somebody, probably you, asked {panel} for a new password for the user name {username}.
Choose one here:

{link}

The link works once, until {until}. If you did not ask, leave it alone: nothing happens.
"""


@login_not_required
def ask(request: HttpRequest) -> HttpResponse:
    """Mails a link; the answer is the same whoever is named, and comes as soon."""
    form = ForgottenForm(request.POST or None)
    if not settings.EMAIL_CONFIGURED or not form.is_valid():
        return _form(request, "account/password_forgotten.html", form)
    name = form.cleaned_data["login"]
    if not ratelimit.consume(request, action="reset_password", key=name.lower()):
        return too_many(request)
    person = find_person(name)
    mailed = person is not None and bool(person.email) and forgotten.can_choose(person)
    note("password_link_asked", request, person, {"mailed": mailed})
    if person is not None and mailed:
        _mail(person, forgotten.new_code(person), request)
    messages.info(request, _ASKED)
    return redirect("account_login")


@login_not_required
@sensitive_variables()
@sensitive_post_parameters("code")
def use_code(request: HttpRequest) -> HttpResponse:
    """Takes the code of a link into the session, where the next page finds it."""
    form = JoinForm(request.POST or None)
    if not form.is_valid():
        return _form(request, "account/password_code.html", form)
    if not ratelimit.consume(request, action="reset_password_from_key"):
        return too_many(request)
    try:
        forgotten.person_for(form.cleaned_data["code"])
    except forgotten.CodeSpent:
        form.add_error("code", _SPENT)
        return _form(request, "account/password_code.html", form)
    request.session[_SESSION_KEY] = seal_for(_PURPOSE, Secret(form.cleaned_data["code"]))
    return redirect("account_new_password")


@login_not_required
@sensitive_variables()
@sensitive_post_parameters()
def new_password(request: HttpRequest) -> HttpResponse:
    """Sets the password; then the person signs in with it, and with their second factor."""
    try:
        code = unseal_for(_PURPOSE, request.session.get(_SESSION_KEY, "")).reveal()
        person = forgotten.person_for(code)
    except (forgotten.CodeSpent, Unsealable):
        return redirect("account_password_code")
    form = NewPasswordForm(request.POST or None, person=person)
    if not form.is_valid():
        return _form(request, "account/password_new.html", form, person=person)
    try:
        forgotten.choose_password(
            code, form.cleaned_data["password"].reveal(), request.META.get("REMOTE_ADDR", "")
        )
    except forgotten.CodeSpent:
        return redirect("account_password_code")
    except LedgerUnwritable:
        form.add_error(None, _UNRECORDED)
        return _form(request, "account/password_new.html", form, person=person)
    _open_door(request, person)
    logout(request)
    messages.success(request, "The password is changed. Sign in with it.")
    return redirect("account_login")


@sensitive_variables()
def _mail(person: User, code: str, request: HttpRequest) -> None:
    text = _MAIL.format(
        name=person.get_full_name() or person.get_username(),
        panel=settings.PANEL_NAME,
        username=person.get_username(),
        link=link_of(request, code),
        until=date_format(localtime(forgotten.good_until()), "d M Y H:i T"),
    )
    send_later(f"A new password for {settings.PANEL_NAME}", text, person.email)


@sensitive_variables()
def link_of(request: HttpRequest, code: str) -> str:
    return f"{request.build_absolute_uri(reverse('account_password_code'))}#{code}"


def _open_door(request: HttpRequest, person: User) -> None:
    """Wrong passwords from before no longer count for this person's names."""
    for name in filter(None, (person.get_username(), person.email)):
        get_adapter(request)._delete_login_attempts_cached_email(request, username=name)  # noqa: SLF001


def _form(request: HttpRequest, template: str, form: Any, **context: Any) -> HttpResponse:
    status = 422 if form.is_bound and form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)
