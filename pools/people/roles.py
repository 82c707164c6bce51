"""The panel's roles: groups of people, and what each may do."""

from typing import Final

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

_READING: Final = frozenset({"pools.view_pools"})
_OPERATING: Final = _READING | {"pools.edit_pools", "pools.clear_pools"}
_MANAGING: Final = _OPERATING | {"pools.create_pools", "pools.delete_pools"}
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
        "pools.add_company",
        "pools.change_company",
        "pools.delete_company",
        "pools.view_company",
        "pools.view_entry",
        "pools.view_token",
        "auth.add_user",
        "auth.change_user",
        "auth.delete_user",
        "auth.view_user",
        "auth.view_group",
    },
}


def ensure_roles() -> None:
    """Makes every role with exactly its permissions. Other groups are left alone."""
    for name, wanted in ROLES.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(_permissions(wanted))


def _permissions(names: frozenset[str]) -> list[Permission]:
    condition = Q(pk=None)
    for name in names:
        label, _, codename = name.partition(".")
        condition |= Q(content_type__app_label=label, codename=codename)
    found = list(Permission.objects.filter(condition))
    if len(found) != len(names):
        raise Permission.DoesNotExist(f"some of {sorted(names)} do not exist; migrate first")
    return found
