"""Proves that nothing in the ledger was altered, or names what does not fit."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from pools.models.chain import wrong_audit_keys
from pools.models.checkpoints import PRINTED_EMPTY, Checkpoint, read_checkpoints
from pools.models.guarding import missing_triggers, was_emptied
from pools.models.proof import Proof, prove

EMPTIED: Final = (
    "The ledger was emptied: something is here that was written together with an entry."
)
UNGUARDED: Final = (
    "The database does not keep the ledger from being altered; nobody knows since when."
)


class Command(BaseCommand):
    """Exit 0: everything fits. Exit 1: something does not, or is not guarded, and why."""

    help = (
        "Walks the ledger of changes. Checks every entry against its keyed digest and "
        "against the entry before it, that every change is told whole, and that the "
        "checkpoints of a log are still there, and that the database still refuses to alter "
        "any. Prints the head."
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
        parser.add_argument(
            "--checkpoints",
            nargs="+",
            default=[],
            metavar="FILE",
            help=(
                "logs of the panel, or what this command printed before, to compare with the "
                "heads noted there; - is standard input"
            ),
        )

    def handle(self, *, first: int, checkpoints: list[str], **options: Any) -> None:
        # Read first: the ledger may grow, and must never seem shorter than what is noted.
        noted = [each for name in checkpoints for each in self._read(name)]
        try:
            proof = prove(max(first, 1), noted)
            wrong_keys = wrong_audit_keys() if proof.broken else []
            emptied = proof.head.seq == 0 and not proof.broken and was_emptied()
            missing = missing_triggers()
        except AnyDatabaseError as error:
            raise CommandError(f"The ledger cannot be read: {error}") from None
        for misfit in proof.misfits:
            self.stderr.write(f"Entry {misfit.seq} does not fit. {misfit.reason}")
        if proof.misfit_count > len(proof.misfits):
            self.stderr.write(f"{proof.misfit_count - len(proof.misfits)} more do not fit.")
        for sentence in wrong_keys:
            self.stderr.write(sentence)
        if emptied:
            self.stderr.write(EMPTIED)
        if missing:
            self.stderr.write(f"{UNGUARDED} It lacks, or has switched off: {', '.join(missing)}.")
        self._say_what_fits(proof)
        if proof.misfit_count or emptied or missing or (checkpoints and not noted):
            sys.exit(1)

    def _read(self, name: str) -> Iterable[Checkpoint]:
        try:
            if name == "-":
                read = read_checkpoints(sys.stdin)
            else:
                with Path(name).open(encoding="utf-8", errors="replace") as lines:
                    read = read_checkpoints(lines)
        except OSError as error:
            raise CommandError(f"{name} cannot be read: {error.strerror}.") from None
        if read.malformed:
            broken = _count(len(read.malformed), "checkpoint")
            numbers = ", ".join(map(str, read.malformed[:20]))
            where = f"in line {numbers}" if len(read.malformed) == 1 else f"in lines {numbers}"
            self.stderr.write(f"{name}: {broken} cannot be read, {where}.")
        if not read.checkpoints:
            self.stderr.write(f"{name}: there is no checkpoint in it.")
        return read.checkpoints

    def _say_what_fits(self, proof: Proof) -> None:
        last = proof.head
        if last.seq == 0 and not proof.broken:
            self.stdout.write(PRINTED_EMPTY)
        elif proof.misfit_count == 0:
            self.stdout.write(f"Entries {proof.first} to {last.seq} fit.")
        if last.at is not None:
            what = "Last entry that fits" if proof.broken else "Head"
            self.stdout.write(f"{what}: {last.seq} {last.digest} {last.at.isoformat()}")
        if proof.open_changes:
            held = _count(proof.open_changes, "change")
            self.stdout.write(f"Open, holding its pool: {held}.")
        if proof.checkpoints:
            found = _count(proof.checkpoints, "checkpoint")
            self.stdout.write(f"Found on the ledger: {found}.")
        if proof.uncompared:
            others = _count(proof.uncompared, "checkpoint")
            self.stdout.write(f"Of entries that were not walked along: {others}.")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
