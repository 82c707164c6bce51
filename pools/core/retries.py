"""Which reads are tried again, and how long is waited before. Writes never are."""

from random import SystemRandom
from typing import Final

from pools.core.answers import Answer
from pools.core.errors import CoreError, Reason
from pools.core.limits import CoreLimits
from pools.core.rate_limits import read_retry_after

# Before the first retry and before the second, each half as long to half as long again.
PAUSES_SECONDS: Final = (0.1, 0.3)
# Not a timeout: a slow Core is not helped by asking again, and the person has waited enough.
_WORTH_A_RETRY: Final = frozenset(
    {
        Reason.CONNECTION_REFUSED,
        Reason.UNREACHABLE,
        Reason.CONNECTION_LOST,
        Reason.CUT,
    }
)
# A gateway or a server that is about to come back.
_PASSING: Final = frozenset({502, 503, 504})
_chance = SystemRandom()


def pause_before_retry(result: Answer | CoreError, turn: int, limits: CoreLimits) -> float | None:
    """Seconds to wait before another try, or None where there should be none."""
    jittered = PAUSES_SECONDS[min(turn, len(PAUSES_SECONDS) - 1)] * _chance.uniform(0.5, 1.5)
    if isinstance(result, CoreError):
        return jittered if result.reason in _WORTH_A_RETRY else None
    if result.status in {429, 503} and result.retry_after:
        seconds = read_retry_after(result.retry_after, result.received_at)
        fits = seconds is not None and seconds <= limits.max_retry_after_seconds
        return max(float(seconds or 0), jittered) if fits else None
    return jittered if result.status in _PASSING else None
