"""The database's clock, and nobody else's, decides what is due."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from pools.ledger import clock
from pools.models import Entry
from tests.fixtures.ledger import append_events

pytestmark = pytest.mark.django_db
AHEAD = [timedelta(seconds=90), timedelta(seconds=-90)]


def close(moment: datetime, other: datetime) -> bool:
    return abs(moment - other) < timedelta(seconds=30)


@pytest.mark.parametrize("wrong", AHEAD)
def test_a_process_whose_clock_is_wrong_asks_the_database(wrong: timedelta) -> None:
    right = datetime.now(UTC)
    with time_machine.travel(right + wrong):
        assert close(clock.now(), right)
        append_events(1)
        assert close(Entry.objects.annotate(now=clock.moment()).get().now, right)
    assert close(Entry.objects.get().at, right)


def test_it_goes_on_within_a_transaction() -> None:
    """An append that waited for its turn is not of the moment at which it began to wait."""
    first = clock.now()
    while clock.now() == first:
        pass
    assert clock.now() > first
