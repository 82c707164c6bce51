"""The one way to change a pool: read, record the intent, send once, record the outcome."""

import logging
import time
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import Error as AnyDatabaseError
from django.utils import timezone

from pools.changes import drift
from pools.changes.history import changes_by_id, edited
from pools.changes.outcome import Action, Outcome, outcome_of
from pools.changes.proposal import (
    COMPARED,
    ChangeResult,
    Conflict,
    ProposedChange,
    Snapshot,
)
from pools.changes.recording import (
    FormKnown,
    Intent,
    PoolMoved,
    intent_of_form,
    newest_entry,
    record_intent,
    record_outcome,
    record_readback,
    refuse_if_held,
)
from pools.changes.verdicts import Newest, untold_of
from pools.core import (
    LEAVE,
    CoreClient,
    CoreError,
    NotFound,
    NotSent,
    Pool,
    PoolChanges,
    PoolFields,
    PoolQuery,
    Reason,
    Sort,
)
from pools.metrics import counted_change
from pools.models import Entry
from pools.models.ledger import LedgerUnwritable

ASK_AGAIN_SECONDS: Final = 0.2
# More than anyone makes in one second, which is all that Core's times tell apart.
NEWEST_LOOKED_AT: Final = 25

_log = logging.getLogger(__name__)


class FormReused(SuspiciousOperation):
    """A form's id came back with another change, person or company: a forged form."""


def make_change(core: CoreClient, change: ProposedChange) -> ChangeResult:
    """Makes a proposed change, once, and says how it ended.

    Reads the pool first: a CoreError from that, Conflict, PoolHeld, LedgerUnwritable and
    FormReused all mean that nothing was sent. OutcomeUnwritten means that it was, and
    that the record shows the change as open. A form that was sent before is not sent
    again: its first outcome is returned, waited for while that is still under way.
    """
    try:
        if earlier := intent_of_form(change.form_id):
            return _repeated(change, earlier)
        try:
            intent, begun = _recorded(core, change)
        except FormKnown as known:
            return _repeated(change, known.intent)
    except AnyDatabaseError as failure:
        raise LedgerUnwritable("the ledger could not be read") from failure
    return _sent(core.for_request(str(intent.change_id)), intent, begun)


def _recorded(core: CoreClient, change: ProposedChange) -> tuple[Intent, datetime]:
    """The intent, once it is committed, and when that began.

    The pool is read again as often as it was overtaken.
    """
    while True:
        intent = _prepared(core, change)
        begun = timezone.now()
        try:
            record_intent(intent)
        except PoolMoved:
            continue
        return intent, begun


def _prepared(core: CoreClient, change: ProposedChange) -> Intent:
    """The intent, after reading what it is about. Raises CoreError, Conflict, PoolHeld."""
    change_id = uuid4()
    if change.fields is not None:
        intent = Intent(change_id, change, None, _as_new(change.fields))
        refuse_if_held(change.company.slug, intent.pool_key)
        return Intent(change_id, change, None, intent.wanted, evidence=_newest(core))
    assert change.pool_id is not None and change.seen is not None  # noqa: S101, PT018  (as proposed)
    refuse_if_held(change.company.slug, str(change.pool_id))
    as_of = newest_entry(change)
    pool = core.get_pool(change.pool_id)
    as_of = drift.note(change.company, [pool], as_of) or as_of
    before = Snapshot.from_pool(pool)
    if _differs(change, before):
        raise Conflict(pool)
    wanted = None if change.changed is None else before.changed_by(change.changed)
    return Intent(
        change_id, change, before, wanted, evidence=_untold(pool, change.changed), as_of=as_of
    )


def _differs(change: ProposedChange, before: Snapshot) -> bool:
    """Whether the pool is no longer as seen: its values, and for a delete its connectors.

    A delete was confirmed for the connectors that the person saw lose their cap.
    """
    seen = change.seen
    if seen is None or not seen.same_values(before):
        return True
    return change.action is Action.DELETE and seen.connector_ids != before.connector_ids


def _newest(core: CoreClient) -> dict[str, object]:
    """Core's newest pool before a create: what tells a new pool from one that was there.

    None where there are no pools; nothing where Core's answer is no evidence.
    """
    query = PoolQuery(sort=Sort.CREATED_DESCENDING, per_page=NEWEST_LOOKED_AT)
    page = core.list_pools(query)
    whole = page.total == len(page.pools)
    if whole and not page.pools:
        return {"newest": None}
    newest = Newest.from_pools(page.pools, whole=whole)
    return {"newest": newest.to_json()} if newest else {}


def _untold(pool: Pool, changed: PoolChanges | None) -> dict[str, object]:
    """Which of a pool's values Core did not tell: what nobody must go by later."""
    untold = untold_of(pool)
    if not untold:
        return {}
    given = changed or PoolChanges()
    return {
        "untold": untold,
        "changed": [field for field in COMPARED if getattr(given, field) is not LEAVE],
    }


def _sent(core: CoreClient, intent: Intent, begun: datetime) -> ChangeResult:
    error: CoreError | None = None
    answered: Pool | None = None
    try:
        _refuse_if_late(begun)
        answered = _call(core, intent.change)
    except CoreError as raised:
        error = raised
    outcome = outcome_of(error)
    pool_id = answered.id if answered else intent.change.pool_id
    after = Snapshot.from_pool(answered) if answered else None
    with counted_change(intent.change.action, outcome):
        record_outcome(
            intent,
            outcome,
            error=error,
            answered=after,
            pool_id=pool_id,
            exchange=core.last_exchange,
        )
    verified = False
    if outcome is Outcome.DONE and pool_id is not None:
        after, verified = _read_back(core, intent, pool_id, after)
    return ChangeResult(
        change_id=intent.change_id,
        action=intent.change.action,
        outcome=outcome,
        pool_id=pool_id,
        pool_name=(after and after.name) or intent.pool_name,
        before=intent.before,
        after=after,
        verified=verified,
        error=error,
        repeated=False,
        differences=edited(intent.change.action, intent.before, after, intent.wanted, verified),
    )


def _refuse_if_late(begun: datetime) -> None:
    """Raises NotSent where this process was suspended: the change may be settled by now."""
    longest = timedelta(seconds=settings.CORE_LIMITS.deadline_seconds)
    if timezone.now() - begun > longest:
        raise NotSent(Reason.DEADLINE)


def _call(core: CoreClient, change: ProposedChange) -> Pool | None:
    """The one call; the pool that it answers with, if any."""
    if change.fields is not None:
        return core.create_pool(change.fields)
    assert change.pool_id is not None  # noqa: S101  (as proposed)
    if change.changed is not None:
        return core.update_pool(change.pool_id, change.changed)
    if change.action is Action.CLEAR:
        core.clear_pool(change.pool_id)
    else:
        core.delete_pool(change.pool_id)
    return None


def _read_back(
    core: CoreClient, intent: Intent, pool_id: int, answered: Snapshot | None
) -> tuple[Snapshot | None, bool]:
    """The pool after a change that is done, and whether it shows what was wanted.

    Without an answer, or without a ledger to keep it in, what Core said at first stays,
    unverified: the change is done either way.
    """
    after, problem = answered, ""
    untold: list[str] = []
    try:
        pool = core.get_pool(pool_id)
        after, untold = Snapshot.from_pool(pool), untold_of(pool)
        verified = _shows(intent.change, after)
    except NotFound:
        verified = intent.change.action is Action.DELETE
        problem = "" if verified else "not found"
    except CoreError as error:
        verified, problem = False, str(error.reason)
    try:
        record_readback(intent, after, untold, pool_id=pool_id, verified=verified, problem=problem)
    except LedgerUnwritable:
        _log.exception("what was read back after change %s is not recorded", intent.change_id)
        verified = False
    return after, verified


def _shows(change: ProposedChange, after: Snapshot) -> bool:
    if change.fields is not None:
        return after.same_values(_as_new(change.fields))
    if change.changed is not None:
        return after.same_values(after.changed_by(change.changed))
    # A pool that is still there disproves a delete; of a clear it shows nothing.
    return False


def _as_new(fields: PoolFields) -> Snapshot:
    return Snapshot(name=fields.name, limit=fields.limit, timeout=fields.timeout)


def _repeated(change: ProposedChange, intent: Entry) -> ChangeResult:
    """The first submit's outcome, waited for until it must be there; then it is unknown."""
    mine = (change.actor.id, change.company.slug, change.action)
    pool_id = "" if change.pool_id is None else str(change.pool_id)
    if (intent.actor_id, intent.company, intent.action, intent.pool_id) != (
        *map(str, mine),
        pool_id,
    ):
        raise FormReused("this form belongs to another change")
    assert intent.change is not None  # noqa: S101  (every intent has one)
    deadline = intent.at + timedelta(seconds=settings.CORE_LIMITS.deadline_seconds)
    item = changes_by_id([intent.change])[0]
    while item.outcome is None and timezone.now() < deadline:
        time.sleep(ASK_AGAIN_SECONDS)
        item = changes_by_id([intent.change])[0]
    return ChangeResult(
        change_id=intent.change,
        action=change.action,
        outcome=item.outcome or Outcome.UNKNOWN,
        pool_id=item.pool_id,
        pool_name=(item.after and item.after.name) or item.pool_name,
        before=item.before,
        after=item.after,
        verified=item.verified,
        error=None,
        repeated=True,
        differences=item.differences,
    )
