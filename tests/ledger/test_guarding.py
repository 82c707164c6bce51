"""Whether the ledger can be altered or was emptied: what shows it, and what does not."""

from collections.abc import Callable
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from adminpanel.checks import stored_state
from pools.ledger.guarding import (
    TRIGGERS,
    missing_triggers,
    reasons_against_its_guard,
    was_emptied,
)
from pools.models import Company, Lease, Token
from tests.fixtures.ledger import append_events, tamper
from tests.fixtures.ledger_flush import unguarded_ledger

pytestmark = pytest.mark.django_db
NAMES = TRIGGERS[connection.vendor]
ON_SQLITE, ON_POSTGRESQL = (
    pytest.mark.skipif(connection.vendor != vendor, reason=f"this is {vendor}'s")
    for vendor in ("sqlite", "postgresql")
)


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def drop(name: str) -> None:
    on = " ON pools_entry" if connection.vendor == "postgresql" else ""
    execute(f"DROP TRIGGER {name}{on}")


def test_a_migrated_ledger_is_guarded() -> None:
    assert (missing_triggers(), reasons_against_its_guard()) == ([], [])


@pytest.mark.parametrize("name", NAMES)
def test_each_trigger_that_is_gone_is_named(name: str) -> None:
    drop(name)
    assert missing_triggers() == [name]


@ON_POSTGRESQL
@pytest.mark.parametrize("how", ["DISABLE", "ENABLE REPLICA"])
@pytest.mark.parametrize("name", TRIGGERS["postgresql"])
def test_a_trigger_that_is_switched_off_is_missing(how: str, name: str) -> None:
    execute(f"ALTER TABLE pools_entry {how} TRIGGER {name}")
    assert missing_triggers() == [name]


@ON_SQLITE
def test_a_trigger_of_the_name_on_another_table_is_none() -> None:
    drop(NAMES[0])
    execute(f"CREATE TRIGGER {NAMES[0]} BEFORE UPDATE ON pools_lease BEGIN SELECT 1; END")
    assert missing_triggers() == [NAMES[0]]


EMPTIED = {
    "sqlite": {
        "there and empty": (
            "CREATE TRIGGER {name} BEFORE {event} ON pools_entry BEGIN SELECT 1; END"
        ),
        "asking first, in vain": (
            "CREATE TRIGGER {name} BEFORE {event} ON pools_entry WHEN 0"
            " BEGIN SELECT RAISE(ABORT, 'the ledger takes only inserts'); END"
        ),
        "too late": (
            "CREATE TRIGGER {name} AFTER {event} ON pools_entry BEGIN SELECT RAISE(IGNORE); END"
        ),
    },
    "postgresql": {
        "there and empty": (
            "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN NEW; END';"
            "CREATE TRIGGER {name} BEFORE {event} ON pools_entry"
            " FOR EACH STATEMENT EXECUTE FUNCTION nothing()"
        ),
        "asking first, in vain": (
            "CREATE TRIGGER {name} BEFORE {event} ON pools_entry"
            " FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION pools_entry_refuse()"
        ),
        "too late": (
            "CREATE TRIGGER {name} AFTER {event} ON pools_entry"
            " FOR EACH STATEMENT EXECUTE FUNCTION pools_entry_refuse()"
        ),
    },
}[connection.vendor]


@pytest.mark.parametrize("emptied", EMPTIED.values(), ids=EMPTIED.keys())
@pytest.mark.parametrize("name", NAMES)
def test_a_trigger_of_the_name_that_does_something_else_is_missing(name: str, emptied: str) -> None:
    event = {"no_update": "UPDATE", "no_change": "UPDATE", "no_delete": "DELETE"}
    event |= {"no_truncate": "TRUNCATE", "only_next": "INSERT"}
    drop(name)
    execute(emptied.format(name=name, event=event[name.removeprefix("pools_entry_")]))
    assert missing_triggers() == [name]


@ON_POSTGRESQL
@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        (
            (
                "CREATE OR REPLACE FUNCTION pools_entry_refuse() RETURNS trigger"
                " LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
            ),
            ["pools_entry_no_change", "pools_entry_no_truncate"],
        ),
        (
            (
                "CREATE OR REPLACE FUNCTION pools_entry_only_next() RETURNS trigger"
                " LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
            ),
            ["pools_entry_only_next"],
        ),
        (
            "ALTER FUNCTION pools_entry_refuse() SET search_path = elsewhere",
            ["pools_entry_no_change", "pools_entry_no_truncate"],
        ),
        (
            (
                "DROP TRIGGER pools_entry_no_change ON pools_entry;"
                "CREATE TRIGGER pools_entry_no_change BEFORE UPDATE OF reason OR DELETE"
                " ON pools_entry FOR EACH STATEMENT EXECUTE FUNCTION pools_entry_refuse()"
            ),
            ["pools_entry_no_change"],
        ),
    ],
    ids=["refuses nothing", "takes anything", "with a path of its own", "of one column"],
)
def test_a_function_that_was_altered_is_missing_with_its_triggers(
    statement: str, missing: list[str]
) -> None:
    execute(statement)
    assert missing_triggers() == missing


def test_how_a_trigger_is_laid_out_does_not_matter() -> None:
    if connection.vendor == "sqlite":
        drop("pools_entry_no_update")
        execute(
            "create   trigger pools_entry_no_update BEFORE UPDATE ON pools_entry BEGIN"
            " SELECT RAISE(ABORT, 'the ledger takes only inserts'); END"
        )
    assert missing_triggers() == []


@ON_SQLITE
def test_a_table_that_was_away_and_is_back_is_guarded() -> None:
    execute("ALTER TABLE pools_entry RENAME TO away")
    execute("ALTER TABLE away RENAME TO pools_entry")
    assert missing_triggers() == []


def test_the_check_of_a_deployment_says_what_to_do() -> None:
    with unguarded_ledger():
        (found,) = stored_state(None)
    assert found.msg.startswith("Nothing keeps the ledger from being altered: the database lacks")
    assert found.msg.endswith("then `manage.py guard_ledger` to put it back.")


def test_a_database_that_does_not_answer_is_told_elsewhere() -> None:
    def broken(*arguments: object) -> None:
        raise OperationalError("gone")

    with connection.execute_wrapper(broken):
        assert reasons_against_its_guard() == []


@pytest.mark.parametrize("dropped", [NAMES, NAMES[:1], ()])
def test_the_guard_is_put_back_as_it_was(dropped: tuple[str, ...]) -> None:
    before = definitions()
    for name in dropped:
        drop(name)
    said = StringIO()
    call_command("guard_ledger", stdout=said)
    assert definitions() == before
    expected = f"Restored: {', '.join(dropped)}.\n" if dropped else "No trigger was missing.\n"
    assert said.getvalue() == expected


def definitions() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            # A table that was renamed for a while has its name in quotes from then on.
            "SELECT name, replace(rtrim(trim(sql), ';'), '\"', '') FROM sqlite_master"
            " WHERE type = 'trigger' ORDER BY name"
            if connection.vendor == "sqlite"
            else "SELECT tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger"
            " WHERE tgrelid = 'pools_entry'::regclass ORDER BY tgname"
        )
        return list(cursor.fetchall())


def hold_a_pool() -> None:
    Lease.objects.create(company="acme", pool_key="7", change=uuid4(), held_since=timezone.now())


def use_a_token(confirmed: bool = True) -> None:
    Token.objects.create(
        user=User.objects.create(username="ada"),
        company=Company.objects.create(slug="acme", name="Acme", base_url="https://core.example"),
        created_at=timezone.now(),
        confirmed_at=timezone.now() if confirmed else None,
    )


def empty_the_ledger() -> None:
    append_events(1)
    tamper("DELETE FROM pools_entry")


@pytest.mark.parametrize("sign", [hold_a_pool, use_a_token, empty_the_ledger])
def test_what_is_never_without_an_entry_shows_an_emptied_ledger(sign: Callable[[], None]) -> None:
    sign()
    assert was_emptied()


def test_people_companies_and_a_token_not_yet_in_use_show_nothing() -> None:
    use_a_token(confirmed=False)
    assert not was_emptied()


def test_a_ledger_with_an_entry_was_not_emptied() -> None:
    hold_a_pool()
    append_events(1)
    assert not was_emptied()


@ON_POSTGRESQL
def test_what_a_role_may_not_read_shows_nothing() -> None:
    use_a_token()
    execute("CREATE ROLE guarding_tested")
    execute("GRANT SELECT ON pools_entry, pools_lease TO guarding_tested")
    execute("SET LOCAL ROLE guarding_tested")
    assert (was_emptied(), missing_triggers()) == (False, [])
