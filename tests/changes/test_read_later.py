"""What could not be read back counts once it is read later, by whoever reads the pool."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from pools.changes import SettlingState, drift, sending, settle
from pools.changes.history import changes_by_id
from pools.changes.settling import unread
from pools.changes.state import ChangeState
from pools.core import NotFound, PoolChanges
from pools.ledger.proof import prove
from pools.models import Entry
from pools.models.vocabulary import Action, Kind
from tests.changes.making import left_unread
from tests.changes.noticing import READS, drifts, look, noticed, outside
from tests.fixtures.clock import a_minute_later
from tests.fixtures.place import ADA, Place, give_token


@pytest.fixture
def long_quiet(settings: Any) -> None:
    """What is shown late is looked at within it, however slow this machine is."""
    settings.SETTLE_QUIET_SECONDS = 50.0


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("action", [Action.EDIT, Action.CREATE])
def test_whoever_reads_the_pool_later_reads_it_back(
    place: Place, action: Action, read: Callable[[Place], object]
) -> None:
    change = left_unread(place, action)
    item = changes_by_id([change])[0]
    assert item.pool_id is not None
    read(replace(place, pool=item.pool_id))
    read(replace(place, pool=item.pool_id))
    assert changes_by_id([change])[0].state is ChangeState.DONE
    assert Entry.objects.filter(change=change, kind=Kind.READBACK).count() == 2
    assert noticed() == []


def test_so_is_what_nobody_came_to_read_back(
    committed_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(sending, "_read_back", lambda *_: (None, None, None))
        change = committed_place.make(Action.EDIT).change_id
    look(committed_place)
    assert changes_by_id([change])[0].state is ChangeState.READING_BACK
    with a_minute_later():
        look(committed_place)
    assert changes_by_id([change])[0].state is ChangeState.DONE
    assert noticed() == []


def test_a_delete_that_could_not_be_read_back_is_seen_once_the_pool_is_missing(
    place: Place,
) -> None:
    give_token(place)
    change = left_unread(place, Action.DELETE)
    with pytest.raises(NotFound):
        drift.read_pool(place.client(), place.company, place.pool, ADA.id)
    assert changes_by_id([change])[0].state is ChangeState.DONE
    assert noticed() == []


@pytest.mark.parametrize("action", [Action.EDIT, Action.DELETE])
def test_what_core_shows_with_a_delay_is_seen_once_it_is_shown(
    place: Place, action: Action
) -> None:
    """Core reads from a copy that lags behind, or carries the change out later."""
    give_token(place)
    place.sandbox.set_fault("do-nothing;only=writes")
    result = place.make(action)
    look(place)
    assert changes_by_id([result.change_id])[0].state is ChangeState.NOT_SEEN
    if action is Action.DELETE:
        place.at_core.delete_pool(place.pool)
        with pytest.raises(NotFound):
            drift.read_pool(place.client(), place.company, place.pool, ADA.id)
    else:
        outside(place, limit=10)
        look(place)
    assert changes_by_id([result.change_id])[0].state is ChangeState.DONE
    assert noticed() == []


@pytest.mark.usefixtures("long_quiet")
def test_what_an_earlier_change_did_is_not_taken_for_somebodys_where_core_lags(
    place: Place,
) -> None:
    """Two edits, of which Core's copy shows neither at first, and then one after the other."""
    place.sandbox.set_fault("do-nothing;only=writes")
    place.make(Action.EDIT, changed=PoolChanges(limit=9))
    second = place.make(Action.EDIT, changed=PoolChanges(limit=8, timeout=60))
    outside(place, limit=9)
    look(place)
    assert noticed() == []
    outside(place, limit=8, timeout=60)
    look(place)
    assert changes_by_id([second.change_id])[0].state is ChangeState.DONE
    assert noticed() == []


@pytest.mark.usefixtures("long_quiet")
def test_what_stays_otherwise_where_core_lagged_is_somebodys(place: Place) -> None:
    place.sandbox.set_fault("do-nothing;only=writes")
    place.make(Action.EDIT)
    outside(place, limit=7)
    look(place)
    assert noticed() == []
    with a_minute_later():
        look(place)
    ((before, after),) = noticed()
    assert (before.limit, after.limit) == (5, 7)


@pytest.mark.usefixtures("long_quiet")
def test_what_could_not_be_read_back_may_be_shown_late_as_well(place: Place) -> None:
    """Core's copy has the values of before."""
    change = left_unread(place, Action.EDIT)
    outside(place, limit=5)
    look(place)
    assert noticed() == []
    outside(place, limit=10)
    look(place)
    assert changes_by_id([change])[0].state is ChangeState.DONE
    assert noticed() == []


@pytest.mark.usefixtures("long_quiet")
def test_a_new_pool_that_could_not_be_read_back_is_not_deleted_where_it_is_shown_late(
    place: Place,
) -> None:
    give_token(place)
    change = left_unread(place, Action.CREATE)
    created = changes_by_id([change])[0].pool_id
    assert created is not None
    place.at_core.delete_pool(created)
    for noticed_then in (0, 1):
        with contextlib.nullcontext() if not noticed_then else a_minute_later():
            with pytest.raises(NotFound):
                drift.read_pool(place.client(), place.company, created, ADA.id)
            assert len(drifts()) == noticed_then


def test_other_values_later_do_not_speak_against_it(place: Place) -> None:
    change = left_unread(place, Action.EDIT)
    outside(place, limit=7)
    look(place)
    assert changes_by_id([change])[0].state is ChangeState.NOT_READ
    ((before, after),) = noticed()
    assert (before.limit, after.limit) == (10, 7)


def test_what_shows_it_may_have_been_changed_otherwise(place: Place) -> None:
    change = left_unread(place, Action.EDIT)
    outside(place, timeout=60)
    look(place)
    assert changes_by_id([change])[0].state is ChangeState.DONE
    ((before, after),) = noticed()
    assert (before.timeout, after.timeout) == (None, 60)
    look(place)
    assert len(noticed()) == 1


@pytest.mark.parametrize("action", [Action.EDIT, Action.CREATE, Action.DELETE])
def test_settling_reads_it_back_once(settled_place: Place, action: Action) -> None:
    change = left_unread(settled_place, action)
    assert settle(change).state is SettlingState.SEEN
    assert changes_by_id([change])[0].state is ChangeState.DONE
    assert [request.method for request in settled_place.sandbox.journal] == ["GET"]
    assert settle(change).state is SettlingState.ALREADY
    assert prove().misfits == ()


def test_settling_says_what_it_does_not_see(settled_place: Place) -> None:
    change = left_unread(settled_place, Action.EDIT)
    outside(settled_place, limit=7)
    assert settle(change).state is SettlingState.NOT_SEEN
    assert changes_by_id([change])[0].state is ChangeState.NOT_READ


@pytest.mark.parametrize(
    ("fault", "state"),
    [("status=500", SettlingState.NOT_READ), ("status=401", SettlingState.NO_TOKEN)],
)
def test_what_cannot_be_read_now_either_stays_as_it_is(
    settled_place: Place, fault: str, state: SettlingState
) -> None:
    change = left_unread(settled_place, Action.EDIT)
    settled_place.sandbox.set_fault(fault)
    assert settle(change).state is state
    assert changes_by_id([change])[0].state is ChangeState.NOT_READ


def test_it_is_looked_for_during_a_day(settled_place: Place) -> None:
    change = left_unread(settled_place, Action.EDIT)
    now = timezone.now()
    assert unread(now) == {change: settled_place.company.slug}
    assert unread(now + timedelta(days=1)) == {}
    look(settled_place)
    assert unread(now) == {}
