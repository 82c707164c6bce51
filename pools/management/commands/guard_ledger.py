"""Restores the triggers that guard the ledger, and corrects the leases by what it says."""

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError
from django.db import transaction

from pools.evidence.archive import ArchiveFile, NotAnArchive
from pools.ledger import archived
from pools.ledger.guarding import missing_triggers, put_back
from pools.ledger.hashes import Growing, leaf_hash
from pools.ledger.leases import put_right
from pools.ledger.tree import forget_tiles


def _leaves(files: Sequence[Path]) -> Iterator[bytes]:
    """The hashes of all archived entries. Raises NotAnArchive unless these are the very ones."""
    gone = archived.newest()
    if gone is None:
        raise NotAnArchive("No entry of this ledger is in an archive.")
    grown = Growing()
    for path in files:
        file = ArchiveFile(path)
        if file.before != grown.size:
            raise NotAnArchive(f"{path} begins with entry {file.first}, not {grown.size + 1}.")
        for line in file.lines():
            leaf = leaf_hash(line.data)
            grown.add(leaf)
            yield leaf
    if (grown.size, grown.root()) != (gone.through, gone.root):
        raise NotAnArchive(
            f"These are not the {gone.through} entries that entry {gone.seq} says were taken out."
        )


class Command(BaseCommand):
    """Exit 0: every trigger is there and on, every lease right. Exit 1: why that cannot be."""

    help = (
        "Creates the triggers that keep the ledger from being altered, as the migrations do, and "
        "corrects the leases (which change holds which pool) by what the ledger says. Run "
        "`verify_audit` first: it says whether anything was altered."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--tree",
            action="store_true",
            help="also makes the tree of hashes again, where verify_audit says it does not fit",
        )
        parser.add_argument(
            "--archive",
            nargs="+",
            default=[],
            type=Path,
            metavar="FILE",
            help="every archive of this ledger, oldest first: with --tree, for the hashes of these",
        )

    def handle(self, *, tree: bool = False, archive: Sequence[Path] = (), **options: Any) -> None:
        if archive and not tree:
            raise CommandError("--archive is for making the tree again: add --tree.")
        try:
            missing = missing_triggers()
            put_back()
            with transaction.atomic():
                wrong = put_right()
                if tree:
                    forget_tiles(_leaves(archive) if archive else None)
        except (NotAnArchive, OSError) as reason:
            raise CommandError(f"The tree was not made again. {reason}") from None
        except AnyDatabaseError as error:
            raise CommandError(f"The triggers could not be created: {error}") from None
        self.stdout.write(
            f"Restored: {', '.join(missing)}." if missing else "No trigger was missing."
        )
        for sentence in wrong:
            self.stdout.write(f"Corrected: {sentence}")
        if tree:
            self.stdout.write("The tree is made again with the next signed checkpoint.")
