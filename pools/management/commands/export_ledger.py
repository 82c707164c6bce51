"""Writes the whole ledger to a file, for verifying it without the panel."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError
from django.db import transaction

from pools.evidence.archive import beginning
from pools.evidence.bundle import Altered
from pools.evidence.exporting import whole_ledger
from pools.ledger import archived
from pools.ledger.appending import record_event
from pools.ledger.signed_checkpoints import NotSigned, sign_checkpoint
from pools.ledger.signed_notes import read_note
from pools.ledger.tree import Tree, tree_size
from pools.people.acts import COMMAND_LINE
from pools.wording.evidence import no_evidence


def _new(path: Path) -> BinaryIO:
    """A file that was not there, and that nobody else may read: it holds all that happened."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


class Command(BaseCommand):
    """Exit 1: it is not whole, or no checkpoint can be signed."""

    help = (
        "Writes every entry to a new file, one a line, exactly as it is hashed, and a signed "
        "checkpoint over all of them to another. docs/verify_ledger.py verifies both. Doing so "
        "is recorded."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ledger", type=Path, help="the file for the entries; a new one")
        parser.add_argument(
            "checkpoint", type=Path, help="the file for the checkpoint over them; a new one"
        )

    def handle(self, *, ledger: Path, checkpoint: Path, **options: Any) -> None:
        try:
            # Before it is recorded: without a checkpoint there is nothing to verify it with.
            sign_checkpoint()
            with transaction.atomic(durable=True):
                record_event("ledger_exported", COMMAND_LINE, facts={"entries": tree_size()})
            signed = sign_checkpoint()
            size, gone = read_note(signed).size, archived.newest()
            first = gone.through + 1 if gone else 1
            with _new(ledger) as file:
                if gone:
                    file.write(beginning(gone.through, Tree(size).peaks(gone.through)))
                for chunk in whole_ledger(size, first):
                    file.write(chunk)
            with _new(checkpoint) as file:
                file.write(signed.encode())
        except (AnyDatabaseError, NotSigned, Altered) as error:
            raise CommandError(no_evidence(error)) from None
        except OSError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{size - first + 1:,} entries in {ledger}, their checkpoint in {checkpoint}."
        )
        if gone:
            self.stdout.write(f"Entries 1 to {gone.through:,} are in an archive.")
