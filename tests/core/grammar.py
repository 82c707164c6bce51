"""The grammar of an answer as docs/core-api.md has it, read anew from the bytes alone.

Shares nothing with the service module, so that the two can be held against each other.
"""

import re
from dataclasses import dataclass
from typing import Final

TEXT: Final = rb"[\t\x20-\x7e\x80-\xff]*"
NAME: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
INTERIM: Final = re.compile(rb"HTTP/1\.[01] 1[0-9][0-9](?: %b)?\r\n" % TEXT)
STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([2-9][0-9][0-9])(?: %b)?\r\n" % TEXT)
FIELD: Final = re.compile(rb"(%b):(%b)\r\n" % (NAME, TEXT))
CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;%b)?\r\n" % TEXT)
LENGTH: Final = re.compile(rb"[0-9]{1,15}")
MOST_FIELDS: Final = 99
LONGEST_LINE: Final = 65536


class Broken(Exception):
    """Not an answer, or not a whole one."""


@dataclass(frozen=True)
class Whole:
    """A whole answer. `framed`: its end was stated, not just reached."""

    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes
    framed: bool

    def all(self, name: bytes) -> list[bytes]:
        return [value for each, value in self.fields if each == name]


class Reading:
    """What is left of the bytes."""

    def __init__(self, raw: bytes) -> None:
        self.left = raw

    def take(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        found = pattern.match(self.left)
        if not found or len(found[0]) > LONGEST_LINE:
            return None
        self.left = self.left[found.end() :]
        return found

    def need(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        found = self.take(pattern)
        if found is None:
            raise Broken
        return found

    def part(self, count: int) -> bytes:
        part, self.left = self.left[:count], self.left[count:]
        if len(part) < count:
            raise Broken
        return part

    def fields(self) -> tuple[tuple[bytes, bytes], ...]:
        found = []
        while (field := self.take(FIELD)) is not None:
            found.append((field[1].lower(), field[2].strip(b" \t")))
        if self.part(2) != b"\r\n" or len(found) > MOST_FIELDS:
            raise Broken
        return tuple(found)

    def chunks(self) -> bytes:
        body = b""
        while size := int(self.need(CHUNK)[1], 16):
            body += self.part(size)
            if self.part(2) != b"\r\n":
                raise Broken
        self.fields()
        return body


def read(raw: bytes) -> Whole:
    """The answer that these bytes are, with the connection closed behind them."""
    reading = Reading(raw)
    for _ in range(7):
        interim = reading.take(INTERIM)
        if interim is None:
            break
        if interim[0].split(b" ")[1].startswith(b"101"):
            raise Broken
        reading.fields()
    line = reading.need(STATUS)
    status, fields = int(line[2]), reading.fields()
    answer = Whole(status, fields, b"", framed=True)
    lengths, codings = answer.all(b"content-length"), answer.all(b"transfer-encoding")
    if len(lengths) + len(codings) > 1 or not all(map(LENGTH.fullmatch, lengths)):
        raise Broken
    if codings and (codings[0].lower() != b"chunked" or line[1] != b"1"):
        raise Broken
    if status == 204 and (codings or lengths not in ([], [b"0"])):
        raise Broken
    if status in (204, 304):
        return Whole(status, fields, b"", framed=bool(lengths or codings))
    if codings:
        return Whole(status, fields, reading.chunks(), framed=True)
    if lengths:
        return Whole(status, fields, reading.part(int(lengths[0])), framed=True)
    return Whole(status, fields, reading.left, framed=False)
