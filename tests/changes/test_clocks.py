"""Processes whose clocks differ: nothing is settled, released or doubted too early."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from pools.changes import PoolHeld, SettlingState, due, open_changes, release_lease, settle
from pools.changes.history import changes_by_id
from pools.changes.holding import refuse_if_held
from pools.changes.settling import take_up
from pools.changes.state import ChangeState
from pools.models import Entry, Lease, Token
from pools.models.vocabulary import Action, Kind
from tests.changes.making import begin, left
from tests.changes.noticing import drifts, look
from tests.fixtures.clock import once_quiet
from tests.fixtures.ledger import ADA
from tests.fixtures.nursery import PanelFork
from tests.fixtures.place import Place, give_token


def ahead(seconds: float = 90) -> Any:
    """This process alone is ahead; or behind."""
    return time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds))


def test_a_process_that_is_ahead_settles_nothing_before_its_time(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    with ahead():
        assert due() == []
        assert settle(change).state is SettlingState.WAITING
    assert not Entry.objects.filter(kind=Kind.SETTLED).exists()


def test_a_process_that_is_behind_settles_in_time(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    with once_quiet(), ahead(-90):
        assert due() == [change]
        assert settle(change).state is SettlingState.SETTLED


def test_a_change_under_way_is_under_way_for_a_process_that_is_ahead(place: Place) -> None:
    change = begin(place, Action.EDIT)
    with ahead():
        assert settle(change).state is SettlingState.UNDER_WAY
        (item,) = changes_by_id([change])
        assert item.state is ChangeState.UNDER_WAY
        assert open_changes(place.company) == []
        with pytest.raises(PoolHeld) as held:
            refuse_if_held(place.company, str(place.pool))
        assert held.value.under_way
        with pytest.raises(PoolHeld):
            release_lease(change, ADA, "impatient")
    assert Lease.objects.count() == 1


def test_a_token_renewed_by_a_process_that_is_behind_is_newer_than_the_change(
    settled_place: Place,
) -> None:
    """It must show a witness before it is believed that something is not there."""
    change = left(settled_place, Action.EDIT)
    Token.objects.all().delete()
    with ahead(-90):
        give_token(settled_place)
    with once_quiet():
        case = take_up(change)
    assert not hasattr(case, "state")
    assert case.witnesses is not None


def test_a_read_that_may_be_late_may_be_late_for_a_process_that_is_ahead(place: Place) -> None:
    """A copy that Core reads from shows what was there before the change."""
    place.make(Action.EDIT)
    place.at_core.change_pool(place.pool, limit=5)
    with ahead():
        look(place)
    assert drifts() == []


TEND = """
import time_machine
from datetime import UTC, datetime, timedelta
from django.conf import settings
from pools.upkeep.tending import Tending
settings.SETTLE_QUIET_SECONDS = 60
with time_machine.travel(datetime.now(UTC) + timedelta(seconds=90)):
    for _ in range(3):
        Tending().round()
print("tended")
"""


def test_a_tend_of_another_machine_that_is_ahead_settles_nothing(
    committed_place: Place, panel_fork: PanelFork
) -> None:
    give_token(committed_place)
    left(committed_place, Action.EDIT)
    tend = panel_fork(TEND)
    said, errors = tend.communicate(timeout=100)
    assert (tend.returncode, said) == (0, "tended\n"), errors
    assert not Entry.objects.filter(kind=Kind.SETTLED).exists()
