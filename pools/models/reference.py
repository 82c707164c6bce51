"""Which pool an entry of the ledger is about.

A pool's id means nothing by itself: another Core has pools with the same ids, and after a
restore even the same Core may begin again. So a company has origins, counted from 1: each
new address of its Core begins one. An id belongs to the origin that it was read from.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

FIRST_ORIGIN: Final = 1
_WRITTEN: Final = re.compile(r"(?:([1-9][0-9]{0,8}):)?([0-9]*)")


@dataclass(frozen=True, slots=True)
class PoolReference:
    """A pool of a company: the origin, and the id there; None while a new pool has none yet.

    Written `260` in the first origin, as in all entries from before there were others, and
    `2:260` in the second. Without an id: empty, and `2:`.
    """

    origin: int
    pool_id: int | None

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises ValueError for what no reference is written as."""
        match = _WRITTEN.fullmatch(text)
        if match is None:
            raise ValueError("this names no pool")
        origin, number = match.groups()
        return cls(int(origin or FIRST_ORIGIN), int(number) if number else None)

    def __str__(self) -> str:
        number = "" if self.pool_id is None else str(self.pool_id)
        return number if self.origin == FIRST_ORIGIN else f"{self.origin}:{number}"
