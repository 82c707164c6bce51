"""The whole ledger as it is hashed, for whoever verifies all of it elsewhere."""

from collections.abc import Iterator
from typing import Final

from pools.evidence.bundle import Altered
from pools.ledger.chain import covered, rows_between

CHUNK: Final = 2000


def whole_ledger(size: int) -> Iterator[bytes]:
    """The first `size` entries, one a line, many at a time. Raises Altered."""
    if stray := rows_between(-(2**63), 0)[:1]:
        raise Altered(stray[0][0])
    for first in range(1, size + 1, CHUNK):
        last = min(first + CHUNK - 1, size)
        rows = rows_between(first, last)
        lines = []
        for number, row in enumerate(rows, first):
            if row[0] != number:
                raise Altered(number)
            try:
                lines.append(covered(row) + b"\n")
            except (TypeError, UnicodeEncodeError):
                raise Altered(number) from None
        if len(lines) != last - first + 1:
            raise Altered(first + len(lines))
        yield b"".join(lines)
