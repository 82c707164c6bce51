"""The panel's roles and what each may do: the one table that the database follows.

After an edit, `manage.py migrate` brings the groups into line: `role_groups`.
"""

from typing import Final

_READING: Final = frozenset({"pools.view_pools"})
_OPERATING: Final = _READING | {"pools.edit_pools", "pools.clear_pools"}
_MANAGING: Final = _OPERATING | {
    "pools.create_pools",
    "pools.delete_pools",
    "pools.set_allowances",
}
_AUDITING: Final = _READING | {"pools.view_all_changes"}

ROLES: Final[dict[str, frozenset[str]]] = {
    "Read-only": _READING,
    "Operator": _OPERATING,
    "Manager": _MANAGING,
    "Auditor": _AUDITING,
    "Administrator": _MANAGING
    | _AUDITING
    | {
        "pools.manage_people",
        "pools.view_entry",
        "pools.view_token",
        "auth.add_user",
        "auth.change_user",
        "auth.delete_user",
        "auth.view_user",
        "auth.view_group",
    },
}
