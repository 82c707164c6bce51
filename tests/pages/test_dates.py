"""Times as pages write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from pools.pages.dates import FILTERS


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    exact = FILTERS["exact"]
    with timezone.override(ZoneInfo("Europe/London")):
        assert exact(datetime(2026, 10, 25, 0, 30, tzinfo=UTC)) == "25 Oct 2026 01:30:00 BST"
        assert exact(datetime(2026, 10, 25, 1, 30, tzinfo=UTC)) == "25 Oct 2026 01:30:00 GMT"
