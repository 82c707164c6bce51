"""What became of a change, from what its one call ended with."""

from enum import StrEnum

from pools.core.errors import CoreError


class Action(StrEnum):
    """What can be done to a pool."""

    CREATE = "create"
    EDIT = "edit"
    CLEAR = "clear"
    DELETE = "delete"


class Outcome(StrEnum):
    """The four ends of a change, never blurred."""

    DONE = "done"  # Core said so, completely and as the contract has it
    REFUSED = "refused"  # Core gave a complete, clear no
    NOT_SENT = "not_sent"  # provably nothing left
    UNKNOWN = "unknown"  # everything else: it may have been applied


def outcome_of(error: CoreError | None) -> Outcome:
    """The outcome of a write that ended with `error`, or without one.

    Unknown is the default: done, refused and not sent must each be earned.
    """
    if error is None:
        return Outcome.DONE
    if not error.sent:
        return Outcome.NOT_SENT
    return Outcome.REFUSED if error.final else Outcome.UNKNOWN
