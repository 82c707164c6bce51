"""How often Core lets an account ask, as the headers of its answers say it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from pools.core.numbers import LARGEST_INTEGER, LONGEST_NUMBER, count

# How long to wait where Core does not say it: it counts by the minute, as far as it is known.
USUAL_PAUSE: Final = timedelta(minutes=1)


def calls_in(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """How many calls are allowed in a time, and how many of them are left; None: not told."""
    allowed, left = headers.get("x-ratelimit-limit"), headers.get("x-ratelimit-remaining")
    return count(allowed, 1), count(left, 0)


def read_retry_after(header: str, now: datetime) -> int | None:
    """Seconds to wait, from either form of Retry-After; None where it says nothing."""
    text = header.strip()
    if text.isascii() and text.isdecimal():
        return min(int(text[:LONGEST_NUMBER]), LARGEST_INTEGER)
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0, round((moment - now).total_seconds()))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
