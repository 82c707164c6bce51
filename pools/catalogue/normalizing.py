"""The form in which pools are searched: one way for what is kept and for what is typed.

Words as the search of changes knows them (case, width, scripts without blanks), and besides
without accents: who has a ticket open types "cafe".
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from pools.models.index_term import words_between

# The accents of Latin, Greek and Cyrillic. Marks of other scripts are vowels, not ornaments.
_ACCENTS: Final = re.compile("[\u0300-\u036f]")


def words_in(text: str) -> list[str]:
    """The words of a text, in order; nothing that is no letter and no digit is in them."""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return words_between(unicodedata.normalize("NFC", bare))


def searchable(texts: Iterable[str]) -> str:
    """The words of texts, each after one blank, so that where one begins can be seen."""
    return "".join(f" {word}" for text in texts for word in words_in(text))
