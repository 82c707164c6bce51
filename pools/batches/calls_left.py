"""How many calls Core still allows, as this process last heard it of each company."""

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from pools.core import Exchange
from pools.core.pacing import leaves_too_few
from pools.core.rate_limits import USUAL_PAUSE
from pools.models import Company

# The most that one change asks of Core: reading, the call, reading back, and once more where a
# pool is not found.
CALLS_OF_A_CHANGE: Final = 4


@dataclass(frozen=True, slots=True)
class _Heard:
    exchange: Exchange
    at: float


# A Core that answers within this leaves time for waiting in a change's own.
QUICK_SECONDS: Final = 0.5

# The latest of each company's address: a process works for few.
_heard: dict[str, _Heard] = {}


def heard(company: Company, exchange: Exchange | None) -> None:
    """Notes how many calls an answer of Core's leaves; a 429 says until when there are none."""
    if exchange is not None and exchange.status != HTTPStatus.TOO_MANY_REQUESTS:
        _heard[company.base_url] = _Heard(exchange, time.monotonic())


def forget(company: Company) -> None:
    """After a pause, Core counts from the beginning."""
    _heard.pop(company.base_url, None)


def is_known(company: Company) -> bool:
    """Whether Core has said so lately. If not, one change is made before several at once are."""
    return _lately(company) is not None


def is_quick(company: Company) -> bool:
    """Whether Core answered quickly, as it was last heard."""
    last = _lately(company)
    return last is not None and last.took_seconds < QUICK_SECONDS


def allows(company: Company, changes: int) -> bool:
    """Whether so many changes leave a fifth of what Core allows to those who work there."""
    return not leaves_too_few(_lately(company), changes * CALLS_OF_A_CHANGE)


def _lately(company: Company) -> Exchange | None:
    last = _heard.get(company.base_url)
    if last is None or time.monotonic() - last.at >= USUAL_PAUSE.total_seconds():
        return None
    return last.exchange
