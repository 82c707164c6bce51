"""Sentences of the panel's that hold names: a translator translates the one, not the other."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from django import template

from pools.models import Company

register = template.Library()
# As wording/names has a name in a sentence. A name may hold such marks of its own.
_ISOLATED: Final = "(?<=“)\u2068(.*?)\u2069(?=”)"


class SentencePart(NamedTuple):
    text: str
    is_name: bool


@register.inclusion_tag("parts/sentence.html", takes_context=True)
def sentence(context: Mapping[str, Any], text: object) -> dict[str, list[SentencePart]]:
    """A sentence of the panel's, in which names are left as they are.

    Names are what wording has isolated, and the name of the company that the page is of.
    """
    company = context.get("company")
    return {"parts": parts_of(str(text), company.name if isinstance(company, Company) else None)}


def parts_of(text: str, company: str | None) -> list[SentencePart]:
    own = rf"|(?<!\w)({re.escape(company)})(?!\w)" if company else ""
    parts, end = [], 0
    for match in re.finditer(_ISOLATED + own, text, re.DOTALL):
        parts.append(SentencePart(text[end : match.start()], is_name=False))
        parts.append(SentencePart(next(filter(None, match.groups()), ""), is_name=True))
        end = match.end()
    parts.append(SentencePart(text[end:], is_name=False))
    return [part for part in parts if part.text]
