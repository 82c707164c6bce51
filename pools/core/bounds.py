"""What Core accepts for each field: the one table for forms, the browser's checks and the calls.

And how long its address may be, and how large an id.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class TextBounds:
    """A text that is never empty, and how many characters it may have."""

    longest: int


@dataclass(frozen=True, slots=True)
class NumberBounds:
    """A whole number. `nullable`: it may be null, which stands for none."""

    least: int
    largest: int
    nullable: bool = False


# The reference states no largest number; Core answers 500 to one that its column does not hold,
# which leaves the outcome unknown and locks the pool. Every column of whole numbers that Laravel
# makes for them holds this one: more than two thousand million requests, or 68 years of seconds.
_ANY_COLUMN: Final = 2**31 - 1
NAME: Final = TextBounds(longest=255)
LIMIT: Final = NumberBounds(1, _ANY_COLUMN)
TIMEOUT: Final = NumberBounds(1, _ANY_COLUMN, nullable=True)
# Of a question to the list. The reference has the second; the others are more than anyone asks.
PAGE: Final = NumberBounds(1, 10**9)
PER_PAGE: Final = NumberBounds(1, 100)
SEARCH: Final = TextBounds(longest=1000)
# What the panel itself takes.
LARGEST_POOL_ID: Final = 2**63 - 1
LONGEST_URL: Final = 500
# How much is kept of one thing that Core says.
LONGEST_SAID: Final = 300
