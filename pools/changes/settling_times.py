"""How long settling waits: before it checks a change, and between its two reads."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from pools.changes.history import HistoryItem
from pools.changes.state import call_ends

# How long to wait before checking a change whose outcome is unknown, unless
# SETTLE_QUIET_SECONDS is set. Checked at once, one that Core is still carrying out would look
# as if it had not been made.
QUIET_SECONDS: Final = 60.0
# The time between the two reads that have to agree, unless SETTLE_READS_APART_SECONDS is set.
READS_APART_SECONDS: Final = 5.0


def quiet_time() -> timedelta:
    """How long nothing is concluded from reading a pool after a change to it."""
    seconds: float | None = settings.SETTLE_QUIET_SECONDS
    return timedelta(seconds=QUIET_SECONDS if seconds is None else seconds)


def quiet_until(item: HistoryItem) -> datetime:
    """When an open change can be settled at the earliest."""
    assert item.at is not None  # noqa: S101  (it can be read)
    return (item.ended_at or call_ends(item.at)) + quiet_time()


def seconds_between_reads() -> float:
    """How long after the first read the second follows."""
    seconds: float | None = settings.SETTLE_READS_APART_SECONDS
    return READS_APART_SECONDS if seconds is None else seconds


def longest_check() -> timedelta:
    """How long whoever checks again waits at most: for two reads, and the time between them."""
    longest: timedelta = settings.CORE_LIMITS.longest_change
    return longest + timedelta(seconds=seconds_between_reads())
