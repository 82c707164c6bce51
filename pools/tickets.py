"""Tickets: which texts are ticket ids, and where the tickets are."""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

PLACEHOLDER: Final = "{ticket}"
# Numbers, and what puts a word before them: 4711, ZD-4711, OPS2-17. Nothing that says anything.
USUAL: Final = "[A-Za-z][A-Za-z0-9]{0,15}-[0-9]{1,12}|[0-9]{1,12}"
LONGEST: Final = 64


class Part(NamedTuple):
    """A piece of a text; `href` is empty unless it is a ticket's id that leads somewhere."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Tickets:
    """What a ticket's id looks like, and the address of a ticket, with {ticket} for its id.

    Without an address, ids are known in the panel's own addresses and lead nowhere.
    """

    pattern: re.Pattern[str]
    url: str = ""

    def parts(self, text: str) -> list[Part]:
        """`text` in pieces, in order; together they are the whole of it."""
        if not self.url:
            return [Part(text)]
        pieces, end = [], 0
        for match in self.pattern.finditer(text):
            if not match.group():
                continue
            if match.start() > end:
                pieces.append(Part(text[end : match.start()]))
            pieces.append(self._part(match.group()))
            end = match.end()
        return [*pieces, Part(text[end:])] if end < len(text) else pieces

    def named(self, value: str) -> Part | None:
        """The ticket that an address names; None unless the whole of `value` is an id.

        Whatever the pattern accepts: nothing long, and nothing that can't be seen.
        """
        plain = len(value) <= LONGEST and value.isprintable() and value == value.strip()
        return self._part(value) if plain and self.pattern.fullmatch(value) else None

    def _part(self, ticket: str) -> Part:
        return Part(ticket, self.url.replace(PLACEHOLDER, quote(ticket, safe="")))


def tickets_of(pattern: str, url: str) -> Tickets:
    """What both settings mean; ValueError says what is wrong."""
    if url and not pattern:
        raise ValueError("TICKET_URL needs TICKET_PATTERN: it says what in a reason is a ticket.")
    try:
        compiled = re.compile(pattern or USUAL)
    except re.error as error:
        raise ValueError(f"TICKET_PATTERN is not a regular expression: {error}.") from None
    if compiled.match(""):
        raise ValueError(
            "TICKET_PATTERN matches an empty text: it must match at least one character."
        )
    if not url:
        return Tickets(compiled)
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("TICKET_URL must be an http or https address.")
    if PLACEHOLDER not in url or PLACEHOLDER in parts.netloc:
        raise ValueError(f"TICKET_URL must have {PLACEHOLDER} after its host.")
    return Tickets(compiled, url)
