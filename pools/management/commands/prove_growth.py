"""Proves that history only grew since a checkpoint that somebody kept."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from pools.evidence.exporting import growth_since
from pools.evidence.older import BadOlder, read_older
from pools.ledger.signing import NotSigned
from pools.wording.evidence import about_older, no_evidence


class Command(BaseCommand):
    """Exit 1: it is no checkpoint of this ledger, or history does not continue it."""

    help = (
        "Reads a checkpoint that somebody kept from standard input, and prints a proof that the "
        "ledger only grew since, up to a checkpoint that it signs now. docs/verify_ledger.py "
        "growth verifies it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.epilog = "For instance: manage.py prove_growth < checkpoint.txt > growth.txt"

    def handle(self, **options: Any) -> None:
        try:
            proof = growth_since(read_older(sys.stdin.read()))
        except BadOlder as error:
            raise CommandError(about_older(error)) from None
        except (AnyDatabaseError, NotSigned) as error:
            raise CommandError(no_evidence(error)) from None
        self.stdout.write(proof, ending="")
