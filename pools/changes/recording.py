"""What is written before and after a call to Core, each in one short durable transaction."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import transaction
from django.utils import timezone

from pools.changes.outcome import Outcome
from pools.changes.proposal import OutcomeUnwritten, PoolHeld, ProposedChange, Snapshot
from pools.core import CoreError, Exchange, Invalid
from pools.models import Entry, Kind, Lease
from pools.models.ledger import LedgerUnwritable, append, lock

LONGEST_TEXT: Final = 300
MOST_FIELDS: Final = 10


class FormKnown(Exception):
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
    the newest entry about the pool from before it was read (0: none).
    """

    change_id: UUID
    change: ProposedChange
    before: Snapshot | None
    wanted: Snapshot | None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    as_of: int = 0

    @property
    def pool_name(self) -> str:
        named = self.before or self.wanted
        return (named and named.name) or ""

    @property
    def pool_key(self) -> str:
        """What the lease holds: the pool, or for a create the name that it takes."""
        if self.change.pool_id is not None:
            return str(self.change.pool_id)
        return "new:" + hashlib.sha256(self.pool_name.encode()).hexdigest()[:32]

    def facts(self) -> dict[str, Any]:
        facts = {
            "before": self.before and self.before.to_json(),
            "wanted": self.wanted and self.wanted.to_json(),
            "request_id": str(self.change_id),
        }
        if self.change.reverts is not None:
            facts["reverts"] = str(self.change.reverts)
        return facts


def intent_of_form(form_id: UUID) -> Entry | None:
    """The intent that was recorded for a form, if it was sent before."""
    return Entry.objects.filter(form=form_id).first()


def newest_entry(change: ProposedChange) -> int:
    """The number of the newest entry about the change's pool; 0 where there is none."""
    if change.pool_id is None:
        return 0
    about = Entry.objects.filter(company=change.company.slug, pool_id=str(change.pool_id))
    return about.order_by("-seq").values_list("seq", flat=True).first() or 0


def refuse_if_held(company: str, pool_key: str) -> None:
    """Raises PoolHeld when a change under way or of unknown outcome holds the pool."""
    lease = Lease.objects.filter(company=company, pool_key=pool_key).first()
    if lease is not None:
        raise held_by(lease)


def held_by(lease: Lease) -> PoolHeld:
    entries = Entry.objects.filter(change=lease.change).values_list("kind", "actor_name")
    names = dict(entries)
    longest = timedelta(seconds=settings.CORE_LIMITS.deadline_seconds)
    under_way = Kind.OUTCOME not in names and timezone.now() - lease.held_since < longest
    name = names.get(Kind.INTENT, "")
    return PoolHeld(lease.change, name, lease.held_since, under_way=under_way)


def record_intent(intent: Intent) -> None:
    """Commits what is about to be sent, and takes the pool's lease.

    Raises FormKnown, PoolHeld, PoolMoved or LedgerUnwritable: then nothing was recorded,
    or what was is an intent that nothing was sent for.
    """
    change = intent.change
    with _ledger_must_work(), transaction.atomic(durable=True):
        lock()
        if earlier := intent_of_form(change.form_id):
            raise FormKnown(earlier)
        refuse_if_held(change.company.slug, intent.pool_key)
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
) -> None:
    """Commits how the call ended, and gives the lease back unless that is unknown.

    `answered` is the pool as Core's answer had it. Raises OutcomeUnwritten.
    """
    facts = {"after": answered and answered.to_json(), **_about_call(error, exchange)}
    try:
        with transaction.atomic(durable=True):
            _append(Kind.OUTCOME, intent, outcome=outcome, facts=facts, pool_id=pool_id)
            if outcome is not Outcome.UNKNOWN:
                Lease.objects.filter(change=intent.change_id).delete()
    except AnyDatabaseError as failure:
        raise OutcomeUnwritten(intent.change_id, outcome) from failure


def record_readback(
    intent: Intent,
    after: Snapshot | None,
    untold: Sequence[str] = (),
    *,
    pool_id: int | None,
    verified: bool,
    problem: str,
) -> None:
    """Commits what Core showed after a change that is done. Raises LedgerUnwritable.

    `untold` are the values that it did not show: none in `after`, and not known to be none.
    """
    facts: dict[str, Any] = {
        "after": after and after.to_json(),
        "verified": verified,
        "problem": problem,
    }
    if untold:
        facts["untold"] = list(untold)
    with _ledger_must_work(), transaction.atomic(durable=True):
        _append(Kind.READBACK, intent, facts=facts, pool_id=pool_id)


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
        pool_id="" if known_id is None else str(known_id),
        pool_name=intent.pool_name,
        outcome=outcome,
        reason=change.reason,
        facts={**intent.facts(), **facts},
        change=intent.change_id,
        form=form,
    )


def _about_call(error: CoreError | None, exchange: Exchange | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "status": None if exchange is None else exchange.status,
        "took_milliseconds": None if exchange is None else round(exchange.took_seconds * 1000),
    }
    if error is not None:
        facts |= {
            "error": type(error).__name__,
            "problem": str(error.reason)[:LONGEST_TEXT],
            "message": error.detail[:LONGEST_TEXT],
        }
    if isinstance(error, Invalid):
        facts["fields"] = {
            name[:LONGEST_TEXT]: [text[:LONGEST_TEXT] for text in texts[:MOST_FIELDS]]
            for name, texts in list(error.fields.items())[:MOST_FIELDS]
        }
    return facts
