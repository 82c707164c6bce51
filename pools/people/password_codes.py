"""A forgotten password: a code that lets its person choose a new one, once, for an hour.

A code is not stored. It is a keyed digest over the person's password, address and last
sign-in, so a new password, and a sign-in, spend all codes from before. It comes after
the # of its link, which browsers do not send: it is in no log and in no Referer.
"""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from pools.ledger.appending import Actor
from pools.people import acts


class CodeSpent(Exception):
    """The code is not good: used, too old, overtaken by a sign-in, or never there."""


class _Codes(PasswordResetTokenGenerator):
    # Django's administration makes tokens of the same kind: they are no codes here.
    # Not renamed with its module: every link that is on its way would end.
    key_salt = "pools.forgotten"


_codes: Final = _Codes()


def can_choose(person: User) -> bool:
    """Whether this person has a password here that a new one can take the place of."""
    return person.is_active and person.has_usable_password()


@sensitive_variables()
def new_code(person: User) -> str:
    """A code for a person who `can_choose`. Whoever holds it can become that person."""
    return f"{person.pk}-{_codes.make_token(person)}"


def good_until() -> datetime:
    """When a code that is made now ends."""
    return timezone.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)


@sensitive_variables()
def code_from(person: User, *, by: Actor) -> str:
    """A code that an administrator hands over. Raises acts.NotAllowed, LedgerUnwritable."""
    acts.may_touch(person, by)
    if not can_choose(person):
        raise acts.NotAllowed(acts.Refusal.NO_PASSWORD)
    with acts.recording():
        acts.record_about("password_link_made", person, by)
    return new_code(person)


@sensitive_variables()
def person_for(code: str) -> User:
    """Whose code this is. Raises CodeSpent."""
    number, _, token = code.strip().partition("-")
    # A number of 18 digits fits into every database's column.
    if not (number.isascii() and number.isdecimal() and len(number) <= 18):
        raise CodeSpent
    person = User.objects.filter(pk=int(number)).first()
    if person is None or not can_choose(person) or not _codes.check_token(person, token):
        raise CodeSpent
    return person


@sensitive_variables()
def choose_password(code: str, password: str, address: str) -> User:
    """Takes the code, sets the password, ends every session. Raises CodeSpent, LedgerUnwritable.

    Second factors stay: they are asked for when the person signs in.
    """
    with acts.recording():
        # Read again: of two browsers with the same code one is too late.
        person = person_for(code)
        person.set_password(password)
        person.save(update_fields=["password"])
        ended = acts.end_sessions(person)
        actor = acts.actor_for(person, address)
        acts.record_about("password_reset", person, actor, {"sessions_ended": ended})
    return person
