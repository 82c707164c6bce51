"""What a person is here: their role, and what they may do; both by one question."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import connection

# The rights of each role, a role without any, and rights that somebody has beside their roles.
_STANDING: Final = """
SELECT role.id AS role, role.name, app.app_label, permission.codename
FROM auth_user_groups AS given
JOIN auth_group AS role ON role.id = given.group_id
LEFT JOIN auth_group_permissions AS included ON included.group_id = role.id
LEFT JOIN auth_permission AS permission ON permission.id = included.permission_id
LEFT JOIN django_content_type AS app ON app.id = permission.content_type_id
WHERE given.user_id = %s
UNION ALL
SELECT NULL, NULL, app.app_label, permission.codename
FROM auth_user_user_permissions AS given
JOIN auth_permission AS permission ON permission.id = given.permission_id
JOIN django_content_type AS app ON app.id = permission.content_type_id
WHERE given.user_id = %s
"""

# The same beside a person's own row, however many there are; it is given their id twice.
BESIDE_PERSON: Final = f"LEFT JOIN ({_STANDING}) AS standing ON 1 = 1"
COLUMNS: Final = "standing.role, standing.name, standing.app_label, standing.codename"


@dataclass(frozen=True, slots=True)
class Standing:
    """The first of a person's roles, empty without one, and the rights of all of them."""

    role: str
    rights: frozenset[str]


def standing_of(user: User) -> Standing:
    """Asked for once for each object of a user: a page asks for many rights."""
    kept: Any = user
    if not hasattr(kept, "standing"):
        kept.standing = _read(user.pk)
    standing: Standing = kept.standing
    return standing


def keep_standing(user: User, rows: Iterable[Sequence[Any]]) -> None:
    """What was asked for beside the person, so that it isn't asked for again."""
    kept: Any = user
    kept.standing = _made_of(rows)


def _read(user_id: int) -> Standing:
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [user_id, user_id])
        return _made_of(cursor.fetchall())


def _made_of(rows: Iterable[Sequence[Any]]) -> Standing:
    rows = list(rows)
    roles = [(number, name) for number, name, _, _ in rows if number is not None]
    return Standing(
        role=min(roles, default=(0, ""))[1],
        rights=frozenset(f"{app}.{codename}" for _, _, app, codename in rows if codename),
    )
