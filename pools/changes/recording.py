"""What is written before and after a call to Core, each in one short durable transaction."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import Error as AnyDatabaseError
from django.db import transaction

from pools.changes.checking import checked
from pools.changes.entries import Recorded
from pools.changes.holding import refuse_if_held
from pools.changes.pool_records import newest_entry_about
from pools.changes.proposal import UNREADABLE, OutcomeUnwritten, ProposedChange, Snapshot
from pools.core import CoreError, Exchange, Invalid, Pool
from pools.core.bounds import LONGEST_SAID
from pools.database_faults import Cause, cause_of
from pools.ledger.appending import LedgerUnwritable, append, lock
from pools.models import Entry, Lease
from pools.models.vocabulary import UNREADABLE_VALUES, Kind, Outcome, Readback, ends
from pools.tokens.keeping import CompanyArchived


class FormAlreadySent(Exception):
    """The form was sent before: its change is `intent`'s. Nothing was recorded."""

    def __init__(self, intent: Entry) -> None:
        super().__init__("the form was sent before")
        self.intent = intent


class PoolMoved(Exception):
    """Something was recorded about the pool since it was read. Nothing was recorded now."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A change that has been checked and is ready to be sent.

    `before` is the pool just read (None for a create), `wanted` its values if all goes
    well (None for clear and delete), `evidence` what settling may need later, `as_of`
    the newest entry about the pool from before it was read (0: none), `read` that pool whole.
    """

    change_id: UUID
    change: ProposedChange
    before: Snapshot | None
    wanted: Snapshot | None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    as_of: int = 0
    read: Pool | None = None

    @property
    def pool_name(self) -> str:
        named = self.before or self.wanted
        return (named and named.name) or ""

    def _before(self) -> dict[str, Any] | None:
        """With `unreadable` wherever some of it was not told: without, an older entry is meant."""
        before = self.before and self.before.to_json()
        if before and UNREADABLE_VALUES in self.evidence:
            before.setdefault(UNREADABLE, [])
        return before

    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "before": self._before(),
            "wanted": self.wanted and self.wanted.to_json(),
            "request_id": str(self.change_id),
        }
        if self.change.reverts is not None:
            facts["reverts"] = str(self.change.reverts)
        if self.change.weighed:
            facts["allowances"] = list(self.change.weighed)
        return facts


def intent_of_form(form_id: UUID) -> Entry | None:
    """The intent that was recorded for a form, if it was sent before."""
    return Entry.objects.filter(form=form_id).first()


def record_intent(intent: Intent) -> None:
    """Commits what is about to be sent, and takes the pool's lease.

    Raises FormAlreadySent, PoolHeld, PoolMoved, CompanyArchived or LedgerUnwritable: then nothing
    was recorded, or what was is an intent that nothing was sent for. Archiving takes the same
    lock: nothing begins after it, and what has begun before it ends.
    """
    change = intent.change
    with _ledger_must_work(), transaction.atomic(durable=True):
        lock()
        found = checked(change)
        if found.sent_before and (earlier := intent_of_form(change.form_id)):
            raise FormAlreadySent(earlier)
        if not found.is_active:
            raise CompanyArchived("the company is archived")
        if found.may_be_held:
            refuse_if_held(change.company, change.pool_key)
        if found.newest != intent.as_of:
            raise PoolMoved
        entry = _append(Kind.INTENT, intent, facts=dict(intent.evidence), form=change.form_id)
        Lease.objects.create(
            company=change.company.slug,
            pool_key=change.pool_key,
            change=intent.change_id,
            held_since=entry.at,
        )


def record_outcome(
    intent: Intent,
    outcome: Outcome,
    *,
    error: CoreError | None,
    answered: Snapshot | None,
    pool_id: int | None,
    exchange: Exchange | None,
    message: str = "",
    until: float = 0.0,
) -> int:
    """Commits how the call ended, and releases the pool unless that is unknown.

    `answered` is the pool as Core's answer had it, `message` what a good answer said.
    Returns the entry's number. Raises OutcomeUnwritten; where somebody else's lock is the
    reason, not before `until`, by time.monotonic().
    """
    facts = {"after": answered and answered.to_json(), **_about_call(error, exchange)}
    if message:
        facts["message"] = message[:LONGEST_SAID]
    while True:
        try:
            with transaction.atomic(durable=True):
                entry = _append(Kind.OUTCOME, intent, outcome=outcome, facts=facts, pool_id=pool_id)
                if ends(Kind.OUTCOME, outcome):
                    Lease.objects.filter(change=intent.change_id).delete()
                seq: int = entry.seq
                return seq
        except AnyDatabaseError as failure:
            # Whoever did not get a lock has written nothing, and may ask for it again.
            if cause_of(failure) is not Cause.LOCKED or time.monotonic() > until:
                raise OutcomeUnwritten(intent.change_id, outcome) from failure


def record_readback(
    intent: Intent,
    readback: Readback | None,
    after: Snapshot | None,
    unreadable: Sequence[str] = (),
    *,
    pool_id: int | None,
    problem: str = "",
    beside: Callable[[Recorded | None], None] | None = None,
) -> None:
    """Commits what Core showed after a change that is done. Raises LedgerUnwritable.

    `readback` is None for a clear. Nothing is added where somebody else has seen the
    change in between.

    `unreadable` are the values that it did not show: none in `after`, and not known to be none.
    `beside` writes what else the pool showed, first and in the same transaction, as each one
    waits for the disk; it gets the newest entry about the pool.
    """
    facts: dict[str, Any] = {
        "after": after and after.to_json(),
        "verified": readback is Readback.SHOWN,
        "problem": problem,
    }
    if unreadable:
        facts[UNREADABLE_VALUES] = list(unreadable)
    with _ledger_must_work(), transaction.atomic(durable=True):
        lock()
        newest = newest_entry_about(intent.change.company, _reference(intent, pool_id))
        if beside is not None:
            beside(newest)
        if not _is_seen(intent, newest):
            word = readback or ""
            _append(Kind.READBACK, intent, outcome=word, facts=facts, pool_id=pool_id)


def _is_seen(intent: Intent, newest: Recorded | None) -> bool:
    """Whether a reading back of the change is recorded; not while its outcome is the newest."""
    if newest and (newest.change, newest.kind) == (intent.change_id, Kind.OUTCOME):
        return False
    return Entry.objects.filter(change=intent.change_id, kind=Kind.READBACK).exists()


@contextmanager
def _ledger_must_work() -> Iterator[None]:
    try:
        yield
    except AnyDatabaseError as failure:
        raise LedgerUnwritable("the ledger could not be written") from failure


def _append(
    kind: Kind,
    intent: Intent,
    *,
    facts: Mapping[str, Any],
    outcome: str = "",
    pool_id: int | None = None,
    form: UUID | None = None,
) -> Entry:
    change = intent.change
    return append(
        kind,
        change.action,
        change.actor,
        company=change.company.slug,
        pool_id=_reference(intent, pool_id),
        pool_name=intent.pool_name,
        outcome=outcome,
        reason=change.reason,
        facts={**intent.facts(), **facts},
        change=intent.change_id,
        form=form,
        batch=change.batch,
    )


def _reference(intent: Intent, pool_id: int | None) -> str:
    """The pool as the ledger names it; `pool_id` is a new one's."""
    change = intent.change
    return change.company.reference(pool_id) if change.pool_id is None else change.reference


def _about_call(error: CoreError | None, exchange: Exchange | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "status": None if exchange is None else exchange.status,
        "took_milliseconds": None if exchange is None else round(exchange.took_seconds * 1000),
    }
    if error is not None:
        facts |= {
            "error": type(error).__name__,
            "problem": str(error.reason)[:LONGEST_SAID],
            "message": error.detail[:LONGEST_SAID],
        }
    if isinstance(error, Invalid):
        # All of it: the service module has cut what would be too much.
        facts["fields"] = {name: list(texts) for name, texts in error.fields.items()}
    return facts
