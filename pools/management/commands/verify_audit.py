"""Proves that nothing in the ledger was altered, or names the first entry that does not fit."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from pools.models.ledger import walk_chain


class Command(BaseCommand):
    """Exit 0: every entry fits; the head is printed. Exit 1: one does not, and why."""

    help = (
        "Walks the ledger of changes and checks every entry against its keyed digest and "
        "against the entry before it. Prints the head: note it elsewhere, since a cut-off "
        "end shows only against an earlier note."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from",
            dest="first",
            type=int,
            default=1,
            metavar="N",
            help="start at entry N, trusting the one before it (default: 1)",
        )

    def handle(self, *, first: int, **options: Any) -> None:
        last, misfit = walk_chain(max(first, 1))
        if misfit is not None:
            self.stderr.write(f"Entry {misfit.seq} does not fit. {misfit.reason}")
            sys.exit(1)
        if last.at is None:
            self.stdout.write("The ledger is empty.")
            return
        self.stdout.write(f"Entries {first} to {last.seq} fit.")
        self.stdout.write(f"Head: {last.seq} {last.digest} {last.at.isoformat()}")
