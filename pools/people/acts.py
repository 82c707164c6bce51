"""People: inviting them, their roles, disabling them; each act on the ledger or not done.

Whoever acts here is an administrator: the views see to it. What an administrator may not
do, even so: give up the panel's last administration, shut themselves out, or touch a
superuser without being one. Nothing here makes a superuser.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from pools.models import Invitation
from pools.models.canonical import storable
from pools.models.ledger import Actor, LedgerUnwritable, lock, record_event
from pools.roles import ROLES

ADMINISTRATOR: Final = "Administrator"
_CODE_BYTES: Final = 24
# Who acts when no person does.
PROVIDER: Final = Actor(id=0, name="single sign-on")
ENVIRONMENT: Final = Actor(id=0, name="environment")
COMMAND_LINE: Final = Actor(id=0, name="command line")
UNRECORDED: Final = "Nothing was done: the panel's record cannot be written just now."


class NotAllowed(Exception):
    """Not even an administrator may do this. Its text is a sentence for them."""


class LastAdministrator(NotAllowed):
    """Afterwards nobody could look after people any more."""


class AlreadyThere(Exception):
    """A person or an open invitation has this user name."""


class InvitationSpent(Exception):
    """The code opens nothing: used, withdrawn, expired, or never there."""


@contextmanager
def recording() -> Iterator[None]:
    """One transaction for what is done to people and for its event: both or neither.

    Whoever else does the same waits, so that two administrators cannot each take the
    other's administration away. Raises LedgerUnwritable.
    """
    try:
        with transaction.atomic(durable=True):
            lock()
            yield
    except DatabaseError as error:
        raise LedgerUnwritable("what was done to a person could not be recorded") from error


def set_roles(person: User, roles: Iterable[str], *, by: User, address: str) -> bool:
    """Gives a person exactly these roles. False when they had them already.

    Groups that are not roles of the panel are left as they are.
    """
    may_touch(person, by)
    wanted = set(roles)
    if unknown := wanted - set(ROLES):
        raise ValueError(f"not a role: {', '.join(sorted(unknown))}")
    if person == by and not by.is_superuser and ADMINISTRATOR not in wanted:
        raise NotAllowed("You cannot take your own administration away; a colleague can.")
    with recording():
        return _change_roles(person, wanted, Actor(by.pk, by.get_username(), address))


def disable(person: User, *, by: User, address: str) -> None:
    """Shuts a person out: their sessions end now, their tokens stay but nobody can use them."""
    may_disable(person, by)
    with recording():
        _switch(person, on=False)
        _must_have_administrators()
        end_sessions(person)
        record_about("person_disabled", person, Actor(by.pk, by.get_username(), address))


def may_disable(person: User, by: User) -> None:
    """Raises NotAllowed where `by` cannot disable a person, whatever happens meanwhile."""
    may_touch(person, by)
    if person == by:
        raise NotAllowed("You cannot disable yourself; a colleague can.")


def enable(person: User, *, by: User, address: str) -> None:
    """Lets a person in again. Sessions from before stay ended."""
    may_touch(person, by)
    with recording():
        _switch(person, on=True)
        record_about("person_enabled", person, Actor(by.pk, by.get_username(), address))


def sign_out_everywhere(person: User, *, by: User, address: str) -> int:
    """Ends all sessions of a person, and says how many there were."""
    may_touch(person, by)
    with recording():
        ended = end_sessions(person)
        record_about(
            "sessions_ended", person, Actor(by.pk, by.get_username(), address), {"count": ended}
        )
    return ended


def remove_second_factors(person: User, *, by: User, address: str) -> None:
    """For someone who has lost their phone: app, passkeys and recovery codes are gone."""
    may_touch(person, by)
    with recording():
        factors = Authenticator.objects.filter(user=person)
        kinds = sorted(factors.values_list("type", flat=True))
        factors.delete()
        end_sessions(person)
        record_about(
            "second_factor_removed",
            person,
            Actor(by.pk, by.get_username(), address),
            {"factors": kinds},
        )


@sensitive_variables()
def invite(
    *, username: str, full_name: str, email: str, roles: Iterable[str], by: User, address: str
) -> tuple[Invitation, str]:
    """An invitation and its code, which is not kept: it can be shown this once.

    Raises AlreadyThere.
    """
    if User.objects.filter(username__iexact=username).exists():
        raise AlreadyThere("There is a person with this user name.")
    if Invitation.objects.open().filter(username__iexact=username).exists():
        raise AlreadyThere("There is an open invitation for this user name: withdraw it first.")
    code, now = secrets.token_urlsafe(_CODE_BYTES), timezone.now()
    invitation = Invitation(
        code_hash=_hash(code),
        username=username,
        full_name=storable(full_name),
        email=email,
        roles=sorted(roles),
        invited_by=by.get_username(),
        created_at=now,
        expires_at=now + timedelta(days=settings.INVITATION_DAYS),
    )
    with recording():
        invitation.save(force_insert=True)
        record_event(
            "person_invited",
            Actor(by.pk, by.get_username(), address),
            facts={"name": username, "roles": invitation.roles, "invitation": str(invitation.pk)},
        )
    return invitation, code


def revoke(invitation: Invitation, *, by: User, address: str) -> None:
    """Withdraws an invitation. Raises InvitationSpent when it is not open any more."""
    with recording():
        open_one = Invitation.objects.open().filter(pk=invitation.pk)
        if not open_one.update(revoked_at=timezone.now()):
            raise InvitationSpent
        record_event(
            "invitation_withdrawn",
            Actor(by.pk, by.get_username(), address),
            facts={"name": invitation.username, "invitation": str(invitation.pk)},
        )


@sensitive_variables()
def invitation_for(code: str) -> Invitation:
    """The open invitation that a code belongs to. Raises InvitationSpent."""
    invitation = Invitation.objects.open().filter(code_hash=_hash(code.strip())).first()
    if invitation is None:
        raise InvitationSpent
    return invitation


@sensitive_variables()
def accept(invitation: Invitation, password: str, *, address: str) -> User:
    """Makes the person that an invitation is for. Raises InvitationSpent, AlreadyThere."""
    person = new_person(invitation.username, invitation.full_name, invitation.email)
    person.set_password(password)
    with recording():
        still_open = Invitation.objects.open().filter(pk=invitation.pk)
        if not still_open.update(accepted_at=timezone.now()):
            raise InvitationSpent
        if User.objects.filter(username__iexact=person.username).exists():
            raise AlreadyThere("There is a person with this user name by now.")
        person.save(force_insert=True)
        person.groups.set(_groups(invitation.roles))
        record_event(
            "invitation_accepted",
            Actor(person.pk, person.get_username(), address),
            facts={"roles": invitation.roles, "invitation": str(invitation.pk)},
        )
    return person


@sensitive_variables()
def ensure_administrator(username: str, password: str) -> bool:
    """Makes an administrator of this name; False, and nothing is touched, if they are there."""
    person = new_person(username, "", "")
    person.set_password(password)
    with recording():
        if User.objects.filter(username__iexact=username).exists():
            return False
        person.save(force_insert=True)
        person.groups.set(_groups([ADMINISTRATOR]))
        record_about("person_added", person, ENVIRONMENT, {"roles": [ADMINISTRATOR]})
    return True


def record_superuser(person: User) -> None:
    """Notes that someone was made a superuser on the command line."""
    with recording():
        record_about("superuser_made", person, COMMAND_LINE)


def add_from_provider(person: User, roles: Iterable[str]) -> None:
    """Gives the roles of single sign-on to someone who was made just now, in `recording`."""
    person.groups.set(_groups(roles))
    record_about("person_added", person, PROVIDER, {"roles": sorted(roles)})


def follow_provider(person: User, roles: Iterable[str], address: str) -> None:
    """Brings the roles of someone whom single sign-on brought up to what it says now."""
    with recording():
        _change_roles(person, set(roles), Actor(PROVIDER.id, PROVIDER.name, address))


def administrators() -> QuerySet[User]:
    """The people who can look after people, and are not disabled."""
    by_role = Q(
        groups__permissions__codename="manage_people",
        groups__permissions__content_type__app_label="pools",
    )
    return User.objects.filter(Q(is_superuser=True) | by_role, is_active=True).distinct()


def roles_of(person: User) -> list[str]:
    """The names of a person's roles, in the order of what they may do."""
    held = {group.name for group in person.groups.all()}
    return [role for role in ROLES if role in held]


def new_person(username: str, full_name: str, email: str) -> User:
    """A person who is not stored yet."""
    first, _, last = full_name.partition(" ")
    return User(username=username, first_name=first, last_name=last, email=email)


def _change_roles(person: User, wanted: set[str], actor: Actor) -> bool:
    before = set(person.groups.filter(name__in=ROLES).values_list("name", flat=True))
    if wanted == before:
        return False
    person.groups.remove(*_groups(before - wanted))
    person.groups.add(*_groups(wanted - before))
    _must_have_administrators()
    record_about(
        "roles_changed",
        person,
        actor,
        {
            "given": sorted(wanted - before),
            "taken": sorted(before - wanted),
            "roles": sorted(wanted),
        },
    )
    return True


def may_touch(person: User, by: User) -> None:
    if person.is_superuser and not by.is_superuser:
        raise NotAllowed("Only a superuser can do this to a superuser.")


def _must_have_administrators() -> None:
    """Inside the transaction: what was done is undone if nobody is left."""
    if not administrators().exists():
        raise LastAdministrator("Nobody could look after people any more.")


def _switch(person: User, *, on: bool) -> None:
    person.is_active = on
    person.save(update_fields=["is_active"])


def end_sessions(person: User) -> int:
    sessions = list(UserSession.objects.filter(user=person))
    for session in sessions:
        session.end()
    return len(sessions)


def _groups(names: Iterable[str]) -> list[Group]:
    return list(Group.objects.filter(name__in=list(names)))


def record_about(
    action: str, person: User, actor: Actor, facts: dict[str, Any] | None = None
) -> None:
    about = {"person": str(person.pk), "name": person.get_username(), **(facts or {})}
    record_event(action, actor, facts=about)


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
