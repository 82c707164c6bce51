"""Observers of calls to Core: for counting them, never for changing them.

The service module knows no metrics: the code that counts registers an `Observer`, once.
It learns names out of short fixed lists and seconds; nothing of a call itself.
"""

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final, Protocol

from pools.core.errors import CoreError

OK: Final = "ok"
# What is waited for: a place among the calls of this process, a turn among those of a list,
# the next try of a read.
WAITS: Final = (PLACE := "place", TURN := "turn", RETRY := "retry")
_INNER_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_log = logging.getLogger(__name__)


class Observer(Protocol):
    """Called in the thread that makes the call, which waits for it: be quick."""

    def call_ended(self, operation: str, outcome: str, reason: str, seconds: float) -> None:
        """A method of the service module came to its end, every try of a read included.

        `outcome` is "ok" or the error's class ("rate_limited"), `reason` its Reason or "".
        What was waited here is not among the seconds.
        """

    def waited(self, what_for: str, seconds: float) -> None:
        """A wait here has ended: for a place or a turn at Core, or before a read's next try."""

    def answered(self, status: int) -> None:
        """Core gave a complete answer, one that a read did not stop at included."""


_observers: list[Observer] = []


class _Waited(threading.local):
    """The seconds that this thread has waited, however long ago."""

    seconds = 0.0


_waited = _Waited()


def observe(observer: Observer) -> None:
    """Tells `observer` of every call from now on, in this process."""
    _observers.append(observer)


@contextmanager
def observed(operation: str) -> Iterator[None]:
    """Tells the observers how what runs inside it ended."""
    # Waiting here puts it off.
    started = monotonic() - _waited.seconds

    def ended(outcome: str, reason: str) -> None:
        seconds = monotonic() - _waited.seconds - started
        _tell(lambda each: each.call_ended(operation, outcome, reason, seconds))

    try:
        yield
    except CoreError as error:
        outcome, reason = outcome_name(type(error)), str(error.reason)
        _log.warning("a call to Core failed: %s, %s (%s)", operation, outcome, reason)
        ended(outcome, reason)
        raise
    ended(OK, "")


@contextmanager
def waiting(what_for: str) -> Iterator[None]:
    """What runs inside it is a wait here, and no time of Core's."""
    started = monotonic()
    try:
        yield
    finally:
        seconds = monotonic() - started
        _waited.seconds += seconds
        _tell(lambda each: each.waited(what_for, seconds))


def tell_answered(status: int) -> None:
    _tell(lambda each: each.answered(status))


def outcome_name(error: type[CoreError]) -> str:
    """The name of an error's class as a metric has it: RateLimited is "rate_limited"."""
    return _INNER_CAPITAL.sub("_", error.__name__).lower()


def _tell(say: Callable[[Observer], None]) -> None:
    """A failure to count is logged, and is not the call's."""
    for observer in _observers:
        try:
            say(observer)
        except Exception:  # noqa: BLE001  (whatever it is, the call goes on)
            _log.exception("a call to Core was not counted")
