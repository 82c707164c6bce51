"""A copy of the SQLite database, made while the panel runs."""

import os
import sqlite3
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection


class Command(BaseCommand):
    """Exit 0: the copy is whole and safely on the disk. Otherwise there is none."""

    help = (
        "Writes the SQLite database of DATABASE_URL to a new file, as it is at one moment. "
        "The panel may go on: who writes waits until the copy is made."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="where to; must not be there yet")

    def handle(self, *, file: Path, **options: Any) -> None:
        if connection.vendor != "sqlite":
            raise CommandError("The database is PostgreSQL: its own pg_dump makes the backup.")
        if file.exists():
            raise CommandError(f"{file} is there already.")
        unfinished = file.with_name(f"{file.name}.unfinished")
        # Left by a run that was killed.
        unfinished.unlink(missing_ok=True)
        # Sealed tokens and password hashes are in it: nobody else's to read.
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            pages = self._copy(unfinished)
            unfinished.rename(file)
        finally:
            unfinished.unlink(missing_ok=True)
        self.stdout.write(f"{file}: {pages} pages.")

    def _copy(self, file: Path) -> int:
        name = str(connection.settings_dict["NAME"])
        with closing(sqlite3.connect(name)) as source, closing(sqlite3.connect(file)) as copy:
            # In one go, from one moment: in pieces it would begin anew at every write.
            source.backup(copy)
            if (found := copy.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
                raise CommandError(f"The copy is damaged, and so may be the database: {found}")
            pages: int = copy.execute("PRAGMA page_count").fetchone()[0]
            return pages
