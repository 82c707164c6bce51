"""The roles: groups that have exactly the rights of the table, and follow it."""

import json
import re

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import migrations

from adminpanel.settings import BASE_DIR
from pools.models.company import RIGHT_NAMES
from pools.models.vocabulary import RIGHTS, Action
from pools.people import roles
from pools.people.role_groups import after_migrate, follow_table
from pools.people.roles import ROLES
from tests.fixtures.people import events

pytestmark = pytest.mark.django_db


def rights_of(role: str) -> set[str]:
    """What the database gives somebody who has this role alone."""
    user = User.objects.create_user(f"{role}-{User.objects.count()}")
    user.groups.add(Group.objects.get(name=role))
    return user.get_all_permissions()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_exactly_the_rights_of_the_table(role: str) -> None:
    assert rights_of(role) == ROLES[role]


@pytest.mark.parametrize("role", [role for role in ROLES if role != "Administrator"])
def test_only_administrators_have_rights_over_anything_of_django(role: str) -> None:
    assert not [right for right in ROLES[role] if not right.startswith("pools.")]


def test_the_right_to_manage_people_is_one_roles_alone() -> None:
    assert [role for role in ROLES if "pools.manage_people" in ROLES[role]] == ["Administrator"]


def test_actions_on_pools_want_the_rights_of_the_table() -> None:
    assert RIGHTS == {
        Action.CREATE: roles.CREATE_POOLS,
        Action.EDIT: roles.EDIT_POOLS,
        Action.CLEAR: roles.CLEAR_POOLS,
        Action.DELETE: roles.DELETE_POOLS,
    }


def test_what_a_view_wants_has_its_name_in_the_table() -> None:
    wanted = re.compile(r"(?:@needs|has_perm|not_in_your_role)\(([^)]+)\)")
    for file in (BASE_DIR / "pools/views").glob("*.py"):
        named = {name for name in wanted.findall(file.read_text()) if name.startswith(('"', "'"))}
        assert (file.name, named) == (file.name, set())


def test_an_edit_of_the_table_counts_from_the_next_migrate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    edited = ROLES["Operator"] - {"pools.clear_pools"} | {"pools.delete_pools"}
    monkeypatch.setitem(ROLES, "Operator", edited)
    call_command("migrate", verbosity=0)
    assert rights_of("Operator") == edited
    (event,) = events("role_rights_changed")
    assert (event.actor_name, json.loads(event.facts)) == (
        "migrate",
        {
            "address": "",
            "name": "Operator",
            "given": ["pools.delete_pools"],
            "taken": ["pools.clear_pools"],
        },
    )


def test_a_new_role_and_a_new_right_need_no_migration_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Group.objects.get(name="Operator").permissions.filter(codename="edit_pools").get().delete()
    monkeypatch.setitem(ROLES, "Watcher", frozenset({"pools.view_pools", "pools.edit_pools"}))
    call_command("migrate", verbosity=0)
    assert rights_of("Watcher") == ROLES["Watcher"]
    assert rights_of("Operator") == ROLES["Operator"]


def test_rights_are_called_what_the_list_calls_them_after_every_migrate() -> None:
    def names() -> dict[str, str]:
        return dict(
            Permission.objects.filter(content_type__app_label="pools").values_list(
                "codename", "name"
            )
        )

    called = dict(RIGHT_NAMES)
    assert called.items() <= names().items()  # where migrations made them under older names
    Permission.objects.filter(codename="manage_people").update(name="Its older name")
    call_command("migrate", verbosity=0)
    assert called.items() <= names().items()
    assert events() == []


def test_a_migrate_that_changes_no_role_is_no_event() -> None:
    call_command("migrate", verbosity=0)
    assert events() == []


def test_the_roles_of_a_new_database_are_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROLES, "Watcher", frozenset({"pools.view_pools"}))
    first = migrations.Migration("0003_roles", "pools")
    after_migrate(None, using="default", plan=[(first, False)])
    assert rights_of("Watcher") == {"pools.view_pools"}
    assert events() == []


def test_other_groups_are_left_alone() -> None:
    own = Group.objects.create(name="Our own")
    own.permissions.set(Group.objects.get(name="Operator").permissions.all())
    Group.objects.get(name="Operator").permissions.clear()
    assert [(change.role, change.taken) for change in follow_table()] == [("Operator", [])]
    assert rights_of("Our own") == ROLES["Operator"]
