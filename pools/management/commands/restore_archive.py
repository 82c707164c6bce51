"""Puts archives into an empty database, to look into them."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pools.upkeep.restoring import CannotRestore, restore


class Command(BaseCommand):
    """Exit 0: all of it is there, and fits its seals. Otherwise nothing was restored."""

    help = (
        "Puts the entries of archives into the new, migrated, empty database that DATABASE_URL "
        "names, for looking at them on pages. It needs the panel's AUDIT_KEYS, and SIGNING_KEYS "
        "must not be set: a copy signs nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "files",
            type=Path,
            nargs="+",
            metavar="FILE",
            help="archives of this panel, the oldest first",
        )

    def handle(self, *, files: list[Path], **options: Any) -> None:
        try:
            last = restore(files)
        except CannotRestore as reason:
            raise CommandError(str(reason)) from None
        self.stdout.write(f"Entries 1 to {last:,} are here, as they were recorded.")
