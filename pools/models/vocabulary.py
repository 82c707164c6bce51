"""The words that entries of the ledger are written in."""

from collections.abc import Iterable
from enum import StrEnum
from itertools import starmap
from typing import Final

from django.db import models
from django.db.models import Q

# The fact of an entry that lists the values which could not be read. Entries that are on
# ledgers already spell it so.
UNREADABLE_VALUES: Final = "untold"


class Kind(models.TextChoices):
    """What an entry states."""

    INTENT = "intent", "intent"  # a change is about to be sent
    OUTCOME = "outcome", "outcome"  # how the call ended
    READBACK = "readback", "read back"  # what Core showed after a change that is done
    SETTLED = "settled", "settled"  # what was found about an open or unknown change
    RELEASED = "released", "released"  # its pool was released by hand
    DRIFT = "drift", "changed outside the panel"
    EVENT = "event", "event"  # something local: a token, a role, a sign-in


class Action(StrEnum):
    """What can be done to a pool."""

    CREATE = "create"
    EDIT = "edit"
    CLEAR = "clear"
    DELETE = "delete"
    OUTSIDE = "outside"  # changed outside the panel: seen here, not made here
    UNREADABLE = "unreadable"  # its entry says no word of these: never recorded


# What entries are written with.
RECORDED: Final = tuple(action for action in Action if action is not Action.UNREADABLE)
# What the panel itself can do; the rest it only sees.
MADE_HERE: Final = (Action.CREATE, Action.EDIT, Action.CLEAR, Action.DELETE)
# What a role must include to do it.
RIGHTS: Final = {
    Action.CREATE: "pools.create_pools",
    Action.EDIT: "pools.edit_pools",
    Action.CLEAR: "pools.clear_pools",
    Action.DELETE: "pools.delete_pools",
}
# What leaves nothing at Core that could be read back.
TRACELESS: Final = frozenset({Action.CLEAR})


class Outcome(StrEnum):
    """The four ends of a change, never blurred."""

    DONE = "done"  # Core said so, completely and as the contract has it
    REFUSED = "refused"  # Core gave a complete, clear no
    NOT_SENT = "not_sent"  # provably nothing left
    UNKNOWN = "unknown"  # everything else: it may have been applied


# What ends a change, of the entries about it; the database is asked in the same words.
_ALWAYS_END: Final = frozenset({Kind.SETTLED, Kind.RELEASED})
ENDS: Final = Q(kind__in=_ALWAYS_END) | Q(kind=Kind.OUTCOME) & ~Q(outcome=Outcome.UNKNOWN)
ENDS_SQL: Final = (
    f"(kind IN ('{Kind.SETTLED}', '{Kind.RELEASED}')"
    f" OR kind = '{Kind.OUTCOME}' AND outcome <> '{Outcome.UNKNOWN}')"
)


def ends(kind: str, outcome: str) -> bool:
    """Whether an entry ends its change, as `ENDS` has it."""
    return kind in _ALWAYS_END or (kind == Kind.OUTCOME and outcome != Outcome.UNKNOWN)


def leaves_open(entries: Iterable[tuple[str, str]]) -> bool:
    """Whether entries, each with its kind and outcome, leave their change open: it holds a pool."""
    pairs = list(entries)
    return any(kind == Kind.INTENT for kind, _ in pairs) and not any(starmap(ends, pairs))


class Readback(StrEnum):
    """What reading a pool back showed of a change that is done. Of a clear nothing can be seen."""

    SHOWN = "shown"
    NOT_SHOWN = "not_shown"  # the only one that speaks against the change
    NOT_READ = "not_read"  # refused, limited or cut, or the value itself could not be read
    READING = "reading"  # it is being read: never recorded


class Verdict(StrEnum):
    """What settling found about a change that was open or unknown. Each is final."""

    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    SUPERSEDED = "superseded"  # the pool shows neither what was before nor what was wanted
    DUPLICATE = "duplicate"  # more than one new pool with that name and those values
    UNKNOWABLE = "unknowable"  # a clear leaves nothing to read
