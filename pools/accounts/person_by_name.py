"""Who is meant by what was typed as a name: a user name or an e-mail address."""

import unicodedata
from typing import cast

from allauth.account.internal.userkit import get_user_by_username
from django.contrib.auth.models import User


def typed_as(name: str) -> str:
    """What is the same of two ways in which one may type a name: case, width, composed accents."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name.strip()).lower())


def find_person(name: str) -> User | None:
    """The one person with this user name, or else with this e-mail address.

    Upper and lower case do not matter, nor how accents are put together. An address that several
    people have finds none of them.
    """
    name = name.strip()
    if not name:
        return None
    person = cast(User | None, get_user_by_username(name)) or _called(name)
    if person is not None or "@" not in name:
        return person
    # The database's own idea of equal letters may be wider than ours.
    people = [
        user
        for user in User.objects.filter(email__iexact=name)
        if user.email.lower() == name.lower()
    ]
    return people[0] if len(people) == 1 else None


def _called(name: str) -> User | None:
    """SQLite knows upper and lower case of plain letters alone."""
    if name.isascii():
        return None
    names = User.objects.values_list("pk", "username")
    found = [pk for pk, username in names if typed_as(username) == typed_as(name)]
    return User.objects.filter(pk=found[0]).first() if len(found) == 1 else None
