"""One change at a time on a pool, until its outcome is known or it is released by hand."""

import json
import uuid

import pytest

from pools.changes import (
    Action,
    Actor,
    Outcome,
    PoolHeld,
    Snapshot,
    history_of,
    make_change,
    open_changes,
    release_lease,
)
from pools.changes.recording import Intent, record_intent
from pools.core import PoolFields
from pools.models import Entry, Kind, Lease
from pools.models.ledger import verify_chain
from tests.changes.conftest import ACTIONS, Place, a_minute_later, make_place
from tests.changes.test_repeated import submit_at_once

BOB = Actor(id=8, name="Bob")
UNKNOWN = "apply-then-fail;only=writes"


def leave_unknown(place: Place, action: Action = Action.CLEAR) -> uuid.UUID:
    place.sandbox.set_fault(UNKNOWN)
    change_id = place.make(action).change_id
    place.sandbox.reset()
    return change_id


@pytest.mark.parametrize("fault", ["", "status=422;only=writes", "rate-limit=1;only=writes"])
@pytest.mark.parametrize("action", ACTIONS)
def test_a_clear_end_gives_the_pool_back(place: Place, action: Action, fault: str) -> None:
    place.sandbox.set_fault(fault)
    place.make(action)
    assert Lease.objects.count() == 0


@pytest.mark.parametrize("action", [Action.EDIT, Action.CLEAR, Action.DELETE])
def test_an_unknown_outcome_holds_the_pool(place: Place, action: Action) -> None:
    change_id = leave_unknown(place)
    with pytest.raises(PoolHeld) as held:
        place.make(action)
    lease = Lease.objects.get()
    assert (held.value.change_id, held.value.actor_name) == (change_id, "Ada")
    assert held.value.since == lease.held_since
    assert not held.value.under_way
    assert (place.writes(), Entry.objects.filter(kind=Kind.INTENT).count()) == ([], 1)


def test_a_pool_that_is_held_is_not_even_read(place: Place) -> None:
    leave_unknown(place)
    with pytest.raises(PoolHeld):
        place.make(Action.EDIT)
    assert place.sandbox.journal == []


def test_another_companys_pool_is_not_held(place: Place) -> None:
    leave_unknown(place)
    other = make_place(place.sandbox)
    assert other.make(Action.CLEAR).outcome is Outcome.DONE


def test_an_unknown_create_holds_the_name(place: Place) -> None:
    leave_unknown(place, Action.CREATE)
    with pytest.raises(PoolHeld):
        place.make(Action.CREATE)
    other_name = PoolFields("Refunds", 3, None)
    assert place.make(Action.CREATE, fields=other_name).outcome is Outcome.DONE


def test_two_people_at_once_change_a_pool_one_after_the_other(committed_place: Place) -> None:
    place = committed_place
    place.sandbox.set_fault("latency=0.3;only=writes")
    ends = submit_at_once(
        place, [place.propose(Action.CLEAR), place.propose(Action.CLEAR, actor=BOB)]
    )
    kinds = sorted(type(end).__name__ for end in ends)
    assert kinds == ["ChangeResult", "PoolHeld"]
    assert [end.under_way for end in ends if isinstance(end, PoolHeld)] == [True]
    assert len(place.writes()) == 1


def test_releasing_frees_the_pool(place: Place) -> None:
    change_id = leave_unknown(place)
    release_lease(change_id, BOB, "looked at Core: it is empty")
    assert place.make(Action.CLEAR).outcome is Outcome.DONE


def test_releasing_is_an_event_of_its_own(place: Place) -> None:
    change_id = leave_unknown(place)
    release_lease(change_id, BOB, "looked at Core")
    event = Entry.objects.get(kind=Kind.RELEASED)
    assert (event.change, event.actor_name, event.reason) == (change_id, "Bob", "looked at Core")
    assert (event.pool_id, event.action) == (str(place.pool), "clear")
    assert set(json.loads(event.facts)) == {"address", "held_since"}
    assert verify_chain() is None


def test_a_released_change_stays_unknown_and_says_who_released_it(place: Place) -> None:
    change_id = leave_unknown(place)
    release_lease(change_id, BOB, "looked at Core")
    (item,) = history_of(place.company, place.pool)
    assert (item.outcome, item.actor_name) == (Outcome.UNKNOWN, "Ada")
    assert (item.released_by, item.released_reason) == ("Bob", "looked at Core")
    assert open_changes(place.company) == []


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_releasing_needs_a_reason(place: Place, reason: str) -> None:
    change_id = leave_unknown(place)
    with pytest.raises(ValueError, match="reason"):
        release_lease(change_id, BOB, reason)
    assert Lease.objects.count() == 1


def test_releasing_twice_is_one_event(place: Place) -> None:
    change_id = leave_unknown(place)
    release_lease(change_id, BOB, "one")
    release_lease(change_id, BOB, "two")
    assert Entry.objects.filter(kind=Kind.RELEASED).count() == 1


def test_a_change_under_way_cannot_be_released(place: Place) -> None:
    intent = Intent(uuid.uuid4(), place.propose(Action.CLEAR), Snapshot("Orders", 5, None), None)
    record_intent(intent)
    with pytest.raises(PoolHeld):
        release_lease(intent.change_id, BOB, "impatient")
    assert Lease.objects.count() == 1


def test_a_change_whose_process_ended_is_not_under_way_for_ever(place: Place) -> None:
    record_intent(
        Intent(uuid.uuid4(), place.propose(Action.CLEAR), Snapshot("Orders", 5, None), None)
    )
    with a_minute_later(), pytest.raises(PoolHeld) as held:
        make_change(place.client(), place.propose(Action.EDIT))
    assert not held.value.under_way


def test_an_intent_whose_process_ended_can_be_released(place: Place) -> None:
    intent = Intent(uuid.uuid4(), place.propose(Action.CLEAR), Snapshot("Orders", 5, None), None)
    record_intent(intent)
    with a_minute_later():
        release_lease(intent.change_id, BOB, "the server was restarted")
    assert make_change(place.client(), place.propose(Action.EDIT)).outcome is Outcome.DONE
