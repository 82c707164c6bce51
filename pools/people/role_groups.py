"""Roles are groups in the database: after every `migrate` they have the rights of the table.

The table is `pools.people.roles`. Editing it is all that a role needs; what a role gained
or lost by it is on the ledger. Rights are called what `RIGHT_NAMES` calls them:
Django itself names a right once, when it makes it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.models import Q

from pools.ledger.appending import Actor, record_event
from pools.models.company import RIGHT_NAMES
from pools.people.acts import recording
from pools.people.roles import ROLES

# Who did it, for the ledger.
MIGRATE: Final = Actor(id=0, name="migrate")
# The migration that makes the roles of a new database: there nobody's rights change.
_FIRST: Final = ("pools", "0003_roles")


@dataclass(frozen=True, slots=True)
class RightsChange:
    """What a role gained and lost, as names of permissions."""

    role: str
    given: list[str]
    taken: list[str]


def follow_table() -> list[RightsChange]:
    """Makes every role with exactly its rights, and says what changed. Leaves other groups alone.

    Raises Permission.DoesNotExist for a right that the database does not know.
    """
    changes = []
    for role, rights in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        known = group.permissions.select_related("content_type")
        before = {_name(permission) for permission in known}
        if before != rights:
            group.permissions.set(_permissions(rights))
            changes.append(RightsChange(role, sorted(rights - before), sorted(before - rights)))
    return changes


def after_migrate(
    sender: Any,
    *,
    using: str,
    plan: Iterable[tuple[Migration, bool]] | None = None,
    **_: Any,
) -> None:
    """Listens to `post_migrate`, which a flush sends too: without a plan, and without us."""
    if using != DEFAULT_DB_ALIAS or plan is None or not _is_up_to_date():
        return
    for label in ("auth", "pools"):
        create_permissions(apps.get_app_config(label), verbosity=0, using=using)
    _name_rights()
    first_time = any((step.app_label, step.name) == _FIRST for step, _ in plan)
    with recording():
        for change in follow_table():
            if not first_time:
                facts = {"name": change.role, "given": change.given, "taken": change.taken}
                record_event("role_rights_changed", MIGRATE, facts=facts)


def _name_rights() -> None:
    for codename, name in RIGHT_NAMES:
        right = Permission.objects.filter(content_type__app_label="pools", codename=codename)
        right.exclude(name=name).update(name=name)


def _is_up_to_date() -> bool:
    """Whether every migration of the panel was applied: one that stops early changes no roles."""
    loader = MigrationLoader(connection)
    return all(last in loader.applied_migrations for last in loader.graph.leaf_nodes("pools"))


def _permissions(names: Iterable[str]) -> list[Permission]:
    wanted = set(names)
    condition = Q(pk=None)
    for name in wanted:
        label, _, codename = name.partition(".")
        condition |= Q(content_type__app_label=label, codename=codename)
    permissions = list(Permission.objects.filter(condition))
    if len(permissions) != len(wanted):
        raise Permission.DoesNotExist(f"some of {sorted(wanted)} do not exist; migrate first")
    return permissions


def _name(permission: Permission) -> str:
    return f"{permission.content_type.app_label}.{permission.codename}"
