"""Restores the triggers that guard the ledger, and corrects the leases by what it says."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError
from django.db import transaction

from pools.ledger.guarding import missing_triggers, put_back
from pools.ledger.leases import put_right
from pools.ledger.tree import forget_tiles


class Command(BaseCommand):
    """Exit 0: every trigger is there and on, every lease right. Exit 1: why that cannot be."""

    help = (
        "Creates the triggers that keep the ledger from being altered, as the migrations do, and "
        "corrects the leases (which change holds which pool) by what the ledger says. Run "
        "`verify_audit` first: it says whether anything was altered."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--tree",
            action="store_true",
            help="also makes the tree of hashes again, where verify_audit says it does not fit",
        )

    def handle(self, *, tree: bool = False, **options: Any) -> None:
        try:
            missing = missing_triggers()
            put_back()
            with transaction.atomic():
                wrong = put_right()
                if tree:
                    forget_tiles()
        except AnyDatabaseError as error:
            raise CommandError(f"The triggers could not be created: {error}") from None
        self.stdout.write(
            f"Restored: {', '.join(missing)}." if missing else "No trigger was missing."
        )
        for sentence in wrong:
            self.stdout.write(f"Corrected: {sentence}")
        if tree:
            self.stdout.write("The tree is made again with the next signed checkpoint.")
