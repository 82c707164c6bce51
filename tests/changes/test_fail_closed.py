"""The ledger cannot be written: nothing is sent. Or no longer: the truth is told."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from pools.changes import OutcomeUnwritten, PoolHeld, make_change, open_changes, release_lease
from pools.changes.state import ChangeState
from pools.ledger.appending import LedgerUnwritable, head
from pools.models import Entry
from pools.models.vocabulary import Action, Kind, Outcome
from tests.changes.making import leave_unknown
from tests.fixtures import refusing_database
from tests.fixtures.clock import a_minute_later
from tests.fixtures.place import ACTIONS, ADA, Place
from tests.fixtures.refusing_database import (
    SQLITE,
    Fault,
    as_soon_as,
    elsewhere,
    full,
    read_only,
    stopped,
    table_gone,
)
from tests.fixtures.sampling import paired


@contextmanager
def locked() -> Iterator[None]:
    """Somebody else writes for longer than one waits, which is not long."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=100" if SQLITE else "SET lock_timeout = 100")
    with refusing_database.locked():
        yield
    connection.close()


FAILURES: dict[str, Fault] = {
    "ledger gone": lambda: table_gone("pools_entry"),
    "leases gone": lambda: table_gone("pools_lease"),
    "read-only": read_only,
    "locked": locked,
    "full": full,
    **({} if SQLITE else {"stopped": stopped}),
}
# More than any free room that the database may still have in its pages.
LONG_REASON = "x" * 200_000


@pytest.mark.parametrize(("name", "action"), paired(FAILURES, ACTIONS))
def test_what_cannot_be_recorded_is_not_sent(
    committed_place: Place, action: Action, name: str
) -> None:
    change = committed_place.propose(action, reason=LONG_REASON)
    with FAILURES[name](), pytest.raises(LedgerUnwritable):
        make_change(committed_place.client(), change)
    assert committed_place.writes() == []
    assert head().seq == 0


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_afterwards_the_same_form_can_be_sent(committed_place: Place, failure: Fault) -> None:
    change = committed_place.propose(Action.EDIT, reason=LONG_REASON)
    with failure(), pytest.raises(LedgerUnwritable):
        make_change(committed_place.client(), change)
    assert make_change(committed_place.client(), change).outcome is Outcome.DONE


def test_a_release_that_cannot_be_recorded_is_not_made(committed_place: Place) -> None:
    change_id = leave_unknown(committed_place)
    with table_gone("pools_entry"), pytest.raises(LedgerUnwritable):
        release_lease(change_id, ADA, "looked at Core")
    with pytest.raises(PoolHeld):
        committed_place.make(Action.CLEAR)


@contextmanager
def ledger_lost_when(reached: Callable[[], bool]) -> Iterator[None]:
    """The ledger's table goes as soon as something has happened, and comes back at the end."""
    finished = threading.Event()

    def watch() -> None:
        other = elsewhere()
        while not reached():
            time.sleep(0.01)
        other.execute("ALTER TABLE pools_entry RENAME TO away")
        finished.wait(10)
        other.execute("ALTER TABLE away RENAME TO pools_entry")
        other.close()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        finished.set()
        watcher.join()


@pytest.mark.parametrize("action", ACTIONS)
def test_an_outcome_that_cannot_be_recorded_is_told(committed_place: Place, action: Action) -> None:
    place = committed_place
    place.sandbox.set_fault("latency=0.5;only=writes")
    with (
        ledger_lost_when(lambda: bool(place.writes())),
        pytest.raises(OutcomeUnwritten) as unwritten,
    ):
        place.make(action)
    assert unwritten.value.outcome is Outcome.DONE
    with a_minute_later():
        (item,) = open_changes(place.company)
    assert (item.change_id, item.outcome) == (unwritten.value.change_id, Outcome.UNKNOWN)
    assert Entry.objects.filter(kind=Kind.OUTCOME).count() == 0


def test_an_outcome_waits_for_a_lock_while_there_is_time(committed_place: Place) -> None:
    place = committed_place
    place.sandbox.set_fault("latency=0.5;only=writes")
    refused: list[Exception] = []
    ended = threading.Event()

    def note(ask: Any, *asked: Any) -> Any:
        try:
            return ask(*asked)
        except OperationalError as error:
            refused.append(error)
            raise

    def lock_until_it_was_asked_for_twice() -> None:
        with refusing_database.locked():
            while len(refused) < 2 and not ended.wait(0.01):
                pass
        connection.close()

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=100" if SQLITE else "SET lock_timeout = 100")
    with (
        connection.execute_wrapper(note),
        as_soon_as(lambda: bool(place.writes()), lock_until_it_was_asked_for_twice),
    ):
        try:
            result = place.make(Action.EDIT)
        finally:
            ended.set()
    connection.close()
    assert (result.outcome, len(refused)) == (Outcome.DONE, 2)
    assert Entry.objects.filter(kind=Kind.OUTCOME).count() == 1


def test_what_was_read_back_may_be_lost_the_change_stays_done(committed_place: Place) -> None:
    place = committed_place
    place.sandbox.set_fault("latency=0.5;only=reads;skip=1")
    with ledger_lost_when(lambda: len(place.sandbox.journal) == 3):
        result = place.make(Action.EDIT)
    assert (result.outcome, result.state) == (Outcome.DONE, ChangeState.NOT_READ)
    kinds = list(Entry.objects.order_by("seq").values_list("kind", flat=True))
    assert kinds == [Kind.INTENT, Kind.OUTCOME]


@pytest.mark.parametrize("action", ACTIONS)
def test_a_change_within_a_transaction_is_refused_loudly(
    committed_place: Place, action: Action
) -> None:
    """What is rolled back with a request could take the record of a sent change with it."""
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        committed_place.make(action)
    assert committed_place.writes() == []
