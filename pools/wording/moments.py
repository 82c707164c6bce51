"""When something happened, in words: in the reader's zone."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.utils import timezone

from pools.wording.numbers import counted

_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = 24 * 60 * 60
# English, whatever the machine's locale is.
MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

UNREADABLE_MOMENT: Final = "a time that can't be read"


def moment_of(at: datetime | None) -> str:
    """To the minute; with the year where it is not this one. None: it can't be read."""
    if at is None:
        return UNREADABLE_MOMENT
    return minute_of(timezone.localtime(at))


def minute_of(here: datetime, now: datetime | None = None) -> str:
    """The same of a time in the reader's zone."""
    return f"{_day_and_month(here, now or timezone.now())} {here.hour:02d}:{here.minute:02d}"


def day_of(day: date | None) -> str:
    """What a day is called besides its date; "" for most. None: it can't be read."""
    if day is None:
        return UNREADABLE_MOMENT.capitalize()
    today = timezone.localdate()
    return {today: "Today", today - timedelta(days=1): "Yesterday"}.get(day, "")


def precise_moment_of(at: datetime | None) -> str:
    """In the reader's zone, and where that is another one, in UTC. None: it can't be read."""
    if at is None:
        return UNREADABLE_MOMENT
    here = timezone.localtime(at)
    utc = f" ({at.astimezone(UTC):%H:%M:%S} UTC)" if here.utcoffset() else ""
    return f"{here.day} {here:%b %Y %H:%M:%S} {zone_of(here)}{utc}"


def zone_of(here: datetime) -> str:
    """The letters of a zone at that time; of one that has none, how far it is from UTC."""
    letters = here.tzname() or ""
    if letters[:1] not in {"+", "-"} or (shift := here.utcoffset()) is None:
        return letters
    hours, minutes = divmod(abs(shift) // _MINUTE, 60)
    sign = "\u2212" if shift < timedelta() else "+"
    return f"UTC{sign}{hours}{f':{minutes:02d}' if minutes else ''}" if shift else "UTC"


def zone_name() -> str:
    """The reader's zone: Europe/London, or what its times have."""
    name = timezone.get_current_timezone_name()
    return zone_of(timezone.localtime()) if name[:1] in {"+", "-"} else name


def age_of(at: datetime | None) -> str:
    """How long ago, or in how long. None: it can't be read."""
    if at is None:
        return UNREADABLE_MOMENT
    return age_here(timezone.localtime(at))


def age_here(here: datetime, now: datetime | None = None) -> str:
    """The same of a time in the reader's zone: 4 min ago, 3 h ago, yesterday 16:12, 12 May.

    What is to come is counted in days for a week: in 5 days.
    """
    now = now or timezone.now()
    seconds = int((now - here).total_seconds())
    if seconds < 0:
        return _until(here, -seconds, now)
    if seconds < 60:
        return "seconds ago"
    if seconds < 3600:
        return f"{seconds // 60} min ago"
    if seconds < 2 * _DAY:
        # In the zone that it is in already: asking for the reader's costs more than the rest.
        days = now.astimezone(here.tzinfo).toordinal() - here.toordinal()
        if not days:
            return f"{seconds // 3600} h ago"
        if days == 1:
            return f"yesterday {here.hour:02d}:{here.minute:02d}"
    return _day_and_month(here, now)


def _until(here: datetime, seconds: int, now: datetime) -> str:
    if seconds < 60:
        return "in seconds"
    if seconds < 3600:
        return f"in {seconds // 60} min"
    if seconds < _DAY:
        return f"in {seconds // 3600} h"
    if seconds < 7 * _DAY:
        return f"in {counted(seconds // _DAY, 'day')}"
    return _day_and_month(here, now)


def is_past(at: datetime) -> bool:
    return at <= timezone.now()


def _day_and_month(here: datetime, now: datetime) -> str:
    year = f" {here.year}" if here.year != now.astimezone(here.tzinfo).year else ""
    return f"{here.day} {MONTHS[here.month - 1][:3]}{year}"
