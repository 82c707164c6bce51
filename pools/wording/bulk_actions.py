"""What a list offers for several pools at once, and what the page that follows says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pools.batches.caps import CAPS, TooMany
from pools.batches.chosen_pools import CannotResolve
from pools.models.batch import Operation
from pools.models.vocabulary import Action
from pools.wording.pool_list import NOT_WHOLE
from pools.wording.situations import Problem

TITLE: Final = "Change several pools"
NOTHING_CHOSEN: Final = "No pool is chosen."
DAMAGED: Final = "This form is damaged: it doesn't say which pools were chosen."
ELSEWHERE: Final = (
    "Since you chose these pools, the company's address has changed, or Patchworks was restored "
    "from a backup: their ids may belong to other pools now."
)
_CHOOSE_AGAIN: Final = "Choose pools on the list."


@dataclass(frozen=True, slots=True)
class BulkOffer:
    """Something that can be done to several pools: the right it needs, and its words.

    `button` offers it; `risky`: as something to be careful with. `doing` goes before how many
    pools; `happens` says what becomes of each pool, where there is nothing to fill in.
    """

    operation: Operation
    right: Action
    button: str
    risky: bool
    doing: str
    happens: str = ""


OFFERS: Final = (
    BulkOffer(Operation.LIMIT, Action.EDIT, "Set limit", False, "Set limit of"),
    BulkOffer(Operation.TIMEOUT, Action.EDIT, "Set timeout", False, "Set timeout of"),
    BulkOffer(
        Operation.CLEAR,
        Action.CLEAR,
        "Clear",
        False,
        "Clear",
        "This drops every request waiting in these pools. You can't undo it: dropped requests "
        "aren't kept anywhere.",
    ),
    BulkOffer(
        Operation.DELETE,
        Action.DELETE,
        "Delete",
        True,
        "Delete",
        "This is permanent. Connectors that use these pools lose their limit.",
    ),
)


def offers_of(may: Mapping[str, bool]) -> list[BulkOffer]:
    """What a role includes of them."""
    return [each for each in OFFERS if may[each.right]]


def pools_say(count: int) -> str:
    return f"{count:,} pool{'s' if count != 1 else ''}"


def cap_says(operation: Operation, count: int | None) -> str:
    """How many pools one list may have, where there are more or nobody knows."""
    cap = CAPS[operation]
    return f"At most {cap} pools at once." if count is None or count > cap else ""


def matching_say(total: int | None, query: str, offers: Sequence[BulkOffer]) -> str:
    """The button for all pools that a list's search and filter find; without these, for all."""
    if total is None:
        return "All that match" if query else "All pools"
    more = f" (at most {_largest(offers):,} at once)" if too_many(total, offers) else ""
    if query:
        return f"All {total:,} that match{more}" if total > 1 else "The one that matches"
    return f"All {total:,} pools{more}" if total > 1 else "The only pool"


def too_many(count: int | None, offers: Sequence[BulkOffer]) -> TooMany | None:
    """Why nothing can be done to so many pools, whatever is chosen."""
    most = max(offers, key=lambda offer: CAPS[offer.operation])
    return TooMany(most.operation, count) if count and count > _largest(offers) else None


def _largest(offers: Sequence[BulkOffer]) -> int:
    return max(CAPS[offer.operation] for offer in offers)


def obstacle(text: str, list_href: str) -> Problem:
    """Why no list can be made of what was chosen."""
    return Problem(
        title=text,
        meaning="Nothing was sent.",
        next_text=_CHOOSE_AGAIN,
        next_href=list_href,
        next_label="Pools",
        kind="warning",
        status=422,
    )


def not_frozen(error: Exception, list_href: str) -> Problem:
    """Why no list was made of pools that match, or that are too many."""
    title, meaning, advice, status = _reasons(error)
    return Problem(
        title=title,
        meaning=f"Nothing was sent. {meaning}".strip(),
        next_text=advice,
        next_href=list_href,
        next_label="Back to the list",
        kind="warning",
        status=status,
    )


def _reasons(error: Exception) -> tuple[str, str, str, int]:
    if isinstance(error, TooMany):
        return (
            f"These are {pools_say(error.count)}: {_at_most(error)} at once.",
            "",
            "Search for fewer, choose a system, or tick the ones that you mean.",
            422,
        )
    if isinstance(error, CannotResolve) and not error.searched:
        return (
            "Patchworks didn't search.",
            "It gave pools that don't match, so we can't tell which ones you mean.",
            "Tick the pools that you mean.",
            502,
        )
    if isinstance(error, CannotResolve) and error.ending in NOT_WHOLE:
        return (
            "We couldn't read the whole list.",
            f"{NOT_WHOLE[error.ending]} So we can't tell whether these are all that match.",
            "Tick the pools that you mean.",
            502,
        )
    if isinstance(error, CannotResolve):
        return (
            "The list changed while we were reading it.",
            "Pools were added or deleted, so we can't tell whether these are all that match.",
            "Try again, or tick the pools that you mean.",
            409,
        )
    return "No pool matches any more.", "", _CHOOSE_AGAIN, 409


def _at_most(error: TooMany) -> str:
    return f"at most {error.cap} can be {_DONE[error.operation]}"


_DONE: Final = {
    Operation.LIMIT: "changed",
    Operation.TIMEOUT: "changed",
    Operation.APPLY: "changed",
    Operation.CLEAR: "cleared",
    Operation.DELETE: "deleted",
}
