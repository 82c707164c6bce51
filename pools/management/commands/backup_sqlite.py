"""A copy of the SQLite database, made while the panel runs."""

import os
import sqlite3
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from adminpanel.database import ExistingFile


class Command(BaseCommand):
    """Exit 0: the copy is whole and safely on the disk. Otherwise there is no copy."""

    help = (
        "Writes the SQLite database of DATABASE_URL to a new file, as it is at one moment. "
        "The panel can go on running: writing waits until the copy is made."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the new file, which must not exist yet")

    def handle(self, *, file: Path, **options: Any) -> None:
        if connection.vendor != "sqlite":
            raise CommandError("The database is PostgreSQL. Use its own pg_dump for backups.")
        if file.exists():
            raise CommandError(f"{file} already exists.")
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
        # A database that is gone is not to be backed up as an empty one.
        name = str(connection.settings_dict["NAME"])
        with closing(ExistingFile(name)) as source, closing(sqlite3.connect(file)) as copy:
            # In one go, from one moment: in pieces it would begin again at every write.
            source.backup(copy)
            if (verdict := copy.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
                raise CommandError(f"The copy is damaged, and so may be the database: {verdict}")
            pages: int = copy.execute("PRAGMA page_count").fetchone()[0]
            return pages
