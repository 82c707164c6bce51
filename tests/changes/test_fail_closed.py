"""The ledger cannot be written: nothing is sent. Or no longer: the truth is told."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from pools.changes import (
    Action,
    LedgerUnwritable,
    Outcome,
    OutcomeUnwritten,
    PoolHeld,
    make_change,
    open_changes,
    release_lease,
)
from pools.models import Entry, Kind, ledger
from pools.models.ledger import head
from tests.changes.conftest import ACTIONS, ADA, Place, a_minute_later
from tests.changes.test_holding import leave_unknown
from tests.panel_process import database_url

Failing = Callable[[], AbstractContextManager[None]]
SQLITE = connection.vendor == "sqlite"


def elsewhere() -> Any:
    """Another connection to the same database, in autocommit."""
    if SQLITE:
        return sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    return psycopg.connect(database_url(), autocommit=True)


@contextmanager
def table_gone(table: str) -> Iterator[None]:
    other = elsewhere()
    other.execute(f"ALTER TABLE {table} RENAME TO away")
    try:
        yield
    finally:
        other.execute(f"ALTER TABLE away RENAME TO {table}")
        other.close()


@contextmanager
def read_only() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "PRAGMA query_only=ON" if SQLITE else "SET default_transaction_read_only = on"
        )
        yield
        cursor.execute(
            "PRAGMA query_only=OFF" if SQLITE else "SET default_transaction_read_only = off"
        )


@contextmanager
def locked() -> Iterator[None]:
    """Somebody else holds the ledger's lock for longer than one waits."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=100" if SQLITE else "SET lock_timeout = 100")
    other = elsewhere()
    other.execute("BEGIN IMMEDIATE" if SQLITE else "BEGIN")
    if not SQLITE:
        other.execute(f"SELECT pg_advisory_xact_lock({ledger._ADVISORY_LOCK})")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()
        connection.close()


@contextmanager
def full() -> Iterator[None]:
    """No page more than the database has, and none of them free."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone() or (0,)
        cursor.execute(f"PRAGMA max_page_count={pages}")
        yield
        cursor.execute("PRAGMA max_page_count=1073741823")


@contextmanager
def stopped() -> Iterator[None]:
    """The server ends our connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (process,) = cursor.fetchone() or (0,)
    with elsewhere() as other:
        other.execute(f"SELECT pg_terminate_backend({process})")
    yield
    connection.close()


FAILURES: dict[str, Failing] = {
    "ledger gone": lambda: table_gone("pools_entry"),
    "leases gone": lambda: table_gone("pools_lease"),
    "read-only": read_only,
    "locked": locked,
    **({"full": full} if SQLITE else {"stopped": stopped}),
}
# More than any free room that the database may still have in its pages.
LONG_REASON = "x" * 200_000


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
@pytest.mark.parametrize("action", ACTIONS)
def test_what_cannot_be_recorded_is_not_sent(
    committed_place: Place, action: Action, failure: Failing
) -> None:
    change = committed_place.propose(action, reason=LONG_REASON)
    with failure(), pytest.raises(LedgerUnwritable):
        make_change(committed_place.client(), change)
    assert committed_place.writes() == []
    assert head().seq == 0


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_afterwards_the_same_form_can_be_sent(committed_place: Place, failure: Failing) -> None:
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


def test_what_was_read_back_may_be_lost_the_change_stays_done(committed_place: Place) -> None:
    place = committed_place
    place.sandbox.set_fault("latency=0.5;only=reads;skip=1")
    with ledger_lost_when(lambda: len(place.sandbox.journal) == 3):
        result = place.make(Action.EDIT)
    assert (result.outcome, result.verified) == (Outcome.DONE, False)
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
