"""How often a pool was cleared in the last seven days: what was done, and what nobody knows."""

from datetime import timedelta

import pytest

from pools.changes.pool_records import record_of, record_of_pool
from pools.changes.recent_clears import LATELY, RecentClears, recent_clears
from pools.models.vocabulary import Action
from pools.wording.recent_clears import clears_say
from tests.changes.making import leave_unknown, settled
from tests.fixtures.place import Place


def clear(place: Place, times: int) -> None:
    for _ in range(times):
        place.make(Action.CLEAR)


def test_done_clears_are_counted_alike_wherever_they_are_asked_for(place: Place) -> None:
    clear(place, 2)
    place.make(Action.EDIT)
    assert recent_clears(place.company, place.pool) == RecentClears(done=2)
    assert record_of_pool(place.company, place.pool).cleared == RecentClears(done=2)
    assert record_of(place.company, [place.pool]).cleared == {place.pool: RecentClears(done=2)}


def test_a_clear_that_nobody_knows_of_is_counted_apart(place: Place) -> None:
    clear(place, 1)
    change = leave_unknown(place)
    assert recent_clears(place.company, place.pool) == RecentClears(done=1, unknown=1)
    settled(change)
    assert recent_clears(place.company, place.pool) == RecentClears(done=1, unknown=1)


def test_a_refused_clear_is_none(place: Place) -> None:
    place.sandbox.set_fault("status=403;only=writes")
    clear(place, 1)
    assert recent_clears(place.company, place.pool) == RecentClears()
    assert record_of(place.company, [place.pool]).cleared == {}


def test_only_the_last_seven_days_count(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    clear(place, 1)
    assert timedelta(days=7) == LATELY
    monkeypatch.setattr("pools.changes.recent_clears.LATELY", timedelta(0))
    assert recent_clears(place.company, place.pool) == RecentClears()
    assert record_of_pool(place.company, place.pool).cleared == RecentClears()


def test_another_pool_of_that_id_was_another_one(place: Place) -> None:
    clear(place, 1)
    place.company.origin += 1
    assert recent_clears(place.company, place.pool) == RecentClears()


@pytest.mark.parametrize(
    ("counted", "says"),
    [
        (RecentClears(), ""),
        (RecentClears(1), "Cleared once in the last 7 days."),
        (RecentClears(4), "Cleared 4 times in the last 7 days: look for a leak."),
        (
            RecentClears(2, 1),
            (
                "Cleared twice in the last 7 days, and perhaps once more with an unknown outcome: "
                "look for a leak."
            ),
        ),
        (RecentClears(0, 1), "Perhaps cleared once in the last 7 days, with an unknown outcome."),
    ],
)
def test_the_count_is_a_sentence(counted: RecentClears, says: str) -> None:
    assert clears_say(counted) == says
