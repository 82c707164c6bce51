"""Coming in by an invitation: its code, then a password of one's own.

The code stands behind the # of the link, which browsers do not send: it is in no log, of
this panel or of a proxy, and in no Referer.
"""

from typing import Any, Final

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.core import ratelimit
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from adminpanel.views import too_many
from pools import people
from pools.guards import public
from pools.models import Invitation
from pools.models.ledger import LedgerUnwritable
from pools.people_forms import FirstPasswordForm, JoinForm
from pools.views.account import address_of

_SESSION_KEY: Final = "invitation"
_SPENT: Final = (
    "This code opens nothing: it was used, withdrawn, or is too old. Ask for another invitation."
)
_UNRECORDED: Final = "The panel's record cannot be written just now. Try again later."


@public
@sensitive_variables()
@sensitive_post_parameters("code")
def join(request: HttpRequest) -> HttpResponse:
    """Takes the code, and notes in the session which invitation it opened."""
    if request.user.is_authenticated:
        messages.info(request, "You are signed in. Sign out first to use an invitation.")
        return redirect("pools:companies")
    form = JoinForm(request.POST or None)
    if not form.is_valid():
        return _form(request, "pools/join.html", form)
    if not ratelimit.consume(request, action="invitation"):
        return too_many(request)
    try:
        invitation = people.invitation_for(form.cleaned_data["code"])
    except people.InvitationSpent:
        form.add_error("code", _SPENT)
        return _form(request, "pools/join.html", form)
    request.session[_SESSION_KEY] = str(invitation.pk)
    return redirect("pools:join_password")


@public
@sensitive_variables()
@sensitive_post_parameters()
def join_password(request: HttpRequest) -> HttpResponse:
    """Makes the person, with the password that they chose, and signs them in."""
    chosen = request.session.get(_SESSION_KEY)
    invitation = Invitation.objects.open().filter(pk=chosen).first() if chosen else None
    if invitation is None:
        return redirect("pools:join")
    form = FirstPasswordForm(request.POST or None, invitation=invitation)
    if not form.is_valid():
        return _form(request, "pools/join_password.html", form, invitation=invitation)
    try:
        person = people.accept(
            invitation, form.cleaned_data["password"].reveal(), address=address_of(request)
        )
    except people.InvitationSpent:
        return redirect("pools:join")
    except (people.AlreadyThere, LedgerUnwritable) as error:
        form.add_error(None, str(error) if isinstance(error, people.AlreadyThere) else _UNRECORDED)
        return _form(request, "pools/join_password.html", form, invitation=invitation)
    del request.session[_SESSION_KEY]
    record_authentication(request, person, method="password")
    answer: HttpResponse = perform_login(request, person)
    return answer


def _form(request: HttpRequest, template: str, form: Any, **context: Any) -> HttpResponse:
    status = 422 if form.is_bound else 200
    return render(request, template, {"form": form, **context}, status=status)
