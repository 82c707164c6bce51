"""Sentences of the panel's that hold names: a translator translates the one, not the other."""

import re
from typing import Final, NamedTuple

from pools.models import Company

# As wording/names has a name in a sentence. A name may hold such marks of its own.
_ISOLATED: Final = "(?<=“)\u2068(.*?)\u2069(?=”)"


class SentencePart(NamedTuple):
    text: str
    is_name: bool


def parts_of(text: object, company: object) -> list[SentencePart]:
    """A sentence in pieces: what is ours, and the names in it, which are left as they are.

    Names are what wording has isolated, and the name of the company that the page is of,
    if it is of one.
    """
    sentence = str(text)
    name = company.name if isinstance(company, Company) else ""
    own = rf"|(?<!\w)({re.escape(name)})(?!\w)" if name else ""
    parts, end = [], 0
    for match in re.finditer(_ISOLATED + own, sentence, re.DOTALL):
        parts.append(SentencePart(sentence[end : match.start()], is_name=False))
        parts.append(SentencePart(next(filter(None, match.groups()), ""), is_name=True))
        end = match.end()
    parts.append(SentencePart(sentence[end:], is_name=False))
    return [part for part in parts if part.text]
