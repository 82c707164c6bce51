"""Puts back what keeps the ledger from being altered."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from pools.models.guarding import missing_triggers, put_back


class Command(BaseCommand):
    """Exit 0: every trigger is there and on. Exit 1: why they could not be made."""

    help = (
        "Makes the triggers that keep the ledger from being altered, as the migrations do. "
        "Run `verify_audit` first: it says whether anything was altered without them."
    )

    def handle(self, **options: Any) -> None:
        try:
            missing = missing_triggers()
            put_back()
        except AnyDatabaseError as error:
            raise CommandError(f"The ledger is not guarded: {error}") from None
        self.stdout.write(f"Put back: {', '.join(missing)}." if missing else "All were there.")
