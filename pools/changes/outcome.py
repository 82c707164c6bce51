"""What became of a change, from what its one call ended with."""

from http import HTTPStatus

from pools.core.errors import CoreError, NotFound
from pools.models.vocabulary import Action, Outcome


def outcome_of(error: CoreError | None, action: Action) -> Outcome:
    """The outcome of a write that ended with `error`, or without one.

    Unknown is the default: done, refused and not sent must each be earned.
    """
    if error is None:
        return Outcome.DONE
    if not error.sent:
        return Outcome.NOT_SENT
    if action is Action.DELETE and is_gone(error):
        return Outcome.UNKNOWN
    return Outcome.REFUSED if error.final else Outcome.UNKNOWN


def is_gone(error: CoreError) -> bool:
    """Whether a delete was answered as if its pool had not been there, which was just read.

    A proxy repeats a delete whose answer was lost, and hands on the second one: that the pool is
    gone may be this delete's own doing.
    """
    return isinstance(error, NotFound) or error.status == HTTPStatus.GONE
