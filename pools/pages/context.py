"""Context of every page: the panel's name, the request's id, how it looks and is operated."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.backends.utils import csrf_input
from django.utils.functional import SimpleLazyObject

from pools.changes.settling_times import longest_check
from pools.pages.guards import person
from pools.pages.ticket import ticket_of, without_ticket
from pools.people.standing import standing_of
from pools.wording.coming_back import ENTRIES_ELSEWHERE, ENTRIES_KEPT, ENTRIES_LOST

THEMES = ("auto", "light", "dark")


def panel(request: HttpRequest) -> dict[str, Any]:
    """Context of every page."""
    ticket = ticket_of(request)
    theme = request.COOKIES.get(settings.THEME_COOKIE_NAME, "auto")
    return {
        "panel_name": settings.PANEL_NAME,
        # Once for all forms of the page: each time that it is asked for it is made anew.
        "csrf_input": SimpleLazyObject(lambda: csrf_input(request)),
        "entries_kept": ENTRIES_KEPT,
        "entries_elsewhere": ENTRIES_LOST
        if getattr(request, "draft_lost", False)
        else ENTRIES_ELSEWHERE,
        # Asked for by the bar alone, and for people who are signed in.
        "own_role": SimpleLazyObject(lambda: standing_of(person(request)).role),
        "request_id": getattr(request, "id", ""),
        "ticket": ticket,
        "ticket_off": without_ticket(request.get_full_path()) if ticket else "",
        "theme": theme if theme in THEMES else "auto",
        "patience_milliseconds": round(_patience().total_seconds() * 1000),
        "keys": "off" if request.COOKIES.get(settings.KEYS_COOKIE_NAME) == "off" else "on",
    }


def _patience() -> timedelta:
    """How long a browser waits for an answer: longer than any change, or checking one, can take.

    A browser that gives up earlier shows no outcome of a change that was made. The length
    of one more call is for what the database takes.
    """
    longest_call: timedelta = settings.CORE_LIMITS.longest_call
    return longest_check() + longest_call
