"""Which defects the rules must find, by which of them, and in which of the cases."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pools.models.vocabulary import Action
from tests.proof.endurance import defects
from tests.proof.endurance.cases import (
    BETWEEN_READS,
    BLINDING,
    OPENING,
    Again,
    Case,
    Looked,
    Other,
    Stage,
)
from tests.proof.endurance.ledger_failures import UNHEARD


@dataclass(frozen=True, slots=True)
class Mutation:
    """A defect, the cases that bring it up, and the rule that it then breaks."""

    apply: Callable[[], None]
    breaks: str
    shown_by: Callable[[Case], bool]
    settles: bool = False  # in the process that settles, rather than in the one that makes it
    at_once: bool = False  # settled by who made it, rather than when it is due
    in_pages: bool = False


def _whole(case: Case) -> bool:
    """Nobody is killed, the ledger works, and what is read first can be read."""
    return not (case.kill or case.ledger or case.fault_of_reads) and case.other is not Other.EARLIER


def _in(*groups: str) -> Callable[[Case], bool]:
    return lambda case: _whole(case) and case.group in groups


def _ledger_fails(first: int, last: int) -> Callable[[Case], bool]:
    """At one of these calls of a change, so that it fails."""

    def fails(case: Case) -> bool:
        failure = case.ledger
        return (
            failure is not None
            and not failure.settling
            and first <= failure.call <= last
            and failure.mode not in {UNHEARD, "disk error"}
        )

    return fails


def _killed_at(case: Case) -> Stage | None:
    return case.kill.stage if case.kill else None


def _received(case: Case) -> bool:
    """Whether Core has the change when its process is gone, if that is killed."""
    alone = case.other is not Other.EARLIER and not (case.ledger or case.fault_of_reads)
    return alone and _killed_at(case) in {None, Stage.K3, Stage.K4}


def _open(case: Case) -> bool:
    """Whether Core has it, and there is something to settle that can be."""
    return _received(case) and case.group in OPENING and not case.leaves


def _applied(case: Case) -> bool:
    applying = "then-fail" in case.fault or case.fault.endswith(("=in", "=after", "=body"))
    return applying or case.group in {"cut", "500 after applying"}


def _done(case: Case) -> bool:
    return _in("none", "lie")(case)


def _between_reads(case: Case) -> bool:
    return _open(case) and case.fault == BETWEEN_READS and case.action is not Action.CLEAR


def _badly_read(*faults: str) -> Callable[[Case], bool]:
    """An open delete that Core has not made, of a pool that the settling fails to read."""

    def is_so(case: Case) -> bool:
        not_made = _killed_at(case) is Stage.K1 or (_received(case) and case.group == "500")
        settled = case.fault_of_settling in faults and not (case.leaves or case.kill_settling)
        return case.action is Action.DELETE and not_made and settled

    return is_so


# Of the calls of a change to the database, some within the transaction of its intent.
IN_INTENT: Final = (4, 7)
MUTATIONS: Final[Mapping[str, Mutation]] = {
    "done on timeout": Mutation(defects.done_on_timeout, "wrong outcome", _in("hanging")),
    "settled at once": Mutation(
        defects.settled_at_once, "too early", _open, settles=True, at_once=True
    ),
    "write sent again": Mutation(defects.write_sent_again, "sent twice", _in("reset")),
    "intent after sending": Mutation(
        defects.intent_after_sending,
        "no intent",
        lambda case: case.group in {"none", "lie"} and _killed_at(case) is Stage.K3,
    ),
    "told that nothing was sent": Mutation(
        defects.intent_after_sending, "sent unrecorded", _ledger_fails(*IN_INTENT)
    ),
    "sent unrecorded": Mutation(defects.sent_unrecorded, "no intent", _ledger_fails(*IN_INTENT)),
    "no lease": Mutation(
        defects.no_lease, "overlap", lambda case: _open(case) and case.other is Other.COLLEAGUE
    ),
    "lease kept": Mutation(defects.lease_kept, "wrong lease", _done),
    "lease given back": Mutation(defects.lease_given_back, "wrong lease", _in("500")),
    "settled from one read": Mutation(
        defects.settled_from_one_read, "wrong verdict", _between_reads, settles=True
    ),
    "one read": Mutation(defects.one_read, "wrong verdict", _between_reads, settles=True),
    "page taken for Core": Mutation(
        defects.page_taken_for_core, "wrong verdict", _badly_read("status=404,html"), settles=True
    ),
    "failed read taken for gone": Mutation(
        defects.failed_read_taken_for_gone, "wrong verdict", _badly_read(*BLINDING), settles=True
    ),
    "namesake taken for new": Mutation(
        defects.namesake_taken_for_new,
        "wrong verdict",
        lambda case: (
            _open(case)
            and (case.action, case.other) == (Action.CREATE, Other.OUTSIDER)
            and "then-fail" not in case.fault
        ),
        settles=True,
    ),
    "clear guessed": Mutation(
        defects.clear_guessed,
        "wrong verdict",
        lambda case: _open(case) and case.action is Action.CLEAR,
        settles=True,
    ),
    "form not looked for": Mutation(
        defects.form_not_looked_for,
        "sent twice",
        lambda case: (
            _in("none", "lie", "refusal")(case)
            and case.again is Again.AFTER
            and case.action in {Action.CLEAR, Action.CREATE}
        ),
    ),
    "second form told otherwise": Mutation(
        defects.second_form_told_otherwise,
        "told otherwise",
        lambda case: _received(case) and case.again is Again.AFTER,
    ),
    "open change blamed": Mutation(
        defects.open_change_blamed,
        "wrong drift",
        lambda case: (
            _open(case)
            and _applied(case)
            and (case.action, case.looked_at) == (Action.EDIT, Looked.AFTERWARDS)
        ),
    ),
    "pool not compared": Mutation(
        defects.pool_not_compared,
        "unseen",
        lambda case: case.other is Other.EARLIER and case.action in {Action.EDIT, Action.DELETE},
    ),
    "seen without reading": Mutation(
        defects.seen_without_reading,
        "wrong readback",
        lambda case: (
            _done(case) and bool(case.fault_of_readback) and case.action is not Action.CLEAR
        ),
    ),
    "reading back not believed": Mutation(
        defects.reading_back_not_believed,
        "wrong readback",
        lambda case: (
            _in("none")(case) and case.action is not Action.CLEAR and not case.fault_of_readback
        ),
    ),
    "done as unknown": Mutation(defects.done_as_unknown, "wrong outcome", _done),
    "refused without a request": Mutation(
        defects.refused_without_a_request, "wrong outcome", _in("refused")
    ),
    "refusal as unknown": Mutation(defects.refusal_as_unknown, "wrong outcome", _in("refusal")),
    "unanswered as not sent": Mutation(
        defects.unanswered_as_not_sent, "wrong outcome", _in("hanging")
    ),
    "failure as refusal": Mutation(
        defects.failure_as_refusal, "wrong outcome", _in("500", "500 after applying")
    ),
    "lost outcome told": Mutation(
        defects.lost_outcome_told, "told otherwise", _ledger_fails(9, 60)
    ),
    "unknown shown as done": Mutation(
        defects.unknown_shown_as_done, "page otherwise", _in("500"), in_pages=True
    ),
    "unknown read as done": Mutation(defects.unknown_read_as_done, "page otherwise", _in("500")),
}
