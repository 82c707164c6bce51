"""The record as people read it: what was changed, by whom, why, and with which outcome."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from pools.changes import Difference, Snapshot, history_of, open_changes
from pools.changes.pool_records import gone_pool, record_of
from pools.core import PoolChanges, PoolFields
from pools.models.vocabulary import Action, Outcome
from tests.changes.making import APPLIED, begin, leave_unknown
from tests.changes.recorded import NOON, a_change, minutes
from tests.fixtures.clock import a_minute_later
from tests.fixtures.place import Place, make_place

Queries = Callable[[int], AbstractContextManager[Any]]


def test_an_edit_is_told_whole(place: Place) -> None:
    result = place.make(Action.EDIT)
    (item,) = history_of(place.company, place.pool)
    assert (item.change_id, item.action, item.outcome) == (
        result.change_id,
        Action.EDIT,
        Outcome.DONE,
    )
    assert (item.actor_name, item.reason, item.pool_name) == ("Ada", "T-1", "Orders")
    assert (item.before, item.after, item.verified) == (result.before, result.after, True)
    assert item.differences == (Difference("limit", "5", "10"),)
    assert item.request_id == str(result.change_id)


def test_a_pools_history_is_newest_first(place: Place) -> None:
    place.make(Action.EDIT)
    place.make(Action.CLEAR, seen=place.seen())
    place.make(Action.EDIT, seen=place.seen(), changed=PoolChanges(timeout=60))
    history = history_of(place.company, place.pool)
    assert [item.action for item in history] == [Action.EDIT, Action.CLEAR, Action.EDIT]


def test_a_new_pools_history_begins_with_its_create(place: Place) -> None:
    result = place.make(Action.CREATE)
    assert result.pool_id is not None
    (item,) = history_of(place.company, result.pool_id)
    assert (item.action, item.pool_id, item.before) == (Action.CREATE, result.pool_id, None)
    assert (item.after, item.differences) == (Snapshot("Returns", 3, 60, ()), ())


def test_a_deleted_pools_history_ends_with_its_delete(place: Place) -> None:
    place.make(Action.DELETE)
    (item,) = history_of(place.company, place.pool)
    assert (item.action, item.after, item.verified) == (Action.DELETE, None, True)
    assert item.before == Snapshot("Orders", 5, None, ())
    assert item.message == "Connection pool deleted successfully."


def test_a_refused_edit_shows_what_was_wanted(place: Place) -> None:
    place.sandbox.set_fault("status=422;only=writes")
    place.make(Action.EDIT)
    (item,) = history_of(place.company, place.pool)
    assert (item.outcome, item.after) == (Outcome.REFUSED, None)
    assert item.differences == (Difference("limit", "5", "10"),)
    assert item.message == "The given data was invalid."
    assert item.reasons == (
        "limit: A sandbox says no.",
        "limit: It says so twice.",
        "name: Nor this.",
    )


def test_a_change_under_way_has_no_outcome_yet(place: Place) -> None:
    begin(place, Action.CLEAR)
    (item,) = history_of(place.company, place.pool)
    assert item.outcome is None
    assert open_changes(place.company) == []


def test_an_intent_without_outcome_is_unknown_after_the_deadline(place: Place) -> None:
    change_id = begin(place, Action.CLEAR)
    with a_minute_later():
        (item,) = history_of(place.company, place.pool)
        unsettled = open_changes(place.company, place.pool)
    assert item.outcome is Outcome.UNKNOWN
    assert [each.change_id for each in unsettled] == [change_id]


def test_history_has_a_limit_that_counts_changes(place: Place) -> None:
    for _ in range(3):
        place.make(Action.CLEAR)
    assert len(history_of(place.company, place.pool, limit=2)) == 2


def test_another_companys_pool_of_the_same_id_has_its_own_history(place: Place) -> None:
    place.make(Action.CLEAR)
    other = make_place(place.sandbox).company
    assert history_of(other, place.pool) == []
    assert record_of(other, [place.pool]).last == {}


def test_the_last_change_of_each_pool(place: Place) -> None:
    created = place.make(Action.CREATE)
    place.make(Action.CLEAR)
    edited = place.make(Action.EDIT)
    untouched = place.at_core.add_pool("Untouched").id
    assert created.pool_id is not None
    last = record_of(place.company, [place.pool, created.pool_id, untouched]).last
    assert {pool: item.change_id for pool, item in last.items()} == {
        place.pool: edited.change_id,
        created.pool_id: created.change_id,
    }


def test_the_last_change_of_no_pools_is_nothing(place: Place) -> None:
    assert record_of(place.company, []).last == {}


def test_open_changes_of_a_pool_are_its_own(place: Place) -> None:
    held = leave_unknown(place)
    leave_unknown(place, Action.CREATE)
    assert [item.change_id for item in open_changes(place.company, place.pool)] == [held]


def test_open_changes_of_a_company_include_creates(place: Place) -> None:
    cleared = leave_unknown(place)
    created = leave_unknown(place, Action.CREATE)
    items = open_changes(place.company)
    assert [(item.change_id, item.pool_id) for item in items] == [
        (created, None),
        (cleared, place.pool),
    ]
    assert open_changes(make_place(place.sandbox).company) == []


@pytest.mark.parametrize("count", [1, 5])
def test_each_list_is_one_query_however_many_changes(
    place: Place, count: int, django_assert_num_queries: Queries
) -> None:
    pools = [place.pool]
    for number in range(count):
        result = place.make(Action.CREATE, fields=PoolFields(f"Pool {number}", 3, None))
        assert result.pool_id is not None
        pools.append(result.pool_id)
        place.make(Action.CLEAR)
        place.sandbox.set_fault(APPLIED)
        place.make(Action.CREATE, fields=PoolFields(f"Lost {number}", 3, None))
        place.sandbox.reset()
    with django_assert_num_queries(1):
        assert len(record_of(place.company, pools).last) == count + 1
    with django_assert_num_queries(1):
        assert len(history_of(place.company, place.pool)) == count
    with django_assert_num_queries(1):
        assert len(open_changes(place.company)) == count


def test_what_was_deleted_under_an_id_is_not_the_pool_that_was_made_under_it(place: Place) -> None:
    slug = place.company.slug
    a_change(NOON, company=slug, action=Action.DELETE, pool_name="Old")
    first = gone_pool(place.company, 7)
    a_change(NOON + minutes(1), company=slug, action=Action.CREATE, pool_name="New")
    second = gone_pool(place.company, 7)
    assert first is not None
    assert second is not None
    assert (first.deleted, first.item.pool_name) == (True, "Old")
    assert (second.deleted, second.item.pool_name) == (False, "New")
