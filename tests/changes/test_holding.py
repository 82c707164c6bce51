"""One change at a time on a pool, until its outcome is known or it is released by hand."""

import json
import uuid

import pytest

from pools.changes import PoolHeld, Snapshot, history_of, make_change, open_changes, release_lease
from pools.changes.holding import refuse_if_held
from pools.changes.recording import Intent, record_intent
from pools.core import PoolFields
from pools.ledger.appending import Actor
from pools.ledger.proof import prove
from pools.models import Entry, Lease
from pools.models.vocabulary import Action, Kind, Outcome, Verdict
from tests.changes.making import leave_unknown, left, settled, submit_at_once
from tests.changes.recorded import NOON
from tests.fixtures.clock import a_minute_later
from tests.fixtures.ledger_chain import verify_chain
from tests.fixtures.place import ACTIONS, Place, make_place

BOB = Actor(id=8, name="Bob")


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


# Leases that somebody altered past the panel.


def test_a_pool_whose_lease_was_taken_away_is_held_by_the_ledger(place: Place) -> None:
    change_id = leave_unknown(place)
    Lease.objects.all().delete()
    for action in (Action.EDIT, Action.CLEAR, Action.DELETE):
        with pytest.raises(PoolHeld) as held:
            place.make(action)
        assert (held.value.change_id, held.value.actor_name) == (change_id, "Ada")
        assert not held.value.of_nobody
    assert (place.writes(), Entry.objects.filter(kind=Kind.INTENT).count()) == ([], 1)


def test_a_new_pool_whose_lease_was_taken_away_is_held_by_the_ledger(place: Place) -> None:
    leave_unknown(place, Action.CREATE)
    Lease.objects.all().delete()
    with pytest.raises(PoolHeld):
        place.make(Action.CREATE)


def test_a_lease_that_was_taken_away_while_the_pool_is_read_is_noticed(place: Place) -> None:
    """The ledger is asked once more when the intent is recorded."""
    intent = Intent(uuid.uuid4(), place.propose(Action.CLEAR), Snapshot("Orders", 5, None), None)
    leave_unknown(place)
    Lease.objects.all().delete()
    with pytest.raises(PoolHeld):
        record_intent(intent)


def test_a_lease_that_was_moved_holds_both_pools_until_its_change_is_released(place: Place) -> None:
    change_id = leave_unknown(place)
    Lease.objects.update(pool_key="999")
    for pool_id in (str(place.pool), "999"):
        with pytest.raises(PoolHeld) as held:
            refuse_if_held(place.company, pool_id)
        assert (held.value.change_id, held.value.of_nobody) == (change_id, False)
    release_lease(change_id, BOB, "looked at Core")
    for pool_id in (str(place.pool), "999"):
        refuse_if_held(place.company, pool_id)
    event = Entry.objects.get(kind=Kind.RELEASED)
    assert (event.company, event.pool_id) == (place.company.slug, str(place.pool))
    assert prove().misfits == ()


def test_a_lease_moved_to_another_company_is_settled_with_its_own(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    other = make_place(settled_place.sandbox)
    Lease.objects.update(company=other.company.slug)
    assert settled(change).verdict is Verdict.APPLIED
    entry = Entry.objects.get(kind=Kind.SETTLED)
    assert (entry.company, Lease.objects.count()) == (settled_place.company.slug, 0)
    assert (prove().misfits, prove().of_nobody) == ((), ())


def test_a_change_without_its_lease_is_settled_too(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    Lease.objects.all().delete()
    assert settled(change).verdict is Verdict.APPLIED


@pytest.mark.parametrize("ended", [True, False])
def test_a_lease_of_no_open_change_holds_its_pool_and_says_so(place: Place, ended: bool) -> None:
    change_id = uuid.uuid4()
    if ended:
        change_id = place.make(Action.CLEAR).change_id
    Lease.objects.create(
        company=place.company.slug, pool_key=str(place.pool), change=change_id, held_since=NOON
    )
    with pytest.raises(PoolHeld) as held:
        place.make(Action.EDIT)
    assert (held.value.change_id, held.value.of_nobody) == (change_id, True)
    assert (held.value.actor_name, held.value.under_way) == ("", False)


def test_a_lease_of_no_open_change_is_released_like_any_other(place: Place) -> None:
    change_id = uuid.uuid4()
    Lease.objects.create(
        company=place.company.slug, pool_key=str(place.pool), change=change_id, held_since=NOON
    )
    release_lease(change_id, BOB, "nobody knows it")
    assert place.make(Action.CLEAR).outcome is Outcome.DONE
    event = Entry.objects.get(action="lease_released")
    assert (event.kind, event.actor_name, event.reason) == (Kind.EVENT, "Bob", "nobody knows it")
    assert json.loads(event.facts) == {
        "address": "",
        "pool": str(place.pool),
        "change": str(change_id),
        "held_since": NOON.isoformat(),
    }
    assert (prove().misfits, prove().of_nobody) == ((), ())


def test_a_change_is_under_way_for_as_long_as_the_ledger_says(place: Place) -> None:
    """Whatever time its lease was given."""
    intent = Intent(uuid.uuid4(), place.propose(Action.CLEAR), Snapshot("Orders", 5, None), None)
    record_intent(intent)
    Lease.objects.update(held_since=NOON)
    with pytest.raises(PoolHeld) as held:
        place.make(Action.EDIT)
    assert held.value.under_way
