"""What the pages of changes need in their templates."""

from django import template
from django.conf import settings

from pools.tickets import Part

register = template.Library()


@register.filter
def with_tickets(text: str) -> list[Part]:
    """A reason in pieces, of which ticket ids have an address."""
    links = settings.TICKET_LINKS
    return [Part(text)] if links is None else links.parts(text)
