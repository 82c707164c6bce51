"""Settling: checking what became of changes that are open or of unknown outcome.

After a quiet time the pool is read twice, some seconds apart, with the token of the person
who made the change. Two reads that agree make a verdict, which is recorded and
releases the pool. Only reads are ever sent, and none while a transaction is open. If what
was read does not decide, the change stays open.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import Error as AnyDatabaseError
from django.db import transaction

from pools.changes import drift
from pools.changes.entries import intent_of
from pools.changes.entry_contents import said_by
from pools.changes.foreign_tokens import latest_of
from pools.changes.history import HistoryItem, changes_by_id
from pools.changes.proposal import Snapshot
from pools.changes.settling_reads import Case, Observation, observe
from pools.changes.settling_times import quiet_until, seconds_between_reads
from pools.changes.state import ChangeState, call_ends
from pools.changes.verdicts import unreadable_in
from pools.core import (
    Budget,
    Busy,
    CoreError,
    CredentialExpired,
    NotFound,
    NotSent,
    RateLimited,
    Reason,
    Unanswered,
    Unauthenticated,
)
from pools.ledger import clock
from pools.ledger.appending import NOBODY, Actor, LedgerUnwritable, append, lock
from pools.models import Company, Entry, IndexTerm, Lease, Token
from pools.models.index_term import UNREAD
from pools.models.reference import PoolReference
from pools.models.vocabulary import TRACELESS, UNREADABLE_VALUES, Action, Kind, Verdict
from pools.tokens import keeping

# How long what could not be read back is looked at again by itself.
LOOKED_BACK: Final = timedelta(days=1)


class SettlingState(StrEnum):
    """How an attempt to settle a change ended."""

    SETTLED = "settled"
    ALREADY = "already"  # it is no longer open
    UNDER_WAY = "under_way"  # its call is still running
    WAITING = "waiting"  # its quiet time is not over
    NO_TOKEN = "no_token"  # noqa: S105  # the maker's token is gone, or no longer works
    NOT_READ = "not_read"  # Core could not be read, or what it showed does not decide
    DISAGREE = "disagree"  # the two reads differ
    MOVED = "moved"  # the company's pools are others now: another address, or ids begun again
    SEEN = "seen"  # the pool shows a change that Core had confirmed and nobody could read back
    NOT_SEEN = "not_seen"  # it was read, and has other values by now
    UNREADABLE = "unreadable"  # an entry about it cannot be read: nothing is concluded from it


@dataclass(frozen=True, slots=True)
class Settling:
    """How an attempt to settle a change ended.

    `verdict` is there when the change is settled, now or before. `not_before` is when an
    attempt makes sense at the earliest, where that is known. `error` says why the token or
    Core could not be used: TokenMissing, TokenUnreadable or a CoreError.
    """

    change_id: UUID
    state: SettlingState
    verdict: Verdict | None = None
    not_before: datetime | None = None
    error: Exception | None = None


class EntryUnreadable(Exception):
    """Entries about a change cannot be read; the text names the first."""


class _WaitedFor:
    """The changes that this process settles while somebody waits, each holding a thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changes: set[UUID] = set()

    def enter(self, change: UUID, most: int) -> bool:
        with self._lock:
            if change in self._changes or len(self._changes) >= most:
                return False
            self._changes.add(change)
            return True

    def leave(self, change: UUID) -> None:
        with self._lock:
            self._changes.discard(change)


_waited_for = _WaitedFor()


def settle(change_id: UUID, by: Actor = NOBODY) -> Settling:
    """Checks what became of a change, and records it; takes as long as two reads do.

    Both share one deadline; what it leaves unread is NOT_READ. While as many people of this
    process wait for it as may, or somebody for this very change, it is NOT_READ with Busy.
    Raises LedgerUnwritable: then nothing was recorded.
    """
    most = max(1, settings.CORE_LIMITS.calls_at_once // 2)
    if not _waited_for.enter(change_id, most):
        return Settling(change_id, SettlingState.NOT_READ, error=Busy(Reason.BUSY))
    try:
        return next(settle_all([change_id], by, Budget(settings.CORE_LIMITS)))
    finally:
        _waited_for.leave(change_id)


def settle_all(
    change_ids: Iterable[UUID], by: Actor = NOBODY, budget: Budget | None = None
) -> Iterator[Settling]:
    """Settles several changes with one wait between all first and all second reads.

    In any order. A company whose Core does not answer once is not asked again. `budget` is
    there where somebody waits: all reads share it. Otherwise each reading has its own.
    """
    looked = []
    away: dict[str, CoreError] = {}
    for change_id in change_ids:
        case = take_up(change_id, budget)
        if isinstance(case, Settling):
            yield case
            continue
        if case.item.state is ChangeState.NOT_READ:
            yield _read_back_late(case, away)
            continue
        first = _look(case, away)
        if case.core is None or isinstance(first, CoreError):
            yield conclude(case, first, first, by)
        else:
            looked.append((change_id, first))
    if looked:
        time.sleep(seconds_between_reads())
        if budget is not None:
            budget.put_off(seconds_between_reads())
    for change_id, first in looked:
        # By now the token's owner may have been disabled, and the change settled.
        case = take_up(change_id, budget)
        if isinstance(case, Settling):
            yield case
        elif not case.item.state.is_open:
            # Core's own answer was recorded late, and nobody could read it back.
            yield Settling(change_id, SettlingState.ALREADY)
        else:
            yield conclude(case, first, _look(case, away), by)


def due() -> list[UUID]:
    """Open changes whose quiet time is over by the database's clock, oldest first."""
    now = clock.now()
    held = changes_by_id(list(Lease.objects.values_list("change", flat=True)))
    return [item.change_id for item in reversed(held) if item.state.is_open and _is_due(item, now)]


def _is_due(item: HistoryItem, now: datetime) -> bool:
    # One that cannot be read is only named; there is nothing to wait for.
    return bool(item.unreadable) or quiet_until(item) <= now


def unread(now: datetime) -> dict[UUID, str]:
    """Done changes of the last day that could not be read back so far, and their companies."""
    terms = IndexTerm.objects.filter(term=UNREAD, at__gt=now - LOOKED_BACK)
    changes = dict(
        Entry.objects.filter(seq__in=terms.values("seq")).values_list("change", "company")
    )
    items = changes_by_id([change for change in changes if change]) if changes else []
    return {
        item.change_id: changes[item.change_id]
        for item in reversed(items)
        if item.state is ChangeState.NOT_READ
    }


def _look(case: Case, away: dict[str, CoreError]) -> Observation | CoreError:
    if (reason := away.get(case.company)) is not None and case.core is not None:
        return reason
    seen = observe(case)
    if isinstance(seen, CoreError) and is_away(seen):
        away[case.company] = seen
    return seen


def is_away(error: Exception | None) -> bool:
    """Whether it is no use to ask the same Core again at once, with whichever token."""
    return isinstance(error, (NotSent, Unanswered, RateLimited)) and not isinstance(
        error, CredentialExpired
    )


def take_up(change_id: UUID, budget: Budget | None = None) -> Case | Settling:
    """What is needed to settle a change, or why it cannot be settled now."""
    with _ledger_must_work():
        case = _open_case(change_id)
        if isinstance(case, Settling) or case.item.action in TRACELESS:
            return case
        return _with_token(case, budget or Budget(settings.CORE_LIMITS))


def conclude(
    case: Case,
    first: Observation | CoreError,
    second: Observation | CoreError,
    by: Actor = NOBODY,
) -> Settling:
    """Records the verdict and releases the pool, if the reads agree and it is still open.

    Raises LedgerUnwritable: then nothing was recorded.
    """
    change_id = case.item.change_id
    for each in (first, second):
        if isinstance(each, CoreError):
            return _not_read(case, each)
    assert isinstance(first, Observation) and isinstance(second, Observation)  # noqa: S101, PT018
    if not first.agrees_with(second):
        return Settling(change_id, SettlingState.DISAGREE)
    with _ledger_must_work(), transaction.atomic(durable=True):
        lock()
        now = _open_case(change_id)
        if isinstance(now, Settling):
            return now
        if not now.item.state.is_open:
            return Settling(change_id, SettlingState.ALREADY)
        _record(now, first, second, by)
        Lease.objects.filter(change=change_id).delete()
    return Settling(change_id, SettlingState.SETTLED, verdict=second.verdict)


def _read_back_late(case: Case, away: dict[str, CoreError]) -> Settling:
    """Reads the pool of a change that Core had confirmed: any reading of it is a reading back."""
    item = case.item
    assert case.core is not None and item.pool_id is not None  # noqa: S101, PT018  (done, no clear)
    if (reason := away.get(case.company)) is not None:
        return _not_read(case, reason)
    company = Company.objects.get(slug=case.company)
    reader = case.token.user_id if case.token else None
    try:
        drift.read_pool(case.core, company, item.pool_id, reader)
    except NotFound:
        pass  # for a delete, that is what was wanted
    except CoreError as error:
        if is_away(error):
            away[case.company] = error
        return _not_read(case, error)
    (now,) = changes_by_id([item.change_id])
    seen = now.state is ChangeState.DONE
    return Settling(item.change_id, SettlingState.SEEN if seen else SettlingState.NOT_SEEN)


def _not_read(case: Case, error: CoreError) -> Settling:
    if not isinstance(error, (Unauthenticated, CredentialExpired)):
        retry_at = error.retry_at if isinstance(error, RateLimited) else None
        return Settling(
            case.item.change_id, SettlingState.NOT_READ, not_before=retry_at, error=error
        )
    if isinstance(error, Unauthenticated) and case.token is not None:
        with _ledger_must_work():
            keeping.mark_refused(case.token)
    return Settling(case.item.change_id, SettlingState.NO_TOKEN, error=error)


def _open_case(change_id: UUID) -> Case | Settling:
    """The change as the record has it now, if it is open and its quiet time is over.

    Or if it is done and could not be read back: then there is nothing to wait for.
    """
    item = next(iter(changes_by_id([change_id])), None)
    confirmed = item is not None and item.state is ChangeState.NOT_READ
    if item is None or not (item.state.is_open or confirmed):
        return Settling(change_id, SettlingState.ALREADY, verdict=item.verdict if item else None)
    if item.unreadable or item.at is None:
        named = EntryUnreadable(f"entry {item.unreadable[0]}")
        return Settling(change_id, SettlingState.UNREADABLE, error=named)
    if item.state is ChangeState.UNDER_WAY:
        return Settling(change_id, SettlingState.UNDER_WAY, not_before=call_ends(item.at))
    intent = intent_of(change_id)
    # No wait makes up for a move: that comes first. A clear is not looked for anywhere.
    if item.action not in TRACELESS and _has_moved(intent.company, item.origin):
        return Settling(change_id, SettlingState.MOVED)
    if not confirmed and clock.now() < (until := quiet_until(item)):
        return Settling(change_id, SettlingState.WAITING, not_before=until)
    return Case(item, intent.company, said_by(intent).facts)


def _has_moved(company: str, origin: int) -> bool:
    """Whether a company's pools are others now than those of this origin."""
    return Company.objects.filter(slug=company).exclude(origin=origin).exists()


def _with_token(case: Case, budget: Budget) -> Case | Settling:
    """Core opened with the token of the person who made the change, and nobody else's."""
    change_id = case.item.change_id
    token = _token_of_maker(case)
    try:
        if token is None:
            error: Exception = keeping.TokenMissing("who made the change has no token in use here")
            return Settling(change_id, SettlingState.NO_TOKEN, error=error)
        core = keeping.open_core(token, f"settle-{change_id}", budget)
    except (keeping.TokenMissing, keeping.TokenUnreadable, CredentialExpired) as failure:
        return Settling(change_id, SettlingState.NO_TOKEN, error=failure)
    assert case.item.at is not None  # noqa: S101  (it can be read)
    renewed = token.created_at > case.item.at
    heard = latest_of(case.company, PoolReference(case.item.origin, case.item.pool_id))
    return replace(
        case,
        token=token,
        core=core,
        witnesses=heard if renewed else None,
        made_since=_made_since(case) if case.item.action is Action.CREATE else (),
    )


def _made_since(case: Case) -> frozenset[int]:
    """The pools of a company that other creates made here while this one may have, or later."""
    assert case.item.at is not None  # noqa: S101  (it can be read)
    begun = case.item.at - settings.CORE_LIMITS.longest_call
    creates = Entry.objects.filter(company=case.company, action=Action.CREATE)
    intents = creates.filter(kind=Kind.INTENT, at__gte=begun).exclude(change=case.item.change_id)
    made = creates.filter(
        kind__in=[Kind.OUTCOME, Kind.SETTLED], change__in=intents.values("change")
    )
    found = set()
    for text in made.values_list("pool_id", flat=True):
        # One that is not as we write entries says nothing: verify_audit reports it.
        with suppress(ValueError):
            found.add(PoolReference.read(text))
    return frozenset(
        each.pool_id
        for each in found
        if each.origin == case.item.origin and each.pool_id is not None
    )


def _token_of_maker(case: Case) -> Token | None:
    made_by = Entry.objects.filter(change=case.item.change_id, kind=Kind.INTENT)
    user = User.objects.filter(pk=made_by.values_list("actor_id", flat=True).get()).first()
    company = Company.objects.filter(slug=case.company).first()
    return keeping.token_for(user, company) if user and company else None


def _record(case: Case, first: Observation, second: Observation, by: Actor) -> None:
    item, verdict = case.item, second.verdict
    gone = item.action is Action.EDIT and not second.pools
    shown = second.pools[0] if len(second.pools) == 1 else None
    created = item.action is Action.CREATE and verdict is Verdict.APPLIED
    pool_id = shown.id if created and shown else item.pool_id
    append(
        Kind.SETTLED,
        item.action,
        by,
        company=case.company,
        pool_id=str(PoolReference(item.origin, pool_id)),
        pool_name=item.pool_name,
        outcome=verdict,
        facts={
            "before": item.before and item.before.to_json(),
            "wanted": item.wanted and item.wanted.to_json(),
            "request_id": item.request_id,
            "after": shown and Snapshot.from_pool(shown).to_json(),
            UNREADABLE_VALUES: unreadable_in(shown) if shown else [],
            "pools": [pool.id for pool in second.pools],
            "read_at": [] if case.item.action in TRACELESS else _times(first, second),
            "checked_at": second.at.isoformat(),
            "problem": "not found" if gone else "",
        },
        change=item.change_id,
        batch=item.batch,
    )


def _times(*observations: Observation) -> list[str]:
    return [each.at.isoformat() for each in observations]


@contextmanager
def _ledger_must_work() -> Iterator[None]:
    try:
        yield
    except AnyDatabaseError as failure:
        raise LedgerUnwritable("the ledger could not be used") from failure
