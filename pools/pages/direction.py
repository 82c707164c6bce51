"""On every page, what turns the direction of a text is shown as a mark.

Here and not in each template, so that no name is forgotten. Isolates are left to the
elements that names stand in (`bdi`): the panel's own sentences have some.
"""

import re
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

from pools.wording.direction import OVERRIDING, marked

_ANY: Final = re.compile(rb"\xe2\x80[\xaa-\xae]")
# What a form sends back must be what it was given; and no tag is a text.
_NO_TEXT: Final = re.compile(
    r"<textarea\b.*?</textarea\s*>|<!--.*?-->|<[!/a-z](?:[^>\"']|\"[^\"]*\"|'[^']*')*>",
    re.DOTALL | re.IGNORECASE,
)
_SHOWN_ATTRIBUTE: Final = re.compile(r"""\s(?:title|aria-label|alt|placeholder)="[^"]*\"""")


class DirectionMiddleware:
    """Marks overrides in everything that people read, and in nothing that a form sends back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = response.get("Content-Type", "").startswith("text/html")
        if is_page and not response.streaming and _ANY.search(response.content):
            response.content = marked_page(response.content.decode()).encode()
        return response


def marked_page(html: str) -> str:
    """A page with marks in its texts, and in the attributes that people read.

    One is looked at where it stands: taking the whole page apart would cost half of what making
    it does.
    """
    pieces, end = [], 0
    for found in OVERRIDING.finditer(html):
        at = found.start()
        if at < end:
            continue
        # What is put into a page is escaped: the nearest bracket begins the tag that it is in.
        begun = html.rfind("<", end, at)
        tag = _NO_TEXT.match(html, begun) if begun >= 0 else None
        if tag and tag.end() > at:
            pieces += [html[end:begun], _marked_tag(tag[0])]
            end = tag.end()
        else:
            pieces += [html[end:at], marked(found[0], OVERRIDING)]
            end = found.end()
    return "".join([*pieces, html[end:]])


def _marked_tag(tag: str) -> str:
    if tag[:9].lower() == "<textarea":
        return tag
    return _SHOWN_ATTRIBUTE.sub(lambda match: marked(match[0], OVERRIDING), tag)
