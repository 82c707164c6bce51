"""What the calls that make up one answer to a person share: their time, and a place at Core."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Self

from pools.core.limits import CoreLimits
from pools.core.observing import PLACE, TURN, waiting


class _Places:
    """So many calls at once in this process, and so many that wait for a place, so that Core
    hanging cannot take every thread."""

    def __init__(self, calls: int, waiting: int) -> None:
        self.calls = threading.BoundedSemaphore(calls)
        self.waiting = threading.BoundedSemaphore(waiting)
        self.taken_at: dict[Budget, float] = {}
        self.freed_soon_at = -math.inf

    def answered_within(self, seconds: float) -> bool:
        """Whether Core has done a call so quickly just now, or may still do all that it has."""
        begun = monotonic() - seconds
        # A list, as other threads take places and free them.
        return self.freed_soon_at > begun or all(at > begun for at in list(self.taken_at.values()))


# A process has one setting, and so one entry here.
_places: dict[tuple[int, int], _Places] = {}


class Budget:
    """One deadline for all calls of an answer, and one place among the calls at once.

    It begins when it is made. For one thread, like the client that spends it.
    """

    def __init__(self, limits: CoreLimits, turns: threading.Semaphore | None = None) -> None:
        """`turns`: where several budgets share it, so many of their calls run at once."""
        self._begun = monotonic()
        self._turns = turns
        self._seconds = limits.deadline_seconds
        self._patience = limits.place_wait_seconds
        size = limits.calls_at_once, limits.waiting_at_once
        self._places = _places.setdefault(size, _Places(*size))
        self._holds_place = False

    @property
    def until(self) -> float:
        """When it is spent, by time.monotonic()."""
        return self._begun + self._seconds

    def share_left(self) -> float:
        """How much of it is left, from 1 down to 0 and below."""
        return (self.until - monotonic()) / self._seconds

    def half(self) -> Self:
        """For what comes first: what comes after has the other half of the time at least."""
        first = object.__new__(type(self))
        first.__dict__.update(self.__dict__, _seconds=self._seconds / 2)
        return first

    def put_off(self, seconds: float) -> None:
        """Ends it later, by a time that no call took: one that was waited on purpose."""
        self._begun += seconds

    @contextmanager
    def place(self) -> Iterator[bool]:
        """A place among the calls at once, or False. Within one, there is always one.

        A busy moment is waited out, while Core answers others; a Core that hangs is not.
        """
        if self._holds_place:
            yield True
        elif not self._has_free_place():
            yield False
        else:
            self._holds_place = True
            self._places.taken_at[self] = monotonic()
            try:
                yield True
            finally:
                self._holds_place = False
                if (now := monotonic()) - self._places.taken_at.pop(self) < self._patience:
                    self._places.freed_soon_at = now
                self._places.calls.release()

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """A turn among the calls of those that share them; False where none comes in time."""
        if self._turns is None:
            yield True
            return
        with waiting(TURN):
            has_turn = self._turns.acquire(timeout=max(0.0, self.until - monotonic()))
        try:
            yield has_turn
        finally:
            if has_turn:
                self._turns.release()

    def _has_free_place(self) -> bool:
        with waiting(PLACE):
            return self._places.calls.acquire(blocking=False) or self._waited()

    def _waited(self) -> bool:
        """Whether a place became free soon. While Core hangs, only few may wait for that."""
        one_of_few = self._places.waiting.acquire(blocking=False)
        if not one_of_few and not self._places.answered_within(self._patience):
            return False
        try:
            return self._places.calls.acquire(
                timeout=max(0, min(self._patience, self.until - monotonic()))
            )
        finally:
            if one_of_few:
                self._places.waiting.release()
