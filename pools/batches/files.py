"""A file of pools as rows: the export, edited, or a file of one's own. No input or output.

CSV is read in csv_rows.py and JSON in json_rows.py, each with or without a byte order mark.
Whatever is wrong with the file is found at once, up to a number, each with its line (flaws.py).
What a value may be is judged elsewhere: here it is text, as it stands there.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pools.batches.caps import LONGEST_CELL, MOST_BYTES, MOST_ROWS
from pools.batches.csv_rows import csv_rows
from pools.batches.flaws import UNFIT, Flaw, Flaws, Row, Unusable, refusal
from pools.batches.json_rows import json_rows
from pools.batches.pool_export import VALUES


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a file, in their order."""

    rows: tuple[Row, ...]


def read_file(content: bytes | str) -> Sheet:
    """The rows of a file, or of what was pasted. Raises Unusable."""
    text = _decoded(content) if isinstance(content, bytes) else content.removeprefix("\ufeff")
    flaws = Flaws()
    if not text.strip():
        raise refusal(Flaw.EMPTY)
    if len(text) > MOST_BYTES:
        raise refusal(Flaw.TOO_LARGE)
    if "\0" in text:
        raise refusal(Flaw.NUL, text.count("\n", 0, text.index("\0")) + 1)
    rows = json_rows(text, flaws) if text.lstrip()[0] in "[{" else csv_rows(text, flaws)
    kept: list[Row] = []
    try:
        _keep(rows, kept, flaws)
        flaws.end()
    except Unusable as error:
        # Where reading had to end, what was wrong before is said too.
        more = [each for each in error.found if each not in flaws.found]
        raise Unusable([*flaws.found, *more], kept) from None
    if not kept:
        raise refusal(Flaw.EMPTY)
    return Sheet(tuple(kept))


def _keep(rows: Iterable[Row], kept: list[Row], flaws: Flaws) -> None:
    for row in rows:
        kept.append(row)
        if len(kept) > MOST_ROWS:
            raise refusal(Flaw.TOO_MANY_ROWS)
        for name, cell in row.cells.items():
            if UNFIT.search(cell):
                flaws.add(Flaw.SURROGATE, row.line, name, character=row.character)
            elif len(cell) > LONGEST_CELL and name in VALUES:
                flaws.add(Flaw.CELL_TOO_LONG, row.line, name, character=row.character)


def _decoded(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise refusal(Flaw.TOO_LARGE)
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")):
        raise refusal(Flaw.ARCHIVE)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refusal(Flaw.ENCODING)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    raise refusal(Flaw.NOT_UTF8, line)
