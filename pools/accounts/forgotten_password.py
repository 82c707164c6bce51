"""Forgotten passwords: ask for a link, use its code, choose a new password."""

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
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from pools.accounts.events import record_or_log
from pools.accounts.mailing import send_later
from pools.accounts.person_by_name import find_person
from pools.forms.people import ForgottenForm, JoinForm, NewPasswordForm
from pools.ledger.appending import LedgerUnwritable
from pools.pages.actors import address_of
from pools.pages.drafts import take_draft
from pools.pages.errors import too_many
from pools.people import password_codes
from pools.secret import Secret
from pools.tokens.vault import Unsealable, seal_for, unseal_for
from pools.wording import mails
from pools.wording import people as wording

_SESSION_KEY: Final = "forgotten"
_PURPOSE: Final = "forgotten password"


@login_not_required
def ask(request: HttpRequest) -> HttpResponse:
    """Mails a link. The answer is the same, and takes the same time, for any name."""
    form = ForgottenForm(request.POST or None, initial=take_draft(request))
    if not settings.EMAIL_CONFIGURED or not form.is_valid():
        return _form(request, "account/password_forgotten.html", form)
    name = form.cleaned_data["login"]
    if not ratelimit.consume(request, action="reset_password", key=name.lower()):
        return too_many(request)
    person = find_person(name)
    mailed = person is not None and bool(person.email) and password_codes.can_choose(person)
    record_or_log("password_link_asked", request, person, {"mailed": mailed})
    if person is not None and mailed:
        _mail(person, password_codes.new_code(person), request)
    messages.info(request, wording.RESET_LINK_SENT)
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
        password_codes.person_for(form.cleaned_data["code"])
    except password_codes.CodeSpent:
        form.add_error("code", wording.RESET_CODE_SPENT)
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
        person = password_codes.person_for(code)
    except (password_codes.CodeSpent, Unsealable):
        return redirect("account_password_code")
    form = NewPasswordForm(request.POST or None, person=person)
    if not form.is_valid():
        return _form(request, "account/password_new.html", form, person=person)
    try:
        password_codes.choose_password(
            code, form.cleaned_data["password"].reveal(), address_of(request)
        )
    except password_codes.CodeSpent:
        return redirect("account_password_code")
    except LedgerUnwritable as error:
        form.add_error(None, wording.not_now(error))
        return _form(request, "account/password_new.html", form, person=person)
    _forget_failed_sign_ins(request, person)
    logout(request)
    messages.success(request, wording.RESET_DONE)
    return redirect("account_login")


@sensitive_variables()
def _mail(person: User, code: str, request: HttpRequest) -> None:
    mail = mails.new_password(
        name=person.get_full_name() or person.get_username(),
        username=person.get_username(),
        link=link_of(request, code),
        until=password_codes.good_until(),
    )
    send_later(mail.subject, mail.text, person.email)


@sensitive_variables()
def link_of(request: HttpRequest, code: str) -> str:
    return f"{request.build_absolute_uri(reverse('account_password_code'))}#{code}"


def _forget_failed_sign_ins(request: HttpRequest, person: User) -> None:
    """Wrong passwords from before no longer count for this person's names."""
    for name in filter(None, (person.get_username(), person.email)):
        get_adapter(request)._delete_login_attempts_cached_email(request, username=name)  # noqa: SLF001


def _form(request: HttpRequest, template: str, form: Any, **context: Any) -> HttpResponse:
    status = 422 if form.is_bound and form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)
