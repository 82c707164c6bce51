"""How many lines a page shows, of each kind."""

from typing import Final

# Of the list of pools one may choose; where an address names none, it is the usual one.
POOLS: Final = (10, 25, 50, 100)
USUAL_POOLS: Final = 25
CHANGES: Final = 50
# Lists of changes.
BATCHES: Final = 25
# What Find finds; companies and pages each.
FOUND_POOLS: Final = 20
FOUND_OTHERS: Final = 5
# The pools that somebody was at last, and the latest changes.
HOME_POOLS: Final = 6
HOME_CHANGES: Final = 6
# What somebody did last, and what was done about them.
OF_A_PERSON: Final = 10
