"""Who somebody is: a password costs the same whether the name is known or not; and their rights."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import User
from django.http import HttpRequest

from pools.accounts.finding import find_person
from pools.people.standing import standing_of


class OneCheckBackend(AuthenticationBackend):  # type: ignore[misc]
    """allauth's backend, with exactly one password hash for each attempt.

    Its own tries a name as an e-mail address and as a user name: for a known address that
    is one hash more than for an unknown one, and so tells them apart.
    """

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        name = credentials.get("username") or credentials.get("email") or ""
        checked: User | None = self._check_password(find_person(name), credentials["password"])
        return checked

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Django's own asks twice, and a third time for the role's name."""
        if obj is not None or user_obj.is_superuser or not user_obj.is_active:
            every: set[str] = super().get_all_permissions(user_obj, obj)
            return every
        return set(standing_of(user_obj).rights)
