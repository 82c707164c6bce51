"""What people read after *Check again*: what happened, or why we can't tell, and what next."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from django.utils import timezone

from pools.changes import HistoryItem, Settling, SettlingState, quiet_until
from pools.changes.settling_reads import Undecided
from pools.changes.settling_times import seconds_between_reads
from pools.changes.state import ChangeState
from pools.core import CoreError, Forbidden
from pools.models import Company
from pools.models.vocabulary import Verdict
from pools.tokens.keeping import CompanyArchived, PersonDisabled, TokenMissing, TokenUnreadable
from pools.wording.actions import words_for
from pools.wording.core_errors import duration, quoted
from pools.wording.database import because
from pools.wording.messages import OutcomeMessage
from pools.wording.names import called, isolated
from pools.wording.numbers import counted
from pools.wording.outcomes import found_gone, superseded, unreadable_sentence
from pools.wording.problems import problem_for
from pools.wording.situations import Activity, Situation, in_one_line


class _Attempt(NamedTuple):
    """An attempt that settled nothing; `what` is how its change is named."""

    settling: Settling
    item: HistoryItem
    company: Company
    what: str


_BEFORE_MOVE: Final = (
    "made before the company's address changed, or before Patchworks was restored from a backup, "
    "and keeps nobody from changing the pools that are here now."
)
_LOOK: Final = "Check in Patchworks yourself, then use Unlock anyway."
# Level, what became of a change, and what to do next; None where its action says that.
_VERDICTS: Final[Mapping[Verdict, tuple[str, Callable[[str], str], str | None]]] = {
    Verdict.APPLIED: ("success", lambda what: f"The {what} happened.", None),
    Verdict.NOT_APPLIED: (
        "success",
        lambda what: f"The {what} didn't happen.",
        "Make it again if it is still needed.",
    ),
    Verdict.SUPERSEDED: (
        "warning",
        lambda what: f"We can't tell whether the {what} happened:",
        "Check it before you change it again.",
    ),
    Verdict.DUPLICATE: (
        "warning",
        lambda what: (
            f"The {what} happened more than once: there are several new pools with that name."
        ),
        "Find them in the list and delete the extras.",
    ),
    Verdict.UNKNOWABLE: (
        "warning",
        lambda what: f"We can't tell whether the {what} happened: it leaves nothing to look up.",
        None,
    ),
}


def settled_message(settling: Settling, item: HistoryItem, company: Company) -> OutcomeMessage:
    """One sentence for what became of a change, and one for what to do next."""
    words = words_for(item.action)
    what = f"{words.noun} of {called(item.pool_name, item.pool_id)} in {company.name}"
    if settling.verdict is not None:
        level, ended, then = _VERDICTS[settling.verdict]
        finding = f" {superseded(item)}" if settling.verdict is Verdict.SUPERSEDED else ""
        if then is None:
            then = words.once_happened if item.origin == company.origin else ""
        elif finding and found_gone(item):
            then = ""
        return OutcomeMessage(level, f"{ended(what)}{finding} {then}".rstrip())
    good = settling.state in {SettlingState.ALREADY, SettlingState.SEEN}
    attempt = _Attempt(settling, item, company, what)
    confirmed = item.state is ChangeState.NOT_READ and settling.error is not None
    said = _not_read_back if confirmed else _UNSETTLED[settling.state]
    return OutcomeMessage("success" if good else "warning", said(attempt))


def while_open(items: Sequence[HistoryItem], company: Company) -> str:
    """What is not known of open changes, and what they keep people from."""
    here = sum(item.origin == company.origin for item in items)
    if not here:
        were = "It was" if len(items) == 1 else "They were"
        return f"We don't know what happened. {were} {_BEFORE_MOVE}"
    locked = Counter(words_for(item.action).kept_from for item in items)
    kept_from = " or ".join(said(count) for said, count in locked.items())
    but = "" if here == len(items) else ", except those that can't be checked from here"
    return f"We don't know yet what happened. Until we do, nobody can {kept_from}{but}."


def holding(item: HistoryItem, company: Company) -> str:
    """What one open change keeps people from, beside its meaning."""
    if item.origin != company.origin:
        return f"It was {_BEFORE_MOVE}"
    return f"Until we know, nobody can {words_for(item.action).kept_from(1)}."


class Early(NamedTuple):
    """How long *Check again* would find nothing out yet, and the sentence that says so."""

    seconds: int
    sentence: str


def too_early(item: HistoryItem) -> Early | None:
    """None: it can be checked now. Settling decides by the database's clock, not by this."""
    if not item.state.is_open or item.unreadable or item.at is None:
        return None
    until = quiet_until(item)
    seconds = math.ceil((until - timezone.now()).total_seconds())
    if seconds <= 0:
        return None
    return Early(seconds, f"From {_clock(until)}, in {duration(seconds)}.")


def unrecorded_message(error: Exception) -> OutcomeMessage:
    """What became of the change could not be recorded, and so is not decided."""
    return OutcomeMessage(
        "warning",
        f"{because(error)}We couldn't record what became of it, so nothing is decided yet. "
        "Tell an administrator that the panel's database can't be written.",
    )


def _already(attempt: _Attempt) -> str:
    return f"The {attempt.what} is no longer open: there is nothing to check."


def _under_way(attempt: _Attempt) -> str:
    return f"The {attempt.what} is still being sent. Check again in half a minute."


def _waiting(attempt: _Attempt) -> str:
    return (
        f"Patchworks may still be working on it, so it is too early to check. "
        f"Check again after {_clock(attempt.settling.not_before)}."
    )


def _no_token(attempt: _Attempt) -> str:
    lack = _lack(attempt.settling.error)
    return f"Only {attempt.item.actor_name}'s token can be used to check this, and {lack} {_LOOK}"


def _lack(error: Exception | None) -> str:
    if isinstance(error, PersonDisabled):
        return "that account is disabled."
    if isinstance(error, CompanyArchived):
        return "the company is archived."
    if isinstance(error, TokenMissing):
        return "they have removed it."
    if isinstance(error, TokenUnreadable):
        return "it no longer works."
    return "Patchworks no longer accepts it."


def _not_read(attempt: _Attempt) -> str:
    error = attempt.settling.error
    if isinstance(error, Undecided) or not isinstance(error, CoreError):
        read = words_for(attempt.item.action).reads
        return f"We read {read}, and what it shows doesn't tell whether it happened. {_LOOK}"
    if isinstance(error, Forbidden):
        said = quoted(error) and f" Patchworks said: {isolated(quoted(error))}."
        return f"Patchworks doesn't let {attempt.item.actor_name}'s token check this.{said} {_LOOK}"
    why = problem_for(error, Situation(attempt.company, "", Activity.READING_POOL))
    return f"We couldn't check. {in_one_line(why)} Check again in a moment."


def _not_read_back(attempt: _Attempt) -> str:
    """Of a change that Patchworks had confirmed: nothing waits for it."""
    error = attempt.settling.error
    if isinstance(error, CoreError) and attempt.settling.state is not SettlingState.NO_TOKEN:
        why = problem_for(error, Situation(attempt.company, "", Activity.READING_POOL))
        return f"We couldn't read the pool. {in_one_line(why)} Check again in a moment."
    lack = _lack(error)
    return f"Only {attempt.item.actor_name}'s token can be used to check this, and {lack}"


def _seen(attempt: _Attempt) -> str:
    return f"The pool shows the {attempt.what} now."


def _not_seen(attempt: _Attempt) -> str:
    return (
        f"Patchworks confirmed the {attempt.what}, and the pool has other values by now: "
        "it was changed again since. Its history says what we know."
    )


def _disagree(attempt: _Attempt) -> str:
    apart = counted(seconds_between_reads(), "second")
    return (
        f"Two reads {apart} apart gave different values: "
        f"{words_for(attempt.item.action).reads} is still changing. "
        "Check again in a minute."
    )


def _unreadable(attempt: _Attempt) -> str:
    return f"{unreadable_sentence(attempt.item.unreadable)} Until then we can't check it. {_LOOK}"


def _moved(attempt: _Attempt) -> str:
    then = f" {_LOOK}" if attempt.item.state.is_open else ""
    return (
        f"Since this {attempt.what}, the company's address has changed, or Patchworks was restored "
        f"from a backup, so we can't check what happened.{then}"
    )


def _clock(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%H:%M:%S}" if at else "a minute"


_UNSETTLED: Final[dict[SettlingState, Callable[[_Attempt], str]]] = {
    SettlingState.ALREADY: _already,
    SettlingState.MOVED: _moved,
    SettlingState.UNDER_WAY: _under_way,
    SettlingState.WAITING: _waiting,
    SettlingState.NO_TOKEN: _no_token,
    SettlingState.NOT_READ: _not_read,
    SettlingState.DISAGREE: _disagree,
    SettlingState.SEEN: _seen,
    SettlingState.UNREADABLE: _unreadable,
    SettlingState.NOT_SEEN: _not_seen,
}
