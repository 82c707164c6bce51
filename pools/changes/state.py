"""What is known of a change: decided here, once, for pages, exports, settling and reverting.

Pure: what was recorded goes in, one state comes out. Words for it are chosen elsewhere.
Which entries leave a change open is in `models.vocabulary`: the ledger holds pools by it,
and must not know this room.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from django.conf import settings

from pools.models.vocabulary import TRACELESS, Action, Outcome, Readback, Verdict

# Outcomes and verdicts are read as members here, and as the ledger's own texts in a query.
Word = TypeVar("Word", bound=str)


class ChangeState(StrEnum):
    """What is known of a change at one moment; outcomes and verdicts keep their words."""

    UNREADABLE = "unreadable"  # an entry about it cannot be read, and it holds no pool
    OUTSIDE = "outside"  # made outside the panel: there is no outcome
    UNDER_WAY = "under_way"  # its call may still run
    DONE = "done"  # Core said so, and the pool that was read shows it; or it was a clear
    READING_BACK = "reading_back"  # Core said so, and the pool is being read
    NOT_READ = "not_read"  # Core said so, and the pool could not be read since
    NOT_SEEN = "not_seen"  # Core said so, and the pool that was read does not show it
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"  # it may or may not have happened: its pool is held
    RELEASED = "released"  # unknown for ever: its pool was released by hand
    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    SUPERSEDED = "superseded"
    DUPLICATE = "duplicate"
    UNKNOWABLE = "unknowable"

    @property
    def is_open(self) -> bool:
        """Whether settling may still say what became of it: until then it holds its pool."""
        return self in _OPEN

    @property
    def took_effect(self) -> bool:
        """Whether Core did it, as it said; or, where it did not say, as settling found."""
        return self in _TOOK_EFFECT

    @property
    def is_confirmed(self) -> bool:
        """Whether it took effect, and nothing that was read speaks against it."""
        return self in _CONFIRMED

    @property
    def is_verdict(self) -> bool:
        """Whether settling found it: Core's call gave no clear answer."""
        return self in _VERDICTS


_OPEN: Final = frozenset({ChangeState.UNDER_WAY, ChangeState.UNKNOWN})
_CONFIRMED: Final = frozenset(
    {ChangeState.DONE, ChangeState.READING_BACK, ChangeState.NOT_READ, ChangeState.APPLIED}
)
_TOOK_EFFECT: Final = _CONFIRMED | {ChangeState.NOT_SEEN}
_VERDICTS: Final = frozenset(map(ChangeState, Verdict))


def state_of(
    action: Action,
    outcome: Outcome | None,
    verdict: Verdict | None = None,
    *,
    readback: Readback | None = None,
    released: bool = False,
) -> ChangeState:
    """The state of a change from what is recorded about it.

    `outcome` and `readback` are those at this moment (`outcome_at`, `readback_at`), None
    while there is nothing yet. `released`: its pool was, by hand.
    """
    if action is Action.OUTSIDE:
        return ChangeState.OUTSIDE
    word = last_word(outcome, verdict)
    if released and word in {None, Outcome.UNKNOWN}:
        return ChangeState.RELEASED
    if word is None:
        return ChangeState.UNDER_WAY
    return ChangeState(word) if word is not Outcome.DONE else _once_done(action, verdict, readback)


def _once_done(action: Action, verdict: Verdict | None, readback: Readback | None) -> ChangeState:
    # Of a clear nothing can be seen.
    if action in TRACELESS or verdict is Verdict.APPLIED or readback is Readback.SHOWN:
        return ChangeState.DONE
    # Settling read the pool as well, and found something else.
    if verdict is not None or readback is Readback.NOT_SHOWN:
        return ChangeState.NOT_SEEN
    return ChangeState.READING_BACK if readback is Readback.READING else ChangeState.NOT_READ


def last_word(outcome: Word | None, verdict: Word | None) -> Word | None:
    """A clear answer of Core's outranks a verdict, however late it was recorded."""
    return outcome if outcome not in {None, Outcome.UNKNOWN} else verdict or outcome


def outcome_at(
    now: datetime, begun: datetime | None, recorded: Word | None
) -> Word | Outcome | None:
    """The outcome of a change whose intent was recorded at `begun`; None: under way.

    One that was never recorded is unknown once no call can still be running. `begun` is
    None where it cannot be read.
    """
    if recorded is None and (begun is None or not may_still_run(begun, now)):
        return Outcome.UNKNOWN
    return recorded


def readback_at(now: datetime, ended: datetime, recorded: Readback | None) -> Readback:
    """What reading back showed, of a change that was done at `ended`.

    Where nothing is recorded it is being read; or, once it is too late for that, was not.
    """
    if recorded is not None:
        return recorded
    return Readback.READING if may_still_run(ended, now) else Readback.NOT_READ


def may_still_run(begun: datetime, now: datetime) -> bool:
    """Whether a call may still be running; what it follows was recorded at `begun`."""
    return now < call_ends(begun)


def call_ends(begun: datetime) -> datetime:
    """When a call has ended at the latest; what it follows was recorded at `begun`."""
    return begun + settings.CORE_LIMITS.longest_call
