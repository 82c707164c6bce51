"""How many calls Core still allows, as this process last heard it of each company."""

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from pools.core import Exchange
from pools.core.pacing import USUAL_PAUSE, leaves_too_few
from pools.models import Company

# The most that one change asks of Core: reading, the call, reading back, and once more where a
# pool is not found.
CALLS_OF_A_CHANGE: Final = 4


@dataclass(frozen=True, slots=True)
class _Heard:
    exchange: Exchange
    at: float


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
    last = _heard.get(company.base_url)
    return last is not None and time.monotonic() - last.at < USUAL_PAUSE.total_seconds()


def allows(company: Company, changes: int) -> bool:
    """Whether so many changes leave a fifth of what Core allows to those who work there."""
    last = _heard.get(company.base_url)
    if last is None or time.monotonic() - last.at >= USUAL_PAUSE.total_seconds():
        return True
    return not leaves_too_few(last.exchange, changes * CALLS_OF_A_CHANGE)
