"""What holds a pool: an open change, by its lease or by the ledger; and releasing it by hand.

Anyone who can write to the database can move a lease or take it away. So the ledger is
asked as well: a change that it says is open holds its pool, with a lease or without one.
And a lease that no open change is behind holds its pool too, until somebody releases it.
"""

from datetime import datetime
from uuid import UUID

from django.db import Error as AnyDatabaseError
from django.db import transaction

from pools.changes.entries import intent_of
from pools.changes.entry_contents import said_by
from pools.changes.history import HistoryItem, changes_by_id
from pools.changes.proposal import PoolHeld
from pools.changes.state import ChangeState
from pools.ledger import leases
from pools.ledger.appending import Actor, LedgerUnwritable, append, lock, record_event
from pools.models import Company, Entry, Lease
from pools.models.lease import reference_in
from pools.models.stored import GarbledId
from pools.models.vocabulary import Action, Kind

RELEASED_EVENT = "lease_released"


def refuse_if_held(company: Company, pool_key: str) -> None:
    """Raises PoolHeld where something holds the pool, or the name of a new one."""
    lease = Lease.objects.filter(company=company.slug, pool_key=pool_key).first()
    if lease is not None:
        raise _held_by(lease, pool_key)
    change = leases.open_change(company.slug, pool_key)
    if change is not None:
        raise _held_by(Lease(change=change), pool_key)


def _held_by(lease: Lease, pool_key: str) -> PoolHeld:
    """What holds the pool of a lease; when it began is for the ledger to say."""
    item, of_name = _change_of(lease.change), reference_in(pool_key) != pool_key
    if item is None or not item.state.is_open:
        return PoolHeld(lease.change, "", lease.held_since, of_nobody=True, of_name=of_name)
    under_way = item.state is ChangeState.UNDER_WAY
    return PoolHeld(lease.change, item.actor_name, item.at, under_way=under_way, of_name=of_name)


def releasable(company: Company, change_id: UUID) -> HistoryItem | Lease | None:
    """The change of unknown outcome that can be released; or a lease that no open change has."""
    lease = _lease_of(change_id)
    if lease is not None and lease.company != company.slug:
        lease = None
    item = _change_of(lease.change if lease else change_id)
    if item is None or not item.state.is_open:
        return lease
    made_here = Entry.objects.filter(change=change_id, kind=Kind.INTENT, company=company.slug)
    # Whose it is cannot be read of every change; then its lease says so.
    here = made_here.exists() or (bool(item.unreadable) and lease is not None)
    return item if item.state is ChangeState.UNKNOWN and here else None


def release_lease(change_id: UUID, actor: Actor, reason: str) -> None:
    """Releases the pool of a change whose outcome is unknown, for a stated reason.

    On the ledger it is the release of that change; where the lease is of no open change, an
    event. A hold that is gone already stays gone. Raises PoolHeld for a change that is still
    under way, LedgerUnwritable, and ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("releasing a pool needs a reason")
    try:
        with transaction.atomic(durable=True):
            lock()
            lease = _lease_of(change_id)
            _release(lease.change if lease else change_id, lease, actor, reason)
            if lease is not None:
                lease.delete()
    except AnyDatabaseError as failure:
        raise LedgerUnwritable("the release could not be recorded") from failure


def _lease_of(change_id: UUID) -> Lease | None:
    """The lease that names a change; or, where what it names is no id, the placeholder for that."""
    lease = Lease.objects.filter(change=change_id).first()
    others = Lease.objects.all() if lease is None else ()
    return lease or next((each for each in others if each.change == change_id), None)


def _change_of(change_id: UUID) -> HistoryItem | None:
    """The change that a lease names; none where that is no id."""
    items = [] if isinstance(change_id, GarbledId) else changes_by_id([change_id])
    return next(iter(items), None)


def _release(change_id: UUID, lease: Lease | None, actor: Actor, reason: str) -> None:
    item = _change_of(change_id)
    if item is None or not item.state.is_open:
        if lease is not None:
            facts = {
                "pool": lease.pool_key,
                "change": "" if isinstance(change_id, GarbledId) else str(change_id),
                "held_since": _time(lease.held_since),
            }
            record_event(RELEASED_EVENT, actor, company=lease.company, reason=reason, facts=facts)
        return
    if item.state is ChangeState.UNDER_WAY:
        of_name = item.action is Action.CREATE
        raise PoolHeld(change_id, item.actor_name, item.at, under_way=True, of_name=of_name)
    intent = intent_of(change_id)
    # Of an intent that cannot be read, the lease says what it holds.
    held = lease if item.unreadable else None
    append(
        Kind.RELEASED,
        "" if item.action is Action.UNREADABLE else item.action,
        actor,
        company=held.company if held else intent.company,
        pool_id=reference_in(held.pool_key) if held else str(said_by(intent).pool),
        pool_name=intent.pool_name,
        reason=reason,
        facts={"held_since": _time(intent.at)},
        change=change_id,
        batch=item.batch,
    )


def _time(at: object) -> str:
    return at.isoformat() if isinstance(at, datetime) else ""
