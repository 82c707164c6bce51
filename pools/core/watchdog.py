"""One thread that calls back at given moments: the end of each call's time."""

import threading
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from time import monotonic


class Watchdog:
    """Calls back at moments on the monotonic clock, from a thread that starts on first use.

    A thread for each call would do as well, but starting one waits for the interpreter
    just when it is busiest. No call is ever cancelled: who is called must know whether
    it still matters, and must not raise or wait.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._planned: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._thread: threading.Thread | None = None

    def call_at(self, moment: float, action: Callable[[], None]) -> None:
        """Call `action` once `monotonic()` has reached `moment`."""
        with self._changed:
            number = next(self._numbers)
            heappush(self._planned, (moment, number, action))
            if self._thread is None or not self._thread.is_alive():  # also after a fork
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()
            elif self._planned[0][1] == number:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            self._next_due()()

    def _next_due(self) -> Callable[[], None]:
        with self._changed:
            while True:
                left = self._planned[0][0] - monotonic() if self._planned else None
                if left is not None and left <= 0:
                    return heappop(self._planned)[2]
                self._changed.wait(left)
