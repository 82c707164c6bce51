"""The roles, as groups. Their permissions are made here too: Django itself makes them only
after the last migration, too late for a group that needs them."""

from typing import Any

from django.apps import apps as present_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.models import Q

READING = {"pools.view_pools"}
OPERATING = READING | {"pools.edit_pools", "pools.clear_pools"}
MANAGING = OPERATING | {"pools.create_pools", "pools.delete_pools"}
AUDITING = READING | {"pools.view_all_changes"}
ADMINISTERING = {
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
}
ROLES = {
    "Read-only": READING,
    "Operator": OPERATING,
    "Manager": MANAGING,
    "Auditor": AUDITING,
    "Administrator": MANAGING | AUDITING | ADMINISTERING,
}


def make_roles(apps: Any, schema_editor: Any) -> None:
    alias = schema_editor.connection.alias
    for label in ("auth", "pools"):
        create_permissions(present_apps.get_app_config(label), verbosity=0, using=alias, apps=apps)
    groups = apps.get_model("auth", "Group").objects.using(alias)
    permissions = apps.get_model("auth", "Permission").objects.using(alias)
    for name, wanted in ROLES.items():
        condition = Q(pk=None)
        for permission in wanted:
            label, _, codename = permission.partition(".")
            condition |= Q(content_type__app_label=label, codename=codename)
        group, _ = groups.get_or_create(name=name)
        group.permissions.set(permissions.filter(condition))


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0002_ledger_takes_only_inserts"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
