"""How it stands with the signed checkpoints: the last one, each copy, and the last that a witness
has signed; since when one fails.

One row for each, which is overwritten: it is told to people and to what watches the panel, and
is no proof of anything.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction

from pools.ledger import clock
from pools.models.tree import CheckpointStanding

SIGNED: Final = "signed"
FILE: Final = "file"
ADDRESS: Final = "address"
WITNESS: Final = "witness"
# In the order in which they are told.
NAMES: Final = (SIGNED, FILE, ADDRESS, WITNESS)
# All rows as one text, for a page that has no query to spare.
AS_TEXT: Final[Mapping[str, str]] = {
    "sqlite": (
        "SELECT json_group_array(json_array(name, size, strftime('%%s', at),"
        " strftime('%%s', failing_since), reason)) FROM pools_checkpointstanding"
    ),
    "postgresql": (
        "SELECT json_agg(json_build_array(name, size, floor(extract(epoch FROM at))::bigint::text,"
        " floor(extract(epoch FROM failing_since))::bigint::text, reason))::text"
        " FROM pools_checkpointstanding"
    ),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Of the last one or of a copy: its size (0: none yet), when, and since when it fails."""

    size: int
    at: datetime | None
    failing_since: datetime | None
    reason: str


def read() -> dict[str, Standing]:
    """What is known of each, by one query. Raises django.db.Error."""
    with connection.cursor() as cursor:
        cursor.execute(AS_TEXT[connection.vendor], [])
        (text,) = cursor.fetchone()
    return of_text(text)


def wanted() -> tuple[str, ...]:
    """What there is to be by settings: nothing without a key, copies where they go somewhere."""
    places = (
        settings.SIGNING_KEYS,
        settings.CHECKPOINT_FILE,
        settings.CHECKPOINT_URL,
        settings.WITNESS_KEYS,
    )
    return tuple(name for name, place in zip(NAMES, places, strict=True) if place)


def read_wanted() -> dict[str, Standing]:
    """What is known of each that there is to be: of some perhaps nothing yet."""
    names = wanted()
    return of_wanted(read()) if names else {}


def of_wanted(known: Mapping[str, Standing]) -> dict[str, Standing]:
    """The same where it is read already."""
    return {name: known.get(name, Standing(0, None, None, "")) for name in wanted()}


def of_text(text: str | None) -> dict[str, Standing]:
    """The same of AS_TEXT's answer."""
    rows = json.loads(text) if text else []
    found = {name: Standing(size, _moment(at), _moment(failing), reason or "")
             for name, size, at, failing, reason in rows}  # fmt: skip
    return {name: found[name] for name in NAMES if name in found}


def note_success(name: str, size: int) -> bool:
    """It is there now. Whether it had failed before."""
    return _note(name, lambda row: _succeeded(row, size))


def note_failure(name: str, reason: str) -> bool:
    """It failed. Whether that is news: the first time, or for another reason."""
    return _note(name, lambda row: _failed(row, reason))


def _note(name: str, change: Any) -> bool:
    with transaction.atomic():
        row, _ = CheckpointStanding.objects.select_for_update().get_or_create(name=name)
        told = bool(change(row))
        row.save()
    return told


def _succeeded(row: CheckpointStanding, size: int) -> bool:
    failed = row.failing_since is not None
    # Of two processes, the one that is behind says nothing new.
    row.size, row.at = max(row.size, size), clock.now()
    row.failing_since, row.reason = None, ""
    return failed


def _failed(row: CheckpointStanding, reason: str) -> bool:
    news = row.failing_since is None or row.reason != reason
    row.failing_since, row.reason = row.failing_since or clock.now(), reason
    return news


def _moment(seconds: str | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)
