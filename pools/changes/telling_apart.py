"""Names that look alike and are not the same, written so that the difference can be seen.

Where two stand side by side, "5020 5026 → 5020 5026" says nothing. No name is written so where
it stands alone, or where anybody can see what is different.
"""

import unicodedata
from difflib import SequenceMatcher
from typing import Final

from pools.core.comparing import drawn_as, is_invisible, typeable

_NAMES: Final = {
    " ": "space",
    "\u00a0": "no-break space",
    "\t": "tab",
    **dict.fromkeys("\r\n\u2028\u2029", "line break"),
}
# No name is longer, and comparing takes the square of it.
_LONGEST: Final = 1000


def told_apart(*texts: str) -> tuple[str, ...]:
    """Each as it is; or with marks such as ⟨U+200B⟩ where nobody sees that it is another one."""
    # Most differ for all to see, or not at all.
    if len(different := set(texts)) == len(set(map(_drawn, different))):
        return texts
    return tuple(_beside(text, _twin_of(text, texts)) for text in texts)


def _twin_of(text: str, texts: tuple[str, ...]) -> str:
    """The first other one that looks alike; itself where there is none."""
    return next((each for each in texts if each != text and _drawn(each) == _drawn(text)), text)


def _beside(text: str, twin: str) -> str:
    if text == twin or max(len(text), len(twin)) > _LONGEST:
        return text
    same = SequenceMatcher(None, text, twin, autojunk=False).get_opcodes()
    return "".join(
        text[begin:end] if kind == "equal" else "".join(map(_marked, text[begin:end]))
        for kind, begin, end, *_ in same
    )


def _drawn(text: str) -> str:
    if text.isascii():
        return typeable(text)
    return drawn_as(typeable(text))


def _marked(character: str) -> str:
    mark = f"⟨{_NAMES.get(character) or f'U+{ord(character):04X}'}⟩"
    # By itself it would be drawn onto what stands before it.
    joins = unicodedata.category(character).startswith("M")
    return mark if is_invisible(character) or joins else character + mark
