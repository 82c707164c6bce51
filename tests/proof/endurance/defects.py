"""Defects put into the panel on purpose, in one process: the rules must find each of them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Final

from django.conf import settings

from pools.changes import Action, Outcome
from pools.changes import drift as _drift
from pools.changes import recording as _recording
from pools.changes import sending as _sending
from pools.changes.outcome import outcome_of
from pools.core import CoreClient, CoreError, NotFound, Unanswered, Unexpected
from pools.core import transport as _transport
from pools.core.errors import Reason
from pools.models import Lease
from pools.models.ledger import LedgerUnwritable
from tests.endurance.cases import (
    BETWEEN_READS,
    Again,
    Case,
    Kill,
    LedgerFailure,
    Looked,
    Other,
    Stage,
)

# What is changed in them is nobody's business but this process's.
drift: Any = _drift
recording: Any = _recording
sending: Any = _sending
transport: Any = _transport


def done_on_timeout() -> None:
    """No answer counts as done."""

    def assumed(error: CoreError | None) -> Outcome:
        return Outcome.DONE if isinstance(error, Unanswered) else outcome_of(error)

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

    def records_both(intent: Any, outcome: Outcome, **named: Any) -> None:
        record_intent(intent)
        record_outcome(intent, outcome, **named)

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


def lease_kept() -> None:
    """The pool is held even when the outcome is known."""
    recording.Outcome = SimpleNamespace(UNKNOWN=Outcome.DONE)


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


def form_not_looked_for() -> None:
    """Whether a form was sent before is not asked, and not kept."""
    append = recording._append
    sending.intent_of_form = recording.intent_of_form = lambda form_id: None
    recording._append = lambda kind, intent, **named: append(
        kind, intent, **{**named, "form": None}
    )


def pool_not_compared() -> None:
    """A pool is changed whatever has become of it since it was seen."""
    sending._differs = lambda change, before: False


def open_change_blamed() -> None:
    """What may be the panel's own change is taken for somebody else's."""
    known = drift._known

    def knows(entry: Any, intent: Any = None) -> Any:
        before = json.loads(entry.facts).get("before")
        return known(entry, intent) or drift._at(before, entry.at, frozenset())

    drift._known = knows
    drift.Lease = SimpleNamespace(objects=Lease.objects.none())


@dataclass(frozen=True, slots=True)
class Mutation:
    """A defect, a case in which it matters, and the rule of `truth` that it then breaks."""

    apply: Callable[[], None]
    provoked_by: Case
    breaks: str
    in_settling: bool = False
    at_once: bool = False  # settled by who made it, rather than when it is due


def _case(group: str = "none", fault: str = "", **facts: Any) -> Case:
    return replace(Case(0, Action.EDIT, group, fault), **facts)


# So late that a busy machine is sure to have asked before.
LATE: Final = _case("late apply", "apply-late=5;hang=before")
SILENT: Final = _case("hanging", "hang=before")
LOST: Final = _case("reset", "apply-then-fail;reset=before")
# Of the calls before an intent is committed, one within its transaction.
READ_ONLY: Final = LedgerFailure(False, 8, "read-only")
MUTATIONS: Final[Mapping[str, Mutation]] = {
    "done on timeout": Mutation(done_on_timeout, SILENT, "wrong outcome"),
    "settled at once": Mutation(settled_at_once, LATE, "wrong verdict", True, at_once=True),
    "write sent again": Mutation(write_sent_again, LOST, "sent twice"),
    "intent after sending": Mutation(
        intent_after_sending, _case(kill=Kill(Stage.K3, 0.0)), "no intent"
    ),
    "told that nothing was sent": Mutation(
        intent_after_sending, _case(ledger=READ_ONLY), "sent unrecorded"
    ),
    "sent unrecorded": Mutation(sent_unrecorded, _case(ledger=READ_ONLY), "no intent"),
    "no lease": Mutation(no_lease, replace(SILENT, other=Other.COLLEAGUE), "overlap"),
    "lease kept": Mutation(lease_kept, _case(), "wrong lease"),
    "one read": Mutation(
        one_read, _case("late apply", BETWEEN_READS), "wrong verdict", in_settling=True
    ),
    "page taken for Core": Mutation(
        page_taken_for_core,
        replace(SILENT, action=Action.DELETE, fault_of_settling="status=404,html"),
        "wrong verdict",
        in_settling=True,
    ),
    "form not looked for": Mutation(
        form_not_looked_for, _case(action=Action.CLEAR, again=Again.AFTER), "sent twice"
    ),
    "open change blamed": Mutation(
        open_change_blamed, replace(LOST, looked_at=Looked.AFTERWARDS), "wrong drift"
    ),
    "pool not compared": Mutation(pool_not_compared, _case(other=Other.EARLIER), "unseen"),
}
