"""When something happened, as people say it."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from pools.wording.moments import UNREADABLE_MOMENT, age_of

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        ({"seconds": 0}, "under a minute ago"),
        ({"seconds": 59}, "under a minute ago"),
        ({"seconds": 60}, "1 min ago"),
        ({"minutes": 59, "seconds": 59}, "59 min ago"),
        ({"hours": 1}, "1 h ago"),
        ({"hours": 23, "minutes": 59}, "23 h ago"),
        ({"days": 1}, "1 day ago"),
        ({"days": 6, "hours": 23}, "6 days ago"),
        ({"days": 7}, "3 Mar"),
        ({"days": 70}, "30 Dec 2025"),
        ({"minutes": -40, "seconds": -5}, "in 40 min"),
        ({"days": -2, "seconds": -5}, "in 2 days"),
        ({"days": -30}, "9 Apr"),
    ],
)
def test_an_age_is_said_in_one_unit_and_after_a_week_by_the_day(
    ago: dict[str, int], words: str
) -> None:
    with time_machine.travel(NOW, tick=False):
        assert age_of(NOW - timedelta(**ago)) == words


def test_a_time_that_cannot_be_read_has_no_age() -> None:
    assert age_of(None) == UNREADABLE_MOMENT
