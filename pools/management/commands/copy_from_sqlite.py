"""Moves a panel from a SQLite file to the database of DATABASE_URL: all of it, or nothing."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pools.ledger.appending import head
from pools.upkeep.moving import CannotMove, move_from


class Command(BaseCommand):
    """Exit 0: everything is there, and the ledger is proven. Otherwise nothing was copied."""

    help = (
        "Copies a whole panel from a SQLite file into the new, migrated, empty database that "
        "DATABASE_URL names: people, sessions, second factors, tokens, companies, and the "
        "ledger, entry by entry. The panel must be stopped. The file is not changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the SQLite file, such as /data/panel.sqlite3")

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            for moved in move_from(file):
                self.stdout.write(f"{moved.rows:>9,} {moved.table}")
        except CannotMove as reason:
            raise CommandError(str(reason)) from None
        last = head()
        self.stdout.write(
            f"Everything was copied, and the ledger is intact. Head: {last.seq} {last.digest}"
        )
