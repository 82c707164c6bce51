"""Checking a password: the same work whether the name is known or not."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import User
from django.http import HttpRequest

from pools.accounts.finding import find_person


class OneCheckBackend(AuthenticationBackend):  # type: ignore[misc]
    """allauth's backend, with exactly one password hash for each attempt.

    Its own tries a name as an e-mail address and as a user name: for a known address that
    is one hash more than for an unknown one, and so tells them apart.
    """

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        name = credentials.get("username") or credentials.get("email") or ""
        checked: User | None = self._check_password(find_person(name), credentials["password"])
        return checked
