"""Defects put into the panel on purpose, in one process. `mutations` says what finds each."""

import json
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from django.conf import settings

from pools.changes import ChangeResult, OutcomeUnwritten
from pools.changes import drift as _drift
from pools.changes import recording as _recording
from pools.changes import sending as _sending
from pools.changes import settling as _settling
from pools.changes import settling_reads as _looking
from pools.changes.outcome import outcome_of
from pools.changes.state import ChangeState
from pools.core import CoreClient, CoreError, NotFound, Unanswered, Unexpected
from pools.core import transport as _transport
from pools.core.errors import Reason
from pools.ledger import leases as _leases
from pools.ledger.appending import LedgerUnwritable
from pools.models import Lease
from pools.models.vocabulary import Action, Outcome, Readback, Verdict
from pools.wording.outcomes import STANDINGS

# What is changed in them is nobody's business but this process's.
drift: Any = _drift
looking: Any = _looking
settling: Any = _settling
recording: Any = _recording
sending: Any = _sending
leases: Any = _leases
transport: Any = _transport


def done_on_timeout() -> None:
    """No answer counts as done."""

    def assumed(error: CoreError | None, action: Action) -> Outcome:
        return Outcome.DONE if isinstance(error, Unanswered) else outcome_of(error, action)

    sending.outcome_of = assumed


def settled_at_once() -> None:
    """Core is asked as soon as the call has ended."""
    settings.SETTLE_QUIET_SECONDS = 0


def write_sent_again() -> None:
    """A write that got no answer is tried again, as reads are."""
    once = transport._attempt

    def attempts(call: Any, *rest: Any) -> Any:
        result = once(call, *rest)
        lost = isinstance(result, CoreError) and result.sent
        return once(call, *rest) if lost and not call.is_read else result

    transport._attempt = attempts


def intent_after_sending() -> None:
    """What is about to be sent is recorded when it has been sent."""
    record_intent, record_outcome = sending.record_intent, sending.record_outcome

    def records_both(intent: Any, outcome: Outcome, **named: Any) -> int:
        record_intent(intent)
        seq: int = record_outcome(intent, outcome, **named)
        return seq

    sending.record_intent = lambda intent: None
    sending.record_outcome = records_both


def sent_unrecorded() -> None:
    """An intent that cannot be written holds nothing up."""
    record_intent = sending.record_intent

    def tries(intent: Any) -> None:
        try:
            record_intent(intent)
        except LedgerUnwritable:
            return

    sending.record_intent = tries


def no_lease() -> None:
    """Nothing holds the pool while its change is open."""
    nothing = SimpleNamespace(create=lambda **named: None, filter=Lease.objects.filter)
    recording.Lease = SimpleNamespace(objects=nothing)
    leases.open_change = lambda *about: None


def lease_kept() -> None:
    """The pool is held even when the outcome is known."""
    recording.ends = lambda *about: False


def settled_from_one_read() -> None:
    """What was read first counts for both times."""
    observe = settling.observe
    seen: dict[Any, Any] = {}

    def observes_once(case: Any) -> Any:
        change = case.item.change_id
        if change not in seen:
            seen[change] = observe(case)
        return seen[change]

    settling.observe = observes_once


def one_read() -> None:
    """The second read is the first one over again."""
    for name in ("get_pool", "list_pools"):
        _remember(name)


def _remember(name: str) -> None:
    ask = getattr(CoreClient, name)
    answers: dict[Any, Any] = {}

    def asks_once(core: CoreClient, question: Any) -> Any:
        if question not in answers:
            answers[question] = ask(core, question)
        return answers[question]

    setattr(CoreClient, name, asks_once)


def page_taken_for_core() -> None:
    """Whoever says 404 says that the pool is gone."""
    ask = CoreClient.get_pool

    def asks(core: CoreClient, pool_id: int) -> Any:
        try:
            return ask(core, pool_id)
        except Unexpected as error:
            raise (NotFound(Reason.REFUSED_BY_CORE) if error.status == 404 else error) from None

    setattr(CoreClient, "get_pool", asks)  # noqa: B010  (mypy knows no other way)
    looking.ask_for_any = lambda core: None


def form_not_looked_for() -> None:
    """Whether a form was sent before is not asked, and not kept."""
    append = recording._append
    sending.intent_of_form = recording.intent_of_form = lambda form_id: None
    recording._append = lambda kind, intent, **named: append(
        kind, intent, **{**named, "form": None}
    )


def pool_not_compared() -> None:
    """A pool is changed whatever has become of it since it was seen."""
    sending._differs = lambda *about, **named: False


def open_change_blamed() -> None:
    """What may be the panel's own change is taken for somebody else's."""
    last_known = drift._last_known

    def knows(entry: Any, intent: Any = None) -> Any:
        before = json.loads(entry.facts).get("before")
        return last_known(entry, intent) or drift._at(before, entry.at, frozenset())

    drift._last_known = knows


def seen_without_reading() -> None:
    """Where reading back fails, the change counts as seen."""
    named = {name: Readback[name] for name in Readback.__members__}
    sending.Readback = SimpleNamespace(**named | {"NOT_READ": Readback.SHOWN})


def done_as_unknown() -> None:
    """What Core said was done is recorded as unknown."""
    sending.outcome_of = lambda error, action: (
        Outcome.UNKNOWN if error is None else outcome_of(error, action)
    )


def refused_without_a_request() -> None:
    """What never left counts as refused."""
    _recorded_otherwise(Outcome.NOT_SENT, Outcome.REFUSED)


def refusal_as_unknown() -> None:
    """A clear no counts as no answer."""
    _recorded_otherwise(Outcome.REFUSED, Outcome.UNKNOWN)


def unanswered_as_not_sent() -> None:
    """What was not answered counts as not sent."""
    _recorded_otherwise(Outcome.UNKNOWN, Outcome.NOT_SENT)


def _recorded_otherwise(right: Outcome, wrong: Outcome) -> None:
    def judged(error: CoreError | None, action: Action) -> Outcome:
        outcome = outcome_of(error, action)
        return wrong if outcome is right else outcome

    sending.outcome_of = judged


def failure_as_refusal() -> None:
    """An error of Core's own counts as its no."""

    def judged(error: CoreError | None, action: Action) -> Outcome:
        status = getattr(error, "status", None) or 0
        return Outcome.REFUSED if status >= 500 else outcome_of(error, action)

    sending.outcome_of = judged


def lease_given_back() -> None:
    """A pool is free again as soon as the call has ended, however it ended."""
    recording.ends = lambda *about: True


def namesake_taken_for_new() -> None:
    """Any pool of the name is what became of a create."""
    verdict_of = looking.verdict_of

    def judges(action: Action, before: Any, wanted: Any, present: Any, *rest: Any) -> Any:
        if action is Action.CREATE and present:
            return Verdict.APPLIED
        return verdict_of(action, before, wanted, present, *rest)

    looking.verdict_of = judges


def failed_read_taken_for_gone() -> None:
    """A pool that cannot be read is not there."""
    ask = CoreClient.get_pool

    def asks(core: CoreClient, pool_id: int) -> Any:
        try:
            return ask(core, pool_id)
        except CoreError as error:
            raise NotFound(Reason.REFUSED_BY_CORE) from error

    setattr(CoreClient, "get_pool", asks)  # noqa: B010  (mypy knows no other way)
    looking.ask_for_any = lambda core: None


def clear_guessed() -> None:
    """A clear of unknown outcome is said to have happened."""
    verdict_of = looking.verdict_of

    def judges(action: Action, *facts: Any) -> Any:
        return Verdict.APPLIED if action is Action.CLEAR else verdict_of(action, *facts)

    looking.verdict_of = judges


def lost_outcome_told() -> None:
    """That an outcome could not be recorded is kept quiet."""
    record_outcome = sending.record_outcome

    def records(*about: Any, **named: Any) -> None:
        with suppress(OutcomeUnwritten):
            record_outcome(*about, **named)

    sending.record_outcome = records


def reading_back_not_believed() -> None:
    """Whatever is read back, it is not what was wanted."""
    sending.shown_by = lambda action, *facts: action is not Action.CLEAR and Readback.NOT_SHOWN


def second_form_told_otherwise() -> None:
    """Who sends a form twice reads that nothing was sent."""
    repeated = sending.first_outcome

    def answers(*about: Any) -> Any:
        return replace(repeated(*about), outcome=Outcome.NOT_SENT)

    sending.first_outcome = answers


def unknown_shown_as_done() -> None:
    """Pages show an unknown outcome like a good one."""
    STANDINGS[ChangeState.UNKNOWN] = STANDINGS[ChangeState.DONE]
    STANDINGS[ChangeState.NOT_APPLIED] = STANDINGS[ChangeState.APPLIED]


def unknown_read_as_done() -> None:
    """Who made a change reads at once that it is done, when nobody knows."""
    result: Any = ChangeResult
    result.state = property(lambda result: ChangeState.DONE)
