"""The table of the database cache: sign-in attempts are counted there by all processes."""

from typing import Any

from django.db import migrations


def make_cache_table(apps: Any, schema_editor: Any) -> None:
    moment = (
        "timestamp with time zone"
        if schema_editor.connection.vendor == "postgresql"
        else "datetime"
    )
    schema_editor.execute(
        "CREATE TABLE IF NOT EXISTS panel_cache ("
        "cache_key varchar(255) NOT NULL PRIMARY KEY, "
        "value text NOT NULL, "
        f"expires {moment} NOT NULL)"
    )
    schema_editor.execute("CREATE INDEX IF NOT EXISTS panel_cache_expires ON panel_cache (expires)")


def drop_cache_table(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute("DROP TABLE IF EXISTS panel_cache")


class Migration(migrations.Migration):
    dependencies = [("pools", "0003_roles")]

    operations = [migrations.RunPython(make_cache_table, drop_cache_table)]
