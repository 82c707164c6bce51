"""The history of a pool in sentences: what somebody did, or tried to do."""

import pytest

from pools.changes import HistoryItem, Snapshot
from pools.changes.history import changes_by_id
from pools.models.vocabulary import Action, Outcome
from pools.wording.timeline import sentence_of
from tests.changes.recorded import AFTER, BEFORE, a_change

pytestmark = pytest.mark.django_db


def item(action: Action = Action.EDIT, outcome: Outcome = Outcome.DONE) -> HistoryItem:
    return changes_by_id([a_change(action=action, outcome=outcome)])[0]


def edit_to(wanted: Snapshot, before: Snapshot = BEFORE) -> HistoryItem:
    return item()._replace(before=before, wanted=wanted)


@pytest.mark.parametrize(
    ("change", "verb", "pair"),
    [
        ({"limit": 10}, "raised the limit", ("5", "10")),
        ({"limit": 3}, "lowered the limit", ("5", "3")),
        ({"name": "Orders"}, "renamed it", ("NetSuite orders", "Orders")),
        ({"timeout": 30}, "set a timeout", ("none", "30")),
    ],
)
def test_an_edit_of_one_value_says_what_was_done_to_it(
    change: dict[str, object], verb: str, pair: tuple[str, str]
) -> None:
    found = sentence_of(edit_to(BEFORE._replace(**change)))  # type: ignore[arg-type]
    assert found.verb == verb
    assert found.change
    assert (found.change.before, found.change.after) == pair


def test_a_timeout_is_removed_or_raised() -> None:
    timed = BEFORE._replace(timeout=30)
    assert sentence_of(edit_to(BEFORE, timed)).verb == "removed the timeout"
    assert sentence_of(edit_to(BEFORE._replace(timeout=60), timed)).verb == "raised the timeout"


def test_an_edit_of_several_values_leaves_them_to_its_differences() -> None:
    found = sentence_of(edit_to(AFTER._replace(timeout=30)))
    assert (found.verb, found.change) == ("changed it", None)


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.NOT_SENT, Outcome.UNKNOWN])
def test_what_is_not_known_to_have_happened_was_tried(outcome: Outcome) -> None:
    assert sentence_of(item(Action.EDIT, outcome)).verb == "tried to raise the limit"
    assert sentence_of(item(Action.CLEAR, outcome)).verb == "tried to clear it"


def test_a_create_and_a_delete_have_their_values() -> None:
    created, deleted = sentence_of(item(Action.CREATE)), sentence_of(item(Action.DELETE))
    assert created.verb == "created it"
    assert created.values == "limit 10, timeout none, connectors 1, 2"
    assert deleted.verb == "deleted it"
    assert deleted.values == "limit 5, timeout none, connectors 1, 2"
    assert sentence_of(item(Action.CLEAR)).values == ""


def test_a_change_that_cannot_be_read_is_not_said_to_be_one_of_a_kind() -> None:
    lost = item()._replace(unreadable=(7,), lost=True)
    assert sentence_of(lost).verb == "made a change that can't be read"
