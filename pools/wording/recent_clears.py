"""How often a pool was cleared lately, in a sentence."""

from typing import Final

from pools.changes.recent_clears import RecentClears

_LATELY: Final = "in the last 7 days"


def clears_say(clears: RecentClears) -> str:
    """For instance: Cleared 4 times in the last 7 days: look for a leak. Empty without any."""
    if not clears.total:
        return ""
    if not clears.unknown:
        said = f"Cleared {_times(clears.done)} {_LATELY}"
    elif not clears.done:
        said = f"Perhaps cleared {_times(clears.unknown)} {_LATELY}, with an unknown outcome"
    else:
        said = (
            f"Cleared {_times(clears.done)} {_LATELY}, and perhaps {_times(clears.unknown)} more "
            "with an unknown outcome"
        )
    return f"{said}{': look for a leak' if clears.often else ''}."


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
