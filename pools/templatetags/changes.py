"""What the pages of changes need in their templates."""

from django import template
from django.conf import settings

from pools.changes import HistoryItem
from pools.models.vocabulary import Action
from pools.tickets import Part
from pools.wording.actions import words_for
from pools.wording.changes import name_of
from pools.wording.outcomes import Standing, meaning_of, standing_of, window_of
from pools.wording.settling import while_open

register = template.Library()
register.filter("meaning", meaning_of)
register.filter("named", name_of)
register.filter("standing", standing_of)
register.filter("while_open", while_open)
register.filter("window", window_of)
register.filter("words", words_for)


@register.filter
def word(action: Action) -> str:
    """The name of an action in lists, filters and the chart, as it begins a line."""
    return words_for(action).word.capitalize()


@register.inclusion_tag("pools/parts/chip.html")
def chip(change: HistoryItem) -> dict[str, Standing]:
    """The mark of a change's outcome."""
    return {"standing": standing_of(change)}


@register.filter
def with_tickets(text: str) -> list[Part]:
    """A reason in pieces; ticket ids have an address."""
    links = settings.TICKET_LINKS
    return [Part(text)] if links is None else links.parts(text)
