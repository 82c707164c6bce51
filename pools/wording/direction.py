"""Characters that turn the direction of a text are shown as marks: a name reads as it is.

U+202E and its like make what follows read backwards, so that a name looks like another one.
The marks of languages that need them (U+200E, U+200F, U+061C) are left alone: they turn
nothing around.
"""

import re
import unicodedata
from typing import Final

from pools.core.comparing import is_invisible

TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Without the isolates, which end with the element or the quotes that a name stands in.
OVERRIDING: Final = re.compile("[\u202a-\u202e]")


def marked(text: str, turning: re.Pattern[str] = TURNING) -> str:
    """The text with a mark such as ⟨U+202E⟩ in the place of each character that turns it."""
    return turning.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def unseen_in(text: str) -> list[str]:
    """The characters of a text that nobody sees, or that turn it: U+202E (right-to-left override).

    Each once. A plain blank isn't one, and line breaks are named elsewhere.
    """
    unseen = (each for each in dict.fromkeys(text) if each not in " \r\n" and is_invisible(each))
    return [f"U+{ord(each):04X} ({unicodedata.name(each, 'no name').lower()})" for each in unseen]
