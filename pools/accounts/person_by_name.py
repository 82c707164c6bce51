"""Who is meant by what was typed as a name: a user name or an e-mail address."""

from typing import cast

from allauth.account.internal.userkit import get_user_by_username
from django.contrib.auth.models import User


def find_person(name: str) -> User | None:
    """The one person with this user name, or else with this e-mail address.

    Upper and lower case do not matter. An address that several people have finds none of them.
    """
    name = name.strip()
    if not name:
        return None
    person = cast(User | None, get_user_by_username(name))
    if person is not None or "@" not in name:
        return person
    # The database's own idea of equal letters may be wider than ours.
    people = [
        user
        for user in User.objects.filter(email__iexact=name)
        if user.email.lower() == name.lower()
    ]
    return people[0] if len(people) == 1 else None
