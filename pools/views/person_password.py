"""A link to a new password, for an administrator to hand over."""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.debug import sensitive_variables

from pools import forgotten, people
from pools.accounts.forgotten_views import link_of
from pools.guards import credential_given_lately, needs, person
from pools.models.ledger import LedgerUnwritable
from pools.views.account import address_of


@needs("pools.manage_people")
@credential_given_lately
@sensitive_variables()
def person_password(request: HttpRequest, person_id: int) -> HttpResponse:
    """Makes the link after one confirmation. It is in the answer, this once."""
    user = get_object_or_404(User, pk=person_id)
    context = {"user_there": user, "link": "", "until": None, "stopped": ""}
    status = 200
    if request.method == "POST":
        try:
            code = forgotten.code_from(person(request), user, address_of(request))
        except people.NotAllowed as error:
            context["stopped"], status = str(error), 409
        except LedgerUnwritable:
            context["stopped"], status = people.UNRECORDED, 409
        else:
            context |= {"link": link_of(request, code), "until": forgotten.good_until()}
    return render(request, "pools/person_password.html", context, status=status)
