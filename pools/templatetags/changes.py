"""What the pages of changes need in their templates."""

from django import template
from django.conf import settings

from pools.change_text import (
    Standing,
    is_open,
    meaning_of,
    name_of,
    standing_of,
    window_of,
)
from pools.changes import HistoryItem
from pools.tickets import Part

register = template.Library()
register.filter("is_open", is_open)
register.filter("meaning", meaning_of)
register.filter("named", name_of)
register.filter("standing", standing_of)
register.filter("window", window_of)


@register.inclusion_tag("pools/parts/chip.html")
def chip(change: HistoryItem) -> dict[str, Standing]:
    """How a change stands, by word and shape."""
    return {"standing": standing_of(change)}


@register.filter
def with_tickets(text: str) -> list[Part]:
    """A reason in pieces, of which ticket ids have an address."""
    links = settings.TICKET_LINKS
    return [Part(text)] if links is None else links.parts(text)
