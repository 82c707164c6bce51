"""Proves that nothing in the ledger was altered, or names what does not fit."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from pools.ledger.checkpoints import PRINTED_EMPTY, Checkpoint, read_checkpoints
from pools.ledger.indexing import Lost, lost
from pools.ledger.proof import NAMED, Proof
from pools.ledger.verifying import examine
from pools.wording.numbers import counted

NOT_FOUND: Final = "`manage.py index_ledger` adds what is missing."


class Command(BaseCommand):
    """Exit 0: everything fits. Exit 1: something does not, or is not guarded, and why."""

    help = (
        "Walks the ledger. Checks every entry against its keyed digest and the entry before it, "
        "that each change is complete, that the checkpoints of a log are still there, and that "
        "the database still refuses to alter an entry. Prints the head."
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

        parser.add_argument(
            "--index",
            action="store_true",
            help=(
                "also check the index by which lists and exports are narrowed; this takes longer"
            ),
        )

    def handle(self, *, first: int, checkpoints: list[str], index: bool, **options: Any) -> None:
        # Read first: the ledger may grow, and must never seem shorter than what is noted.
        kept = [each for name in checkpoints for each in self._read(name)]
        try:
            examined = examine(max(first, 1), kept)
            proof = examined.proof
            unfound = list(lost(max(first, 1))) if index and not proof.broken else []
        except AnyDatabaseError as error:
            raise CommandError(f"The ledger cannot be read: {error}") from None
        for sentence in examined.findings:
            self.stderr.write(sentence)
        self._say_what_is_not_found(unfound)
        self._say_what_fits(proof)
        if examined.findings or unfound or (checkpoints and not kept):
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
            broken = counted(len(read.malformed), "checkpoint")
            numbers = ", ".join(map(str, read.malformed[:20]))
            where = f"in line {numbers}" if len(read.malformed) == 1 else f"in lines {numbers}"
            self.stderr.write(f"{name}: {broken} cannot be read, {where}.")
        if not read.checkpoints:
            self.stderr.write(f"{name}: there is no checkpoint in it.")
        return read.checkpoints

    def _say_what_is_not_found(self, unfound: Sequence[Lost]) -> None:
        for each in unfound[:NAMED]:
            self.stderr.write(f"The index lacks {each.term} for entry {each.seq}.")
        if len(unfound) > NAMED:
            more = counted(len(unfound) - NAMED, "more term")
            self.stderr.write(f"Not in the index either: {more}.")
        if unfound:
            self.stderr.write(NOT_FOUND)

    def _say_what_fits(self, proof: Proof) -> None:
        last = proof.head
        if last.seq == 0 and not proof.broken:
            self.stdout.write(PRINTED_EMPTY)
        elif proof.misfit_count == 0:
            one = proof.first == last.seq
            fit = f"Entry {last.seq} fits." if one else f"Entries {proof.first} to {last.seq} fit."
            self.stdout.write(fit)
        if last.at is not None:
            what = "Last entry that fits" if proof.broken else "Head"
            self.stdout.write(f"{what}: {last.seq} {last.digest} {last.at.isoformat()}")
        if proof.open_changes:
            held = counted(proof.open_changes, "change")
            self.stdout.write(f"Open, holding its pool: {held}.")
        if proof.checkpoints:
            checkpoints = counted(proof.checkpoints, "checkpoint")
            self.stdout.write(f"Found on the ledger: {checkpoints}.")
        if proof.uncompared:
            others = counted(proof.uncompared, "checkpoint")
            self.stdout.write(f"Not compared, as their entries were not checked: {others}.")
