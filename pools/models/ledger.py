"""The ledger: appending to it, and proving that nothing in it was altered.

Digest of an entry (version 1): HMAC-SHA256 with the key that `key_id` names, over

    version | seq | previous | canonical JSON of every other column

`previous` is the digest of the entry before, FIRST for the first. Times are UTC with six
decimals, ids are lower-case hex without dashes, empty ones null.
"""

import base64
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring as _quoted
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from pools.models.canonical import canonical_json, storable, storable_facts
from pools.models.entry import Entry, Kind
from pools.models.index_term import index

VERSION: Final = 1
FIRST: Final = "0" * 64
# Entries read at a time while verifying: short reads, so that writers are not kept out.
CHUNK: Final = 2000
# Any constant known to nobody else who takes advisory locks in this database.
_ADVISORY_LOCK: Final = 0x706F6F6C73  # "pools"
_COLUMNS: Final = (
    *("seq", "version", "at", "kind", "change", "form", "batch", "actor_id", "actor_name"),
    *("company", "pool_id", "pool_name", "action", "outcome", "reason", "facts"),
    *("key_id", "previous", "digest"),
)


class LedgerUnwritable(Exception):
    """The ledger cannot be written, so nothing that must be on it was done."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something: the user's id and name, and the address they came from."""

    id: int
    name: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry: its number (0: none yet), digest and time."""

    seq: int
    digest: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Misfit:
    """The first entry that does not fit, and why, as a sentence."""

    seq: int
    reason: str


def lock() -> None:
    """From here to the end of the transaction, nobody else appends.

    Needs an open transaction; on SQLite an IMMEDIATE one, which is the lock.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("the ledger is appended to in a transaction")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])


def append(
    kind: Kind,
    action: str,
    actor: Actor,
    *,
    company: str = "",
    pool_id: str = "",
    pool_name: str = "",
    outcome: str = "",
    reason: str = "",
    facts: Mapping[str, Any] | None = None,
    change: UUID | None = None,
    form: UUID | None = None,
    batch: UUID | None = None,
) -> Entry:
    """Adds the next entry, inside the caller's transaction, and returns it.

    `facts` holds text, whole numbers, booleans, null, lists and mappings of them; the
    actor's address is added to it. Database errors pass through: the caller decides
    what they mean.
    """
    lock()
    last = Entry.objects.order_by("-seq").values_list("seq", "digest").first()
    seq, previous = last or (0, FIRST)
    key_id, key = _writing_key()
    entry = Entry(
        seq=seq + 1,
        version=VERSION,
        at=timezone.now(),
        kind=kind,
        change=change,
        form=form,
        batch=batch,
        actor_id=str(actor.id),
        actor_name=storable(actor.name),
        company=storable(company),
        pool_id=storable(pool_id),
        pool_name=storable(pool_name),
        action=action,
        outcome=outcome,
        reason=storable(reason),
        facts=canonical_json(storable_facts({**(facts or {}), "address": actor.address})),
        key_id=key_id,
        previous=previous,
    )
    entry.digest = digest_of(tuple(getattr(entry, column) for column in _COLUMNS), key)
    # Entry.save refuses, so that nothing else can add or alter a row through the model.
    Entry.objects.bulk_create([entry])
    index([entry])
    return entry


def record_event(
    action: str,
    actor: Actor,
    *,
    company: str = "",
    outcome: str = "",
    reason: str = "",
    facts: Mapping[str, Any] | None = None,
) -> Entry:
    """Adds a local event: something that happened here and not at Core."""
    return append(
        Kind.EVENT, action, actor, company=company, outcome=outcome, reason=reason, facts=facts
    )


def head() -> Head:
    """The last entry's number, digest and time, for a checkpoint."""
    last = Entry.objects.order_by("-seq").values_list("seq", "digest", "at").first()
    return Head(*last) if last else Head(0, FIRST, None)


def verify_chain(from_seq: int = 1) -> Misfit | None:
    """The first entry from `from_seq` on that does not fit, or None when all do."""
    return walk_chain(from_seq)[1]


def walk_chain(from_seq: int = 1) -> tuple[Head, Misfit | None]:
    """Walks the ledger to its end or its first misfit: the last entry that fits, the misfit.

    Constant memory. Starting later than 1, the entry before is trusted for its digest.
    """
    keys = dict(_keys())
    fits = Head(0, FIRST, None)
    if from_seq > 1:
        before = Entry.objects.filter(seq=from_seq - 1).values_list("seq", "digest", "at").first()
        if before is None:
            return fits, Misfit(from_seq - 1, "It is missing.")
        fits = Head(*before)
    for row in _rows(from_seq):
        if reason := _misfit(row, fits, keys):
            return fits, Misfit(fits.seq + 1, reason)
        fits = Head(row[0], row[-1], row[2])
    return fits, None


def wrong_audit_keys() -> list[str]:
    """Why the newest entries cannot have been made with AUDIT_KEYS, a sentence each.

    One altered entry is for `verify_chain` to find; a key under which none of the last
    ten verifies is a wrong key. Empty before the table is there, and when the database
    does not answer: those are told elsewhere.
    """
    keys = dict(_keys())
    try:
        newest = list(Entry.objects.order_by("-seq").values_list(*_COLUMNS)[:10])
    except DatabaseError:
        return []
    wrong = []
    for key_id in dict.fromkeys(row[-3] for row in newest):
        rows = [row for row in newest if row[-3] == key_id]
        if key_id not in keys:
            wrong.append(f"AUDIT_KEYS lacks the key {key_id}, with which the ledger was written.")
        elif not any(hmac.compare_digest(digest_of(row, keys[key_id]), row[-1]) for row in rows):
            wrong.append(f"AUDIT_KEYS has another key {key_id} than the ledger was written with.")
    return wrong


def digest_of(row: tuple[Any, ...], key: bytes) -> str:
    """The digest of an entry's columns, in the order of the model, as 64 hex digits."""
    text = f"{row[1]}|{row[0]}|{row[17]}|{covered_text(row)}"
    return hmac.digest(key, text.encode(), "sha256").hex()


def covered_text(row: tuple[Any, ...]) -> str:
    """The canonical JSON of what a digest covers besides version, number and previous digest.

    The same text as `canonical_json` writes, put together by hand: verifying a million
    entries is a matter of seconds only this way.
    """
    (_, _, at, kind, change, form, batch, actor_id, actor_name, company) = row[:10]
    (pool_id, pool_name, action, outcome, reason, facts, key_id) = row[10:17]
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")[:-6]
    return (
        f'{{"action":{_quoted(action)},"actor_id":{_quoted(actor_id)},'
        f'"actor_name":{_quoted(actor_name)},"at":"{moment}Z","batch":{_id(batch)},'
        f'"change":{_id(change)},"company":{_quoted(company)},"facts":{_quoted(facts)},'
        f'"form":{_id(form)},"key_id":{_quoted(key_id)},"kind":{_quoted(kind)},'
        f'"outcome":{_quoted(outcome)},"pool_id":{_quoted(pool_id)},'
        f'"pool_name":{_quoted(pool_name)},"reason":{_quoted(reason)}}}'
    )


def _id(value: UUID | None) -> str:
    return "null" if value is None else f'"{value.hex}"'


def _misfit(row: tuple[Any, ...], before: Head, keys: Mapping[str, bytes]) -> str | None:
    seq, version, key_id, previous, digest = row[0], row[1], *row[-3:]
    if seq != before.seq + 1:
        return f"It is missing: entry {seq} follows entry {before.seq}."
    if previous != before.digest:
        return "It does not continue the entry before it."
    if version != VERSION:
        return f"Its form {version} is not known to this panel."
    if key_id not in keys:
        return f"Its key {key_id} is not in AUDIT_KEYS."
    if not hmac.compare_digest(digest_of(row, keys[key_id]), digest):
        return "Its digest does not fit what it says."
    return None


def _rows(from_seq: int) -> Iterator[tuple[Any, ...]]:
    while True:
        rows = list(
            Entry.objects.filter(seq__gte=from_seq).order_by("seq").values_list(*_COLUMNS)[:CHUNK]
        )
        yield from rows
        if len(rows) < CHUNK:
            return
        from_seq = rows[-1][0] + 1


def _writing_key() -> tuple[str, bytes]:
    return next(_keys())


def _keys() -> Iterator[tuple[str, bytes]]:
    for key_id, secret in settings.AUDIT_KEYS:
        yield key_id, base64.b64decode(secret.reveal())
