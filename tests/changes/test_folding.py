"""A list of changes is one line of the record, as long as nothing tells its items apart."""

from datetime import UTC
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pools.batches.caps import CAPS
from pools.changes.filtering import Filters
from pools.changes.folding import LONGEST_LIST
from pools.changes.lines import ChangeLine, by_day, page
from pools.changes.state import ChangeState
from pools.models.vocabulary import Action, Outcome, Verdict
from tests.changes.recorded import NOON, a_change, a_list, minutes, settled
from tests.fixtures.clock import travel

pytestmark = pytest.mark.django_db


def lines(*, unfold: Any = None, **filters: Any) -> list[ChangeLine]:
    return page(Filters(**filters), 50, unfold=unfold).lines  # type: ignore[return-value]


def shown(**filters: Any) -> list[object]:
    """Of each line the list that it stands for with how many, or its change."""
    return [
        (line.folded.batch, line.folded.number) if line.folded else line.item.change_id
        for line in lines(**filters)
    ]


def test_a_list_is_one_line_where_its_newest_change_is() -> None:
    first, last = a_change(NOON), a_change(NOON + minutes(9))
    batch, _ = a_list(3, NOON + minutes(1))
    assert shown() == [last, (batch, 3), first]
    assert lines()[1].at == NOON + minutes(3)


def test_the_line_of_a_list_tells_what_became_of_all_of_it() -> None:
    outcomes = [Outcome.DONE, Outcome.DONE, Outcome.REFUSED, Outcome.UNKNOWN, Outcome.UNKNOWN, None]
    _, changes = a_list(6, outcomes=outcomes)
    settled(changes[3], NOON + minutes(9), Verdict.APPLIED)
    (line,) = lines()
    assert line.folded
    assert line.folded.counts == {
        ChangeState.DONE: 2,
        ChangeState.REFUSED: 1,
        ChangeState.UNKNOWN: 2,
        ChangeState.APPLIED: 1,
    }
    assert line.folded.frozen["pools"] == 6


def test_what_has_no_outcome_yet_is_being_sent_as_long_as_it_may_be() -> None:
    a_list(2, outcomes=[Outcome.DONE, None])
    with travel(NOON + minutes(1.01), tick=False):
        (line,) = lines()
        assert line.folded
        assert line.folded.counts == {ChangeState.DONE: 1, ChangeState.UNDER_WAY: 1}


def test_two_lists_between_each_other_are_two_lines() -> None:
    one, _ = a_list(3, NOON)
    other, _ = a_list(2, NOON + minutes(0.5))
    assert shown() == [(one, 3), (other, 2)]


def test_pages_of_lines_meet_without_a_gap_or_a_repetition() -> None:
    wanted: list[object] = []
    for number in range(4):
        wanted.append(a_change(NOON + minutes(20 * number)))
        wanted.append((a_list(4, NOON + minutes(20 * number + 1))[0], 4))
    wanted.reverse()
    first = page(Filters(), 3)
    second = page(Filters(), 3, before=first.lines[-1].seq)
    third = page(Filters(), 3, before=second.lines[-1].seq)
    back = page(Filters(), 3, after=third.lines[0].seq)
    told = [
        (each.folded.batch, each.folded.number) if each.folded else each.item.change_id  # type: ignore[union-attr]
        for part in (first, second, third)
        for each in part.lines
    ]
    assert told == wanted
    assert [each.seq for each in back.lines] == [each.seq for each in second.lines]
    assert [(part.newer, part.older) for part in (first, second, third)] == [
        (False, True),
        (True, True),
        (True, False),
    ]


def test_a_list_that_is_unfolded_shows_each_of_its_changes() -> None:
    batch, changes = a_list(3)
    a_list(2, NOON + minutes(5))
    other, line = lines(unfold=batch)
    assert [each.item.change_id for each in line.unfolded] == changes[::-1]
    assert other.unfolded == ()
    assert lines(unfold=uuid4())[0].unfolded == ()


@pytest.mark.parametrize("filters", [{"pool": "7"}, {"outcome": Outcome.DONE}])
def test_what_a_filter_finds_of_a_list_stands_alone(filters: dict[str, Any]) -> None:
    batch, changes = a_list(3)
    assert shown(**filters) == changes[::-1]
    assert [each.item.batch for each in lines(unfold=batch, **filters)] == [batch] * 3


def test_one_item_of_a_list_is_a_line_like_any_other() -> None:
    _, changes = a_list(3, actions=[Action.EDIT, Action.CREATE, Action.EDIT])
    assert shown(action="create") == [changes[1]]


def test_a_filter_counts_what_fits_of_a_list() -> None:
    actions = [Action.EDIT, Action.CREATE, Action.EDIT, Action.CREATE]
    batch, _ = a_list(4, NOON, actions=actions, reason="ZD-4711 orders")
    assert shown(action="edit") == [(batch, 2)]
    assert lines(action="edit")[0].at == NOON + minutes(2)
    assert shown(begin=NOON + minutes(1)) == [(batch, 3)]
    assert shown(end=NOON + minutes(3)) == [(batch, 3)]
    assert lines(end=NOON + minutes(3))[0].at == NOON + minutes(2)
    assert shown(words="4711 orders", action="create") == [(batch, 2)]
    assert shown(words="4711", who="ada", companies=frozenset({"acme"})) == [(batch, 4)]
    assert shown(words="4712") == []
    (line,) = lines(action="edit", unfold=batch)
    assert [each.item.action for each in line.unfolded] == [Action.EDIT] * 2
    (line,) = lines(words="4711", who="ADA", begin=NOON + minutes(1), unfold=batch)
    assert len(line.unfolded) == 3


def test_what_has_another_persons_name_or_reason_is_a_line_of_its_own() -> None:
    batch, _ = a_list(3)
    strange = a_change(NOON + minutes(20), who="bo", batch=batch)
    other = a_change(NOON + minutes(21), company="northwind", batch=batch)
    reason = a_change(NOON + minutes(22), reason="another", batch=batch)
    assert shown() == [reason, other, strange, (batch, 3)]
    assert shown(companies=frozenset({"acme"})) == [reason, strange, (batch, 3)]


def test_days_count_each_change_of_a_list() -> None:
    a_list(3)
    counted = by_day(Filters(), UTC, NOON + minutes(60), 5)
    assert counted.counts[-1][1][Action.EDIT] == 3


def test_the_longest_list_is_unfolded_whole() -> None:
    assert max(CAPS.values()) == LONGEST_LIST


def test_lists_cost_no_statement() -> None:
    a_change()
    with CaptureQueriesContext(connection) as without:
        lines()
    for number in range(5):
        batch, _ = a_list(3, NOON + minutes(number))
    with CaptureQueriesContext(connection) as with_lists:
        lines(unfold=batch)
    assert len(with_lists) == len(without)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by statistics")
@pytest.mark.parametrize("filters", [{}, {"companies": frozenset({"acme"})}, {"action": "edit"}])
def test_what_is_folded_is_found_by_a_seek(filters: dict[str, Any]) -> None:
    a_list(3)
    with CaptureQueriesContext(connection) as queries:
        lines(**filters)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
        plan = [str(row[3]) for row in cursor.fetchall()]
    (later,) = [step for step in plan if "later" in step]
    assert later == "SEARCH later USING INDEX entry_of_batch (batch=? AND seq>?)"
    assert not [step for step in plan if "SCAN pools_entry" in step and "INDEX" not in step]
    assert not [step for step in plan if "TEMP B-TREE FOR ORDER" in step]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by statistics")
@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"words": "4711"},
        {"companies": frozenset({"acme"})},
        {"action": "edit"},
        {"begin": NOON},
    ],
)
def test_what_is_unfolded_is_found_by_its_list(filters: dict[str, Any]) -> None:
    batch, _ = a_list(3, reason="ZD-4711")
    with CaptureQueriesContext(connection) as queries:
        assert len(lines(unfold=batch, **filters)[0].unfolded) == 3
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
        plan = [str(row[3]) for row in cursor.fetchall()]
    assert "SEARCH pools_entry USING INDEX entry_of_batch (batch=?)" in plan
    assert len([step for step in plan if "pools_indexterm" in step]) == ("words" in filters)
