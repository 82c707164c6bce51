"""Adds to the index of the ledger what it lacks."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from pools.ledger.indexing import add_missing_terms
from pools.wording.numbers import counted


class Command(BaseCommand):
    """Exit 0: each entry is found by what it says, now at the latest."""

    help = (
        "Adds missing terms to the index, so that filtered lists and exports find those entries "
        "again. The ledger itself is not touched."
    )

    def handle(self, **options: Any) -> None:
        try:
            added = add_missing_terms()
        except AnyDatabaseError as error:
            raise CommandError(f"The index cannot be written: {error}") from None
        if added:
            self.stdout.write(f"Added to the index: {counted(added, 'term')}.")
        else:
            self.stdout.write("The index is complete.")
