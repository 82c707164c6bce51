"""Who somebody is: a password costs the same whether the name is known or not; and their rights."""

from functools import cache
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest

from pools.accounts.person_by_name import find_person
from pools.models.rows import Columns
from pools.people.standing import BESIDE_PERSON, COLUMNS, keep_standing, standing_of


@cache
def _columns() -> Columns[User]:
    return Columns(User)


class OneCheckBackend(AuthenticationBackend):  # type: ignore[misc]
    """allauth's backend, with exactly one password hash for each attempt.

    Its own tries a name as an e-mail address and as a user name: for a known address that
    is one hash more than for an unknown one, and so tells them apart.
    """

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        name = credentials.get("username") or credentials.get("email") or ""
        checked: User | None = self._check_password(find_person(name), credentials["password"])
        return checked

    def get_user(self, user_id: int) -> User | None:
        """Asked for with a text, with their role and rights: each page does, and needs them."""
        columns = _columns()
        query = (
            f"SELECT {columns.sql}, {COLUMNS} FROM auth_user {BESIDE_PERSON}"  # noqa: S608  # nosec B608
            " WHERE auth_user.id = %s"
        )
        with connection.cursor() as cursor:
            cursor.execute(query, [user_id, user_id, user_id])
            rows = cursor.fetchall()
        if not rows:
            return None
        user = columns.row(rows[0][: columns.count])
        keep_standing(user, [row[columns.count :] for row in rows])
        return user if self.user_can_authenticate(user) else None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Django's own asks twice, and a third time for the role's name."""
        if obj is not None or user_obj.is_superuser or not user_obj.is_active:
            every: set[str] = super().get_all_permissions(user_obj, obj)
            return every
        return set(standing_of(user_obj).rights)
