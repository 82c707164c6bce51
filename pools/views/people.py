"""People, for those who look after them: who is here, what they may do, who comes next."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.views.decorators.debug import sensitive_variables

from pools import people, people_overview
from pools.drafts import take_draft
from pools.guards import credential_given_lately, needs, person
from pools.models import Invitation
from pools.models.ledger import LedgerUnwritable
from pools.people_forms import InviteForm, RolesForm
from pools.views.account import address_of

# What stops an act, and is told as it is.
_STOPPED: Final = (people.NotAllowed, people.AlreadyThere, LedgerUnwritable)
_MAIL: Final = """\
Hello {name},

{inviter} invites you to {panel}. Your user name there is {username}.

{link}

The link lets you in once, until {until}. You choose a password then.
If you did not expect this, leave it alone: nothing happens.
"""


@dataclass(frozen=True, slots=True)
class Act:
    """Something done to a person after one confirmation: its words, and what does it."""

    title: str
    meaning: str
    word: str
    done: str
    do: Callable[..., Any]
    dangerous: bool = True
    check: Callable[[User, User], None] = people.may_touch


DISABLE: Final = Act(
    "Disable",
    "is signed out at once and cannot sign in any more. Their tokens stay; nobody can use them.",
    "Disable",
    "is disabled.",
    people.disable,
    check=people.may_disable,
)
ENABLE: Final = Act(
    "Enable",
    "can sign in again, with the roles and tokens from before.",
    "Enable",
    "can sign in again.",
    people.enable,
    dangerous=False,
)
SIGN_OUT: Final = Act(
    "Sign out everywhere",
    "has to sign in again on every device.",
    "Sign out everywhere",
    "is signed out everywhere.",
    people.sign_out_everywhere,
)
FORGET_FACTORS: Final = Act(
    "Remove second factors",
    "signs in with the password alone until they set up an app or a passkey again. "
    "Be sure that it is really them who asks.",
    "Remove second factors",
    "has no second factor any more.",
    people.remove_second_factors,
)


@needs("pools.manage_people")
def people_list(request: HttpRequest) -> HttpResponse:
    context = {
        "rows": people_overview.everyone(),
        "invitations": Invitation.objects.open(),
    }
    return render(request, "pools/people.html", context)


@needs("pools.manage_people")
def person_detail(request: HttpRequest, person_id: int) -> HttpResponse:
    facts = _facts(person_id)
    context = {
        "facts": facts,
        "history": people_overview.recent_changes(facts.user),
        "events": people_overview.recent_events(facts.user),
        "own": facts.user == person(request),
        "may": person(request).is_superuser or not facts.user.is_superuser,
    }
    return render(request, "pools/person.html", context)


@needs("pools.manage_people")
def person_roles(request: HttpRequest, person_id: int) -> HttpResponse:
    """Gives and takes roles."""
    facts = _facts(person_id)
    try:
        people.may_touch(facts.user, person(request))
    except people.NotAllowed as error:
        return _refused(request, facts, "Roles", error)
    return _give_roles(request, facts)


@credential_given_lately
def _give_roles(request: HttpRequest, facts: people_overview.PersonFacts) -> HttpResponse:
    initial = {"roles": facts.roles} | take_draft(request)
    form = RolesForm(request.POST if request.method == "POST" else None, initial=initial)
    own = facts.user == person(request) and not facts.user.is_superuser
    context = {"form": form, "facts": facts, "own": own}
    if not form.is_valid():
        return render(request, "pools/person_roles.html", context, status=_status(form))
    try:
        changed = people.set_roles(facts.user, form.cleaned_data["roles"], **_who(request))
    except _STOPPED as error:
        form.add_error(None, _sentence(error))
        return render(request, "pools/person_roles.html", context, status=_status(form))
    said = "The roles are changed." if changed else "Nothing to change: these are the roles."
    messages.success(request, said)
    return redirect("pools:person", person_id=facts.user.pk)


@needs("pools.manage_people")
def person_disable(request: HttpRequest, person_id: int) -> HttpResponse:
    return _act(request, person_id, DISABLE)


@needs("pools.manage_people")
def person_enable(request: HttpRequest, person_id: int) -> HttpResponse:
    return _act(request, person_id, ENABLE)


@needs("pools.manage_people")
def person_sign_out(request: HttpRequest, person_id: int) -> HttpResponse:
    return _act(request, person_id, SIGN_OUT)


@needs("pools.manage_people")
def person_forget_factors(request: HttpRequest, person_id: int) -> HttpResponse:
    return _act(request, person_id, FORGET_FACTORS)


@needs("pools.manage_people")
@credential_given_lately
@sensitive_variables()
def person_invite(request: HttpRequest) -> HttpResponse:
    """Makes an invitation. Its link is in the answer, this once."""
    form = InviteForm(request.POST or None, initial=take_draft(request))
    if not form.is_valid():
        return render(request, "pools/person_invite.html", {"form": form}, status=_status(form))
    try:
        invitation, code = people.invite(**form.cleaned_data, **_who(request))
    except _STOPPED as error:
        form.add_error(None, _sentence(error))
        return render(request, "pools/person_invite.html", {"form": form}, status=_status(form))
    link = f"{request.build_absolute_uri(reverse('pools:join'))}#{code}"
    context = {"invitation": invitation, "link": link, "sent": _send(invitation, link)}
    return render(request, "pools/person_invited.html", context)


@needs("pools.manage_people")
@credential_given_lately
def invitation_withdraw(request: HttpRequest, invitation: UUID) -> HttpResponse:
    """An invitation's link opens nothing any more."""
    found = get_object_or_404(Invitation.objects.open(), pk=invitation)
    if request.method != "POST":
        return render(request, "pools/invitation_withdraw.html", {"invitation": found})
    try:
        people.revoke(found, **_who(request))
    except people.InvitationSpent:
        raise Http404 from None
    except LedgerUnwritable as error:
        messages.error(request, _sentence(error))
    else:
        messages.success(request, f"The invitation for {found.username} is withdrawn.")
    return redirect("pools:people")


def _act(request: HttpRequest, person_id: int, act: Act) -> HttpResponse:
    """What can never be done to this person is refused at once, not after a confirmation."""
    facts = _facts(person_id)
    try:
        act.check(facts.user, person(request))
    except people.NotAllowed as error:
        return _refused(request, facts, act.title, error)
    return _confirmed(request, facts, act)


def _refused(
    request: HttpRequest, facts: people_overview.PersonFacts, title: str, error: Exception
) -> HttpResponse:
    context = {"facts": facts, "title": title, "stopped": str(error)}
    return render(request, "pools/person_refused.html", context, status=409)


@credential_given_lately
def _confirmed(request: HttpRequest, facts: people_overview.PersonFacts, act: Act) -> HttpResponse:
    context: dict[str, Any] = {"facts": facts, "act": act, "stopped": ""}
    if request.method != "POST":
        return render(request, "pools/person_act.html", context)
    try:
        act.do(facts.user, **_who(request))
    except _STOPPED as error:
        context["stopped"] = _sentence(error)
        return render(request, "pools/person_act.html", context, status=409)
    messages.success(request, f"{facts.user.get_username()} {act.done}")
    return redirect("pools:person", person_id=facts.user.pk)


@sensitive_variables()
def _send(invitation: Invitation, link: str) -> str:
    """Mails the link: "sent", "failed", or "" where that is not set up or not wanted."""
    if not invitation.email or not settings.EMAIL_CONFIGURED:
        return ""
    text = _MAIL.format(
        name=invitation.full_name or invitation.username,
        inviter=invitation.invited_by,
        panel=settings.PANEL_NAME,
        username=invitation.username,
        link=link,
        until=date_format(localtime(invitation.expires_at), "d M Y H:i T"),
    )
    try:
        send_mail(f"Your invitation to {settings.PANEL_NAME}", text, None, [invitation.email])
    except OSError:
        return "failed"
    return "sent"


def _facts(person_id: int) -> people_overview.PersonFacts:
    facts = people_overview.person_facts(person_id)
    if facts is None:
        raise Http404
    return facts


def _who(request: HttpRequest) -> dict[str, Any]:
    by: User = person(request)
    return {"by": by, "address": address_of(request)}


def _sentence(error: Exception) -> str:
    return people.UNRECORDED if isinstance(error, LedgerUnwritable) else str(error)


def _status(form: Any) -> int:
    return 422 if form.is_bound else 200
