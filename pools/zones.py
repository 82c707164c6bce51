"""The time zone that a reader sees times in."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones


def zone_called(name: str) -> ZoneInfo | None:
    """The zone with this name (as in Europe/London), None where there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # The name may be of no file, of a folder, or lead out of the zones' folder.
        return None


@cache
def zone_names() -> list[str]:
    """Every zone's name, sorted. Reads some hundred files: once per process."""
    return sorted(name for name in available_timezones() if "/" in name or name == "UTC")
