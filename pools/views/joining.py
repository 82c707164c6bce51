"""Joining by an invitation: its code, then a password of one's own.

The code comes after the # of the link, which browsers do not send: it is in no log, of
this panel or of a proxy, and in no Referer.
"""

from typing import Any, Final

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.core import ratelimit
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from pools.forms.people import FirstPasswordForm, JoinForm
from pools.ledger.appending import LedgerUnwritable
from pools.models import Invitation
from pools.pages.actors import address_of
from pools.pages.errors import too_many
from pools.pages.guards import public
from pools.people import acts
from pools.people.user_names import NameTaken
from pools.wording import people as wording

_SESSION_KEY: Final = "invitation"
_CODE_PAGE: Final = "pools/join.html"
_CHOOSING_PAGE: Final = "pools/join_password.html"


@public
@sensitive_variables()
@sensitive_post_parameters()
def join(request: HttpRequest) -> HttpResponse:
    """The one page of an invitation: for its code, and then for a password.

    The script of the page sends the code that came with the link by itself.
    """
    if request.user.is_authenticated:
        messages.info(request, wording.SIGN_OUT_FIRST)
        # A browser takes the code behind the # of the link along, unless the address has its own.
        return redirect(f"{reverse('pools:home')}#")
    if "code" in request.POST:
        return _take_code(request)
    chosen = request.session.get(_SESSION_KEY)
    invitation = Invitation.objects.open().filter(pk=chosen).first() if chosen else None
    if invitation is not None:
        return _choose_password(request, invitation)
    return _spent(request) if request.POST else _form(request, _CODE_PAGE, JoinForm())


@sensitive_variables()
def _take_code(request: HttpRequest) -> HttpResponse:
    """Keeps in the session which invitation the code belongs to."""
    form = JoinForm(request.POST)
    if not form.is_valid():
        return _form(request, _CODE_PAGE, form)
    if not ratelimit.consume(request, action="invitation"):
        return too_many(request)
    try:
        invitation = acts.invitation_for(form.cleaned_data["code"])
    except acts.InvitationSpent:
        form.add_error("code", wording.INVITATION_SPENT)
        return _form(request, _CODE_PAGE, form)
    request.session[_SESSION_KEY] = str(invitation.pk)
    return redirect("pools:join")


@sensitive_variables()
def _choose_password(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Makes the person, with the password that they chose, and signs them in."""
    form = FirstPasswordForm(request.POST or None, invitation=invitation)
    if not form.is_valid():
        return _form(request, _CHOOSING_PAGE, form, invitation=invitation)
    try:
        person = acts.accept(
            invitation, form.cleaned_data["password"].reveal(), address=address_of(request)
        )
    except acts.InvitationSpent:
        return _spent(request)
    except (NameTaken, LedgerUnwritable) as error:
        form.add_error(None, wording.joining_refused(error))
        return _form(request, _CHOOSING_PAGE, form, invitation=invitation)
    del request.session[_SESSION_KEY]
    record_authentication(request, person, method="password")
    answer: HttpResponse = perform_login(request, person)
    return answer


def _spent(request: HttpRequest) -> HttpResponse:
    """The invitation was used up, withdrawn or too old since its code was taken."""
    messages.error(request, wording.INVITATION_SPENT)
    return redirect("pools:join")


def _form(request: HttpRequest, template: str, form: Any, **context: Any) -> HttpResponse:
    status = 422 if form.is_bound else 200
    return render(request, template, {"form": form, **context}, status=status)
