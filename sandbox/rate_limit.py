"""Laravel's throttle: a number of calls per caller and minute, counted from the first."""

import math
import threading
import time
from typing import Final

from sandbox.http_messages import Refusal

WINDOW_SECONDS: Final = 60

Headers = tuple[tuple[str, str], ...]


class RateLimit:
    """Counts calls in this process's memory."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[float, int]] = {}

    def count(self, caller: str) -> Headers:
        """The headers of a good answer; raises Refusal (429) once the limit is used up."""
        now = time.time()
        with self._lock:
            ends, used = self._windows.get(caller, (0.0, 0))
            if ends <= now:
                ends, used = now + WINDOW_SECONDS, 0
            if used >= self.per_minute:
                raise too_many(math.ceil(ends - now), self.per_minute, int(ends))
            self._windows[caller] = (ends, used + 1)
        return (
            ("X-RateLimit-Limit", str(self.per_minute)),
            ("X-RateLimit-Remaining", str(self.per_minute - used - 1)),
        )


def too_many(retry_after_seconds: int, limit: int, resets_at: int) -> Refusal:
    """Laravel's 429."""
    return Refusal(
        429,
        "Too Many Attempts.",
        headers=(
            ("Retry-After", str(retry_after_seconds)),
            ("X-RateLimit-Limit", str(limit)),
            ("X-RateLimit-Remaining", "0"),
            ("X-RateLimit-Reset", str(resets_at)),
        ),
    )
