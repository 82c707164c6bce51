"""A form that is sent twice: one change, one call, one outcome."""

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from pools.changes import (
    ChangeResult,
    FormReused,
    FormSentOtherwise,
    Snapshot,
    make_change,
    repeated,
    sending,
)
from pools.changes.recording import Intent, record_intent
from pools.changes.state import ChangeState
from pools.core import PoolChanges, PoolFields
from pools.ledger.appending import Actor, LedgerUnwritable
from pools.models import Entry
from pools.models.vocabulary import Action, Kind, Outcome
from pools.wording.messages import message_for
from pools.wording.situations import Situation
from tests.changes.making import late_intent, outcome_of, submit_at_once
from tests.fixtures.clock import travel
from tests.fixtures.place import ACTIONS, LIMITS, Place


def twice(place: Place, action: Action) -> tuple[ChangeResult, ChangeResult]:
    change = place.propose(action)
    return make_change(place.client(), change), make_change(place.client(), change)


@pytest.mark.parametrize("action", ACTIONS)
def test_the_second_submit_shows_the_first_ones_outcome(place: Place, action: Action) -> None:
    first, second = twice(place, action)
    assert second == replace(first, repeated=True)
    assert len(place.writes()) == 1


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [("status=403", Outcome.REFUSED), ("apply-then-fail", Outcome.UNKNOWN)],
)
def test_a_change_that_was_not_done_is_not_sent_again(
    place: Place, fault: str, outcome: Outcome
) -> None:
    place.sandbox.set_fault(f"{fault};only=writes")
    first, second = twice(place, Action.EDIT)
    assert second == replace(first, error=None, repeated=True)
    assert (second.outcome, len(place.writes())) == (outcome, 1)


@pytest.mark.parametrize("action", [Action.EDIT, Action.DELETE])
def test_a_second_submit_that_meets_what_the_first_one_did_is_no_conflict(
    committed_place: Place, action: Action
) -> None:
    committed_place.sandbox.set_fault("latency=0.5;only=get;skip=1;times=1")
    ends = submit_at_once(committed_place, [committed_place.propose(action)] * 2)
    assert sorted(end.repeated for end in ends) == [False, True]
    assert {end.outcome for end in ends} == {Outcome.DONE}


def test_a_second_submit_waits_for_what_the_first_reads_back(committed_place: Place) -> None:
    committed_place.sandbox.set_fault("latency=0.5;only=get;skip=1")
    ends = submit_at_once(committed_place, [committed_place.propose(Action.EDIT)] * 2)
    assert sorted(end.repeated for end in ends) == [False, True]
    assert {end.state for end in ends} == {ChangeState.DONE}


def test_a_second_submit_that_cannot_wait_any_longer_says_that_the_pool_is_being_read(
    place: Place, settings: Any
) -> None:
    settings.CORE_LIMITS = replace(LIMITS, deadline_seconds=2)
    intent = late_intent(place)
    begun = Entry.objects.get(change=intent.change_id, kind=Kind.INTENT).at
    with travel(begun + timedelta(seconds=1.9)):
        outcome_of(intent, Outcome.DONE)
        result = make_change(place.client(), intent.change)
    assert (result.state, result.repeated) == (ChangeState.READING_BACK, True)
    text = message_for(result, Situation(place.company, "/", Action.EDIT)).text
    assert "We are still reading the pool to check." in text


def test_nothing_is_read_for_a_second_submit(place: Place) -> None:
    change = place.propose(Action.EDIT)
    make_change(place.client(), change)
    place.sandbox.reset()
    make_change(place.client(), change)
    assert place.sandbox.journal == []


@pytest.mark.parametrize(
    "other",
    [
        {"actor": Actor(8, "Eve")},
        {"action": Action.DELETE, "changed": None},
        {"pool_id": 999},
    ],
)
def test_a_form_that_comes_back_with_another_change_is_forged(
    place: Place, other: dict[str, Any]
) -> None:
    change = place.propose(Action.EDIT)
    make_change(place.client(), change)
    with pytest.raises(FormReused):
        make_change(place.client(), replace(change, **other))
    assert len(place.writes()) == 1


@pytest.mark.parametrize(
    ("action", "other"),
    [
        (Action.EDIT, {"changed": PoolChanges(limit=78)}),
        (Action.EDIT, {"changed": PoolChanges(limit=77, timeout=30)}),
        (Action.CREATE, {"fields": PoolFields("Another", 7, None)}),
        *((action, {"reason": "another one"}) for action in ACTIONS),
    ],
)
def test_a_form_that_comes_back_with_other_entries_is_no_second_submit(
    place: Place, action: Action, other: dict[str, Any]
) -> None:
    change = place.propose(action)
    first = make_change(place.client(), change)
    with pytest.raises(FormSentOtherwise) as refused:
        make_change(place.client(), replace(change, **other))
    assert refused.value.change_id == first.change_id
    assert len(place.writes()) == 1


def test_a_first_submit_that_never_ends_is_unknown_in_the_end(place: Place, settings: Any) -> None:
    settings.CORE_LIMITS = replace(LIMITS, deadline_seconds=0.3)
    change = place.propose(Action.CLEAR)
    record_intent(Intent(uuid.uuid4(), change, Snapshot("Orders", 5, None), None))
    result = make_change(place.client(), change)
    assert (result.outcome, result.repeated) == (Outcome.UNKNOWN, True)
    assert place.writes() == []


def test_a_ledger_lost_just_when_a_second_submit_is_found_to_be_one(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = place.propose(Action.CLEAR)
    make_change(place.client(), change)

    def lost(change_ids: Any) -> Any:
        raise OperationalError("unable to open database file")

    # The first submit's intent was committed after the second one had looked for it.
    monkeypatch.setattr(sending, "intent_of_form", lambda form_id: None)
    monkeypatch.setattr(repeated, "changes_by_id", lost)
    with pytest.raises(LedgerUnwritable):
        make_change(place.client(), change)
    assert len(place.writes()) == 1


def test_a_second_submit_waits_for_the_first_ones_outcome(committed_place: Place) -> None:
    committed_place.sandbox.set_fault("latency=0.3;only=writes")
    ends = submit_at_once(committed_place, [committed_place.propose(Action.EDIT)] * 3)
    assert sorted(end.repeated for end in ends) == [False, True, True]
    assert {end.outcome for end in ends} == {Outcome.DONE}
    assert len(committed_place.writes()) == 1
    assert Entry.objects.filter(kind=Kind.INTENT).count() == 1
