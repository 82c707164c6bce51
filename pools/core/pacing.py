"""How fast the panel asks by itself: those who work at Core keep a part of what it allows."""

from typing import Final

from pools.core.transport import Exchange

# Of the calls that Core allows, those who work there keep this part.
KEPT_FREE: Final = 5


def leaves_too_few(exchange: Exchange | None, calls: int = 1) -> bool:
    """Whether so many more calls would take the last fifth of what Core allows, as it last said."""
    if exchange is None or exchange.calls_allowed is None or exchange.calls_left is None:
        return False
    return (exchange.calls_left - calls + 1) * KEPT_FREE <= exchange.calls_allowed
