"""Signs the ledger as it is now, and prints the checkpoint; or keeps what a witness has signed."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from pools.evidence.cosigned import keep_cosigned
from pools.evidence.older import BadOlder
from pools.ledger.publishing import copy_again
from pools.ledger.signed_checkpoints import NotSigned, sign_checkpoint
from pools.ledger.signed_notes import read_note
from pools.ledger.tree import consistency_proof
from pools.ledger.witnessing import Request
from pools.wording.evidence import about_older


class Command(BaseCommand):
    """Exit 0: signed, and printed; or kept, and copied. Exit 1: why not."""

    help = (
        "Signs the ledger as it is, and prints the checkpoint. With --since, prints with it the "
        "proof that the ledger goes on from an earlier size, as `manage.py witness` wants it. With "
        "--cosigned, keeps what a witness printed, and copies it where checkpoints go."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        either = parser.add_mutually_exclusive_group()
        either.add_argument(
            "--since",
            type=int,
            metavar="N",
            help="the number of entries that the witness saw last; 0 the first time",
        )
        either.add_argument(
            "--cosigned",
            metavar="FILE",
            help="what `manage.py witness` printed, by one whom WITNESS_KEYS names; - is standard "
            "input",
        )

    def handle(self, *, since: int | None, cosigned: str | None, **options: Any) -> None:
        if cosigned is not None:
            self._keep(_text(cosigned))
            return
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

    def _keep(self, text: str) -> None:
        try:
            kept = keep_cosigned(text)
        except BadOlder as reason:
            raise CommandError(f"Not kept. {about_older(reason)}") from None
        except AnyDatabaseError as error:
            raise CommandError(f"Not kept. The ledger cannot be used: {error}") from None
        self.stdout.write(f"Kept: a witness has signed the checkpoint of {kept.size} entries.")
        failed = copy_again(kept)
        for sentence in failed:
            self.stderr.write(f"Not copied to the {sentence} Run this again.")
        if failed:
            sys.exit(1)


def _text(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandError(f"{name} is no text.") from None
