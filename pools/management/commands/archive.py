"""Takes old entries out of the ledger, into a signed file."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from pools.ledger.signed_checkpoints import NotSigned, sign_checkpoint
from pools.upkeep.archiving import CannotArchive, NothingToArchive, Plan, archive, plan
from pools.wording.numbers import counted

NOTHING: Final = 3
MOST_YEARS: Final = 100


class Command(BaseCommand):
    """Exit 0: taken out; or with --dry-run, would be. 1: why nothing was. 3: nothing is due."""

    help = (
        "Takes the entries that are older than some years out of the database, into a new file: "
        "signed, read back, and recorded in the ledger, which goes on proving that nothing else "
        "went. Nothing from LEGAL_HOLD on is taken out. Exit 0: done; 1: it could not be done; 3: "
        "there is nothing to take out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than",
            type=int,
            required=True,
            metavar="YEARS",
            help=f"how old an entry must be (1 to {MOST_YEARS})",
        )
        parser.add_argument("--to", type=Path, metavar="FILE", help="the archive; a new file")
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what would be taken out"
        )

    def handle(self, *, older_than: int, to: Path | None, dry_run: bool, **options: Any) -> None:
        if not 1 <= older_than <= MOST_YEARS:
            raise CommandError(f"--older-than must be a number of years from 1 to {MOST_YEARS}.")
        if to is None and not dry_run:
            raise CommandError("--to must name the file.")
        try:
            planned = plan(older_than)
        except NothingToArchive as reason:
            self.stderr.write(f"There is nothing to take out. {reason}")
            sys.exit(NOTHING)
        except AnyDatabaseError as error:
            raise CommandError(f"The ledger cannot be read: {error}") from None
        if to is None or dry_run:
            self._say(planned, "would be taken out")
            return
        try:
            gone = archive(planned, to)
        except CannotArchive as reason:
            raise CommandError(str(reason)) from None
        self._say(planned, "were taken out")
        self.stdout.write(f"They are in {to}; entry {gone.seq:,} says so.")
        self.stdout.write(f"SHA-256: {gone.archives[-1].sha256}")
        try:
            sign_checkpoint()
        except (AnyDatabaseError, NotSigned) as error:
            self.stderr.write(f"The next checkpoint is signed later, by `manage.py tend`: {error}")

    def _say(self, planned: Plan, what: str) -> None:
        self.stdout.write(
            f"Entries {planned.first:,} to {planned.through:,} {what}: {planned.days}."
        )
        if planned.lists:
            self.stdout.write(
                f"With them, from the database: {counted(planned.lists, 'list')} of changes."
            )
        if planned.held_back:
            self.stdout.write(planned.held_back)
