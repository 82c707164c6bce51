"""How pages write dates and times: in the reader's zone, always the same few ways.

Each is a filter of the templates by its own name. What is None (unreadable, or not there)
is written as nothing. Names are English, whatever the machine's locale is.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Final, NamedTuple

from django.utils import timezone

from pools.wording.moments import MONTHS, UNREADABLE_MOMENT, age_here, zone_of

_SHORT_MONTHS: Final = tuple(month[:3] for month in MONTHS)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
Filter = Callable[[datetime | None], str]


def _local(write: Callable[[datetime], str]) -> Filter:
    def written(at: datetime | None) -> str:
        return "" if at is None else write(at.astimezone(timezone.get_current_timezone()))

    return written


def _day(at: date) -> str:
    return f"{at.day} {_SHORT_MONTHS[at.month - 1]} {at.year}"


# The time of day as ISO 8601 has it, which a page of a list asks for hundreds of times: by itself,
# as that of a moment looks up how far its zone is from UTC.
def _minute(at: datetime) -> str:
    return at.time().isoformat("minutes")


def _clock(at: datetime) -> str:
    return at.time().isoformat("seconds")


def _exact(at: datetime) -> str:
    clock = at.time().isoformat("seconds")
    return f"{at.day} {_SHORT_MONTHS[at.month - 1]} {at.year} {clock} {zone_of(at)}"


class Told(NamedTuple):
    """A moment as a cell of a table has it: its age, and the full time beneath."""

    exact: str
    age: str


class Clocked(NamedTuple):
    """A moment as a line below its day has it: the time of day, and the full one beneath."""

    iso: str
    exact: str
    clock: str


class Teller:
    """Tells the moments of a page: the reader's zone and the time are looked at once for all.

    `now` is that time, in that zone.
    """

    def __init__(self) -> None:
        self._zone = timezone.get_current_timezone()
        self.now = timezone.now().astimezone(self._zone)

    def told(self, at: datetime | None) -> Told:
        """None: it can't be read."""
        if at is None:
            return Told("", UNREADABLE_MOMENT)
        here = at.astimezone(self._zone)
        return Told(_exact(here), age_here(here, self.now))

    def clocked(self, at: datetime | None) -> Clocked:
        if at is None:
            return Clocked("", "", "")
        here = at.astimezone(self._zone)
        return Clocked(here.isoformat(), _exact(here), _clock(here))

    def exact(self, at: datetime | None) -> str:
        return "" if at is None else _exact(at.astimezone(self._zone))


def day(day: date) -> str:
    """1 Dec 2025"""
    return _day(day)


def short_weekday(day: date) -> str:
    """Mon 1 Dec"""
    return f"{_DAYS[day.weekday()]} {day.day} {_SHORT_MONTHS[day.month - 1]}"


def dated_weekday(day: date | None) -> str:
    """Mon 1 Dec 2025"""
    return "" if day is None else f"{short_weekday(day)} {day.year}"


# Of moments, and of calendar days.
FILTERS: Final[dict[str, Callable[..., str]]] = {
    "iso": _local(datetime.isoformat),
    "exact": _local(_exact),
    "second": _local(lambda at: f"{_day(at)} {_clock(at)}"),
    "minute": _local(lambda at: f"{_day(at)} {_minute(at)}"),
    "clock": _local(_clock),
    **{each.__name__: each for each in (day, short_weekday, dated_weekday)},
}
