"""What became of a change, from what its one call ended with."""

from pools.core.errors import CoreError
from pools.models.vocabulary import Outcome


def outcome_of(error: CoreError | None) -> Outcome:
    """The outcome of a write that ended with `error`, or without one.

    Unknown is the default: done, refused and not sent must each be earned.
    """
    if error is None:
        return Outcome.DONE
    if not error.sent:
        return Outcome.NOT_SENT
    return Outcome.REFUSED if error.final else Outcome.UNKNOWN
