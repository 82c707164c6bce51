"""Prints the public keys that verify this ledger's signed checkpoints."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from pools.ledger.signed_checkpoints import public_keys


class Command(BaseCommand):
    """Exit 0: one key a line, the newest first. Exit 1: there is none, or it can't be read."""

    help = (
        "Prints the public keys that verify the ledger's signed checkpoints, as /audit/keys "
        "shows them: those in use, the newest first, then those that were."
    )

    def handle(self, **options: Any) -> None:
        try:
            keys = public_keys()
        except AnyDatabaseError as error:
            raise CommandError(f"The ledger cannot be read: {error}") from None
        if not keys:
            raise CommandError("There is no key: SIGNING_KEYS is not set, and never was.")
        for key in keys:
            self.stdout.write(key)
