"""Ticket ids in what people write become links to where the tickets are."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

PLACEHOLDER: Final = "{ticket}"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text; `href` is empty unless it is a ticket's id."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class TicketLinks:
    """Which words are ticket ids, and the address of a ticket, with {ticket} for its id."""

    pattern: re.Pattern[str]
    url: str

    def parts(self, text: str) -> list[Part]:
        """`text` in pieces, in order; together they are the whole of it."""
        pieces, end = [], 0
        for match in self.pattern.finditer(text):
            if not match.group():
                continue
            if match.start() > end:
                pieces.append(Part(text[end : match.start()]))
            href = self.url.replace(PLACEHOLDER, quote(match.group(), safe=""))
            pieces.append(Part(match.group(), href))
            end = match.end()
        return [*pieces, Part(text[end:])] if end < len(text) else pieces


def ticket_links(pattern: str, url: str) -> TicketLinks | None:
    """Both settings together, None where neither is set; ValueError says what is wrong."""
    if not pattern and not url:
        return None
    if not pattern or not url:
        raise ValueError("TICKET_PATTERN and TICKET_URL go together: set both or neither.")
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"TICKET_PATTERN is not a regular expression: {error}.") from None
    if compiled.match(""):
        raise ValueError(
            "TICKET_PATTERN matches an empty text: it must match at least one character."
        )
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("TICKET_URL must be an http or https address.")
    if PLACEHOLDER not in url or PLACEHOLDER in parts.netloc:
        raise ValueError(f"TICKET_URL must have {PLACEHOLDER} after its host.")
    return TicketLinks(compiled, url)
