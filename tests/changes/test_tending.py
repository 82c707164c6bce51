"""What runs beside the panel: it settles what is due, and holds nothing up that it cannot."""

import json
import os
import signal
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from django.db import OperationalError, connection

from pools.changes import settle
from pools.changes.history import changes_by_id
from pools.changes.state import ChangeState
from pools.core import PoolFields
from pools.ledger.appending import Actor
from pools.ledger.proof import prove
from pools.models import Entry, Lease, Token
from pools.models.vocabulary import Action, Kind, Verdict
from pools.upkeep import tending as module
from pools.upkeep.tending import (
    AT_ONCE,
    EVERY,
    FIRST_DELAY_SECONDS,
    INTERVAL_SECONDS,
    Job,
    Tending,
)
from sandbox.running import running_sandbox
from tests.changes.making import NOT_APPLIED, left, left_unread
from tests.fixtures.clock import once_quiet, travel
from tests.fixtures.nursery import Begun, Nursery, PanelFork
from tests.fixtures.place import Place, give_token, make_place
from tests.fixtures.waiting import wait_until

# With other settings, and other limits of calls to Core.
TEND = """
import json, sys
from dataclasses import replace
from django.conf import settings
from django.core.management import call_command
from adminpanel.logs import configure, logging_settings
configure(logging_settings("json", "INFO"))
others, limits = json.loads(sys.argv[1])
for name, value in others.items():
    setattr(settings, name, value)
settings.CORE_LIMITS = replace(settings.CORE_LIMITS, **limits)
call_command("tend")
"""


class Clock:
    """Seconds that a test turns."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tending(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Tending:
    """In the test's own transaction, whose connection has to stay open."""
    monkeypatch.setattr("pools.upkeep.tending.close_old_connections", lambda: None)
    monkeypatch.setattr("pools.upkeep.tending.connections.close_all", lambda: None)
    return Tending(clock)


def a_round(tending: Tending) -> float:
    with once_quiet():
        return tending.round()


def verdicts() -> dict[uuid.UUID | None, str]:
    return dict(Entry.objects.filter(kind=Kind.SETTLED).values_list("change", "outcome"))


def said(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    return [
        record.msg
        for record in caplog.records
        if isinstance(record.msg, dict) and record.msg["event"] == event
    ]


def test_the_ledger_is_verified_once_a_day_whoever_restarts(
    settled_place: Place, tending: Tending, clock: Clock
) -> None:
    left(settled_place, Action.EDIT)
    a_round(tending)
    a_round(tending)
    noted = Entry.objects.filter(action="ledger_verified")
    assert noted.count() == 1
    a_round(Tending(clock))
    clock.now += EVERY[Job.VERIFICATION]
    a_round(tending)
    assert noted.count() == 1


def test_what_is_due_is_settled(settled_place: Place, tending: Tending) -> None:
    edited = left(settled_place, Action.EDIT)
    created = left(settled_place, Action.CREATE, NOT_APPLIED)
    assert a_round(tending) == INTERVAL_SECONDS
    assert verdicts() == {edited: Verdict.APPLIED, created: Verdict.NOT_APPLIED}
    assert {item.settled_by for item in changes_by_id([edited, created])} == {""}


def test_what_could_not_be_read_back_is_read_at_once(
    settled_place: Place, tending: Tending, clock: Clock
) -> None:
    tending.round()
    change = left_unread(settled_place, Action.EDIT)
    assert tending.round() == INTERVAL_SECONDS
    assert settled_place.sandbox.journal == []
    clock.now += EVERY[Job.UNREAD]
    assert tending.round() == INTERVAL_SECONDS
    assert changes_by_id([change])[0].state is ChangeState.DONE
    assert (len(settled_place.sandbox.journal), verdicts()) == (1, {})
    clock.now += EVERY[Job.UNREAD]
    tending.round()
    assert len(settled_place.sandbox.journal) == 1


def test_what_cannot_be_read_later_either_is_tried_ever_less_often(
    settled_place: Place, tending: Tending, clock: Clock
) -> None:
    left_unread(settled_place, Action.EDIT)
    settled_place.sandbox.set_fault("status=403")
    tried = []
    for _ in range(40):
        before = len(settled_place.sandbox.journal)
        tending.round()
        if len(settled_place.sandbox.journal) > before:
            tried.append(clock.now - 1000)
        clock.now += 1
    assert tried == [0, 5, 15, 35]


def test_what_is_not_quiet_is_left_alone(settled_place: Place, tending: Tending) -> None:
    before = datetime.now(UTC)
    left(settled_place, Action.EDIT)
    with travel(before, tick=False):
        assert tending.round() == INTERVAL_SECONDS
    assert (settled_place.sandbox.journal, verdicts()) == ([], {})


def test_where_nothing_is_open_hardly_anything_is_asked(
    db: None, tending: Tending, django_assert_num_queries: Any
) -> None:
    tending.round()
    with django_assert_num_queries(1):
        assert tending.round() == INTERVAL_SECONDS


def test_a_token_that_is_gone_is_said_once(
    settled_place: Place, tending: Tending, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    change = left(settled_place, Action.EDIT)
    Token.objects.all().delete()
    for _ in range(3):
        a_round(tending)
        clock.now += 1000
    (line,) = said(caplog, "a change stays open")
    assert (line["change"], line["why"]) == (str(change), "no_token: TokenMissing")


def test_a_token_that_is_back_is_used(settled_place: Place, tending: Tending, clock: Clock) -> None:
    change = left(settled_place, Action.EDIT)
    Token.objects.all().delete()
    a_round(tending)
    give_token(settled_place)
    clock.now += FIRST_DELAY_SECONDS
    a_round(tending)
    assert verdicts() == {change: Verdict.APPLIED}


def test_what_did_not_work_is_tried_ever_less_often(
    settled_place: Place, tending: Tending, clock: Clock
) -> None:
    left(settled_place, Action.EDIT)
    settled_place.sandbox.set_fault("status=500,empty;only=reads")
    tried = []
    for _ in range(900):
        before = len(settled_place.sandbox.journal)
        a_round(tending)
        if len(settled_place.sandbox.journal) > before:
            tried.append(clock.now - 1000)
        clock.now += 1
        if len(tried) == 4:
            break
    assert tried == [0, 5, 15, 35]


def test_a_core_that_is_away_is_said_once_and_holds_up_nobody(
    settled_place: Place, tending: Tending, caplog: pytest.LogCaptureFixture
) -> None:
    with running_sandbox(seed=False) as ending:
        gone = make_place(ending)
        give_token(gone)
        left(gone, Action.EDIT)
        left(gone, Action.CREATE)
    fine = left(settled_place, Action.EDIT)
    a_round(tending)
    assert verdicts() == {fine: Verdict.APPLIED}
    assert len(said(caplog, "Core does not answer")) == 1


def test_a_core_that_fails_is_asked_once_a_round(settled_place: Place, tending: Tending) -> None:
    left(settled_place, Action.EDIT)
    left(settled_place, Action.CREATE)
    settled_place.sandbox.set_fault("status=500")
    a_round(tending)
    assert len(settled_place.sandbox.journal) == 1


@pytest.mark.parametrize("action", [Action.CLEAR, Action.EDIT])
def test_what_is_not_asked_does_not_show_that_core_is_back(
    settled_place: Place, tending: Tending, action: Action
) -> None:
    place = settled_place
    left(place, Action.CREATE)
    left(place, action, actor=Actor(id=99, name="gone"))
    place.sandbox.set_fault("status=500")
    for _ in range(3):
        a_round(tending)
    assert len(place.sandbox.journal) == 1


def test_a_company_with_much_to_settle_lets_others_have_their_turn(
    settled_place: Place, tending: Tending
) -> None:
    for number in range(AT_ONCE + 1):
        fields = PoolFields(f"Pool {number}", 3, None)
        left(settled_place, Action.CREATE, NOT_APPLIED, fields=fields)
    other = make_place(settled_place.sandbox)
    give_token(other)
    last = left(other, Action.EDIT)
    assert a_round(tending) == 0
    assert (len(verdicts()), verdicts()[last]) == (AT_ONCE + 1, Verdict.APPLIED)
    assert a_round(tending) == INTERVAL_SECONDS
    assert Lease.objects.count() == 0


def test_a_database_that_is_away_is_said_once_and_waited_for(
    db: None,
    tending: Tending,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with monkeypatch.context() as away:
        away.setattr(module, "due", failing)
        away.setattr(Lease.objects, "values_list", failing)
        waits = [tending.round() for _ in range(6)]
    assert waits == [1, 2, 4, 8, 10, 10]
    assert tending.round() == INTERVAL_SECONDS
    assert len(said(caplog, "the database is away")) == 1
    assert len(said(caplog, "the database is back")) == 1


def failing(*arguments: Any, **named: Any) -> Any:
    raise OperationalError


def test_the_head_is_noted_at_the_start_every_hour_and_at_the_end(
    db: None, tending: Tending, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = []
    monkeypatch.setattr(module, "log_checkpoint", lambda: noted.append(clock.now))
    for _ in range(61):
        tending.round()
        clock.now += 120
    tending.end()
    assert noted == [1000, 4600, 8200, 8320]


def test_with_wrong_keys_nothing_is_recorded(
    settled_place: Place, tending: Tending, monkeypatch: pytest.MonkeyPatch
) -> None:
    left(settled_place, Action.EDIT)
    monkeypatch.setattr(module, "wrong_audit_keys", lambda: ["AUDIT_KEYS is missing key old."])
    with pytest.raises(module.WrongKeys, match="is missing key old"):
        a_round(tending)
    assert verdicts() == {}


# --- As a process ------------------------------------------------------------------------


Tend = Callable[..., AbstractContextManager[Begun]]


@contextmanager
def until_killed(process: Begun) -> Iterator[Begun]:
    assert process.stderr is not None
    try:
        # From its first line on it hears signals.
        assert "ledger checkpoint" in process.stderr.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def tend(panel_fork: PanelFork) -> Tend:
    def started(
        limits: Mapping[str, float] = MappingProxyType({}), **settings: float
    ) -> AbstractContextManager[Begun]:
        return until_killed(panel_fork(TEND, json.dumps([settings, dict(limits)])))

    return started


def stopped_by(process: Begun, number: int = signal.SIGTERM) -> tuple[int, str]:
    """Its status and what it said, long before anything that it waits for."""
    process.send_signal(number)
    return process.wait(timeout=20), process.communicate()[1]


@pytest.fixture
def left_open(committed_place: Place) -> uuid.UUID:
    give_token(committed_place)
    return left(committed_place, Action.EDIT)


def test_it_settles_and_ends_when_asked(tend: Tend, left_open: uuid.UUID) -> None:
    with tend() as process:
        assert process.stderr is not None
        # The line follows the verdict: whoever stops it in between never reads that line.
        settled = process.stderr.readline()
        status, rest = stopped_by(process)
    assert (status, verdicts()) == (0, {left_open: Verdict.APPLIED})
    lines = [json.loads(line)["event"] for line in (settled + rest).splitlines()]
    assert lines == ["a change is settled", "ledger checkpoint"]


def test_it_ends_while_waiting_between_two_reads(
    tend: Tend, committed_place: Place, left_open: uuid.UUID
) -> None:
    with tend(SETTLE_READS_APART_SECONDS=20) as process:
        wait_until(lambda: committed_place.sandbox.journal)
        assert stopped_by(process, signal.SIGINT)[0] == 0
    assert verdicts() == {}


def test_it_ends_while_core_hangs(tend: Tend, committed_place: Place, left_open: uuid.UUID) -> None:
    committed_place.sandbox.set_fault("hang=before,30")
    with tend({"deadline_seconds": 25, "read_timeout_seconds": 25}) as process:
        wait_until(lambda: committed_place.sandbox.journal)
        assert stopped_by(process)[0] == 0
    assert verdicts() == {}


def test_what_it_was_killed_over_another_one_settles(
    tend: Tend, committed_place: Place, left_open: uuid.UUID
) -> None:
    with tend(SETTLE_READS_APART_SECONDS=20) as process:
        wait_until(lambda: committed_place.sandbox.journal)
        process.kill()
    assert (verdicts(), Lease.objects.count()) == ({}, 1)
    with tend():
        wait_until(verdicts)
    assert verdict_is_whole(left_open)


def verdict_is_whole(change: uuid.UUID) -> bool:
    one = Entry.objects.get(kind=Kind.SETTLED).change == change
    return one and Lease.objects.count() == 0 and not prove().misfits


def test_two_of_them_and_a_person_at_once_make_one_verdict(
    tend: Tend, left_open: uuid.UUID
) -> None:
    with tend() as one, tend() as two:
        wait_until(lambda: verdicts() or settle(left_open).verdict)
        assert [stopped_by(each)[0] for each in (one, two)] == [0, 0]
    assert verdict_is_whole(left_open)


def test_it_waits_for_a_database_that_is_away_at_its_start(nursery: Nursery) -> None:
    nowhere = {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": "postgres://postgres@127.0.0.1:1/nowhere",
        "LOG_LEVEL": "INFO",
    }
    begun = nursery.start("manage.py", "tend", environment={**os.environ, **nowhere})
    with until_killed(begun) as process:
        assert process.stderr is not None
        assert json.loads(process.stderr.readline())["event"] == "the database is away"
        assert stopped_by(process)[0] == 0


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no connection to cut")
def test_a_connection_that_is_cut_is_made_again(tend: Tend, committed_place: Place) -> None:
    give_token(committed_place)
    with tend() as process, connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        change = left(committed_place, Action.EDIT)
        wait_until(verdicts)
        assert stopped_by(process)[0] == 0
    assert verdict_is_whole(change)
