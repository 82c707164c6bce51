"""Signs the ledger as it is now, and prints the checkpoint."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from pools.ledger.notes import read_note
from pools.ledger.signing import NotSigned, sign_checkpoint
from pools.ledger.tree import consistency_proof
from pools.ledger.witnessing import Request


class Command(BaseCommand):
    """Exit 0: signed, and printed. Exit 1: why not."""

    help = (
        "Signs the ledger as it is, and prints the checkpoint. With --since, prints with it the "
        "proof that the ledger goes on from an earlier size, as `manage.py witness` wants it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since",
            type=int,
            metavar="N",
            help="the number of entries that the witness saw last; 0 the first time",
        )

    def handle(self, *, since: int | None, **options: Any) -> None:
        try:
            note = read_note(sign_checkpoint())
            if since is None:
                self.stdout.write(str(note), ending="")
                return
            proof = consistency_proof(since, note.size)
        except NotSigned as reason:
            raise CommandError(str(reason)) from None
        except ValueError:
            raise CommandError(f"The ledger never had {since} entries.") from None
        except AnyDatabaseError as error:
            raise CommandError(f"The ledger cannot be read: {error}") from None
        self.stdout.write(str(Request(since, tuple(proof), note)), ending="")
