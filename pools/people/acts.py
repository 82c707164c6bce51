"""People: inviting them, their roles, disabling them; each act on the ledger or not done.

Only administrators get this far: the views see to it. Even they may not remove the panel's
last administrator, shut themselves out, or change a superuser without being one. Nothing here
makes a superuser. The words for a refusal are in `pools.wording.people`.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import Enum, auto
from typing import Any, Final

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from pools.ledger import clock
from pools.ledger.appending import Actor, LedgerUnwritable, lock, record_event
from pools.ledger.canonical import storable
from pools.models import DisabledSince, Invitation
from pools.people.roles import ROLES
from pools.people.user_names import must_be_free, must_not_be_invited

ADMINISTRATOR: Final = "Administrator"
_CODE_BYTES: Final = 24
# Who acts when no person does.
PROVIDER: Final = Actor(id=0, name="single sign-on")
ENVIRONMENT: Final = Actor(id=0, name="environment")
COMMAND_LINE: Final = Actor(id=0, name="command line")


class Refusal(Enum):
    """What not even an administrator may do."""

    OWN_ADMINISTRATION = auto()  # give up their own
    OWN_DISABLING = auto()
    SUPERUSER = auto()  # touch one without being one
    LAST_ADMINISTRATOR = auto()  # leave nobody who can manage people
    NO_PASSWORD = auto()  # a link to a new password for someone without a password, or disabled
    STILL_ENABLED = auto()  # delete somebody who may still sign in


class NotAllowed(Exception):
    """Not even an administrator may do this."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal


class LastAdministrator(NotAllowed):
    """Nobody who can manage people would be left."""

    def __init__(self) -> None:
        super().__init__(Refusal.LAST_ADMINISTRATOR)


class InvitationSpent(Exception):
    """The code is not good: used, withdrawn, expired, or never there."""


def actor_for(person: User, address: str) -> Actor:
    """A person as the author of what they do, from the visitor's address."""
    return Actor(id=person.pk, name=person.get_username(), address=address)


@contextmanager
def recording() -> Iterator[None]:
    """One transaction for what is done to people and for its event: both or neither.

    Anyone else who does the same waits, so that two administrators cannot each take the
    other's administration away. Raises LedgerUnwritable.
    """
    try:
        with transaction.atomic(durable=True):
            lock()
            yield
    except DatabaseError as error:
        raise LedgerUnwritable("what was done to a person could not be recorded") from error


def set_roles(person: User, roles: Iterable[str], *, by: Actor) -> bool:
    """Gives a person exactly these roles. False when they had them already.

    Groups that are not roles of the panel are left as they are.
    """
    may_touch(person, by)
    wanted = set(roles)
    if unknown := wanted - set(ROLES):
        raise ValueError(f"not a role: {', '.join(sorted(unknown))}")
    if person.pk == by.id and not person.is_superuser and ADMINISTRATOR not in wanted:
        raise NotAllowed(Refusal.OWN_ADMINISTRATION)
    with recording():
        return _change_roles(person, wanted, by)


def disable(person: User, *, by: Actor) -> None:
    """Shuts a person out: their sessions end now, and nobody can use their tokens.

    Those are destroyed some days later: see `pools.people.leaving`.
    """
    may_disable(person, by)
    with recording():
        _switch(person, on=False)
        _must_have_administrators()
        end_sessions(person)
        record_about("person_disabled", person, by)


def may_disable(person: User, by: Actor) -> None:
    """Raises NotAllowed where `by` can never disable this person."""
    may_touch(person, by)
    if person.pk == by.id:
        raise NotAllowed(Refusal.OWN_DISABLING)


def enable(person: User, *, by: Actor) -> None:
    """Lets a person in again. Sessions from before stay ended."""
    may_touch(person, by)
    with recording():
        _switch(person, on=True)
        record_about("person_enabled", person, by)


def sign_out_everywhere(person: User, *, by: Actor) -> int:
    """Ends all sessions of a person, and says how many there were."""
    may_touch(person, by)
    with recording():
        ended = end_sessions(person)
        record_about("sessions_ended", person, by, {"count": ended})
    return ended


def remove_second_factors(person: User, *, by: Actor) -> None:
    """For someone who has lost their phone: app, passkeys and recovery codes are gone."""
    may_touch(person, by)
    with recording():
        factors = Authenticator.objects.filter(user=person)
        kinds = sorted(factors.values_list("type", flat=True))
        factors.delete()
        end_sessions(person)
        record_about("second_factor_removed", person, by, {"factors": kinds})


@sensitive_variables()
def invite(
    *, username: str, full_name: str, email: str, roles: Iterable[str], by: Actor
) -> tuple[Invitation, str]:
    """An invitation and its code, which is not kept: it can be shown this once.

    Raises NameTaken.
    """
    must_not_be_invited(username)
    must_be_free(username)
    code, now = secrets.token_urlsafe(_CODE_BYTES), timezone.now()
    invitation = Invitation(
        code_hash=_hash(code),
        username=username,
        full_name=storable(full_name),
        email=email,
        roles=sorted(roles),
        invited_by=by.name,
        created_at=now,
        expires_at=now + timedelta(days=settings.INVITATION_DAYS),
    )
    with recording():
        invitation.save(force_insert=True)
        record_event(
            "person_invited",
            by,
            facts={"name": username, "roles": invitation.roles, "invitation": str(invitation.pk)},
        )
    return invitation, code


def revoke(invitation: Invitation, *, by: Actor) -> None:
    """Withdraws an invitation. Raises InvitationSpent when it is no longer open."""
    with recording():
        open_one = Invitation.objects.open().filter(pk=invitation.pk)
        if not open_one.update(revoked_at=timezone.now()):
            raise InvitationSpent
        record_event(
            "invitation_withdrawn",
            by,
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
    """Makes the person that an invitation is for. Raises InvitationSpent, NameTaken."""
    person = new_person(invitation.username, invitation.full_name, invitation.email)
    person.set_password(password)
    with recording():
        still_open = Invitation.objects.open().filter(pk=invitation.pk)
        if not still_open.update(accepted_at=timezone.now()):
            raise InvitationSpent
        must_be_free(person.username)
        person.save(force_insert=True)
        person.groups.set(_groups(invitation.roles))
        record_event(
            "invitation_accepted",
            actor_for(person, address),
            facts={"roles": invitation.roles, "invitation": str(invitation.pk)},
        )
    return person


@sensitive_variables()
def ensure_administrator(username: str, password: str) -> bool:
    """Makes an administrator of this name; False, and nothing is touched, if they are there.

    Raises NameTaken where the name is, or was, another person's.
    """
    person = new_person(username, "", "")
    person.set_password(password)
    with recording():
        if User.objects.filter(username__iexact=username).exists():
            return False
        must_be_free(username)
        person.save(force_insert=True)
        person.groups.set(_groups([ADMINISTRATOR]))
        record_about("person_added", person, ENVIRONMENT, {"roles": [ADMINISTRATOR]})
    return True


def record_superuser(person: User) -> None:
    """Notes that someone was made a superuser on the command line. Raises NameTaken."""
    with recording():
        must_be_free(person.get_username(), person_id=person.pk)
        record_about("superuser_made", person, COMMAND_LINE)


def add_from_provider(person: User, roles: Iterable[str]) -> None:
    """Gives the roles of single sign-on to someone who was just made, in `recording`."""
    person.groups.set(_groups(roles))
    record_about("person_added", person, PROVIDER, {"roles": sorted(roles)})


def follow_provider(person: User, roles: Iterable[str], by: Actor) -> None:
    """Brings the roles of someone whom single sign-on brought up to what it says now."""
    with recording():
        _change_roles(person, set(roles), by)


def administrators() -> QuerySet[User]:
    """The people who can manage people, and are not disabled."""
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


def may_touch(person: User, by: Actor) -> None:
    """Raises NotAllowed for a superuser, unless `by` is one too."""
    if person.is_superuser and not User.objects.filter(pk=by.id, is_superuser=True).exists():
        raise NotAllowed(Refusal.SUPERUSER)


def _must_have_administrators() -> None:
    """Inside the transaction: what was done is undone if nobody is left."""
    if not administrators().exists():
        raise LastAdministrator


def _switch(person: User, *, on: bool) -> None:
    person.is_active = on
    person.save(update_fields=["is_active"])
    DisabledSince.objects.filter(user=person).delete()
    if not on:
        DisabledSince.objects.create(user=person, at=clock.now())


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
