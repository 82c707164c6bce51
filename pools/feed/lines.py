"""The ledger from an entry on, as lines: what `/audit/feed` answers and `manage.py feed` writes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pools.changes.entries import read
from pools.feed.ocsf_fields import event_of
from pools.ledger import archived
from pools.models import Entry

# A page of the feed: at most so many entries by one statement, some megabytes.
MOST: Final = 2000


class Beyond(Exception):
    """The entry that somebody goes on from is not there, or is another one than they had.

    The ledger was restored from a backup, or is another panel's. `head` is its last number.
    """

    def __init__(self, after: int, head: int) -> None:
        super().__init__(after, head)
        self.after, self.head = after, head

    def __str__(self) -> str:
        return (
            f"Entry {self.after} is not the one that you read: this record ends at {self.head}. "
            "It was restored from a backup, or is another panel's. Find the last entry that "
            "both have, and go on from there."
        )


class InArchive(Exception):
    """What somebody asks for was taken out of the ledger: entries up to `through`."""

    def __init__(self, through: int) -> None:
        super().__init__(through)
        self.through = through

    def __str__(self) -> str:
        return (
            f"Entries 1 to {self.through} are in an archive: they are no longer in this record. "
            f"What came later begins after {self.through}."
        )


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last entry that somebody has: its number (0: none), and its id where they know it."""

    seq: int = 0
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """An event as JSON without a line's end, and where whoever has it goes on."""

    text: str
    cursor: Cursor


def lines_after(cursor: Cursor, *, version: str, values: bool, most: int = MOST) -> Iterator[Line]:
    """The next entries, oldest first, at most `most`.

    Raises Beyond, InArchive, django.db.Error.
    """
    entries = read(Entry.objects.filter(seq__gte=cursor.seq).order_by("seq")[: most + 1])
    gone = archived.newest() if entries and entries[0].seq > max(cursor.seq, 1) else None
    if gone and cursor.seq < gone.through:
        raise InArchive(gone.through)
    if gone and cursor.seq == gone.through:
        # The last one that was taken out: its seal is known still.
        if cursor.uid not in ("", gone.last_digest):
            raise Beyond(cursor.seq, head())
    elif cursor.seq > 0:
        # With the one that they have: only so it is known that nothing is missing in between.
        known = entries.pop(0) if entries else None
        same = known is not None and known.seq == cursor.seq
        if known is None or not same or cursor.uid not in ("", known.digest):
            raise Beyond(cursor.seq, head())
    for entry in entries[:most]:
        event = event_of(entry, version=version, values=values)
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        yield Line(text, Cursor(entry.seq, entry.digest))


def head() -> int:
    """The number of the last entry; 0 where there is none."""
    last: int | None = Entry.objects.order_by("-seq").values_list("seq", flat=True).first()
    return last or 0
