"""`/readyz`: each thing that the panel cannot work without, taken away; and who learns why."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.test.utils import CaptureQueriesContext

from adminpanel import readiness
from pools.ledger.appending import Actor, lock, record_event
from pools.models import Entry, IndexTerm
from pools.secret import Secret
from tests.fixtures.ledger_flush import unguarded_ledger
from tests.fixtures.refusing_database import shut

READY = dict.fromkeys(("database", "migrations", "keys", "ledger"), "ok")


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    readiness.forget()
    yield
    readiness.forget()


def asked() -> tuple[int, dict[str, str]]:
    answer = Client().get("/readyz")
    said = answer.json()
    assert said["ready"] is (answer.status_code == 200)
    return answer.status_code, said["checks"]


@pytest.mark.django_db(transaction=True)
def test_ready_when_everything_is_there() -> None:
    assert asked() == (200, READY)


@pytest.mark.django_db(transaction=True)
def test_asking_leaves_no_trace() -> None:
    with transaction.atomic():
        record_event("tested", Actor(1, "ada"))
    before = list(Entry.objects.values_list()), list(IndexTerm.objects.values_list())
    asked()
    assert (list(Entry.objects.values_list()), list(IndexTerm.objects.values_list())) == before


@pytest.mark.django_db
def test_it_is_looked_at_once_in_a_while() -> None:
    asked()
    with CaptureQueriesContext(connection) as queries:
        assert asked() == (200, READY)
    assert len(queries) == 0


@pytest.mark.django_db
def test_an_unapplied_migration() -> None:
    MigrationRecorder(connection).record_unapplied("pools", "0006_finding_changes")
    expected = {"migrations": "failed", "keys": "not checked", "ledger": "not checked"}
    assert asked() == (503, READY | expected)


@pytest.mark.django_db
def test_a_key_that_does_not_fit(settings: Any) -> None:
    record_event("tested", Actor(1, "ada"))
    settings.AUDIT_KEYS = (("first", Secret(base64.b64encode(b"x" * 32).decode())),)
    assert asked() == (503, READY | {"keys": "failed", "ledger": "not checked"})


@pytest.mark.django_db(transaction=True)
def test_a_ledger_whose_lock_is_never_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adminpanel.readiness.LOCK_SECONDS", 1)
    with held():
        assert asked() == (503, READY | {"ledger": "failed"})
    readiness.forget()
    assert asked() == (200, READY)


@contextmanager
def held() -> Iterator[None]:
    """Somebody else's transaction that has the ledger's lock."""
    taken, over = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            lock()
            taken.set()
            over.wait()
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_takes_no_inserts() -> None:
    with forbidding_inserts():
        assert asked() == (503, READY | {"ledger": "failed"})


@pytest.mark.django_db
def test_a_ledger_that_can_be_altered() -> None:
    with unguarded_ledger():
        assert asked() == (503, READY | {"ledger": "failed"})


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite has no roles")
@pytest.mark.django_db
@pytest.mark.parametrize(("rights", "state"), [("SELECT", "failed"), ("SELECT, INSERT", "ok")])
def test_a_role_needs_the_right_to_add_to_the_ledger_and_no_other(rights: str, state: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE readiness_tested")
        cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO readiness_tested")
        cursor.execute(f"GRANT {rights} ON pools_entry TO readiness_tested")
        cursor.execute("SET LOCAL ROLE readiness_tested")
        assert asked()[1] == READY | {"ledger": state}
        cursor.execute("RESET ROLE")


@contextmanager
def forbidding_inserts() -> Iterator[None]:
    sqlite = connection.vendor == "sqlite"
    forbid, allow = (
        ("PRAGMA query_only = ON", "PRAGMA query_only = OFF")
        if sqlite
        else (
            "SET default_transaction_read_only = on",
            "SET default_transaction_read_only = off",
        )
    )
    with connection.cursor() as cursor:
        cursor.execute(forbid)
        try:
            yield
        finally:
            cursor.execute(allow)


@pytest.mark.django_db
def test_why_is_in_the_log_once_and_not_in_the_answer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> None:
        raise RuntimeError("password of the database: hunter2")

    with monkeypatch.context() as broken:
        broken.setitem(readiness._CHECKS, "database", fails)
        for _ in range(3):
            readiness.forget()
            assert b"hunter2" not in Client().get("/readyz").content
    readiness.forget()
    asked()
    told = [str(record.msg) for record in caplog.records if "ready" in str(record.msg)]
    assert len(told) == 2
    assert "hunter2" in told[0]
    assert "ready again" in told[1]


@pytest.mark.django_db(transaction=True)
def test_the_usual_patience_with_the_database_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adminpanel.readiness.LOCK_SECONDS", 1)

    def patience() -> Any:
        with connection.cursor() as cursor:
            sqlite = connection.vendor == "sqlite"
            cursor.execute("PRAGMA busy_timeout" if sqlite else "SHOW lock_timeout")
            return cursor.fetchone()[0]

    before = patience()
    asked()
    assert patience() == before


@pytest.mark.django_db(transaction=True)
def test_a_session_that_comes_along_is_not_looked_up(django_user_model: Any) -> None:
    browser = Client()
    browser.force_login(django_user_model.objects.create_user("ada"))
    with shut():
        ready, alive = browser.get("/readyz"), browser.get("/healthz")
    # SQLite is locked whole; on PostgreSQL it is the table of the sessions that is.
    locked = connection.vendor == "sqlite"
    assert (ready.status_code, ready.json()["ready"]) == (503 if locked else 200, not locked)
    assert (alive.status_code, alive.text) == (200, "ok\n")
    connection.close()
