"""People, for administrators: who is here, what they may do, who is invited."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from pools.accounts.reauthentication import credential_given_lately
from pools.forms.people import InviteForm, RolesForm
from pools.ledger.appending import Actor, LedgerUnwritable
from pools.models import Invitation, Token
from pools.pages.actors import actor_of
from pools.pages.drafts import take_draft
from pools.pages.guards import needs, person
from pools.people import acts, leaving
from pools.people.roles import MANAGE_PEOPLE
from pools.people.user_names import NameTaken, earlier_names
from pools.views import people_facts
from pools.views.visibility import sees_all, where_older_are
from pools.wording import mails
from pools.wording import people as wording

# Those who may sign in come first.
ORDER: Final = ("-is_active", "username")
# The latest that somebody did to pools, and the latest else.
RECENT: Final = 10
# What stops an act, and has words of its own.
_STOPPED: Final = (acts.NotAllowed, NameTaken, LedgerUnwritable)


@dataclass(frozen=True, slots=True)
class Act:
    """Something done to a person after one confirmation: what does it, and its words."""

    words: wording.ActWords
    do: Callable[..., Any]
    dangerous: bool = True
    check: Callable[[User, Actor], None] = acts.may_touch


DISABLE: Final = Act(wording.DISABLE, acts.disable, check=acts.may_disable)
ENABLE: Final = Act(wording.ENABLE, acts.enable, dangerous=False)
SIGN_OUT: Final = Act(wording.SIGN_OUT, acts.sign_out_everywhere)
FORGET_FACTORS: Final = Act(wording.FORGET_FACTORS, acts.remove_second_factors)
DELETE: Final = Act(wording.DELETE, leaving.delete, check=leaving.may_delete)


@needs(MANAGE_PEOPLE)
def people_list(request: HttpRequest) -> HttpResponse:
    context = {
        "rows": people_facts.everyone(*ORDER),
        "invitations": Invitation.objects.open(),
    }
    return render(request, "pools/people.html", context)


@needs(MANAGE_PEOPLE)
def person_detail(request: HttpRequest, person_id: int) -> HttpResponse:
    facts = _facts(person_id)
    earlier = earlier_names(facts.user)
    left = not facts.user.is_active
    context = {
        "archived": where_older_are(),
        "to_revoke": people_facts.keys_to_revoke(facts.user) if left else [],
        "disabling": people_facts.disabling(facts.user) if left else None,
        "destroyed_after": leaving.destroyed_after(facts.user) if left else None,
        "facts": facts,
        "earlier_names": wording.also_recorded_as(earlier) if earlier else "",
        "history": people_facts.recent_changes(facts.user, RECENT),
        "events": people_facts.recent_events(facts.user, RECENT),
        "own": facts.user == person(request),
        "sees_events": sees_all(person(request)),
        "may": person(request).is_superuser or not facts.user.is_superuser,
    }
    return render(request, "pools/person.html", context)


@needs(MANAGE_PEOPLE)
def person_roles(request: HttpRequest, person_id: int) -> HttpResponse:
    """Gives and takes roles."""
    facts = _facts(person_id)
    try:
        acts.may_touch(facts.user, _actor(request))
    except acts.NotAllowed as error:
        return _refused(request, facts, "Roles", error)
    return _give_roles(request, facts)


@credential_given_lately
def _give_roles(request: HttpRequest, facts: people_facts.PersonFacts) -> HttpResponse:
    initial = {"roles": facts.roles} | take_draft(request)
    form = RolesForm(request.POST if request.method == "POST" else None, initial=initial)
    own = facts.user == person(request) and not facts.user.is_superuser
    context = {"form": form, "facts": facts, "own_rule": wording.OWN_ADMINISTRATION if own else ""}
    if not form.is_valid():
        return render(request, "pools/person_roles.html", context, status=_status(form))
    try:
        changed = acts.set_roles(facts.user, form.cleaned_data["roles"], by=_actor(request))
    except _STOPPED as error:
        form.add_error(None, wording.refused(error))
        return render(request, "pools/person_roles.html", context, status=_status(form))
    messages.success(request, wording.ROLES_CHANGED if changed else wording.ROLES_UNCHANGED)
    return redirect("pools:person", person_id=facts.user.pk)


@needs(MANAGE_PEOPLE)
def person_disable(request: HttpRequest, person_id: int) -> HttpResponse:
    if not Token.objects.filter(user=person_id).exists():
        return _act(request, person_id, DISABLE)
    words = wording.disabling_with_tokens(leaving.token_days())
    return _act(request, person_id, replace(DISABLE, words=words))


@needs(MANAGE_PEOPLE)
def person_enable(request: HttpRequest, person_id: int) -> HttpResponse:
    return _act(request, person_id, ENABLE)


@needs(MANAGE_PEOPLE)
def person_delete(request: HttpRequest, person_id: int) -> HttpResponse:
    return _act(request, person_id, DELETE)


@needs(MANAGE_PEOPLE)
def person_sign_out(request: HttpRequest, person_id: int) -> HttpResponse:
    return _act(request, person_id, SIGN_OUT)


@needs(MANAGE_PEOPLE)
def person_forget_factors(request: HttpRequest, person_id: int) -> HttpResponse:
    return _act(request, person_id, FORGET_FACTORS)


@needs(MANAGE_PEOPLE)
@credential_given_lately
@sensitive_variables()
def person_invite(request: HttpRequest) -> HttpResponse:
    """Makes an invitation. Its link is in the answer, this once."""
    form = InviteForm(request.POST or None, initial=take_draft(request))
    if not form.is_valid():
        return render(request, "pools/person_invite.html", {"form": form}, status=_status(form))
    try:
        invitation, code = acts.invite(**form.cleaned_data, by=_actor(request))
    except _STOPPED as error:
        form.add_error(None, wording.refused(error))
        return render(request, "pools/person_invite.html", {"form": form}, status=_status(form))
    link = f"{request.build_absolute_uri(reverse('pools:join'))}#{code}"
    context = {"invitation": invitation, "link": link, "sent": _send(invitation, link)}
    return render(request, "pools/person_invited.html", context)


@needs(MANAGE_PEOPLE)
@credential_given_lately
def invitation_withdraw(request: HttpRequest, invitation: UUID) -> HttpResponse:
    """Makes an invitation's link useless."""
    chosen = get_object_or_404(Invitation.objects.open(), pk=invitation)
    if request.method != "POST":
        return render(request, "pools/invitation_withdraw.html", {"invitation": chosen})
    try:
        acts.revoke(chosen, by=_actor(request))
    except acts.InvitationSpent:
        raise Http404 from None
    except LedgerUnwritable as error:
        messages.error(request, wording.refused(error))
    else:
        messages.success(request, wording.withdrawn(chosen.username))
    return redirect("pools:people")


def _act(request: HttpRequest, person_id: int, act: Act) -> HttpResponse:
    """What can never be done to this person is refused at once, not after a confirmation."""
    facts = _facts(person_id)
    try:
        act.check(facts.user, _actor(request))
    except acts.NotAllowed as error:
        return _refused(request, facts, act.words.title, error)
    return _confirmed(request, facts, act)


def _refused(
    request: HttpRequest, facts: people_facts.PersonFacts, title: str, error: acts.NotAllowed
) -> HttpResponse:
    context = {"facts": facts, "title": title, "stopped": wording.refused(error)}
    return render(request, "pools/person_refused.html", context, status=409)


@credential_given_lately
def _confirmed(request: HttpRequest, facts: people_facts.PersonFacts, act: Act) -> HttpResponse:
    words, dangerous = act.words, act.dangerous
    name, person_id = facts.user.get_username(), facts.user.pk
    context: dict[str, Any] = {"facts": facts, "act": words, "dangerous": dangerous, "stopped": ""}
    if request.method != "POST":
        return render(request, "pools/person_act.html", context)
    try:
        act.do(facts.user, by=_actor(request))
    except _STOPPED as error:
        context["stopped"] = wording.refused(error)
        return render(request, "pools/person_act.html", context, status=409)
    messages.success(request, f"{name} {act.words.done}")
    if act is DELETE:
        return redirect("pools:people")
    return redirect("pools:person", person_id=person_id)


@sensitive_variables()
def _send(invitation: Invitation, link: str) -> str:
    """Mails the link: "sent", "failed", or "" where that is not set up or not wanted."""
    if not invitation.email or not settings.EMAIL_CONFIGURED:
        return ""
    mail = mails.invitation(
        name=invitation.full_name or invitation.username,
        username=invitation.username,
        inviter=invitation.invited_by,
        link=link,
        until=invitation.expires_at,
    )
    try:
        send_mail(mail.subject, mail.text, None, [invitation.email])
    except OSError:
        return "failed"
    return "sent"


def _facts(person_id: int) -> people_facts.PersonFacts:
    facts = people_facts.person_facts(person_id)
    if facts is None:
        raise Http404
    return facts


def _actor(request: HttpRequest) -> Actor:
    return actor_of(request, person(request))


def _status(form: Any) -> int:
    return 422 if form.is_bound else 200
