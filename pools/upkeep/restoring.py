"""Putting archives into an empty database, to look into them.

It becomes a ledger as it was when they were taken out, for people to read on pages. It is a copy:
it signs nothing, and nothing of it goes back into the ledger.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError

from pools.database_faults import long_statements
from pools.evidence.archive import ArchiveFile, Line, NotAnArchive
from pools.ledger.appending import lock
from pools.ledger.chain import VERSION
from pools.models import Entry
from pools.models.index_term import index

CHUNK: Final = 2000
_IDS: Final = ("change", "form", "batch")


class CannotRestore(Exception):
    """Why nothing was restored, as a sentence or two for the person who runs it."""


def restore(files: Sequence[Path]) -> int:
    """Archives of this panel, the oldest first; the number of entries. Raises CannotRestore.

    All of them, or nothing.
    """
    if settings.SIGNING_KEYS:
        raise CannotRestore(
            "SIGNING_KEYS is set: what a copy signs would contradict the ledger itself. Unset it, "
            "and let DATABASE_URL name a new, empty database."
        )
    try:
        with long_statements(None, durable=True):
            lock()
            if Entry.objects.exists():
                raise CannotRestore(
                    "This database has a ledger already. Let DATABASE_URL name a new, empty one."
                )
            return _restored(files)
    except NotAnArchive as reason:
        raise CannotRestore(f"Nothing was restored. {reason}") from None
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        raise CannotRestore(f"Nothing was restored. {named}{error.strerror or error}.") from None
    except DatabaseError as error:
        text = str(error).strip()
        raise CannotRestore(f"Nothing was restored. A database refused: {text}") from None


def _restored(files: Sequence[Path]) -> int:
    last = 0
    for path in files:
        file = ArchiveFile(path)
        if file.before != last:
            raise NotAnArchive(
                f"{path} begins with entry {file.first}, not {last + 1}: name every archive, the "
                "oldest first."
            )
        # Its entries follow each other by the ledger's own triggers.
        lines = file.sealed_lines()
        while entries := [_entry(line, digest, path) for line, digest in islice(lines, CHUNK)]:
            Entry.objects.bulk_create(entries)
            index(entries)
        last = file.last
    return last


def _entry(line: Line, digest: str, path: Path) -> Entry:
    columns: dict[str, Any] = dict(line.columns)
    try:
        columns["at"] = datetime.fromisoformat(columns["at"])
        columns |= {name: columns[name] and UUID(columns[name]) for name in _IDS}
        return Entry(
            seq=line.seq, version=VERSION, previous=line.previous, digest=digest, **columns
        )
    except (ValueError, LookupError, TypeError):
        raise NotAnArchive(f"{path}: entry {line.seq} can't be read by this version.") from None
