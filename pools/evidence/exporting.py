"""The ledger as it is hashed, for whoever verifies all of it elsewhere."""

from collections.abc import Iterator
from typing import Final

from pools.evidence.bundle import Altered
from pools.ledger.chain import covered, rows_between

CHUNK: Final = 2000


def whole_ledger(size: int, first: int = 1) -> Iterator[bytes]:
    """The entries from `first` to `size`, one a line, many at a time. Raises Altered.

    Those before the first must be in archives.
    """
    if stray := rows_between(-(2**63), first - 1)[:1]:
        raise Altered(stray[0][0])
    for start in range(first, size + 1, CHUNK):
        last = min(start + CHUNK - 1, size)
        rows = rows_between(start, last)
        lines = []
        for number, row in enumerate(rows, start):
            if row[0] != number:
                raise Altered(number)
            try:
                lines.append(covered(row) + b"\n")
            except (TypeError, UnicodeEncodeError):
                raise Altered(number) from None
        if len(lines) != last - start + 1:
            raise Altered(start + len(lines))
        yield b"".join(lines)
