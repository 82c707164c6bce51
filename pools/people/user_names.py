"""Which user names may be given to whom.

The history names people by their user names. So one that was recorded for somebody is
never given to somebody else, even when that person has left or is called otherwise now;
they themselves may have it back. Names are compared as people see them.
"""

import unicodedata
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from django.contrib.auth.models import User
from django.contrib.auth.validators import UnicodeUsernameValidator

from pools.core.comparing import drawn_as, is_invisible
from pools.ledger.recorded_names import as_seen, named_people, recorded_names
from pools.models import Invitation

_PANEL: Final = "0"
_MARKS: Final = frozenset({"Mn", "Mc"})


class NameHolder(Enum):
    """Who has a user name already."""

    PERSON = auto()
    INVITATION = auto()  # an open one
    HISTORY = auto()  # somebody who was recorded under it
    NOBODY = auto()  # nor may anybody: there are characters in it that nobody can see


class NameTaken(Exception):
    """A user name that looks like one that is somebody else's, or like less than it is."""

    def __init__(self, holder: NameHolder) -> None:
        super().__init__(holder.name)
        self.holder = holder


class UserNameValidator(UnicodeUsernameValidator):
    """Django's rule for user names, and the marks that belong to letters.

    Regular expressions take the vowel signs of Hindi, Thai and others for no letters: Django
    refuses most words of such scripts.
    """

    def __call__(self, value: str) -> None:
        super().__call__(_without_marks(value))


def _without_marks(name: str) -> str:
    """A name without the marks on its letters; one that stands on nothing stays."""
    kept = ""
    for each in name:
        if not (kept and kept[-1].isalpha() and unicodedata.category(each) in _MARKS):
            kept += each
    return kept


def rule_all(sentence: str) -> None:
    """Has every form and command keep to this rule, once, when the app is ready.

    `sentence` says what a name may have in it.
    """
    field = User._meta.get_field("username")  # noqa: SLF001  (Django documents it)
    field.validators = [
        UserNameValidator(message=sentence) if isinstance(each, UnicodeUsernameValidator) else each
        for each in field.validators
    ]


def must_be_free(name: str, *, person_id: int | None = None) -> None:
    """Raises NameTaken unless a person may be called so; without an id, a new one."""
    own = "" if person_id is None else str(person_id)
    people = User.objects.values_list("pk", "username")
    if any(_is_like(username, name) and str(pk) != own for pk, username in people):
        raise NameTaken(NameHolder.PERSON)
    if any(_is_like(each.name, name) and each.person_id != own for each in named_people()):
        raise NameTaken(NameHolder.HISTORY)
    if any(map(is_invisible, name)):
        raise NameTaken(NameHolder.NOBODY)


def must_not_be_invited(name: str) -> None:
    """Raises NameTaken where an open invitation is for a name that looks like this one."""
    invited = Invitation.objects.open().values_list("username", flat=True)
    if any(_is_like(other, name) for other in invited):
        raise NameTaken(NameHolder.INVITATION)


def _is_like(one: str, other: str) -> bool:
    """Whether people would take two names for one; also where one has letters of another script."""
    return as_seen(one) == as_seen(other) or as_seen(drawn_as(one)) == as_seen(drawn_as(other))


@dataclass(frozen=True, slots=True)
class Bearer:
    """Somebody who has or had a user name.

    `now` is what they are called, None once they were deleted. `others` are the further
    names that they were recorded under.
    """

    now: str | None
    others: tuple[str, ...]

    def is_now(self, name: str) -> bool:
        """Whether they are called so, as people see it."""
        return self.now is not None and as_seen(self.now) == as_seen(name)


def bearers(name: str) -> list[Bearer]:
    """The people who have this name, or were recorded under it; never the panel itself."""
    seen, recorded = as_seen(name), recorded_names()
    now = {str(pk): username for pk, username in User.objects.values_list("pk", "username")}
    called = {person_id for person_id, username in now.items() if as_seen(username) == seen}
    called |= {each.person_id for each in recorded if as_seen(each.name) == seen}
    return [
        Bearer(
            now=now.get(person_id),
            others=tuple(
                each.name
                for each in recorded
                if each.person_id == person_id and as_seen(each.name) != seen
            ),
        )
        for person_id in sorted(called - {_PANEL}, key=lambda each: (len(each), each))
    ]


def earlier_names(person: User) -> list[str]:
    """What else somebody was called when entries of theirs were recorded."""
    return [
        each.name
        for each in recorded_names()
        if each.person_id == str(person.pk) and each.name != person.get_username()
    ]
