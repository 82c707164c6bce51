"""What must hold: the record and the pages against what Core received and applied.

Each rule has a name. What is found is a violation of one of them by one case.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from itertools import chain, pairwise
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from pools.changes.proposal import COMPARED
from pools.changes.settling_times import quiet_time
from pools.models import Entry
from pools.models.vocabulary import UNREADABLE_VALUES, Action, Kind, Outcome, Readback, Verdict
from sandbox.journal import Applied
from tests.proof.endurance.cases import (
    BETWEEN_READS,
    CLEAR,
    REFUSED_CONNECTION,
    UNHEARD,
    Again,
    Other,
)
from tests.proof.endurance.core_process import Write
from tests.proof.endurance.processes import Ended
from tests.proof.endurance.truth import FINAL, Change, History

RULES: Final[Mapping[str, str]] = {
    "no intent": "Core received or applied a change without an earlier intent",
    "sent twice": "a change or a form was sent more than once",
    "sent unrecorded": "something was sent though its person was told that nothing was",
    "left open": "a change has neither a final outcome nor a verdict, and no reason is known",
    "closed twice": "a change has more than one end",
    "wrong outcome": "an outcome that what Core received and answered does not bear out",
    "wrong readback": "read back or verified, and Core showed nothing of the kind",
    "wrong verdict": "a verdict that the journal contradicts",
    "too early": "settled before the quiet time was over",
    "wrong lease": "a pool was held without an open change, or not held with one",
    "overlap": "a change was sent while another one of the same pool was open",
    "unseen": "a change was sent, of a pool that was no longer as its person had seen it",
    "told otherwise": "a person was told what the record does not say",
    "page otherwise": "a page says what neither the record nor the journal does",
    "wrong drift": "a change by nobody was recorded where nobody outside made one",
    "broken": "an error that no caller expects, or a process that hung",
    "chain": "the ledger does not verify",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a case (-1: none in particular) broke, and how."""

    number: int
    rule: str
    text: str


Found = Iterator[tuple[str, str]]


def violations(history: History) -> Iterator[Violation]:
    """Every rule that a case broke."""
    per_change = (
        rule(history, each)
        for each in history.changes.values()
        for rule in (PER_CHANGE if each.intent else WITHOUT_INTENT)
    )
    per_case = (check(history) for check in PER_CASE)
    for rule, text in chain.from_iterable(chain(per_change, per_case)):
        yield Violation(history.place.case.number, rule, text)


# Rules about one change


def recorded_before_it_was_sent(history: History, change: Change) -> Found:
    intent = change.intent
    at_core: list[Write | Applied] = [*change.writes, *change.applied]
    for what in at_core:
        if intent is None:
            yield "no intent", f"{change.id} was sent or applied, and is not on the ledger"
        elif what.at < intent.at:
            yield "no intent", f"{change.id} was at Core at {what.at}, its intent at {intent.at}"


def sent_once(history: History, change: Change) -> Found:
    if len(change.writes) > 1:
        yield "sent twice", f"{change.id} was received {len(change.writes)} times"
    if len(change.applied) > 1:
        yield "sent twice", f"{change.id} was applied {len(change.applied)} times"


def closed_once(history: History, change: Change) -> Found:
    if change.intent is None:
        if change.entries:
            yield "no intent", f"{change.id} has entries and no intent"
        return
    ends = len(change.entries[Kind.SETTLED]) + (change.outcome in FINAL)
    # Who was held up for longer than the quiet time records an outcome that comes late.
    ends -= change.outcome in FINAL and change.outcome_is_late
    if ends > 1 or len(change.entries[Kind.OUTCOME]) > 1:
        yield "closed twice", f"{change.id} has {ends} ends"
    if ends == 0 and not _stays_open(history, change):
        yield "left open", f"{change.id} {change.outcome or 'without an outcome'}"


def _stays_open(history: History, change: Change) -> bool:
    """Whether the panel rightly says that it cannot settle it: without token, or evidence."""
    states = {each.said("state") for each in history.settled}
    action = change.intent.action if change.intent else ""
    if history.place.case.leaves and action != Action.CLEAR:
        return "no_token" in states
    # Core did not say what was there before: whether a pool is new cannot be told.
    newest = change.facts.get("newest", {})
    without_evidence = newest is not None and newest.get("id") is None
    return action == Action.CREATE and without_evidence and "not_read" in states


def outcome_is_true(history: History, change: Change) -> Found:
    done = bool(change.applied)
    if change.outcome == Outcome.DONE and not done and history.place.case.group != "lie":
        yield "wrong outcome", f"{change.id} is done, and was not applied"
    if change.outcome in {Outcome.REFUSED, Outcome.NOT_SENT} and done:
        yield "wrong outcome", f"{change.id} is {change.outcome}, and was applied"
    if change.outcome == Outcome.NOT_SENT and change.writes:
        yield "wrong outcome", f"{change.id} is not sent, and was received"
    if change.outcome in {Outcome.DONE, Outcome.REFUSED} and not change.writes:
        yield "wrong outcome", f"{change.id} is {change.outcome}, and was not received"


def outcome_is_what_was_answered(history: History, change: Change) -> Found:
    """Done and refused are earned by such an answer, and unknown by the want of one."""
    classes = {Outcome.DONE: 2, Outcome.REFUSED: 4}
    for write in change.writes:
        answered = write.status and write.status // 100
        if change.outcome in classes and answered != classes[Outcome(change.outcome)]:
            yield "wrong outcome", f"{change.id} is {change.outcome}, answered by {write.status}"
        if change.outcome in classes and write.fault in UNHEARD:
            yield "wrong outcome", f"{change.id} is {change.outcome} after {write.fault}"
        # That a pool is gone may be the doing of a delete which a proxy has sent before.
        gone = write.method == "DELETE" and write.status == HTTPStatus.NOT_FOUND
        clear = write.fault in CLEAR and not gone
        if change.outcome == Outcome.UNKNOWN and clear and _quick(change):
            yield "wrong outcome", f"{change.id} is unknown, and was answered {write.status}"
    refused = history.place.case.fault == REFUSED_CONNECTION and not change.writes
    if change.outcome == Outcome.UNKNOWN and refused:
        yield "wrong outcome", f"{change.id} is unknown, and nobody listened"


def _quick(change: Change) -> bool:
    """Whether the answer came in time for sure, however busy the machine was."""
    assert change.intent is not None
    return bool(change.entries[Kind.OUTCOME][0].at - change.intent.at < _deadline() / 2)


def reading_back_is_true(history: History, change: Change) -> Found:
    """What reading back showed was read, and was there."""
    for entry in change.entries[Kind.READBACK]:
        facts = json.loads(entry.facts)
        shown = entry.outcome == Readback.SHOWN or facts.get("verified")
        if (shown or entry.outcome == Readback.NOT_SHOWN) and not _was_read(
            history, change, entry.at
        ):
            yield "wrong readback", f"{change.id} is {entry.outcome}, and was not read back"
        if shown and not change.applied:
            yield "wrong readback", f"{change.id} was seen, and was not applied"
        since = [each for each in history.on_pool if change.sent_at < each.at <= entry.at]
        if entry.outcome == Readback.NOT_SHOWN and change.applied and since == change.applied:
            yield "wrong readback", f"{change.id} was not seen, and was there"


def _was_read(history: History, change: Change, until: datetime | None = None) -> bool:
    """Whether Core answered somebody who read the pool after it had received the change."""
    if change.intent is None:
        return False
    return any(
        not read.fault and read.status and change.sent_at < read.at
        for read in history.reads
        if until is None or read.at < until
    )


def verdict_is_true(history: History, change: Change) -> Found:
    if not change.entries[Kind.SETTLED]:
        return
    settled = change.entries[Kind.SETTLED][0]
    right = _right_verdicts(history, change, settled.at)
    if settled.outcome not in right:
        text = f"{change.id} is {settled.outcome}, and is {' or '.join(sorted(right))}"
        late = any(each.at > _due_from(change, settled) for each in change.applied)
        if late and history.place.case.fault != BETWEEN_READS:
            # Core took longer than it is said to take at most: no verdict could be right.
            history.premise.append(text)
        else:
            yield "wrong verdict", text


def _right_verdicts(history: History, change: Change, at: datetime) -> set[str]:
    """What may be said of a change, by the journal; one verdict, unless others interfered."""
    assert change.intent is not None
    action, applied = change.intent.action, bool(change.applied)
    # What came after the verdict was nobody's to know.
    interfered = [each for each in history.outside if change.intent.at < each.at <= at]
    plain = {str(Verdict.APPLIED if applied else Verdict.NOT_APPLIED)}
    if action == Action.CLEAR:
        return {str(Verdict.UNKNOWABLE)}
    if action == Action.CREATE:
        # A namesake with other values may be what became of it, as far as anybody can see.
        return plain if applied or not interfered else {str(Verdict.SUPERSEDED)}
    if action == Action.DELETE or not interfered:
        return plain
    facts = change.facts
    last = [each.after for each in history.on_pool if each.at <= at]
    now = last[-1] if last else facts["before"]
    # What Core did not tell before, and the change left alone, says nothing about it.
    told = [name for name in COMPARED if name not in facts.get(UNREADABLE_VALUES, ())]
    if _same(now, facts["wanted"], told):
        return {str(Verdict.APPLIED)} if applied else set()
    if _same(now, facts["before"], told):
        return set() if applied else {str(Verdict.NOT_APPLIED)}
    return {str(Verdict.SUPERSEDED)}


def _same(one: Mapping[str, Any] | None, other: Mapping[str, Any], fields: Sequence[str]) -> bool:
    return one is not None and all(one.get(name) == other.get(name) for name in fields)


def settled_in_time(history: History, change: Change) -> Found:
    for settled in change.entries[Kind.SETTLED]:
        early = _due_from(change, settled) - settled.at
        if early > timedelta():
            yield "too early", f"{change.id} was settled {early} before it was due"


def _due_from(change: Change, settled: Entry) -> datetime:
    """When the quiet time was over: after the outcome, or when there must have been one."""
    assert change.intent is not None
    ended = [each for each in change.entries[Kind.OUTCOME] if each.seq < settled.seq]
    since: datetime = ended[0].at if ended else change.intent.at + _deadline()
    return since + quiet_time()


# The words of a verdict on pages; those of an outcome are its own.
FOUND: Final = {
    Verdict.APPLIED: "unknown → it happened",
    Verdict.NOT_APPLIED: "unknown → it didn't happen",
    Verdict.SUPERSEDED: "unknown → other values found",
    Verdict.DUPLICATE: "unknown → it happened twice",
    Verdict.UNKNOWABLE: "unknown → can't be told",
}
SEEN: Final = {
    Readback.SHOWN: "done",
    Readback.NOT_SHOWN: "done, not seen",
    Readback.NOT_READ: "done, not checked",
}


def page_says_how_it_stands(history: History, change: Change) -> Found:
    """The list of changes, read when all was settled that could be."""
    if change.page not in _words_for(change):
        text = f"{change.outcome or 'no outcome'}, {change.verdict or 'no verdict'}"
        yield "page otherwise", f"{change.id} is told as {change.page!r}: {text}"


def _words_for(change: Change) -> set[str]:
    assert change.intent is not None
    if change.outcome == Outcome.DONE:
        return _words_for_done(change, change.intent.action)
    if change.outcome in FINAL:
        return {change.outcome.replace("_", " ")}
    return {FOUND[Verdict(change.verdict)]} if change.verdict else {"unknown", "being sent"}


def _words_for_done(change: Change, action: str) -> set[str]:
    if action == Action.CLEAR or change.verdict == Verdict.APPLIED:
        return {"done"}
    if change.verdict:
        return {"done, not seen"}
    # What could not be read at first may have been read later.
    for entry in change.entries[Kind.READBACK][-1:]:
        return {SEEN[Readback(entry.outcome)]}
    return {"done, being checked", "done, not checked"}


# What came after an intent that is not there has no moment to be measured from.
WITHOUT_INTENT: Final = (recorded_before_it_was_sent, sent_once, closed_once, outcome_is_true)
PER_CHANGE: Final = (
    *WITHOUT_INTENT,
    outcome_is_what_was_answered,
    reading_back_is_true,
    verdict_is_true,
    settled_in_time,
    page_says_how_it_stands,
)


# Rules about a whole case


def forms_sent_once(history: History) -> Found:
    sent = sum(len(change.writes) for change in history.changes.values())
    forms = 2 if history.place.case.other is Other.COLLEAGUE else 1
    if sent > forms:
        yield "sent twice", f"{sent} writes for {forms} forms"


def nothing_sent_that_was_denied(history: History) -> Found:
    """As many changes were sent, at most, as there are people who were not told otherwise."""
    may_have_sent = sum(_may_have_sent(ended) for ended in history.made)
    sent = sum(bool(change.writes) for change in history.changes.values())
    if sent > may_have_sent:
        yield "sent unrecorded", f"{sent} sent, {may_have_sent} say so"


def _may_have_sent(ended: Ended) -> bool:
    return bool(ended.killed_by) or _says_sent(ended)


def _says_sent(ended: Ended) -> bool:
    return _unwritten(ended) or ended.said("repeated") is False


def people_are_told_the_truth(history: History) -> Found:
    for ended in history.made:
        told, name = ended.said("outcome"), ended.said("change")
        if told is None or name is None:
            continue
        change = history.changes.get(UUID(name), Change(UUID(name)))
        open_then = ended.said("repeated") or ended.said("raised")
        if told != change.outcome and not (open_then and (told == "unknown" or _unwritten(ended))):
            yield "told otherwise", f"{name}: told {told}, recorded {change.outcome or 'nothing'}"
        if ended.said("verified") and not (change.applied and _was_read(history, change)):
            yield "told otherwise", f"{name}: told that it was verified"
        yield from _read_at_once(history, change, ended)


def _read_at_once(history: History, change: Change, ended: Ended) -> Found:
    """What its person read when it had ended: a success, a warning, or a problem."""
    told, read, applied = ended.said("outcome"), ended.said("read"), bool(change.applied)
    right = {
        "success": told == Outcome.DONE and (applied or history.place.case.group == "lie"),
        "problem": told in {Outcome.REFUSED, Outcome.NOT_SENT} and not applied,
        "warning": told in {Outcome.DONE, Outcome.UNKNOWN},
    }
    if read is not None and not right[read]:
        yield "page otherwise", f"{change.id}: {told}, and read as a {read}"


def _unwritten(ended: Ended) -> bool:
    return bool(ended.said("raised") == "OutcomeUnwritten")


def one_after_the_other(history: History) -> Found:
    """While a change holds the pool, no other change of it is on the ledger or at Core."""
    known = [(each.intent.seq, each) for each in history.changes.values() if each.intent]
    in_order = sorted(known, key=lambda pair: pair[0])
    for (_, earlier), (began, later) in pairwise(in_order):
        if earlier.closed_at is None or earlier.closed_at > began:
            yield "overlap", f"{later.id} began while {earlier.id} was open"


def sent_as_seen(history: History) -> Found:
    """Who has a form with a limit that somebody outside has changed since sends nothing.

    But for a clear, which depends on no value.
    """
    case = history.place.case
    outdated = case.other is Other.EARLIER and case.action in {Action.EDIT, Action.DELETE}
    if outdated and any(change.writes for change in history.changes.values()):
        yield "unseen", "the pool had been changed since the form was rendered"


def drift_is_real(history: History) -> Found:
    for entry in history.drift:
        earlier = [each for each in history.outside if each.at < entry.at]
        # Of a Core that says done and does nothing, who can say what changed a pool.
        if not earlier and history.place.case.group != "lie":
            yield "wrong drift", f"entry {entry.seq}, and nobody outside changed the pool"


def nothing_unexpected(history: History) -> Found:
    for ended in (*history.made, *history.settled):
        if text := ended.said("unexpected"):
            yield "broken", str(text)
        if ended.said("stuck"):
            yield "broken", "a process hung"
        if ended.killed_by and ended.said("died") is None and not ended.said("stuck"):
            yield "broken", f"killed by signal {ended.killed_by}"
    if history.place.case.again is Again.NEVER and any(e.said("repeated") for e in history.made):
        yield "broken", "a first submit was taken for a second one"


PER_CASE: Final = (
    forms_sent_once,
    nothing_sent_that_was_denied,
    people_are_told_the_truth,
    one_after_the_other,
    sent_as_seen,
    drift_is_real,
    nothing_unexpected,
)


def _deadline() -> timedelta:
    return timedelta(seconds=settings.CORE_LIMITS.deadline_seconds)
