"""Whether a value that Core shows is the one that was sent: the one comparison there is.

What Core keeps need not be what it was sent: it trims a text, and which characters it trims
depends on its version. Names are pictures to people, so texts are compared by what can be
seen of them; any other way would miss a pool that is there.
"""

import html
import re
import unicodedata
from datetime import datetime, timedelta
from typing import Any, Final

# What keyboards have one key for, or none: a phone writes the curly ones by itself.
_ON_A_KEYBOARD: Final = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u2032\uff07`\u00b4", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\uff02", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-"),
        "\u2026": "...",
        # Which of its shapes a letter has, or whether a picture is drawn in colour.
        **dict.fromkeys(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))), ""),
        **dict.fromkeys("\u180b\u180c\u180d\u180f", ""),
    }
)
# Letters, marks and symbols without any ink: beside blanks, controls and format characters.
_WITHOUT_INK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2065\u2800\u3164\uffa0\U0001d159")
# Letters of their own to Unicode, which databases take for others.
_LIKE_OTHERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
# Letters of other scripts that are drawn as Latin ones, and the Latin ones.
_DRAWN_AS: Final = str.maketrans(
    "АВЕКМНОРСТУХЅІЈаеорсухѕіјһԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧογ",
    "ABEKMHOPCTYXSIJaeopcyxsijhdqwABEZHIKMNOPTYXoy",
)
_WHOLE_NUMBER: Final = re.compile("[-+]?[0-9]{1,40}")
_WILDCARDS: Final = frozenset("%_")
# No Core cuts names so short that another one would often begin alike.
_SHORTEST_CUT: Final = 10
# Some write a time to the second, a file in milliseconds.
_SAME_MOMENT: Final = timedelta(seconds=1)
_SPACE: Final = frozenset({"Zs", "Zl", "Zp", "Cc"})
_BLANK: Final = _SPACE | {"Cf"}


def visible_form(text: str) -> str:
    """What can be seen of a text: composed (NFC), without what is invisible at its ends."""
    # Most are plain, and have nothing to take off.
    if text.isascii() and "!" <= text[:1] <= "~" and "!" <= text[-1:] <= "~":
        return text
    begin, end = 0, len(text)
    while begin < end and is_invisible(text[begin]):
        begin += 1
    while end > begin and is_invisible(text[end - 1]):
        end -= 1
    return unicodedata.normalize("NFC", text[begin:end])


def same_moment(one: datetime | None, other: datetime | None) -> bool | None:
    """Whether two pools with these times of creation were made together, as one and the same is.

    None: one of them is not known.
    """
    return None if one is None or other is None else abs(one - other) < _SAME_MOMENT


def looks_alike(typed: str, shown: str) -> bool:
    """Whether somebody who typed a text typed the one that they were shown.

    A page shows any run of blanks as one, and nobody can type what has no ink. Quotes, dashes
    and dots may be those of any keyboard. It says nothing of what Core kept.
    """
    return typeable(typed) == typeable(shown)


def typeable(text: str) -> str:
    """What can be typed of a text on any keyboard, letters aside."""
    return picture(text.translate(_ON_A_KEYBOARD))


def drawn_as(text: str) -> str:
    """A text with Latin letters where it has those of other scripts that are drawn as they are."""
    return unicodedata.normalize("NFKC", text).translate(_DRAWN_AS)


def has_no_ink(text: str) -> bool:
    """Whether nothing of a text can be seen on a page."""
    # Most begin with something that can be.
    return not "!" <= text[:1] <= "~" and not typeable(text)


def picture(text: str) -> str:
    """All of a text that a page shows: composed (NFC), a run of blanks as one, no bare marks."""
    # Most are plain: there, nothing but a blank is to be looked for.
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    inked = "".join(
        " " if unicodedata.category(each) in _SPACE else each
        for each in unicodedata.normalize("NFC", text)
        if unicodedata.category(each) != "Cf" and each not in _WITHOUT_INK
    )
    return unicodedata.normalize("NFC", " ".join(inked.split()))


def may_be_kept_as(sent: str, kept: str) -> bool:
    """Whether a Core that changes names may have made the one of the other.

    In capitals, without accents, escaped, or cut: no proof that it is the same pool, and
    enough that nobody may say that there is none.
    """
    one, other = loosely(sent), loosely(kept)
    cut = len(other) >= _SHORTEST_CUT and one.startswith(other)
    return same_value(sent, kept) or cut or (one == other != "") or same_digits(sent, kept)


def same_digits(one: Any, other: Any) -> bool:
    """Whether two texts are the same whole number: PHP may write 7 for a name of 007."""
    texts = [each.strip() for each in (one, other) if isinstance(each, str)]
    numbers = {int(each) for each in texts if _WHOLE_NUMBER.fullmatch(each)}
    return len(texts) == 2 and len(numbers) == 1 and all(map(_WHOLE_NUMBER.fullmatch, texts))


def loosely(text: str) -> str:
    """The letters and digits of a text alone, whatever their case and accents."""
    apart = unicodedata.normalize("NFKD", picture(html.unescape(text))).casefold()
    return "".join(each for each in apart.translate(_LIKE_OTHERS) if each.isalnum())


def with_symbols(text: str) -> str:
    """The same with its symbols and single blanks."""
    apart = unicodedata.normalize("NFKD", typeable(html.unescape(text))).casefold()
    return "".join(each for each in apart if not unicodedata.category(each).startswith("M"))


def has_wildcard(text: str) -> bool:
    """Whether a database that is asked for names that are LIKE it would find others."""
    return not _WILDCARDS.isdisjoint(text)


def same_value(one: Any, other: Any) -> bool:
    """Whether two values of a pool's field are the same; texts by what can be seen of them."""
    # Most are equal as they are.
    return bool(one == other or compared_form(one) == compared_form(other))


def compared_form(value: Any) -> Any:
    """What is equal of two values of a pool's field exactly where they are the same."""
    return visible_form(value) if isinstance(value, str) else value


def is_invisible(character: str) -> bool:
    """Whether there is nothing to see of a character, a plain blank included."""
    return unicodedata.category(character) in _BLANK or character in _WITHOUT_INK
