"""Proves that nothing in the ledger was altered, or names what does not fit."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from pools.evidence.archive import NotAnArchive, compared
from pools.ledger import archived
from pools.ledger.indexing import Lost, lost
from pools.ledger.logged_checkpoints import PRINTED_EMPTY, Checkpoint, read_checkpoints
from pools.ledger.proof import NAMED, Proof
from pools.ledger.signed_checkpoints import public_keys
from pools.ledger.signed_notes import BadNote, Note, PublicKey, read_key
from pools.ledger.signed_proof import in_lines
from pools.ledger.verifying import Examined, examine
from pools.wording.numbers import counted

NOT_FOUND: Final = "`manage.py index_ledger` adds what is missing."


@contextmanager
def _opened(name: str) -> Iterator[TextIO]:
    """A file's lines, or those of standard input."""
    try:
        if name == "-":
            yield sys.stdin
        else:
            with Path(name).open(encoding="utf-8", errors="replace") as lines:
                yield lines
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from None


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
            "--checkpoint",
            nargs="+",
            default=[],
            metavar="FILE",
            help=(
                "signed checkpoints that were kept elsewhere (CHECKPOINT_FILE, or a log), to "
                "compare besides those that the panel keeps; - is standard input"
            ),
        )
        parser.add_argument(
            "--keys",
            metavar="FILE",
            help=(
                "public keys, one a line, that must have signed them (default: those of "
                "SIGNING_KEYS and of the ledger, as audit_keys prints them)"
            ),
        )
        parser.add_argument(
            "--without-keys",
            action="store_true",
            help="leave the seals out: signed checkpoints alone say whether anything was altered",
        )
        parser.add_argument(
            "--archive",
            nargs="+",
            default=[],
            type=Path,
            metavar="FILE",
            help="archives of this ledger, to compare with what it keeps of their entries",
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
        notes = [each for name in options["checkpoint"] for each in self._notes(name)]
        if notes and first > 1:
            raise CommandError("Signed checkpoints are of all entries: leave --from out.")
        keys = self._keys(options["keys"]) if options["keys"] else []
        sealed = not options["without_keys"]
        try:
            examined = examine(max(first, 1), kept, notes=notes, keys=keys, sealed=sealed)
            proof = examined.proof
            unfound = list(lost(max(first, 1))) if index and not proof.broken else []
        except AnyDatabaseError as error:
            raise CommandError(f"The ledger cannot be read: {error}") from None
        for sentence in examined.findings:
            self.stderr.write(sentence)
        self._say_what_is_not_found(unfound)
        self._say_what_fits(proof, sealed=sealed)
        self._say_what_is_signed(examined, sealed=sealed)
        self._say_what_is_archived(proof)
        fit = [self._compare(file, keys, sealed=sealed) for file in options["archive"]]
        lacking = (checkpoints and not kept) or (options["checkpoint"] and not notes)
        lacking = lacking or not all(fit)
        if examined.findings or unfound or lacking or not (sealed or examined.signed):
            sys.exit(1)

    def _say_what_is_archived(self, proof: Proof) -> None:
        for each in proof.archived.archives if proof.archived else ():
            self.stdout.write(
                f"Entries {each.first} to {each.last} are in an archive since {each.at:%Y-%m-%d}: "
                f"a file whose SHA-256 is {each.sha256}. Their hashes are here."
            )

    def _compare(self, path: Path, keys: list[PublicKey], *, sealed: bool) -> bool:
        """Whether an archive is one of this ledger's; and says so."""
        try:
            file = compared(path, keys or [read_key(key) for key in public_keys()], sealed=sealed)
        except NotAnArchive as reason:
            self.stderr.write(str(reason))
            return False
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
        gone = archived.newest()
        fit = f"{path}: entries {file.first} to {file.last} are as they were recorded"
        if gone and file.last <= gone.through:
            self.stdout.write(f"{fit}.")
        else:
            self.stdout.write(
                f"{fit}, and still in the database: the run that wrote it was stopped. Remove the "
                "file, and run it again."
            )
        return True

    def _notes(self, name: str) -> Sequence[Note | BadNote]:
        with _opened(name) as lines:
            notes = in_lines(lines)
        if not notes:
            self.stderr.write(f"{name}: there is no signed checkpoint in it.")
        return notes

    def _keys(self, name: str) -> list[PublicKey]:
        with _opened(name) as lines:
            texts = [line.strip() for line in lines if line.strip()]
        try:
            return [read_key(text) for text in texts]
        except BadNote as reason:
            raise CommandError(f"{name}: {reason}") from None

    def _read(self, name: str) -> Iterable[Checkpoint]:
        with _opened(name) as lines:
            read = read_checkpoints(lines)
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

    def _say_what_is_signed(self, examined: Examined, *, sealed: bool) -> None:
        """What signed checkpoints show, beside what the seals do."""
        signed = examined.signed
        if signed is None:
            if not sealed:
                self.stderr.write("There is no signed checkpoint: nothing is proved.")
            return
        if signed.matched:
            checkpoints = counted(signed.matched, "signed checkpoint")
            also = " all the same" if sealed and examined.proof.broken and signed.holds else ""
            self.stdout.write(f"Entries 1 to {signed.size} are as {checkpoints} had them{also}.")
        if signed.uncompared:
            others = counted(signed.uncompared, "signed checkpoint")
            self.stdout.write(f"Not compared, as their entries were not checked: {others}.")

    def _say_what_fits(self, proof: Proof, *, sealed: bool) -> None:
        last = proof.head
        if last.seq == 0 and not proof.broken:
            self.stdout.write(PRINTED_EMPTY)
        elif proof.misfit_count == 0:
            one = proof.first == last.seq
            fit = f"Entry {last.seq} fits." if one else f"Entries {proof.first} to {last.seq} fit."
            self.stdout.write(fit if sealed else f"{fit[:-1]} each other; no seal was looked at.")
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
