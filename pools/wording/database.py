"""What people read when the panel's own database does not do what it is asked."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from pools.database_faults import Cause, cause_of

# After how many seconds a page that could not be shown is worth another try.
AGAIN_SECONDS: Final = 10
_TITLES: Final = {
    Cause.READ_ONLY: "The panel's database is read-only.",
    Cause.FULL: "The panel's database is full.",
    Cause.LOCKED: "The panel's database is busy: something else has locked it.",
    Cause.SLOW: "The panel's database is too slow.",
    Cause.GONE: "The panel's database can't be reached.",
}
_TELL: Final = "If it doesn't pass within a few minutes, tell an administrator."


class Undone(Enum):
    """What a person was doing when the database refused."""

    READING = auto()
    SIGNING_IN = auto()
    SIGNING_OUT = auto()
    SENDING = auto()  # a form; nothing of it has left the panel
    SENT = auto()  # a change that may have been sent
    GOING_ON = auto()  # after an act that is done: only its message could not be kept


_MEANINGS: Final = {
    Undone.READING: "We can't show this page until the database works again.",
    Undone.SIGNING_IN: "Nobody can sign in until it works again. It has nothing to do with your "
    "password, and this attempt doesn't count.",
    Undone.SIGNING_OUT: "You're still signed in here. Try again before you leave this screen.",
    Undone.SENDING: "We couldn't save this. Nothing was changed, and nothing was sent.",
    Undone.SENT: "Your change may have been sent. Don't send it again: the pool's history says "
    "what happened, as soon as the database works again.",
    Undone.GOING_ON: "It was done. We show it here because the usual page can't be shown "
    "right now.",
}


@dataclass(frozen=True, slots=True)
class DatabaseRefusal:
    """Why something was not done, as a person reads it."""

    title: str
    meaning: str
    next_text: str = _TELL


def refusal(cause: Cause, undone: Undone) -> DatabaseRefusal:
    """What happened, and what it means for what the person was doing."""
    return DatabaseRefusal(_TITLES[cause], _MEANINGS[undone])


def because(error: Exception) -> str:
    """Why the database refused, to be read before what that means; empty where nobody knows."""
    cause = cause_of(error)
    return f"{_TITLES[cause]} " if cause else ""


def nothing_saved(error: Exception) -> str:
    """Why what was typed into a form, and is still there, was not saved."""
    return (
        f"{because(error)}Nothing was saved: we can't write to the history right now. "
        "Try again in a few minutes."
    )
