"""Writes the record from an entry on, for a SIEM: one event of OCSF a line."""

import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from adminpanel import VERSION
from pools.feed.lines import Beyond, Cursor, InArchive, Line, lines_after
from pools.feed.log_file import FeedFile, InUse
from pools.upkeep.tending import Stopped, stopped_by_signals

# How soon something new is told.
WAIT_SECONDS: Final = 2


class Command(BaseCommand):
    """Exit 0: all was written, or it was stopped. Exit 1: why it cannot go on."""

    help = (
        "Writes each entry of the record as a line of JSON, oldest first: an event of OCSF. "
        "With --to, it goes on after the last line in that file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--after",
            type=int,
            default=0,
            metavar="N",
            help="begin after entry N (default: 0, with the first)",
        )
        parser.add_argument(
            "--to",
            type=Path,
            metavar="FILE",
            help="append to this file, and note beside it (FILE.cursor) how far that is",
        )
        parser.add_argument(
            "--follow", action="store_true", help="go on with what is new until it is stopped"
        )

    def handle(self, *, after: int, to: Path | None, follow: bool, **options: Any) -> None:
        try:
            with stopped_by_signals():
                self._write(Cursor(max(after, 0)), to, follow=follow)
        except Stopped:
            return
        except (Beyond, InArchive) as reason:
            raise CommandError(str(reason)) from None
        except InUse:
            raise CommandError(f"Another process writes to {to}.") from None
        except OSError as error:
            raise CommandError(f"{to or 'The output'}: {error.strerror}.") from None
        except AnyDatabaseError as error:
            raise CommandError(f"The ledger cannot be read: {error}") from None

    def _write(self, cursor: Cursor, to: Path | None, *, follow: bool) -> None:
        if to is None:
            for batch in batches(cursor, follow=follow):
                self.stdout.write("".join(f"{line.text}\n" for line in batch), ending="")
                self.stdout.flush()
            return
        with FeedFile(to) as file:
            if file.cursor.seq > cursor.seq:
                cursor = file.cursor
            for batch in batches(cursor, follow=follow):
                file.append(batch)


def batches(cursor: Cursor, *, follow: bool) -> Iterator[list[Line]]:
    """What there is after an entry, many at a time; then what is new, as it comes."""
    while True:
        lines = [*lines_after(cursor, version=VERSION, values=settings.FEED_VALUES)]
        if lines:
            cursor = lines[-1].cursor
            yield lines
        elif follow:
            time.sleep(WAIT_SECONDS)
        else:
            return
