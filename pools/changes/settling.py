"""Settling: finding out what became of changes that are open or of unknown outcome.

After a quiet time the pool is read twice, some seconds apart, with the token of the person
who made the change. Two reads that agree make a verdict, which is recorded and gives the
pool back. Nothing but reads is ever sent, none while a transaction is open, and where what
was read does not decide, the change stays open.
"""

import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import Error as AnyDatabaseError
from django.db import transaction
from django.utils import timezone

from pools import tokens
from pools.changes.history import HistoryItem, changes_by_id
from pools.changes.looking import Case, Observation, observe
from pools.changes.outcome import Action, Outcome, Verdict
from pools.changes.proposal import Snapshot
from pools.changes.verdicts import untold_of
from pools.core import (
    Busy,
    CoreError,
    CredentialExpired,
    NotSent,
    RateLimited,
    Reason,
    Unanswered,
    Unauthenticated,
)
from pools.models import Company, Entry, Kind, Lease, Token
from pools.models.ledger import Actor, LedgerUnwritable, append, lock

# Who settled where nobody asked for it.
PANEL: Final = Actor(id=0, name="")
LATEST_LOOKED_AT: Final = 50
MOST_WITNESSES: Final = 3


class SettlingState(StrEnum):
    """How an attempt to settle a change ended."""

    SETTLED = "settled"
    ALREADY = "already"  # nothing is open any more
    UNDER_WAY = "under_way"  # its call is still running
    WAITING = "waiting"  # its quiet time is not over
    NO_TOKEN = "no_token"  # noqa: S105  # the token of who made it opens nothing (any more)
    NOT_READ = "not_read"  # Core could not be read, or what it showed does not decide
    DISAGREE = "disagree"  # the two reads differ


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


def settle(change_id: UUID, by: Actor = PANEL) -> Settling:
    """Finds out what became of a change, and records it; takes as long as two reads do.

    While as many people of this process wait for it as may, or somebody for this very
    change, it is NOT_READ with Busy. Raises LedgerUnwritable: then nothing was recorded.
    """
    most = max(1, settings.CORE_LIMITS.calls_at_once // 2)
    if not _waited_for.enter(change_id, most):
        return Settling(change_id, SettlingState.NOT_READ, error=Busy(Reason.BUSY))
    try:
        return next(settle_all([change_id], by))
    finally:
        _waited_for.leave(change_id)


def settle_all(change_ids: Iterable[UUID], by: Actor = PANEL) -> Iterator[Settling]:
    """Settles several changes with one wait between all first and all second reads.

    In any order. A company whose Core does not answer once is not asked again.
    """
    looked = []
    away: dict[str, CoreError] = {}
    for change_id in change_ids:
        case = take_up(change_id)
        if isinstance(case, Settling):
            yield case
            continue
        first = _look(case, away)
        if case.core is None or isinstance(first, CoreError):
            yield conclude(case, first, first, by)
        else:
            looked.append((change_id, first))
    if looked:
        time.sleep(settings.SETTLE_READS_APART_SECONDS)
    for change_id, first in looked:
        # Whose token it is may have been disabled, and what is open settled, meanwhile.
        case = take_up(change_id)
        if isinstance(case, Settling):
            yield case
        else:
            yield conclude(case, first, _look(case, away), by)


def due(now: datetime) -> list[UUID]:
    """Open changes whose quiet time is over, oldest first."""
    held = changes_by_id(list(Lease.objects.values_list("change", flat=True)))
    return [
        item.change_id
        for item in reversed(held)
        if item.verdict is None and quiet_until(item) <= now
    ]


def quiet_until(item: HistoryItem) -> datetime:
    """When an open change can be settled at the earliest."""
    quiet = timedelta(seconds=settings.SETTLE_QUIET_SECONDS)
    if item.ended_at is not None:
        return item.ended_at + quiet
    return item.at + timedelta(seconds=settings.CORE_LIMITS.deadline_seconds) + quiet


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


def take_up(change_id: UUID) -> Case | Settling:
    """What is needed to settle a change, or why it cannot be settled now."""
    with _ledger_must_work():
        case = _open_case(change_id)
        if isinstance(case, Settling) or case.item.action is Action.CLEAR:
            return case
        return _with_token(case)


def conclude(
    case: Case,
    first: Observation | CoreError,
    second: Observation | CoreError,
    by: Actor = PANEL,
) -> Settling:
    """Records the verdict and gives the pool back, if the reads agree and it is still open.

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
        _record(now, first, second, by)
        Lease.objects.filter(change=change_id).delete()
    return Settling(change_id, SettlingState.SETTLED, verdict=second.verdict)


def _not_read(case: Case, error: CoreError) -> Settling:
    if not isinstance(error, (Unauthenticated, CredentialExpired)):
        retry_at = error.retry_at if isinstance(error, RateLimited) else None
        return Settling(
            case.item.change_id, SettlingState.NOT_READ, not_before=retry_at, error=error
        )
    if isinstance(error, Unauthenticated) and case.token is not None:
        with _ledger_must_work():
            tokens.note_refused(case.token)
    return Settling(case.item.change_id, SettlingState.NO_TOKEN, error=error)


def _open_case(change_id: UUID) -> Case | Settling:
    """The change as the record has it now, if it is open and its quiet time is over."""
    lease = Lease.objects.filter(change=change_id).first()
    item = next(iter(changes_by_id([change_id])), None)
    if item is None or item.verdict is not None or lease is None:
        return Settling(change_id, SettlingState.ALREADY, verdict=item.verdict if item else None)
    if item.outcome is not Outcome.UNKNOWN:
        until = item.at + timedelta(seconds=settings.CORE_LIMITS.deadline_seconds)
        return Settling(change_id, SettlingState.UNDER_WAY, not_before=until)
    if timezone.now() < (until := quiet_until(item)):
        return Settling(change_id, SettlingState.WAITING, not_before=until)
    intent = Entry.objects.get(change=change_id, kind=Kind.INTENT)
    return Case(item, lease.company, json.loads(intent.facts))


def _with_token(case: Case) -> Case | Settling:
    """Core opened with the token of who made the change, and of nobody else."""
    change_id = case.item.change_id
    token = _token_of_maker(case)
    try:
        if token is None:
            error: Exception = tokens.TokenMissing("who made the change has no token in use here")
            return Settling(change_id, SettlingState.NO_TOKEN, error=error)
        core = tokens.open_core(token, request_id=f"settle-{change_id}")
    except (tokens.TokenMissing, tokens.TokenUnreadable, CredentialExpired) as failure:
        return Settling(change_id, SettlingState.NO_TOKEN, error=failure)
    renewed = token.created_at > case.item.at
    return replace(case, token=token, core=core, witnesses=_witnesses(case) if renewed else None)


def _witnesses(case: Case) -> tuple[int, ...]:
    """The pools of the company that were changed here last, without the change's own."""
    own = "" if case.item.pool_id is None else str(case.item.pool_id)
    changed = Entry.objects.filter(company=case.company, kind__in=[Kind.INTENT, Kind.OUTCOME])
    latest = changed.exclude(pool_id__in=["", own]).order_by("-seq")
    ids = dict.fromkeys(latest.values_list("pool_id", flat=True)[:LATEST_LOOKED_AT])
    newest = case.evidence.get("newest") or {}
    known = [*map(int, ids)][:MOST_WITNESSES]
    return (*([newest["id"]] if newest.get("id") else []), *known)


def _token_of_maker(case: Case) -> Token | None:
    made_by = Entry.objects.filter(change=case.item.change_id, kind=Kind.INTENT)
    user = User.objects.filter(pk=made_by.values_list("actor_id", flat=True).get()).first()
    company = Company.objects.filter(slug=case.company).first()
    return tokens.token_for(user, company) if user and company else None


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
        pool_id="" if pool_id is None else str(pool_id),
        pool_name=item.pool_name,
        outcome=verdict,
        facts={
            "before": item.before and item.before.to_json(),
            "wanted": item.wanted and item.wanted.to_json(),
            "request_id": item.request_id,
            "after": shown and Snapshot.from_pool(shown).to_json(),
            "untold": untold_of(shown) if shown else [],
            "pools": [pool.id for pool in second.pools],
            "read_at": [] if case.item.action is Action.CLEAR else _times(first, second),
            "checked_at": second.at.isoformat(),
            "problem": "not found" if gone else "",
        },
        change=item.change_id,
    )


def _times(*observations: Observation) -> list[str]:
    return [each.at.isoformat() for each in observations]


@contextmanager
def _ledger_must_work() -> Iterator[None]:
    try:
        yield
    except AnyDatabaseError as failure:
        raise LedgerUnwritable("the ledger could not be used") from failure
