"""A link to a new password, for an administrator to hand over."""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.debug import sensitive_variables

from pools.accounts.forgotten_password import link_of
from pools.accounts.reauthentication import credential_given_lately
from pools.ledger.appending import LedgerUnwritable
from pools.pages.actors import actor_of
from pools.pages.guards import needs, person
from pools.people import acts, password_codes
from pools.people.roles import MANAGE_PEOPLE
from pools.wording.people import refused


@needs(MANAGE_PEOPLE)
@credential_given_lately
@sensitive_variables()
def person_password(request: HttpRequest, person_id: int) -> HttpResponse:
    """Makes the link after one confirmation. It is in the answer, this once."""
    user = get_object_or_404(User, pk=person_id)
    context = {"user_there": user, "link": "", "until": None, "stopped": ""}
    status = 200
    if request.method == "POST":
        try:
            code = password_codes.code_from(user, by=actor_of(request, person(request)))
        except (acts.NotAllowed, LedgerUnwritable) as error:
            context["stopped"], status = refused(error), 409
        else:
            context |= {"link": link_of(request, code), "until": password_codes.good_until()}
    return render(request, "pools/person_password.html", context, status=status)
