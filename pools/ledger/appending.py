"""The ledger: appending to it. How it is proved is in `chain` and `proof`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from pools.ledger import clock
from pools.ledger.canonical import canonical_json, storable, storable_facts
from pools.ledger.chain import COLUMNS, FIRST, VERSION, Head, digest_of, writing_key
from pools.models.entry import Entry
from pools.models.index_term import index
from pools.models.vocabulary import Kind

# Any constant known to nobody else who takes advisory locks in this database.
_ADVISORY_LOCK: Final = 0x706F6F6C73  # "pools"


class LedgerUnwritable(Exception):
    """The ledger cannot be written, so nothing that must be on it was done."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something: the user's id and name, and the address they came from."""

    id: int
    name: str
    address: str = ""


# What no person does: the panel by itself, or whoever is not known.
NOBODY: Final = Actor(id=0, name="")


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
    entry = Entry(
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
    )
    _chain(entry)
    # Entry.save refuses, so that nothing else can add or alter a row through the model.
    Entry.objects.bulk_create([entry])
    index([entry])
    # Imported late: what signs appends, too.
    from pools.ledger.signed_checkpoints import sign_after_append

    sign_after_append(entry.seq)
    return entry


def _chain(entry: Entry) -> None:
    """Makes it the next of the chain: its number, its time, what is before it, and its seal."""
    # As a text: put together anew, it costs several times what the database takes.
    moment = clock.SQL[connection.vendor]
    newest = f"SELECT seq, digest, {moment} FROM pools_entry ORDER BY seq DESC LIMIT 1"  # noqa: S608  # nosec B608
    with connection.cursor() as cursor:
        cursor.execute(newest)
        last = cursor.fetchone()
    seq, entry.previous, now = last or (0, FIRST, None)
    entry.at = clock.read(now) if now else clock.now()
    entry.seq, entry.version = seq + 1, VERSION
    entry.key_id, key = writing_key()
    entry.digest = digest_of(tuple(getattr(entry, column) for column in COLUMNS), key)


def record_event(
    action: str,
    actor: Actor,
    *,
    company: str = "",
    pool_id: str = "",
    pool_name: str = "",
    outcome: str = "",
    reason: str = "",
    facts: Mapping[str, Any] | None = None,
    batch: UUID | None = None,
) -> Entry:
    """Adds a local event: something that happened here and not at Core."""
    return append(
        Kind.EVENT,
        action,
        actor,
        company=company,
        pool_id=pool_id,
        pool_name=pool_name,
        outcome=outcome,
        reason=reason,
        facts=facts,
        batch=batch,
    )


def head() -> Head:
    """The last entry's number, digest and time, for a checkpoint."""
    last = Entry.objects.order_by("-seq").values_list("seq", "digest", "at").first()
    if last is None:
        return Head(0, FIRST, None)
    at: object = last[2]
    return Head(last[0], last[1], at if isinstance(at, datetime) else None)
