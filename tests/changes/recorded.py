"""Changes put on the ledger at chosen moments, without a Core."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from pools.changes import Snapshot
from pools.ledger.appending import Actor, append, record_event
from pools.models import Entry, Lease
from pools.models.vocabulary import Action, Kind, Outcome, Readback
from tests.fixtures.clock import travel

NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)
BEFORE = Snapshot("NetSuite orders", 5, None, (1, 2))
AFTER = Snapshot("NetSuite orders", 10, None, (1, 2))


def a_change(
    at: datetime = NOON,
    *,
    who: str = "ada",
    actor_id: int = 1,
    company: str = "acme",
    action: Action = Action.EDIT,
    pool_id: int | None = 7,
    pool_name: str = "NetSuite orders",
    outcome: Outcome | None = Outcome.DONE,
    reason: str = "",
    held: bool = False,
    batch: UUID | None = None,
) -> UUID:
    """A change with its outcome (None: none was ever written); returns its id.

    A create learns its pool's id with its outcome. `held` leaves its lease.
    """
    change = uuid.uuid4()
    creating = action is Action.CREATE
    about: dict[str, Any] = {
        "company": company,
        "pool_name": pool_name,
        "reason": reason,
        "change": change,
        "batch": batch,
        "facts": {
            "before": None if creating else BEFORE.to_json(),
            "wanted": AFTER.to_json() if action in {Action.CREATE, Action.EDIT} else None,
            "request_id": str(change),
        },
    }
    actor = Actor(actor_id, who, "192.0.2.7")
    known = "" if creating or pool_id is None else str(pool_id)
    with travel(at, tick=False), transaction.atomic():
        intent = append(Kind.INTENT, action, actor, pool_id=known, **about)
        if held:
            Lease.objects.create(
                company=company, pool_key=str(change), change=change, held_since=intent.at
            )
        if outcome is not None:
            about["facts"] |= {"after": None, "status": 200, "took_milliseconds": 80}
            known = "" if pool_id is None else str(pool_id)
            append(Kind.OUTCOME, action, actor, pool_id=known, outcome=outcome, **about)
    return change


def a_list(
    count: int,
    at: datetime = NOON,
    *,
    outcomes: Sequence[Outcome | None] = (),
    actions: Sequence[Action] = (),
    company: str = "acme",
    reason: str = "",
    actor_id: int = 1,
) -> tuple[UUID, list[UUID]]:
    """A list of changes, one a minute; returns its id, and those of its changes, oldest first."""
    batch = uuid.uuid4()
    facts = {"operation": "limit", "how": {"to": 10}, "pools": count, "list": "ticked"}
    with travel(at - timedelta(minutes=1), tick=False), transaction.atomic():
        record_event("batch_frozen", Actor(1, "ada"), company=company, facts=facts, batch=batch)
    changes = [
        a_change(
            at + timedelta(minutes=number),
            company=company,
            actor_id=actor_id,
            action=actions[number] if actions else Action.EDIT,
            outcome=outcomes[number] if outcomes else Outcome.DONE,
            reason=reason,
            batch=batch,
        )
        for number in range(count)
    ]
    return batch, changes


def read_back(change: UUID, readback: Readback = Readback.SHOWN) -> None:
    """What reading the pool back showed, a moment after its outcome."""
    intent = Entry.objects.get(change=change, kind=Kind.INTENT)
    with travel(intent.at, tick=False), transaction.atomic():
        append(
            Kind.READBACK,
            intent.action,
            Actor(1, "ada"),
            company=intent.company,
            pool_id=intent.pool_id,
            outcome=readback,
            facts={"after": None, "verified": readback is Readback.SHOWN, "problem": ""},
            change=change,
        )


def settled(change: UUID, at: datetime, outcome: str, after: Snapshot | None = None) -> None:
    """What was found out later about a change; `after` is the pool as it was read."""
    _said_of(Kind.SETTLED, change, at, outcome, {"after": after.to_json()} if after else {})


def ended(change: UUID, at: datetime, outcome: str) -> None:
    """An outcome that arrives late."""
    _said_of(Kind.OUTCOME, change, at, outcome, {})


def _said_of(kind: Kind, change: UUID, at: datetime, outcome: str, facts: dict[str, Any]) -> None:
    intent = Entry.objects.get(change=change, kind=Kind.INTENT)
    with travel(at, tick=False), transaction.atomic():
        append(
            kind,
            intent.action,
            Actor(1, "ada"),
            company=intent.company,
            pool_id=intent.pool_id,
            pool_name=intent.pool_name,
            outcome=outcome,
            facts=facts,
            change=change,
        )


def an_event(at: datetime = NOON, action: str = "signed_in", **facts: Any) -> None:
    with travel(at, tick=False), transaction.atomic():
        record_event(action, Actor(1, "ada", "192.0.2.7"), **facts)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
