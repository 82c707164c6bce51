"""When something happened, as people say it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from pools.pages.dates import FILTERS
from pools.wording.moments import UNREADABLE_MOMENT, age_of, precise_moment_of, zone_name

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        ({"seconds": 0}, "seconds ago"),
        ({"seconds": 59}, "seconds ago"),
        ({"seconds": 60}, "1 min ago"),
        ({"minutes": 59, "seconds": 59}, "59 min ago"),
        ({"hours": 1}, "1 h ago"),
        ({"hours": 11, "minutes": 59}, "11 h ago"),
        ({"hours": 12, "minutes": 1}, "yesterday 23:59"),
        ({"hours": 35, "minutes": 59}, "yesterday 00:01"),
        ({"hours": 36, "minutes": 1}, "8 Mar"),
        ({"days": 70}, "30 Dec 2025"),
        ({"seconds": -5}, "in seconds"),
        ({"minutes": -40, "seconds": -5}, "in 40 min"),
        ({"hours": -23, "seconds": -5}, "in 23 h"),
        ({"days": -2, "seconds": -5}, "in 2 days"),
        ({"days": -30}, "9 Apr"),
    ],
)
def test_an_age_is_said_in_the_words_that_people_use(ago: dict[str, int], words: str) -> None:
    with time_machine.travel(NOW, tick=False):
        assert age_of(NOW - timedelta(**ago)) == words


def test_yesterday_is_the_readers() -> None:
    with time_machine.travel(NOW, tick=False), timezone.override(ZoneInfo("Pacific/Auckland")):
        assert age_of(NOW - timedelta(hours=1)) == "1 h ago"
        assert age_of(NOW - timedelta(hours=2)) == "yesterday 23:00"


def test_a_time_that_cannot_be_read_has_no_age() -> None:
    assert age_of(None) == UNREADABLE_MOMENT


@pytest.mark.parametrize(
    ("zone", "named", "letters"),
    [
        ("Etc/GMT+12", "UTC\u221212", "UTC\u221212"),
        ("Asia/Kathmandu", "Asia/Kathmandu", "UTC+5:45"),
        ("America/Sao_Paulo", "America/Sao_Paulo", "UTC\u22123"),
        ("Africa/Casablanca", "Africa/Casablanca", "UTC"),
        ("Europe/London", "Europe/London", "GMT"),
        ("UTC", "UTC", "UTC"),
    ],
)
def test_a_zone_without_letters_says_how_far_it_is_from_utc(
    zone: str, named: str, letters: str
) -> None:
    with time_machine.travel(NOW, tick=False), timezone.override(ZoneInfo(zone)):
        assert zone_name() == named
        assert precise_moment_of(NOW).partition(" (")[0].endswith(f" {letters}")
        assert FILTERS["exact"](NOW).endswith(f" {letters}")
