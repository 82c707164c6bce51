"""The ticket that somebody works on: it is in the address, and on every page that they go on to.

`?ticket=ZD-4711` on any address. It is in no session and no cookie, so that two tabs never mix
theirs. All that leads on from an answer carries it along: links, forms, what HTMX asks for,
redirects. This is done to the finished answer, in one place, so that no template can forget it.
A page without a ticket passes as it is.
"""

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Any, Final, cast
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse

from pools.tickets import Part
from pools.wording.addresses import AddressRefused, more_than_once

PARAMETER: Final = "ticket"
_REDIRECTING: Final = ("Location", "HX-Redirect")
_THERE: Final = re.compile(rf"[?&;]{PARAMETER}=")
_ELSEWHERE: Final = re.compile("[A-Za-z][A-Za-z0-9+.-]*:|//|#")
# Templates write attributes in double quotes, and escape what they put into them.
_LINKS: Final = re.compile(
    r"""<a\ class="ticket-off\b[^>]*>                              # leads away from the ticket
      | <form\b[^>]*>
      | \s(?:href|action|formaction|hx-get|hx-post)="[^"\#][^"]*\"""",
    re.VERBOSE,
)
_ADDRESS: Final = re.compile(r'(\s(?:action|hx-get|hx-post)=")([^"]*)"')


class TicketMiddleware:
    """Takes the ticket out of what was asked, for the views, and hands it on in the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        ticket = _taken_from(request) if PARAMETER in request.META.get("QUERY_STRING", "") else None
        request.ticket = ticket  # type: ignore[attr-defined]
        response = self.get_response(request)
        return _carrying(response, ticket.text) if ticket else response

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        """Refuses an address with two tickets: one would stand in a reason that was not meant."""
        if getattr(request, "tickets_differ", False) and request.method in {"GET", "HEAD"}:
            raise AddressRefused(more_than_once(PARAMETER))


def ticket_of(request: HttpRequest) -> Part | None:
    """The ticket that its person works on. None too where the request was not read so far."""
    return getattr(request, "ticket", None)


def reason_begun(request: HttpRequest) -> str:
    """What stands in a Reason before anybody has typed: the ticket, ready to be typed on."""
    ticket = ticket_of(request)
    return f"{ticket.text} " if ticket else ""


def with_ticket(address: str, ticket: str, joint: str = "&") -> str:
    """An address of the panel's, with the ticket. A file's, or another host's, as it is."""
    elsewhere = address.startswith(settings.STATIC_URL) or _ELSEWHERE.match(address)
    if elsewhere or _THERE.search(address):
        return address
    page, mark, place = address.partition("#")
    return f"{page}{joint if '?' in page else '?'}{PARAMETER}={quote(ticket, safe='')}{mark}{place}"


def without_ticket(address: str) -> str:
    """The same address of the panel's without it; also where signing in will lead to."""
    page, mark, query = address.partition("?")
    if not mark:
        return address
    kept = QueryDict(query, mutable=True)
    kept.pop(PARAMETER, None)
    if leads_to := kept.get("next"):
        kept["next"] = without_ticket(str(leads_to))
    return f"{page}?{kept.urlencode(safe='/')}" if kept else page


def _taken_from(request: HttpRequest) -> Part | None:
    """The ticket of the address. No view sees that part of it, whatever it says."""
    request.GET = asked = request.GET.copy()  # type: ignore[assignment]
    values = asked.pop(PARAMETER, [""])
    if len(set(values)) > 1:
        request.tickets_differ = True  # type: ignore[attr-defined]
        return None
    named: Part | None = settings.TICKETS.named(str(values[-1]))
    return named


def _carrying(response: HttpResponse, ticket: str) -> HttpResponse:
    for name in _REDIRECTING:
        if name in response:
            response[name] = with_ticket(response[name], ticket)
    if not response.get("Content-Type", "").startswith("text/html"):
        return response
    if response.streaming:
        begun = cast(StreamingHttpResponse, response)
        pieces = cast(Iterator[bytes], begun.streaming_content)
        begun.streaming_content = (carried(piece, ticket) for piece in pieces)
    else:
        response.content = carried(response.content, ticket)
    return response


def carried(page: bytes, ticket: str) -> bytes:
    """A page, or a piece of one between two tags, whose links and forms carry the ticket."""
    hidden = f'<input type="hidden" name="{PARAMETER}" value="{escape(ticket)}">'

    def led(match: re.Match[str]) -> str:
        return f'{match[1]}{with_ticket(match[2], ticket, "&amp;")}"'

    def leading(match: re.Match[str]) -> str:
        found = match[0]
        if found.startswith("<a"):
            return found
        if not found.startswith("<form"):
            start, _, address = found[:-1].partition('="')
            return f'{start}="{with_ticket(address, ticket, "&amp;")}"'
        # A browser drops the query of a form that asks: its fields are the query.
        asking = not re.search('method="(?:post|dialog)"', found)
        return _ADDRESS.sub(led, found) + (hidden if asking else "")

    return _LINKS.sub(leading, page.decode()).encode()
