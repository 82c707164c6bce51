"""What was taken out of the ledger into archives, by the event that says so.

The event is sealed and signed as any entry. It holds what the ledger must go on knowing of entries
that are no longer there: where the chain and the tree go on, whose names were recorded, which
keys have signed. Each one repeats what those before it said: they may be in an archive themselves.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

LEDGER_ARCHIVED: Final = "ledger_archived"
# By an index of events by their action: there is one for each archive, if any.
NEWEST_FACTS: Final = (
    "SELECT facts FROM pools_entry WHERE seq = (SELECT MAX(seq) FROM pools_entry"  # noqa: S608  # nosec B608
    f" WHERE kind = 'event' AND action = '{LEDGER_ARCHIVED}')"
)
_NEWEST: Final = NEWEST_FACTS.replace("facts", "seq, facts", 1)


@dataclass(frozen=True, slots=True)
class Archive:
    """A file: which entries are in it, its SHA-256, and when they were taken out."""

    first: int
    last: int
    sha256: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Archived:
    """What the newest event says: entries 1 to `through` are in archives, the oldest one first.

    `seq` is the event's own number. `last_digest` is that of entry `through`, `root` that of the
    tree then. `people` are the names that were recorded, each with a person's id.
    """

    seq: int
    through: int
    last_digest: str
    root: bytes
    archives: tuple[Archive, ...]
    people: tuple[tuple[str, str], ...]
    companies: tuple[str, ...]
    keys: tuple[str, ...]

    @property
    def at(self) -> datetime:
        """When the last of them were taken out."""
        return self.archives[-1].at

    def facts(self) -> dict[str, Any]:
        """As they are recorded, and read again by `read`."""
        return {
            "through": self.through,
            "last_digest": self.last_digest,
            "root": base64.b64encode(self.root).decode(),
            "archives": [
                {
                    "first": each.first,
                    "last": each.last,
                    "sha256": each.sha256,
                    "at": each.at.isoformat(),
                }
                for each in self.archives
            ],
            "people": [list(pair) for pair in self.people],
            "companies": list(self.companies),
            "keys": list(self.keys),
        }


def newest() -> Archived | None:
    """The newest event; None where there is none, or it is not as the panel writes it.

    Nothing here tells whether it is genuine: whoever walks along the ledger comes to it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST)
        row = cursor.fetchone()
    return read(row[1], row[0]) if row else None


def read(text: Any, seq: int = 0) -> Archived | None:
    """The same of an event that was selected; perhaps without its number."""
    try:
        return _read(json.loads(text), seq)
    except (ValueError, LookupError, TypeError):
        return None  # not as we write entries: a walk along the ledger reports it


def _read(facts: Mapping[str, Any], seq: int) -> Archived:
    archives = tuple(
        Archive(
            int(each["first"]),
            int(each["last"]),
            str(each["sha256"]),
            datetime.fromisoformat(each["at"]),
        )
        for each in facts["archives"]
    )
    through = facts["through"]
    fits = type(through) is int and through > 0 and (through < seq or not seq)
    if not fits or archives[-1].last != through:
        raise ValueError("it is no archive of this ledger")
    return Archived(
        seq=seq,
        through=through,
        last_digest=str(facts["last_digest"]),
        root=base64.b64decode(facts["root"], validate=True),
        archives=archives,
        people=tuple((str(name), str(person)) for name, person in facts["people"]),
        companies=tuple(map(str, facts["companies"])),
        keys=tuple(map(str, facts["keys"])),
    )
