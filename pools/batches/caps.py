"""How much one list may have, and a file of pools: friction grows with what can go wrong."""

from typing import Final

from pools.models.batch import Operation

CAPS: Final = {
    Operation.LIMIT: 500,
    Operation.TIMEOUT: 500,
    Operation.APPLY: 500,
    Operation.CLEAR: 50,
    Operation.DELETE: 50,
}
# Above this, the number of pools has to be typed before anything is sent.
TYPED_ABOVE: Final = 10

# A file: about 8,000 pools; a body has no room for more.
MOST_BYTES: Final = 2**20
MOST_ROWS: Final = 20_000
MOST_COLUMNS: Final = 40
LONGEST_CELL: Final = 2_000
# More of what is wrong are not told: who has so many looks at the first ones. So much is quoted.
MOST_FLAWS: Final = 50
LONGEST_QUOTED: Final = 60


class TooMany(Exception):
    """The list has more pools than one batch may. Nothing was frozen."""

    def __init__(self, operation: Operation, count: int) -> None:
        super().__init__("too many for one batch")
        self.operation = operation
        self.count = count
        self.cap = CAPS[operation]
