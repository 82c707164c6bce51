"""What people read when an address asks for something that its list does not have."""

from collections.abc import Iterable, Sequence
from typing import Final

from django.core.exceptions import BadRequest

from pools.changes.lines import NoSuchPosition
from pools.core.bounds import PAGE
from pools.models.vocabulary import RECORDED
from pools.wording.names import in_row, isolated
from pools.wording.situations import Problem

POOL_SORT: Final = "Pools can be sorted by name, limit and created only."
PAGE_NUMBER: Final = f"Pages are whole numbers from {PAGE.least} to {PAGE.largest:,}."
SEARCH_TEXT: Final = "A search can't contain a NUL character."
LIST_KIND: Final = "kind can only be events."
BOTH_PLACES: Final = "Use before= or after=, not both."
DAYS_REVERSED: Final = "The first day is after the last one."
NO_SUCH_COMPANY: Final = "There is no company of that name whose changes you can see."
ACTION: Final = f"An action is one of {', '.join(RECORDED)}."
EVENT: Final = "There is no event of that name."
POOL: Final = "Enter a pool's id, or words from its name."
WORDS: Final = "Enter words made of letters and digits."
DAY: Final = "Write a day like 2026-05-01."
DAY_TOO_FAR: Final = "Nothing was recorded that far away. Choose another day."
LIST: Final = "list= needs the id of a list."
ENTRY: Final = "before= and after= need the number of an entry."
PAGES_ON: Final = "page= is the number of a page, counted from before= or after=, up to 20."
_NO_PAGE: Final = "There is no such page in this list."
_LONGEST_WORD: Final = 40
_MOST_NAMED: Final = 3
EXPORT_FORMAT: Final = "Export as csv or as json."


class BadAddress(ValueError):
    """The address asks for something that the list does not have; the text says what."""


class AddressRefused(BadRequest):
    """The same where there is no list to say it above: it is a page of its own."""


def bad_address(error: BadAddress | NoSuchPosition, path: str, label: str) -> Problem:
    """`path` is the address of the list as it begins, `label` the list's name."""
    return Problem(
        title="Something in this address is wrong.",
        meaning=_NO_PAGE if isinstance(error, NoSuchPosition) else str(error),
        next_text="Start from the beginning of the list.",
        next_href=path,
        next_label=label,
        kind="warning",
        status=400,
    )


def one_parameter_of(known: Sequence[str], unknown: Sequence[str]) -> str:
    """Why an address is refused that has other names than those."""
    return f"It has {_named(unknown)}. The address of this list can only have {', '.join(known)}."


def means_nothing(known: Sequence[str], unknown: Sequence[str]) -> str:
    """What is said above a list that is shown although its address has other names."""
    mean, them = ("means", "it") if len(unknown) == 1 else ("mean", "them")
    return (
        f"{_named(unknown)} {mean} nothing in this address, so nothing is narrowed by {them}. "
        f"This page knows {in_row(known)}."
    )


def _named(unknown: Sequence[str]) -> str:
    """The first of them, each as far as it can be read in a line."""
    shown = [
        isolated((name if len(name) <= _LONGEST_WORD else f"{name[:_LONGEST_WORD]}…") or "=")
        for name in unknown[:_MOST_NAMED]
    ]
    more = len(unknown) - len(shown)
    return in_row([*shown, f"{more} more"] if more else shown)


def more_than_once(name: str) -> str:
    return f"It has {isolated(name)} more than once, with different values. Keep one of them."


def last_one_counts(name: str) -> str:
    """What is said above a page that goes by one of several values."""
    return f"{isolated(name)} is in this address more than once. Only the last one counts."


def page_size_of(sizes: Sequence[int]) -> str:
    *others, largest = map(str, sizes)
    return f"Rows per page can be {', '.join(others)} or {largest}."


def one_outcome_of(words: Iterable[str]) -> str:
    return f"An outcome is one of {', '.join(words)}."


def too_long(most: int) -> str:
    return f"A filter can have at most {most} characters."


def search_too_long(most: int) -> str:
    return f"A search can have at most {most} characters."


def system_too_long(most: int) -> str:
    return f"A system's name has at most {most} characters."
