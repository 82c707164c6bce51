"""The one way to change a pool: read, record the intent, send once, record the outcome."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from django.db import Error as AnyDatabaseError
from django.utils import timezone

from pools.catalogue.keeping import forget, keep
from pools.changes import drift
from pools.changes.checking import checked
from pools.changes.entries import Recorded
from pools.changes.history import edited
from pools.changes.holding import refuse_if_held
from pools.changes.outcome import outcome_of
from pools.changes.pool_records import newest_entry_about
from pools.changes.proposal import (
    COMPARED,
    CONNECTORS,
    ChangeResult,
    Conflict,
    Difference,
    PoolHeld,
    ProposedChange,
    Reading,
    Snapshot,
    differences,
    found_differences,
    kept_name,
)
from pools.changes.readback import NOT_FOUND, sent_by, shown_by
from pools.changes.recording import (
    FormAlreadySent,
    Intent,
    PoolMoved,
    intent_of_form,
    record_intent,
    record_outcome,
    record_readback,
)
from pools.changes.repeated import first_outcome
from pools.changes.state import may_still_run
from pools.changes.verdicts import Newest, comes_as_number, unreadable_in
from pools.core import (
    LEAVE,
    Busy,
    CoreClient,
    CoreError,
    NotFound,
    NotSent,
    Pool,
    PoolChanges,
    PoolQuery,
    Reason,
    Sort,
)
from pools.core.bounds import PER_PAGE
from pools.database_faults import try_to_write
from pools.ledger.appending import LedgerUnwritable
from pools.metrics import counted_change
from pools.models.vocabulary import TRACELESS, UNREADABLE_VALUES, Action, Outcome, Readback

# More than anyone makes in one second, which is all that Core's times tell apart.
NEWEST_LOOKED_AT: Final = 25

_THIS_MOMENT: Final = timedelta(seconds=5)

_log = logging.getLogger(__name__)


# Of the deadline, for the call itself: with less left it is not made.
LEAST_SHARE: Final = 0.2


def make_change(core: CoreClient, change: ProposedChange) -> ChangeResult:
    """Makes a proposed change, once, and says how it ended.

    Reads the pool first: a CoreError from that, Conflict, PoolHeld, CompanyArchived,
    LedgerUnwritable and FormReused all mean that nothing was sent. OutcomeUnwritten means that
    it was, and that the record shows the change as open. A form that was sent before is not sent
    again: its first outcome is returned, waited for while that is still under way. Where it asks
    for something else by now, that is FormSentOtherwise.
    """
    with ExitStack() as held:
        try:
            begun = _begin(core, change, held)
        except AnyDatabaseError as failure:
            raise LedgerUnwritable("the ledger could not be read") from failure
        return begun if isinstance(begun, ChangeResult) else _sent(*begun)


def _begin(
    core: CoreClient, change: ProposedChange, held: ExitStack
) -> ChangeResult | tuple[CoreClient, Intent, datetime]:
    """What is to be sent, its intent committed; or the first outcome of a form sent before."""
    found = checked(change)
    if found.sent_before and (earlier := intent_of_form(change.form_id)):
        return first_outcome(change, earlier)
    try:
        if found.may_be_held:
            refuse_if_held(change.company, change.pool_key)
        core = held.enter_context(_call_slot_for(core))
        intent, begun = _recorded(core, change)
    except FormAlreadySent as known:
        held.close()
        return first_outcome(change, known.intent)
    except (CoreError, Conflict, PoolHeld):
        held.close()
        # The lease in the way may be this form's own, sent twice at the same time.
        if earlier := intent_of_form(change.form_id):
            return first_outcome(change, earlier)
        raise
    return core.for_request(str(intent.change_id)), intent, begun


@contextmanager
def _call_slot_for(core: CoreClient) -> Iterator[CoreClient]:
    """One budget and one place at Core for the whole change. Raises Busy before it begins.

    A change that has its intent is never turned away for want of a place.
    """
    budget = core.budget or core.within().budget
    assert budget is not None  # noqa: S101  (within makes one)
    with budget.place() as has_slot:
        if not has_slot:
            raise Busy(Reason.BUSY)
        yield core.within(budget)


def _recorded(core: CoreClient, change: ProposedChange) -> tuple[Intent, datetime]:
    """The intent, once it is committed, and when that began.

    The pool is read again as often as it was overtaken.
    """
    first = core.within(core.budget and core.budget.half())
    while True:
        intent = _prepared(first, change)
        begun = timezone.now()
        try:
            record_intent(intent)
        except PoolMoved:
            continue
        return intent, begun


def _prepared(core: CoreClient, change: ProposedChange) -> Intent:
    """The intent, after reading what it is about. Raises CoreError, Conflict."""
    change_id = uuid4()
    if change.fields is not None:
        return Intent(
            change_id, change, None, Snapshot.from_fields(change.fields), evidence=_newest(core)
        )
    assert change.pool_id is not None and change.seen is not None  # noqa: S101, PT018  (as proposed)
    newest = newest_entry_about(change.company, change.reference)
    as_of = newest.seq if newest else 0
    try:
        pool = core.get_pool(change.pool_id)
    except NotFound:
        drift.record_absence(core, change.company, change.pool_id, as_of, change.actor.id)
        forget(change.company, change.pool_id)
        raise
    known = {newest.pool_id: newest} if newest else {}
    noticed = drift.record_differences(change.company, [pool], as_of, at_once=True, known=known)
    before = Snapshot.from_pool(pool)
    another = _is_of_another(core, change, pool)
    if another or _differs(change, before, told_apart=another is not None):
        raise Conflict(pool, change, another=bool(another))
    wanted = None if change.changed is None else before.changed_by(change.changed)
    return Intent(
        change_id,
        change,
        before,
        wanted,
        evidence=_unreadable(pool, change.changed),
        as_of=noticed or as_of,
        read=pool,
    )


def _is_of_another(core: CoreClient, change: ProposedChange, pool: Pool) -> bool | None:
    """Whether the id is another pool's by now; None where that can't be told.

    A time of creation that Core makes up for each answer tells nothing: one of this very moment,
    or another one when it is asked again.
    """
    another = change.is_of_another(pool)
    if not another or pool.created_at is None or pool.id is None:
        return another
    asked = core.last_exchange
    if asked is not None and abs(asked.received_at - pool.created_at) < _THIS_MOMENT:
        return None
    return True if core.get_pool(pool.id).created_at == pool.created_at else None


def _differs(change: ProposedChange, before: Snapshot, *, told_apart: bool) -> bool:
    """Whether the pool is no longer as seen, in what the change depends on.

    A clear depends on the pool's being there under the name that was confirmed: by now, its id
    may be another pool's. An edit depends on the fields that it changes; and on the name where
    Core does not say when its pools were made, and so whether it is the same one. A delete was
    confirmed for the values, and for the connectors that the person saw lose their cap; that Core
    does not tell them differs from nothing.
    """
    seen = change.seen
    assert seen is not None  # noqa: S101  (as proposed)
    if change.action is Action.CLEAR:
        return not seen.looks_same_in("name", before)
    if change.action is Action.EDIT:
        fields = [*sent_by(change), *([] if told_apart else ["name"])]
        return not all(seen.looks_same_in(field, before) for field in fields)
    return not seen.same_values(before) or bool(differences(seen, before, [CONNECTORS]))


def _newest(core: CoreClient) -> dict[str, object]:
    """Core's newest pool before a create: what tells a new pool from one that was there.

    None where there are no pools; nothing where Core's answer is no evidence.
    """
    query = PoolQuery(sort=Sort.CREATED_DESCENDING, per_page=NEWEST_LOOKED_AT)
    page = core.list_pools(query)
    if page.sort is None and not page.is_whole:
        # Core keeps no such order: only among all pools is the newest one known.
        page = core.list_pools(replace(query, per_page=PER_PAGE.largest))
    if page.is_whole and not page.pools:
        return {"newest": None}
    if page.sort is None and not page.is_whole:
        return {}
    newest = Newest.from_pools(page.pools, whole=page.is_whole)
    return {"newest": newest.to_json()} if newest else {}


def _unreadable(pool: Pool, changed: PoolChanges | None) -> dict[str, object]:
    """Which of a pool's values Core did not tell: what nobody must go by later."""
    unreadable = [*unreadable_in(pool), *(["name"] if comes_as_number(pool) else [])]
    if not unreadable:
        return {}
    given = changed or PoolChanges()
    return {
        UNREADABLE_VALUES: unreadable,
        "changed": [field for field in COMPARED if getattr(given, field) is not LEAVE],
    }


def _sent(core: CoreClient, intent: Intent, begun: datetime) -> ChangeResult:
    answer, error = _try(core, intent, begun)
    answered, message = (answer, "") if isinstance(answer, Pool) else (None, answer)
    outcome = outcome_of(error, intent.change.action)
    pool_id = answered.id if answered else intent.change.pool_id
    after = Snapshot.from_pool(answered) if answered else None
    with counted_change(intent.change.action, outcome):
        seq = record_outcome(
            intent,
            outcome,
            error=error,
            answered=after,
            pool_id=pool_id,
            exchange=core.last_exchange,
            message=message,
            until=core.budget.until if core.budget else 0.0,
        )
    readback: Readback | None = None
    pool: Pool | None = None
    if outcome is Outcome.DONE and pool_id is not None:
        after, readback, pool = _read_back(core, intent, pool_id, after, seq)
    return ChangeResult(
        change_id=intent.change_id,
        action=intent.change.action,
        outcome=outcome,
        pool_id=pool_id,
        pool_name=(after and after.name) or intent.pool_name,
        before=intent.before,
        after=after,
        readback=readback,
        error=error,
        repeated=False,
        differences=edited(intent.change.action, intent.before, after, intent.wanted, readback),
        beside=_beside(intent, pool),
        kept_name=kept_name(intent.before, intent.wanted, after),
        read=intent.read,
        reading=_reading(core, pool),
    )


def _try(core: CoreClient, intent: Intent, begun: datetime) -> tuple[Pool | str, CoreError | None]:
    """What Core answered, or why there is no such answer."""
    try:
        _refuse_if_late(begun, core)
        return _call(core, intent.change), None
    except CoreError as error:
        return "", error


def _refuse_if_late(begun: datetime, core: CoreClient) -> None:
    """Raises NotSent where hardly any time is left, or this process was suspended.

    A call that is cut off at once is of unknown outcome for nothing; and after a suspension
    the change may be settled by now.
    """
    hurried = core.budget is not None and core.budget.share_left() < LEAST_SHARE
    if hurried or not may_still_run(begun, timezone.now()):
        raise NotSent(Reason.DEADLINE)


def _call(core: CoreClient, change: ProposedChange) -> Pool | str:
    """The one call: the pool that Core answers with, or else what it says."""
    fields, changed, pool_id = change.fields, change.changed, change.pool_id or 0
    match change.action:
        case Action.CREATE:
            assert fields is not None  # noqa: S101  (as proposed)
            return core.create_pool(fields)
        case Action.EDIT:
            assert changed is not None  # noqa: S101  (as proposed)
            return core.update_pool(pool_id, changed)
        case Action.CLEAR:
            return core.clear_pool(pool_id)
        case Action.DELETE:
            return core.delete_pool(pool_id)
        case Action.OUTSIDE | Action.UNREADABLE:
            raise ValueError("what is only seen is never sent")


def _read_back(
    core: CoreClient, intent: Intent, pool_id: int, answered: Snapshot | None, seq: int
) -> tuple[Snapshot | None, Readback | None, Pool | None]:
    """The values after a change that is done, what they show of it, and the pool that does.

    `seq` is the number of its outcome's entry. Where it could not be read, or that could
    not be recorded, what Core answered at first stays: the change is done either way.
    """
    action, company, problem = intent.change.action, intent.change.company, ""
    unreadable: list[str] = []
    try:
        pool = _still_there(core, pool_id)
        readback = shown_by(action, pool, intent.wanted, sent_by(intent.change))
        after = Snapshot.from_pool(pool) if pool else answered
        unreadable = unreadable_in(pool) if pool else []
        problem = NOT_FOUND if pool is None and readback is not Readback.SHOWN else ""
    except CoreError as error:
        pool, after, problem = None, answered, str(error.reason)
        readback = None if action in TRACELESS else Readback.NOT_READ

    def keep_what_is_seen() -> None:
        if pool is not None:
            keep(company, [pool])
        elif problem == NOT_FOUND or readback is Readback.SHOWN:
            forget(company, pool_id)

    def beside(newest: Recorded | None) -> None:
        # With a savepoint: a catalogue that refuses costs no entry.
        try_to_write("what is last seen of a pool", keep_what_is_seen)
        if pool is not None and readback is not Readback.NOT_SHOWN:
            # What else is different now was changed by somebody else.
            drift.record_beside(company, pool, newest, seq)

    try:
        record_readback(
            intent, readback, after, unreadable, pool_id=pool_id, problem=problem, beside=beside
        )
    except (LedgerUnwritable, AnyDatabaseError):
        _log.exception("what was read back after change %s is not recorded", intent.change_id)
        readback = readback and Readback.NOT_READ
    return after, readback, None if readback is Readback.NOT_SHOWN else pool


def _reading(core: CoreClient, pool: Pool | None) -> Reading | None:
    exchange = core.last_exchange
    if pool is None or exchange is None:
        return None
    return Reading(pool, exchange.received_at, exchange.took_seconds)


def _beside(intent: Intent, pool: Pool | None) -> tuple[Difference, ...]:
    """What an edit did not ask for, and is different all the same."""
    if intent.change.action is not Action.EDIT or intent.before is None or pool is None:
        return ()
    expected = {
        *sent_by(intent.change),
        *intent.evidence.get(UNREADABLE_VALUES, ()),
        *unreadable_in(pool),
    }
    others = [field for field in COMPARED if field not in expected]
    return found_differences(intent.before, Snapshot.from_pool(pool), others)


def _still_there(core: CoreClient, pool_id: int) -> Pool | None:
    try:
        return core.get_pool(pool_id)
    except NotFound:
        return None
