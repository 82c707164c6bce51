"""Signs another log's checkpoint, as a witness. Needs no settings of the panel: see manage.py."""

import base64
import binascii
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pools.ledger.signed_notes import (
    COSIGNATURE,
    NAME,
    BadNote,
    PublicKey,
    SigningKey,
    public_key,
    read_key,
    signing_key,
)
from pools.ledger.witnessing import NotWitnessed, read_request, witness


class Command(BaseCommand):
    """Exit 0: signed, and printed. Exit 1: nothing was signed, and why."""

    help = (
        "Makes sure that a log (this panel's or another's) has only grown since the checkpoint "
        "that was seen last, and prints its new one with a signature of the witness's own. Needs "
        "neither a database nor the panel's settings."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "request",
            nargs="?",
            metavar="FILE",
            help="what `manage.py checkpoint --since N` printed at the log; - is standard input",
        )
        parser.add_argument(
            "--name", required=True, help="the witness's name, such as example.com/w1"
        )
        parser.add_argument(
            "--key",
            type=Path,
            required=True,
            metavar="FILE",
            help="the witness's own key, as `manage.py newkeys --key-id w1` prints one",
        )
        parser.add_argument(
            "--state", type=Path, metavar="FILE", help="keeps what was seen last; made if not there"
        )
        parser.add_argument(
            "--log-key",
            type=Path,
            metavar="FILE",
            help="the log's public keys, one a line, as /audit/keys has them",
        )
        parser.add_argument(
            "--show-key", action="store_true", help="print the witness's public key, and no more"
        )

    def handle(self, *, name: str, key: Path, request: str | None, **options: Any) -> None:
        if not NAME.fullmatch(name):
            raise CommandError("A name has no spaces and no +.")
        private = _private_key(key)
        if options["show_key"]:
            self.stdout.write(str(public_key(private, name, COSIGNATURE)))
            return
        if not (request and options["state"] and options["log_key"]):
            raise CommandError("Name FILE, --state and --log-key.")
        keys = _public_keys(options["log_key"])
        try:
            text = sys.stdin.read() if request == "-" else _text(Path(request))
            now = int(time.time())
            note = witness(read_request(text), options["state"], keys, private, name, now)
        except (NotWitnessed, BadNote) as reason:
            raise CommandError(f"Not signed. {reason}") from None
        except OSError as error:
            raise CommandError(f"Not signed. {error.filename}: {error.strerror}.") from None
        self.stdout.write(str(note), ending="")


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandError(f"{file} is no text.") from None


def _private_key(file: Path) -> SigningKey:
    try:
        return signing_key(base64.b64decode(_text(file).strip().split(":")[-1], validate=True))
    except (ValueError, binascii.Error):
        raise CommandError(f"{file} has no key of 32 bytes in base64.") from None


def _public_keys(file: Path) -> list[PublicKey]:
    try:
        return [read_key(line) for line in _text(file).splitlines() if line.strip()]
    except BadNote as reason:
        raise CommandError(f"{file}: {reason}") from None
