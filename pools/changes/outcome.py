"""What became of a change, from what its one call ended with."""

from enum import StrEnum
from typing import Final

from pools.core.errors import CoreError


class Action(StrEnum):
    """What can be done to a pool."""

    CREATE = "create"
    EDIT = "edit"
    CLEAR = "clear"
    DELETE = "delete"
    OUTSIDE = "outside"  # changed outside the panel: seen here, not made here


# What the panel itself can do; the rest it only sees.
MADE_HERE: Final = (Action.CREATE, Action.EDIT, Action.CLEAR, Action.DELETE)


class Outcome(StrEnum):
    """The four ends of a change, never blurred."""

    DONE = "done"  # Core said so, completely and as the contract has it
    REFUSED = "refused"  # Core gave a complete, clear no
    NOT_SENT = "not_sent"  # provably nothing left
    UNKNOWN = "unknown"  # everything else: it may have been applied


class Verdict(StrEnum):
    """What settling found about a change that was open or unknown. Each is final."""

    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    SUPERSEDED = "superseded"  # the pool shows neither what was before nor what was wanted
    DUPLICATE = "duplicate"  # more than one new pool with that name and those values
    UNKNOWABLE = "unknowable"  # a clear leaves nothing to read


def outcome_of(error: CoreError | None) -> Outcome:
    """The outcome of a write that ended with `error`, or without one.

    Unknown is the default: done, refused and not sent must each be earned.
    """
    if error is None:
        return Outcome.DONE
    if not error.sent:
        return Outcome.NOT_SENT
    return Outcome.REFUSED if error.final else Outcome.UNKNOWN
