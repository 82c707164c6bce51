"""The verdict on a change, from what was before, what was wanted and what is there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.changes import Snapshot
from pools.changes.proposal import COMPARED
from pools.changes.verdicts import CLOCKS_APART, Newest, Unreadable, in_order, verdict_of
from pools.core import Pool
from pools.core.decoding import read_pool
from pools.models.vocabulary import Action, Verdict

BEFORE = Snapshot("Orders", 5, None, ())
WANTED = Snapshot("Orders", 10, None, ())
NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)

snapshots = st.builds(
    Snapshot,
    st.sampled_from(["Orders", "Returns"]),
    st.integers(1, 3),
    st.none() | st.integers(1, 2),
    st.just(()),
    # Also what has a default would be made up, of a tuple.
    st.just(frozenset()),
)


def pool(**row: Any) -> Pool:
    return read_pool({"id": 7, "name": "Orders", "limit": 5, "timeout": None} | row)


def showing(values: Snapshot) -> Pool:
    return pool(name=values.name, limit=values.limit, timeout=values.timeout)


def made(pool_id: int, at: datetime | None) -> Pool:
    return pool(id=pool_id, created_at=at and at.isoformat())


def of_edit(*found: Pool, unreadable: Unreadable | None = None) -> Verdict | None:
    return verdict_of(Action.EDIT, BEFORE, WANTED, found, unreadable)


@given(before=snapshots, wanted=snapshots, observed=snapshots)
def test_an_edit_is_judged_by_all_its_values(
    before: Snapshot, wanted: Snapshot, observed: Snapshot
) -> None:
    verdict = verdict_of(Action.EDIT, before, wanted, [showing(observed)])
    if observed.same_values(wanted):
        assert verdict is Verdict.APPLIED
    elif observed.same_values(before):
        assert verdict is Verdict.NOT_APPLIED
    else:
        assert verdict is Verdict.SUPERSEDED


@given(
    before=snapshots, wanted=snapshots, observed=snapshots, lost=st.sets(st.sampled_from(COMPARED))
)
def test_what_cannot_be_read_never_changes_a_verdict(
    before: Snapshot, wanted: Snapshot, observed: Snapshot, lost: set[str]
) -> None:
    whole = showing(observed)
    partly = read_pool({**whole.raw, **{field: {} for field in lost}})
    assert verdict_of(Action.EDIT, before, wanted, [partly]) in {
        None,
        verdict_of(Action.EDIT, before, wanted, [whole]),
    }


def without(values: Snapshot, lost: set[str]) -> Snapshot:
    nothing: dict[str, Any] = dict.fromkeys(lost)
    return values._replace(**nothing)


@given(
    before=snapshots, wanted=snapshots, observed=snapshots, lost=st.sets(st.sampled_from(COMPARED))
)
def test_what_could_not_be_read_before_proves_nothing(
    before: Snapshot, wanted: Snapshot, observed: Snapshot, lost: set[str]
) -> None:
    changed = {field for field in COMPARED if getattr(before, field) != getattr(wanted, field)}
    verdict = verdict_of(
        Action.EDIT,
        without(before, lost),
        without(wanted, lost - changed),
        [showing(observed)],
        Unreadable(frozenset(lost), frozenset(changed)),
    )
    if verdict is Verdict.APPLIED:
        assert all(getattr(observed, field) == getattr(wanted, field) for field in changed)
    if verdict is Verdict.NOT_APPLIED:
        assert all(getattr(observed, field) == getattr(before, field) for field in changed)
    assert verdict is not Verdict.SUPERSEDED or not observed.same_values(before)


def test_an_edit_of_a_pool_that_is_gone_is_superseded() -> None:
    assert of_edit() is Verdict.SUPERSEDED


def test_core_trims_names() -> None:
    wanted = Snapshot(" Orders\u200b ", 10, None)
    assert verdict_of(Action.EDIT, BEFORE, wanted, [pool(limit=10)]) is Verdict.APPLIED


@pytest.mark.parametrize("field", ["name", "limit"])
def test_a_value_that_is_missing_decides_nothing(field: str) -> None:
    row = {"id": 7, "name": "Orders", "limit": 5, "timeout": None}
    del row[field]
    assert of_edit(read_pool(row)) is None


def test_a_timeout_that_is_left_out_is_none_but_proves_no_other() -> None:
    left_out = read_pool({"id": 7, "name": "Orders", "limit": 10})
    had_one, with_timeout = Snapshot("Orders", 5, 30), Snapshot("Orders", 10, 60)
    assert verdict_of(Action.EDIT, had_one, WANTED, [left_out]) is Verdict.APPLIED
    assert verdict_of(Action.EDIT, had_one, with_timeout, [left_out]) is None
    assert verdict_of(Action.EDIT, BEFORE, with_timeout, [left_out]) is None


def test_a_core_that_had_said_null_leaves_no_timeout_out_for_none() -> None:
    assert of_edit(read_pool({"id": 7, "name": "Orders", "limit": 10})) is None
    assert of_edit(read_pool({"id": 7, "name": "Orders", "limit": 5})) is None
    assert of_edit(read_pool({"id": 7, "name": "Orders", "limit": 7})) is Verdict.SUPERSEDED


def test_what_was_not_read_before_and_not_changed_is_left_out_of_account() -> None:
    now_read = pool(limit=10, timeout=30)
    assert of_edit(now_read) is Verdict.SUPERSEDED
    unreadable = Unreadable(frozenset({"timeout"}), frozenset({"limit"}))
    assert of_edit(now_read, unreadable=unreadable) is Verdict.APPLIED


def test_a_change_of_what_was_not_read_before_is_never_said_not_to_be_applied() -> None:
    before, wanted = Snapshot("Orders", 5, None), Snapshot("Orders", 5, 60)
    unreadable = Unreadable(frozenset({"timeout"}), frozenset({"timeout"}))
    found = [pool(timeout=30)]
    assert verdict_of(Action.EDIT, before, wanted, found, unreadable) is None
    assert (
        verdict_of(Action.EDIT, before, wanted, [pool(timeout=60)], unreadable) is Verdict.APPLIED
    )


def test_a_delete_is_applied_once_the_pool_is_gone() -> None:
    assert verdict_of(Action.DELETE, BEFORE, None, []) is Verdict.APPLIED
    assert verdict_of(Action.DELETE, BEFORE, None, [pool(limit=9)]) is Verdict.NOT_APPLIED


def test_a_clear_cannot_be_known() -> None:
    assert verdict_of(Action.CLEAR, BEFORE, None, []) is Verdict.UNKNOWABLE


@pytest.mark.parametrize(
    ("limits", "verdict"),
    [
        ([], Verdict.NOT_APPLIED),
        ([10], Verdict.APPLIED),
        ([10, 4], Verdict.APPLIED),
        ([10, 10], Verdict.DUPLICATE),
        ([4], Verdict.SUPERSEDED),
        ([4, 5], Verdict.SUPERSEDED),
        ([10, "x"], None),
        (["x"], None),
    ],
)
def test_a_create_is_judged_by_the_new_pools_of_its_name(
    limits: list[Any], verdict: Verdict | None
) -> None:
    found = [pool(id=number, limit=limit) for number, limit in enumerate(limits, 1)]
    assert verdict_of(Action.CREATE, None, WANTED, found) is verdict


NEWEST = Newest(7, NOON)


@pytest.mark.parametrize(
    ("pool_id", "at", "is_new"),
    [
        (8, NOON + SECOND, True),
        (8, NOON, True),
        (6, NOON, False),
        (7, NOON, False),
        (6, NOON - SECOND, False),
        (8, NOON - CLOCKS_APART, True),
        (8, NOON - CLOCKS_APART - SECOND, None),
        (6, NOON + SECOND, None),
        (8, None, None),
    ],
)
def test_a_pool_is_new_where_its_number_and_its_time_say_so(
    pool_id: int, at: datetime | None, is_new: bool | None
) -> None:
    assert NEWEST.is_older(made(pool_id, at)) is is_new


def test_where_too_many_were_made_in_one_moment_its_neighbourhood_decides_nothing() -> None:
    crowded = Newest(None, NOON)
    assert crowded.is_older(made(9, NOON)) is None
    assert crowded.is_older(made(9, NOON + CLOCKS_APART)) is None
    assert crowded.is_older(made(9, NOON + CLOCKS_APART + SECOND)) is True
    assert crowded.is_older(made(9, NOON - CLOCKS_APART - SECOND)) is False


def test_the_newest_has_the_largest_number_of_its_moment() -> None:
    tied = [made(5, NOON), made(7, NOON), made(9, NOON - SECOND)]
    assert Newest.from_pools(tied, whole=False) == Newest(7, NOON)
    assert Newest.from_pools(tied[:2], whole=False) == Newest(None, NOON)
    assert Newest.from_pools(tied[:2], whole=True) == Newest(7, NOON, whole=True)


def test_a_list_in_another_order_is_no_evidence_unless_it_is_whole() -> None:
    oldest_first = [made(5, NOON), made(7, NOON + SECOND)]
    assert Newest.from_pools(oldest_first, whole=False) is None
    assert Newest.from_pools(oldest_first, whole=True) == Newest(7, NOON + SECOND, whole=True)
    untold = [made(9, None), *oldest_first]
    assert Newest.from_pools(untold, whole=True) is None
    assert not in_order([made(5, NOON), made(7, None), made(6, NOON + SECOND)])


def test_without_its_time_the_newest_decides_nothing() -> None:
    newest = Newest.from_pools([made(5, None)], whole=True)
    assert newest == Newest(None, None, whole=True)
    assert newest.is_older(made(6, NOON)) is None


@given(
    st.builds(
        Newest,
        st.none() | st.integers(1, 99),
        st.none() | st.timedeltas(timedelta(), timedelta(days=9999)).map(lambda ago: NOON + ago),
        st.booleans(),
    )
)
def test_the_evidence_comes_back_from_the_record_as_it_was(newest: Newest) -> None:
    assert Newest.from_json(newest.to_json()) == newest
