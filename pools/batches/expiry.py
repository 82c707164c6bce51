"""How old a list of changes may be to be run, and when it counts as left alone."""

from datetime import timedelta
from typing import Final

# Older, and the pools are no longer as it has them.
RUN_WITHIN: Final = timedelta(hours=12)
# A list that nobody has worked on for so long keeps no pool from another one.
IDLE: Final = timedelta(minutes=5)
