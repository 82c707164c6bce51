"""Lists of changes in words: what each does, what became of it and of its items."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from pools.batches.allowance_effects import Unweighed, unweighed
from pools.batches.caps import TYPED_ABOVE, TooMany
from pools.batches.progress import End, Line, Phase, Progress
from pools.batches.running import Why
from pools.batches.stored_items import seen_in
from pools.changes.state import ChangeState
from pools.models import Company
from pools.models.batch import Batch, BatchItem, LeftOut, Operation, Source, Stopped
from pools.models.vocabulary import Action
from pools.wording.actions import words_for
from pools.wording.allowances import recorded_anew
from pools.wording.core_error_reasons import cause_in
from pools.wording.moments import moment_of
from pools.wording.names import isolated
from pools.wording.numbers import counted
from pools.wording.outcomes import STANDINGS as OF_CHANGES
from pools.wording.outcomes import Standing
from pools.wording.situations import Problem

# The ends of items, in the order in which a report counts them.
ENDS: Final = {
    End.DONE: "done",
    End.REFUSED: "refused",
    End.NOT_SENT: "not sent",
    End.UNKNOWN: "unknown",
    End.HAPPENED: OF_CHANGES[ChangeState.APPLIED].word,
    End.NOT_HAPPENED: OF_CHANGES[ChangeState.NOT_APPLIED].word,
    End.UNDER_WAY: "being sent",
    End.WAITING: "waiting",
    End.LEFT_OUT: "left out",
}
# The mark of an item that has no change on the record.
STANDINGS: Final = {
    End.NOT_SENT: Standing("not sent", "minus"),
    End.UNDER_WAY: Standing("being sent", "clock", "under_way"),
    End.WAITING: Standing("waiting", "clock"),
    End.LEFT_OUT: Standing("left out", "minus"),
}
PHASES: Final = {
    Phase.FROZEN: "not started",
    Phase.RUNNING: "running",
    Phase.STOPPED: "stopped",
    Phase.TAKEN_OVER: "taken over",
    Phase.ENDED: "ended",
}
SOURCES: Final[Mapping[str, str]] = {
    Source.TICKED: "ticked on the list",
    Source.MATCHING: "all that matched",
    Source.FILE: "from a file",
    Source.RETRY: "what an earlier list didn't do",
    Source.REVERT: "reverts an earlier list",
    Source.TAKEN_OVER: "what was left of another list",
    Source.COMMAND: "by command",
}
_LEFT_OUT: Final = {
    LeftOut.LOCKED: "Waiting for the result of another change.",
    LeftOut.NOTHING_TO_DO: "It already has this value.",
    LeftOut.GONE: "Patchworks doesn't have this pool.",
    LeftOut.CHANGED_SINCE: "It was changed after the file was exported.",
    LeftOut.ANOTHER: "Another pool has its id by now: the file was exported from an older one.",
    LeftOut.OTHER_BATCH: "It is on another list that is running.",
    LeftOut.UNREADABLE: "Patchworks didn't say what the value is now.",
    LeftOut.MOVED_ON: "It has been changed again since.",
}
_UNSEEN: Final = (
    "Look at the pool. If it still isn't right, change it there: Retry and Revert leave it out."
)
# What can be made of a list: the button of each.
AGAIN: Final = {
    "take-over": "Take over what is left",
    "retry": "Retry what failed",
    "revert": "Revert this list",
}
# Where an item leads that another list has done again, or put back.
RETRIED: Final = "Retried on another list"
REVERTED: Final = "Reverted on another list"
_NOTHING: Final = "Nothing was sent."
_GO_ON: Final = "press Continue"
# What pages say of a form that is about one change.
_OF_ONE: Final = re.compile("Nothing was sent(, and what you entered is still here)?")
_STOPPED_FOR: Final = {
    Why.REFUSED_TOKEN: "Patchworks refused your token. Replace it, then press Continue.",
    Why.NO_RIGHT: "Your role no longer includes this change. Ask an administrator.",
    Why.NO_ANSWER: "Patchworks had trouble at least three times in a row: it gave no answer, or "
    "none that says what happened. Wait until it works again, then press Continue.",
    Why.LEDGER: "The record couldn't be written, so nothing more was sent.",
}


def operation_of(batch: Batch) -> str:
    """What a list does, as its heading: Set limit to 5."""
    return _operation(Operation(batch.operation), batch.aim, batch.source)


def operation_recorded(frozen: Mapping[str, Any]) -> str:
    """The same, as it was recorded when the list was frozen."""
    try:
        return _operation(Operation(frozen["operation"]), frozen["how"], frozen.get("list", ""))
    except (KeyError, ValueError, TypeError, AttributeError):
        return "List of changes"  # an entry that was altered: verify_audit reports it


def _operation(operation: Operation, aim: Mapping[str, Any], source: str) -> str:
    match operation:
        case Operation.LIMIT:
            return _limit(aim)
        case Operation.TIMEOUT:
            seconds = aim.get("to")
            return "Remove timeout" if seconds is None else f"Set timeout to {seconds:,} s"
        case Operation.CLEAR:
            return "Clear pending requests"
        case Operation.DELETE:
            return "Delete pools"
        case Operation.APPLY:
            return "Revert a list" if source == Source.REVERT else "Apply a file"


def share_of(frozen: Mapping[str, Any], number: int) -> str:
    """How many pools of a list a line stands for: 38 of 40 pools."""
    whole = frozen.get("pools")
    if type(whole) is not int or whole <= number:
        return counted(number, "pool")
    return f"{number:,} of {counted(whole, 'pool')}"


def _limit(aim: Any) -> str:
    if "by" in aim:
        by = int(aim["by"])
        return f"{'Raise' if by > 0 else 'Lower'} limit by {abs(by):,}"
    return (
        f"Set limit to {aim['percent']:,} % of what it is"
        if "percent" in aim
        else f"Set limit to {aim['to']:,}"
    )


def source_of(batch: Batch) -> str:
    """Where a list came from."""
    return SOURCES[Source(batch.source)]


def is_dangerous(batch: Batch) -> bool:
    """Whether what it does can't be undone."""
    return batch.operation in {Operation.CLEAR, Operation.DELETE}


def run_word(progress: Progress) -> str:
    """The button that starts a list, with how many pools it is about."""
    count = counted(progress.left, "pool")
    words = {Operation.CLEAR: f"Run: clear {count}", Operation.DELETE: f"Run: delete {count}"}
    return words.get(Operation(progress.batch.operation), f"Run: change {count}")


def asks_number(progress: Progress) -> bool:
    """Whether the number of pools is to be typed first: of many, and where connectors lose theirs.

    Of a single pool that is deleted, its name is asked for likewise.
    """
    return progress.to_send > TYPED_ABOVE or any(
        _frees_connectors(line.item) for line in progress.lines
    )


def _frees_connectors(item: BatchItem) -> bool:
    """Whether it deletes a pool that has connectors, or may have: Patchworks didn't say."""
    if item.kind is not Action.DELETE or item.left_out:
        return False
    seen = seen_in(item)
    return seen is None or seen.connector_ids != ()


def is_number(typed: str, progress: Progress) -> bool:
    """Whether the number of pools was typed, where it has to be."""
    return not asks_number(progress) or typed.replace(",", "") == str(progress.to_send)


def wrong_number(progress: Progress) -> Problem:
    """The number of pools was not typed."""
    return _problem(
        f"Type {progress.to_send} to run this list.",
        "That is how many pools it changes.",
        status=422,
    )


def number_not_given(progress: Progress) -> Problem:
    """The same, of a command."""
    number = progress.to_send
    return _problem(
        f"This list is about {number} pools. To run it, add --pools {number}.", "", status=422
    )


def not_yours(progress: Progress) -> Problem:
    """Somebody else's list: it runs with its maker's own token."""
    return _problem(
        f"This is the list of {isolated(progress.batch.made_by_name or 'a former colleague')}.",
        "Only they can run it. You can take over what is left: it becomes a list of your own.",
        status=403,
    )


def moved(progress: Progress, company: Company) -> Problem:
    """The ids on the list may be of other pools."""
    return _problem(
        f"{company.name} has moved since this list was made.",
        "Its address has changed, or Patchworks was restored from a backup: these ids may "
        "belong to other pools now. Choose the pools again.",
        status=409,
    )


def too_old(progress: Progress) -> Problem:
    """A list of yesterday."""
    return _problem(
        f"This list is from {moment_of(progress.batch.made_at)}.",
        "The pools may have changed since. Make a new list of what is left: it shows them as "
        "they are now.",
        status=409,
    )


def altered(progress: Progress) -> Problem:
    """The rows are not those that the ledger says were frozen."""
    return _problem(
        "This list isn't the one that was recorded.",
        "The panel's database may have been altered. Ask an administrator to run "
        "manage.py verify_audit, and make a new list.",
        status=409,
    )


def once_begun(problem: Problem, progress: Progress) -> Problem:
    """The same of a list of which something was sent before: then it isn't nothing."""
    if not any(line.change for line in progress.lines):
        return problem
    return replace(problem, meaning=_OF_ONE.sub("Nothing more was sent", problem.meaning))


def not_again(progress: Progress, what: str) -> Problem | None:
    """Why no new list can be made of this one now."""
    if progress.moved:
        return moved(progress, progress.batch.company)
    if what != "take-over" and progress.phase is Phase.RUNNING:
        return _problem("This list is still running.", "Stop it first, or wait.", status=409)
    return None


def not_made(error: Exception) -> Problem:
    """Why there is no new list."""
    if isinstance(error, TooMany):
        title = f"These are {error.count:,} pools, and one list has {error.cap} at most."
        return _problem(title, "Choose fewer on the list of pools.", status=422)
    return _problem("There is nothing left to put on a new list.", "", status=409)


def unknown_format() -> Problem:
    """An export in a format that there is none of."""
    return _problem("There is no such format.", "Export it as CSV or as JSON.", status=400)


def _problem(title: str, meaning: str, *, status: int) -> Problem:
    return Problem(title=title, meaning=_NOTHING, next_text=meaning, kind="warning", status=status)


def what_is_lost(batch: Batch) -> str:
    """What nobody can undo, before it is done; nothing where that is not so."""
    if batch.operation == Operation.CLEAR:
        return (
            "This drops every request waiting in these pools. Patchworks doesn't say how many "
            "wait, and dropped requests aren't kept anywhere."
        )
    if batch.operation == Operation.DELETE:
        return (
            "This is permanent. Connectors that use these pools will have no limit on how many "
            "requests they send at the same time."
        )
    return ""


def stopped_for(progress: Progress, go_on: str = _GO_ON) -> str:
    """Why a list stopped by itself, and how to go on; nothing where somebody stopped it."""
    why = progress.stopped_for
    return _STOPPED_FOR[Why(why)].replace(_GO_ON, go_on) if why else ""


def left_out_because(item: BatchItem) -> str:
    """Why an item isn't sent."""
    return _LEFT_OUT[LeftOut(item.left_out)] if item.left_out else ""


def stopped_because(item: BatchItem) -> str:
    """Why nothing was sent for an item after all."""
    if not item.stopped:
        return ""
    facts: dict[str, Any] = json.loads(item.stopped_says or "{}")
    match Stopped(item.stopped):
        case Stopped.CONFLICT:
            now = ", ".join(f"{name} {was} → {now}" for name, was, now in facts["differences"])
            if facts.get("another"):
                differs = f" ({now})" if now else ""
                return f"Patchworks gave its id to another pool since{differs}. {_NOTHING}"
            return f"It was changed since the list was made: {now}. {_NOTHING}"
        case Stopped.GONE:
            return f"Patchworks no longer has this pool. {_NOTHING}"
        case Stopped.LOCKED:
            by = f" by {isolated(facts['by'])}" if facts.get("by") else ""
            it = "Its name" if item.kind is Action.CREATE else "It"
            return f"{it} was waiting for the result of a change{by}. {_NOTHING}"
        case Stopped.NOT_SENT:
            cause = cause_in(facts.get("problem", ""), facts.get("status")) or facts.get("message")
            read = words_for(item.kind).reads
            return f"We couldn't read {read}. {cause or ''} {_NOTHING}".replace("  ", " ")
        case Stopped.TAKEN_OVER:
            return "It is on somebody else's list now."


def says_of(line: Line, progress: Progress) -> str:
    """What is to be known of an item besides its mark."""
    if line.change is not None:
        unseen = line.change.state is ChangeState.NOT_SEEN and not line.change.unreadable
        return " ".join([*map(recorded_anew, line.weighed), *[_UNSEEN] * unseen])
    if line.end is End.WAITING and progress.phase is Phase.STOPPED:
        return "Nothing was sent: the list was stopped."
    return left_out_because(line.item) or stopped_because(line.item)


def time_left(left: timedelta | None) -> str:
    """How long the rest takes, roughly."""
    if left is None:
        return ""
    seconds = round(left.total_seconds())
    if seconds < 10:
        return "a few seconds left"
    if seconds < 90:
        return f"about {round(seconds, -1)} s left"
    return f"about {round(seconds / 60)} min left"


def summary(counts: Mapping[End, int]) -> str:
    """What became of a list in one line: 80 done, 2 refused, 5 waiting."""
    return ", ".join(f"{counts[end]:,} {word}" for end, word in ENDS.items() if counts[end] > 0)


@dataclass(frozen=True, slots=True)
class Sum:
    """What a list makes of an allowance, in words. `over`: it goes, or stays, above it."""

    system: str
    text: str
    over: bool


def sums_of(progress: Progress) -> list[Sum]:
    """One line for each system with an allowance: 57 → 45 of 60 given.

    Once it has begun, they are what was reckoned before: much may have come otherwise.
    """
    begun = progress.phase is not Phase.FROZEN
    return [
        Sum(
            each["system"],
            f"{'at least ' * each['at_least']}{each['before']:,} → {each['after']:,} of "
            f"{each['allowance']:,} given{', as planned when this list was made' * begun}",
            each["after"] > each["allowance"] and not begun,
        )
        for each in progress.batch.sums
    ]


_UNWEIGHED: Final[Mapping[Unweighed, str]] = {
    Unweighed.CONNECTORS_UNTOLD: "Patchworks didn't say which connectors use all of these pools, "
    "so we can't tell what their limits add up to.",
    Unweighed.NO_ALLOWANCE: "No allowance is kept for the systems of these pools, so we can't tell "
    "whether their limits are too much together.",
}


def sums_unknown(progress: Progress) -> str:
    """What is said in the place of sums while there is still something to decide."""
    if progress.phase is not Phase.FROZEN or progress.batch.sums:
        return ""
    why = unweighed(line.item for line in progress.lines)
    return _UNWEIGHED[why] if why else ""


def deed_of(item: BatchItem) -> str:
    """What is to be done with a pool, where that is no difference of values."""
    match item.kind:
        case Action.CLEAR:
            return "clear"
        case Action.DELETE:
            return "delete"
        case Action.CREATE:
            return "new pool"
    return ""
