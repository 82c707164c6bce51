"""The roles: made by a migration, with exactly the rights that are promised."""

import pytest
from django.contrib.auth.models import Group, User

from pools.roles import ROLES, ensure_roles

pytestmark = pytest.mark.django_db
POOLS = ("view_pools", "edit_pools", "clear_pools", "create_pools", "delete_pools")
RIGHTS = {
    "Read-only": {"view_pools"},
    "Operator": {"view_pools", "edit_pools", "clear_pools"},
    "Manager": set(POOLS),
    "Auditor": {"view_pools", "view_all_changes"},
    "Administrator": {*POOLS, "view_all_changes", "manage_people"},
}
RULED = {*POOLS, "view_all_changes", "manage_people"}


@pytest.mark.parametrize(("role", "rights"), RIGHTS.items(), ids=RIGHTS.keys())
def test_a_role_has_exactly_its_rights_over_pools(role: str, rights: set[str]) -> None:
    user = User.objects.create_user("ada")
    user.groups.add(Group.objects.get(name=role))
    assert {right for right in RULED if user.has_perm(f"pools.{right}")} == rights


@pytest.mark.parametrize("role", ROLES)
def test_the_migration_made_what_the_code_says(role: str) -> None:
    permissions = Group.objects.get(name=role).permissions.select_related("content_type")
    made = {f"{each.content_type.app_label}.{each.codename}" for each in permissions}
    assert made == ROLES[role]


@pytest.mark.parametrize("role", [role for role in ROLES if role != "Administrator"])
def test_only_administrators_look_after_anything_of_django(role: str) -> None:
    user = User.objects.create_user("ada")
    user.groups.add(Group.objects.get(name=role))
    assert user.get_all_permissions() == {f"pools.{right}" for right in RIGHTS[role]}


def test_ensuring_roles_puts_their_rights_right_again() -> None:
    Group.objects.get(name="Read-only").delete()
    Group.objects.get(name="Operator").permissions.clear()
    ensure_roles()
    assert Group.objects.get(name="Read-only").permissions.count() == 1
    assert Group.objects.get(name="Operator").permissions.count() == 3
