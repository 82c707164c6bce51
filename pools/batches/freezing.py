"""Freezing a list: what is to be done with which pools is fixed before anything is sent."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import Error as AnyDatabaseError
from django.db import transaction

from pools.batches import calls_left
from pools.batches.allowance_effects import weigh
from pools.batches.caps import CAPS, TooMany
from pools.batches.locked_pools import in_other_batches, locked
from pools.batches.stored_items import digest_of, seen_written, written
from pools.catalogue.keeping import keep
from pools.changes.proposal import COMPARED, Snapshot
from pools.changes.verdicts import unreadable_in
from pools.core import LEAVE, CoreClient, Pool, PoolChanges, PoolFields
from pools.guidance.notes import notes_on
from pools.ledger.appending import Actor, LedgerUnwritable, lock, record_event
from pools.ledger.canonical import canonical_json, storable
from pools.models import Batch, BatchItem, Company
from pools.models.batch import LeftOut, Operation, Source
from pools.models.bounds import REASON
from pools.models.vocabulary import RIGHTS, Action


class NoRight(Exception):
    """The person's role does not include what the list would do. Nothing was frozen."""

    def __init__(self, action: Action) -> None:
        super().__init__(f"no right to {action}")
        self.action = action
        self.right = RIGHTS[action]


class NothingToFreeze(Exception):
    """The list is empty."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One line that somebody wants: `changed` of an edit, `fields` of a create, neither otherwise.

    `line` is that of a file. `left_out` says why it can't be sent, where that is known already;
    `reverts` is the change that it undoes.
    """

    action: Action
    pool_id: int | None
    changed: PoolChanges | None = None
    fields: PoolFields | None = None
    line: int | None = None
    left_out: LeftOut | None = None
    reverts: UUID | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be frozen. `how` is what the operation does with each: see `aims`."""

    operation: Operation
    how: Mapping[str, Any]
    reason: str
    source: Source
    query: str = ""
    source_batch: UUID | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def freeze(
    core: CoreClient | None,
    company: Company,
    actor: Actor,
    user: User,
    order: Order,
    wishes: Sequence[Wish],
    seen: Mapping[int, Pool],
    taken: Callable[[UUID], Sequence[Wish]] | None = None,
) -> Batch:
    """Keeps a list, with its event on the ledger, and sends nothing.

    `seen` are the wished pools as Core has just shown them; one that is not among them is gone.
    A pool that is wished for twice is on the list once, as it was first. `core` is the client
    that read them, if one did. `taken` gives the wishes that are left by then, in the same
    transaction, for the list with this id. Raises NoRight, NothingToFreeze, TooMany and
    LedgerUnwritable.
    """
    wishes = _once_each(wishes)
    _check(user, order, wishes)
    if core is not None:
        calls_left.heard(company, core.last_exchange)
    keep(company, seen.values())
    try:
        with transaction.atomic(durable=True):
            lock()
            made = uuid4()
            if taken is not None and not (wishes := list(taken(made))):
                raise NothingToFreeze
            items = _items(company, wishes, seen)
            batch = _batch(company, actor, user, order, items, seen)
            batch.pk = made
            _keep(batch, items, company, actor, order)
    except AnyDatabaseError as failure:
        raise LedgerUnwritable("the list could not be recorded") from failure
    return batch


def _once_each(wishes: Sequence[Wish]) -> list[Wish]:
    known: set[int] = set()
    first = []
    for wish in wishes:
        if wish.pool_id is None or wish.pool_id not in known:
            first.append(wish)
        if wish.pool_id is not None:
            known.add(wish.pool_id)
    return first


def _check(user: User, order: Order, wishes: Sequence[Wish]) -> None:
    if not wishes:
        raise NothingToFreeze
    for action in dict.fromkeys(wish.action for wish in wishes):
        if not user.has_perm(RIGHTS[action]):
            raise NoRight(action)
        operation = {Action.CLEAR: Operation.CLEAR, Action.DELETE: Operation.DELETE}.get(
            action, order.operation
        )
        count = sum(wish.action is action for wish in wishes)
        if count > CAPS[operation]:
            raise TooMany(operation, count)
    if len(wishes) > CAPS[order.operation]:
        raise TooMany(order.operation, len(wishes))


def _items(company: Company, wishes: Sequence[Wish], seen: Mapping[int, Pool]) -> list[BatchItem]:
    ids = [wish.pool_id for wish in wishes if wish.pool_id is not None]
    held, elsewhere = locked(company, ids), in_other_batches(company, ids)
    notes = notes_on(company, ids)
    items = []
    for position, wish in enumerate(wishes, 1):
        pool = None if wish.pool_id is None else seen.get(wish.pool_id)
        reason = wish.left_out or _left_out(wish, pool, held, elsewhere)
        note = notes.get(wish.pool_id) if wish.pool_id is not None else None
        named = wish.fields.name if wish.fields else (pool.name if pool else None)
        items.append(
            BatchItem(
                position=position,
                action=wish.action,
                pool_id=wish.pool_id,
                name=storable(named or ""),
                seen=storable(seen_written(pool)),
                systems=_systems(wish, pool),
                note=note.text if note else "",
                wanted=storable(written(wish.changed or wish.fields)),
                form=uuid4(),
                reverts=wish.reverts,
                line=wish.line,
                left_out=reason or "",
            )
        )
    return items


def _left_out(wish: Wish, pool: Pool | None, held: set[int], elsewhere: set[int]) -> LeftOut | None:
    if wish.pool_id is None:
        return None
    if pool is None:
        return LeftOut.GONE
    if wish.action is Action.EDIT:
        changed = wish.changed
        sent = [each for each in COMPARED if changed and getattr(changed, each) is not LEAVE]
        if changed is None or set(sent) & set(unreadable_in(pool)):
            return LeftOut.UNREADABLE
        now = Snapshot.from_pool(pool)
        if now.changed_by(changed) == now:
            return LeftOut.NOTHING_TO_DO
    if wish.pool_id in held:
        return LeftOut.LOCKED
    return LeftOut.OTHER_BATCH if wish.pool_id in elsewhere else None


def _systems(wish: Wish, pool: Pool | None) -> str:
    """The pool's connectors by system, each with its id and its name; null where Core did not
    tell them. A pool that is to be made has none yet.
    """
    found: dict[str, list[list[Any]]] = {}
    connectors = pool.connectors if pool else () if wish.pool_id is None else None
    if connectors is None:
        return "null"
    for connector in connectors:
        system = (connector.system and connector.system.name) or ""
        found.setdefault(system, []).append([connector.id, connector.name or ""])
    return storable(json.dumps(found, ensure_ascii=False, sort_keys=True))


def _batch(
    company: Company,
    actor: Actor,
    user: User,
    order: Order,
    items: list[BatchItem],
    seen: Mapping[int, Pool],
) -> Batch:
    return Batch(
        company=company,
        origin=company.origin,
        operation=order.operation,
        how=canonical_json(dict(order.how)),
        reason=storable(order.reason)[:REASON],
        made_by=user,
        made_by_name=actor.name,
        source=order.source,
        source_batch=order.source_batch,
        query=storable(order.query),
        weighed=canonical_json(weigh(company, items, seen)),
        digest=digest_of(items),
    )


def _keep(
    batch: Batch, items: list[BatchItem], company: Company, actor: Actor, order: Order
) -> None:
    left_out = sum(bool(item.left_out) for item in items)
    entry = record_event(
        "batch_frozen",
        actor,
        company=company.slug,
        reason=batch.reason,
        facts={
            "operation": batch.operation,
            "how": dict(order.how),
            "pools": len(items) - left_out,
            "left_out": left_out,
            "list": batch.source,
            "from_list": str(order.source_batch or ""),
            "query": batch.query,
            "digest": batch.digest,
            **order.facts,
        },
        batch=batch.id,
    )
    batch.made_at = entry.at
    batch.save(force_insert=True)
    for item in items:
        item.batch = batch
    BatchItem.objects.bulk_create(items)
