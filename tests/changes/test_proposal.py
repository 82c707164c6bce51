"""What a proposal is made of: snapshots, differences, and what fits together."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.changes import Difference, ProposedChange, Snapshot, differences
from pools.changes.proposal import COMPARED
from pools.core import LEAVE, Connector, Pool, PoolChanges, PoolFields
from pools.core.decoding import read_pool
from pools.ledger.appending import Actor
from pools.models import Company
from pools.models.vocabulary import Action

BEFORE = Snapshot(name="Orders", limit=5, timeout=None, connector_ids=(1, 2))
numbers = st.none() | st.integers()
snapshots = st.builds(
    Snapshot,
    name=st.none() | st.text(),
    limit=numbers,
    timeout=numbers,
    connector_ids=st.none() | st.lists(st.integers()).map(tuple),
    unreadable=st.just(frozenset()),
)


@given(snapshots, st.sets(st.sampled_from(COMPARED)))
def test_a_snapshot_reads_back_as_it_was_written(snapshot: Snapshot, lost: set[str]) -> None:
    nothing: dict[str, Any] = dict.fromkeys(lost)
    partly = snapshot._replace(unreadable=frozenset(lost), **nothing)
    for each in (snapshot, partly):
        assert Snapshot.from_json(each.to_json()) == each


@pytest.mark.parametrize(("one", "other"), [(None, None), (None, 60), (60, 31)])
def test_what_cannot_be_read_is_not_none_and_no_number(one: Any, other: Any) -> None:
    lost = BEFORE._replace(unreadable=frozenset({"timeout"}))
    assert lost.same_values(lost)
    assert not lost.same_values(BEFORE._replace(timeout=one))
    wanted = lost.changed_by(PoolChanges(timeout=other))
    assert (wanted.timeout, wanted.unreadable) == (other, frozenset())
    after = "none" if other is None else str(other)
    assert differences(lost, wanted) == (Difference("timeout", "unreadable", after),)
    assert lost.changed_by(PoolChanges(limit=9)).unreadable == {"timeout"}


@pytest.mark.parametrize(
    "wrong",
    [{"name": 5}, {"limit": "5"}, {"limit": True}, {"timeout": 1.5}, {"connector_ids": ["1"]}]
    + [{"unreadable": wrong} for wrong in (["limit"], ["connector_ids"], "timeout")],
)
def test_a_snapshot_of_other_types_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"is not|are whole|can't be read"):
        Snapshot.from_json(BEFORE.to_json() | wrong)


def test_a_snapshot_without_a_field_is_refused() -> None:
    facts = BEFORE.to_json()
    del facts["limit"]
    with pytest.raises(ValueError, match="limit is missing"):
        Snapshot.from_json(facts)


def test_a_snapshot_takes_its_values_from_the_pool() -> None:
    connectors = tuple(Connector(id=i, name=None, system=None, raw={}) for i in (9, None, 3))
    pool = Pool(1, "Orders", 5, None, None, None, connectors, frozenset(), {})
    assert Snapshot.from_pool(pool) == Snapshot("Orders", 5, None, (3, 9))


def test_unknown_connectors_are_not_the_same_as_none() -> None:
    pool = Pool(1, "Orders", 5, None, None, None, None, frozenset(), {})
    assert Snapshot.from_pool(pool).connector_ids is None


def test_connectors_without_ids_are_not_none() -> None:
    assert Snapshot.from_pool(read_pool({"connectors": [{}]})).connector_ids is None
    assert Snapshot.from_pool(read_pool({"connectors": []})).connector_ids == ()


def test_changes_leave_what_they_do_not_name() -> None:
    assert BEFORE.changed_by(PoolChanges(limit=10, timeout=LEAVE)) == BEFORE._replace(limit=10)


def test_changes_can_take_a_timeout_away() -> None:
    timed = BEFORE._replace(timeout=60)
    assert timed.changed_by(PoolChanges(timeout=None)) == BEFORE


def test_differences_are_text_in_a_fixed_order() -> None:
    after = Snapshot(name="Returns", limit=5, timeout=60)
    assert differences(BEFORE, after) == (
        Difference("name", "Orders", "Returns"),
        Difference("timeout", "none", "60"),
    )


@pytest.mark.parametrize(
    ("action", "wrong"),
    [
        (Action.CREATE, {"pool_id": 1}),
        (Action.CREATE, {"seen": BEFORE}),
        (Action.CREATE, {"fields": None}),
        (Action.CREATE, {"changed": PoolChanges()}),
        (Action.EDIT, {"pool_id": None}),
        (Action.EDIT, {"seen": None}),
        (Action.EDIT, {"changed": None}),
        (Action.EDIT, {"fields": PoolFields("a", 1, None)}),
        (Action.CLEAR, {"changed": PoolChanges()}),
        (Action.DELETE, {"seen": None}),
    ],
)
def test_a_proposal_that_does_not_fit_its_action_is_refused(
    action: Action, wrong: dict[str, Any]
) -> None:
    creating = action is Action.CREATE
    fitting = {
        "pool_id": None if creating else 1,
        "seen": None if creating else BEFORE,
        "fields": PoolFields("a", 1, None) if creating else None,
        "changed": PoolChanges(limit=1) if action is Action.EDIT else None,
    }
    with pytest.raises(ValueError, match=r"^(every|a create|an edit)"):
        ProposedChange(
            company=Company(),
            action=action,
            reason="",
            form_id=BEFORE,  # type: ignore[arg-type]
            actor=Actor(1, "Ada"),
            **{**fitting, **wrong},
        )
