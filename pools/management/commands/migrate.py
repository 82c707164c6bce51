"""`manage.py migrate`: Django's, and the one command that makes a SQLite database."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.commands import migrate
from django.db import connections


class Command(migrate.Command):
    """Django's; everything else opens a file that is there."""

    def execute(self, *_: Any, **options: Any) -> str | None:
        database = connections[options["database"]]
        if database.vendor == "sqlite":
            # For its owner alone: it has password hashes and sealed tokens. The checks that
            # follow say what is in the way.
            with suppress(OSError):
                Path(database.settings_dict["NAME"]).touch(mode=0o600)
        output: str | None = super().execute(**options)
        return output
