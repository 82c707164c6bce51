"""How many lines a page of a long list has, of each kind."""

from typing import Final

# Of the list of pools one may choose; where an address names none, it is the usual one.
POOLS: Final = (10, 25, 50, 100)
USUAL_POOLS: Final = 25
CHANGES: Final = 50
# Lists of changes.
BATCHES: Final = 25
