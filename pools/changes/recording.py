"""What is written before and after a call to Core, each in one short durable transaction."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import Error as AnyDatabaseError
from django.db import transaction

from pools.changes.holding import refuse_if_held
from pools.changes.proposal import OutcomeUnwritten, ProposedChange, Snapshot
from pools.core import CoreError, Exchange, Invalid, Pool
from pools.core.bounds import LONGEST_SAID
from pools.database_faults import Cause, cause_of
from pools.ledger.appending import LedgerUnwritable, append, lock
from pools.models import Company, Entry, Lease
from pools.models.lease import pool_key_of
from pools.models.vocabulary import UNREADABLE, Kind, Outcome, Readback, ends
from pools.tokens.keeping import must_be_active


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

    @property
    def reference(self) -> str:
        """The pool as the ledger names it: without an id for a create, which has none yet."""
        return self.change.company.reference(self.change.pool_id)

    @property
    def pool_key(self) -> str:
        return pool_key_of(self.reference, self.pool_name)

    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "before": self.before and self.before.to_json(),
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


def newest_entry(change: ProposedChange) -> int:
    """The number of the newest entry about the change's pool; 0 where there is none."""
    if change.pool_id is None:
        return 0
    reference = change.company.reference(change.pool_id)
    about = Entry.objects.filter(
        company=change.company.slug, pool_id=reference, change__isnull=False
    )
    return about.order_by("-seq").values_list("seq", flat=True).first() or 0


def record_intent(intent: Intent) -> None:
    """Commits what is about to be sent, and takes the pool's lease.

    Raises FormAlreadySent, PoolHeld, PoolMoved, CompanyArchived or LedgerUnwritable: then nothing
    was recorded, or what was is an intent that nothing was sent for. Archiving takes the same
    lock: nothing begins after it, and what has begun before it ends.
    """
    change = intent.change
    with _ledger_must_work(), transaction.atomic(durable=True):
        lock()
        if earlier := intent_of_form(change.form_id):
            raise FormAlreadySent(earlier)
        must_be_active(Company.objects.only("archived_at").get(pk=change.company.pk))
        refuse_if_held(change.company, intent.pool_key)
        if newest_entry(change) != intent.as_of:
            raise PoolMoved
        entry = _append(Kind.INTENT, intent, facts=dict(intent.evidence), form=change.form_id)
        Lease.objects.create(
            company=change.company.slug,
            pool_key=intent.pool_key,
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
) -> None:
    """Commits what Core showed after a change that is done. Raises LedgerUnwritable.

    `readback` is None for a clear. Nothing is added where somebody else has seen the
    change in between.

    `unreadable` are the values that it did not show: none in `after`, and not known to be none.
    """
    facts: dict[str, Any] = {
        "after": after and after.to_json(),
        "verified": readback is Readback.SHOWN,
        "problem": problem,
    }
    if unreadable:
        facts[UNREADABLE] = list(unreadable)
    with _ledger_must_work(), transaction.atomic(durable=True):
        lock()
        if not Entry.objects.filter(change=intent.change_id, kind=Kind.READBACK).exists():
            word = readback or ""
            _append(Kind.READBACK, intent, outcome=word, facts=facts, pool_id=pool_id)


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
    known_id = pool_id if change.pool_id is None else change.pool_id
    return append(
        kind,
        change.action,
        change.actor,
        company=change.company.slug,
        pool_id=change.company.reference(known_id),
        pool_name=intent.pool_name,
        outcome=outcome,
        reason=change.reason,
        facts={**intent.facts(), **facts},
        change=intent.change_id,
        form=form,
        batch=change.batch,
    )


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
