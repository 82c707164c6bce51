"""Whole numbers, in each form in which Core has been seen to write one."""

import re
from typing import Any, Final

LARGEST_INTEGER: Final = 2**63 - 1
# int() refuses beyond 4,300 digits; nothing in a pool needs more than these.
LONGEST_NUMBER: Final = 40
# A decimal column comes as text, with as many noughts behind the point as it keeps.
_AS_TEXT = re.compile(r"(0|-?[1-9][0-9]{0,18})(?:\.0{1,10})?")
_LARGEST_EXACT: Final = 2**53  # beyond it, a float may stand for several whole numbers


def whole_number(given: Any) -> int | None:
    """A whole number; also as text, or with a fraction of nought, as some databases give it."""
    if isinstance(given, str) and (written := _AS_TEXT.fullmatch(given)):
        given = int(written[1])
    if type(given) is float and abs(given) <= _LARGEST_EXACT and given.is_integer():
        given = int(given)
    if type(given) is not int or not -LARGEST_INTEGER <= given <= LARGEST_INTEGER:
        return None
    return given


def count(given: Any, least: int) -> int | None:
    """The same, from `least` up."""
    number = whole_number(given)
    return number if number is not None and number >= least else None
