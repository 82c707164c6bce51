"""How many pools one list may have: friction grows with what can go wrong."""

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


class TooMany(Exception):
    """The list has more pools than one batch may. Nothing was frozen."""

    def __init__(self, operation: Operation, count: int) -> None:
        super().__init__("too many for one batch")
        self.operation = operation
        self.count = count
        self.cap = CAPS[operation]
