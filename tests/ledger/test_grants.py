"""The panel at work as a role of PostgreSQL that cannot alter the ledger, even without triggers."""

import os
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg import errors, sql

from pools.changes import release_lease
from pools.ledger.proof import prove
from pools.models import Lease
from pools.models.vocabulary import Action, Outcome, Verdict
from tests.changes.making import APPLIED, NOT_APPLIED, left, settled
from tests.fixtures.ledger import INSERT, append_events, values_like
from tests.fixtures.ledger_flush import unguarded_ledger
from tests.fixtures.panel import make_person
from tests.fixtures.panel_process import ROOT, database_url
from tests.fixtures.people import sign_in, signed_in
from tests.fixtures.place import ADA, Place, give_token
from tests.fixtures.place import committed_place as committed_place
from tests.fixtures.place import sandbox as sandbox
from tests.fixtures.place import shared_sandbox as shared_sandbox
from tests.people.inviting import invite, join

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="grants are PostgreSQL's"),
    pytest.mark.django_db(transaction=True),
]
ROLE = f"panel_{os.getpid()}"
FILE = (ROOT / "docs/postgresql-grants.sql").read_text()
# Its name in quotes of both kinds, and at the start of what is said.
GRANTS = re.sub(r"""\bpanel(?=['"]| still| can still)""", ROLE, FILE)


@pytest.fixture
def owner(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """Whoever migrates; the panel's role is made with the file, and gone afterwards."""
    with psycopg.connect(database_url(), autocommit=True) as owner:
        owner.execute(GRANTS)
        yield owner
        owner.execute(f"DROP OWNED BY {ROLE}")
        owner.execute(f"DROP ROLE {ROLE}")


@pytest.fixture
def panel(owner: psycopg.Connection[Any]) -> Iterator[None]:
    """Everything that Django does is done as the panel's role."""
    place = connection.settings_dict
    was = place["USER"], place["PASSWORD"]
    owner.execute(sql.SQL("ALTER ROLE {} PASSWORD 'x'").format(sql.Identifier(ROLE)))
    connection.close()
    place["USER"], place["PASSWORD"] = ROLE, "x"
    yield
    connection.close()
    place["USER"], place["PASSWORD"] = was


def test_people_work_as_ever(committed_place: Place, panel: None) -> None:
    make_person("ada", "Administrator")
    browser = sign_in("ada")
    assert browser.get("/account/").status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (ROLE,)
    newcomer, _ = join(invite(browser))
    assert signed_in(newcomer)
    exported: Any = browser.post("/changes/export/?kind=events", {"format": "csv"})
    assert b"signed_in" in b"".join(exported.streaming_content)
    browser.post("/accounts/logout/")
    assert prove().misfits == ()


def test_changes_are_made_settled_and_released(committed_place: Place, panel: None) -> None:
    give_token(committed_place)
    assert committed_place.make(Action.CREATE).outcome is Outcome.DONE
    change = left(committed_place, Action.CLEAR, NOT_APPLIED)
    assert settled(change).verdict is Verdict.UNKNOWABLE
    change = left(committed_place, Action.DELETE, APPLIED)
    release_lease(change, ADA, "seen at Core")
    assert (Lease.objects.count(), prove().misfits) == (0, ())


FORBIDDEN = {
    "update": "UPDATE pools_entry SET reason = 'forged'",
    "delete": "DELETE FROM pools_entry",
    "truncate": "TRUNCATE pools_entry",
    "upsert": INSERT + values_like(1) + " ON CONFLICT (seq) DO UPDATE SET reason = 'forged'",
    "lock rows": "SELECT * FROM pools_entry FOR UPDATE",
    "lock the table": "LOCK TABLE pools_entry IN ACCESS EXCLUSIVE MODE",
    "terms deleted": "DELETE FROM pools_indexterm",
    "migrations forged": "DELETE FROM django_migrations",
    "drop": "DROP TABLE pools_entry",
    "alter": "ALTER TABLE pools_entry ADD COLUMN note text",
    "rename": "ALTER TABLE pools_entry RENAME TO kept",
    "take over": f"ALTER TABLE pools_entry OWNER TO {ROLE}",
    "triggers off": "ALTER TABLE pools_entry DISABLE TRIGGER USER",
    "drop a trigger": "DROP TRIGGER pools_entry_no_change ON pools_entry",
    "add a trigger": (
        "CREATE TRIGGER mine BEFORE INSERT ON pools_entry"
        " FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    ),
    "replace a trigger's function": (
        "CREATE OR REPLACE FUNCTION pools_entry_refuse() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN NEW; END $$"
    ),
    "a rule": "CREATE RULE mine AS ON INSERT TO pools_entry DO INSTEAD NOTHING",
    "drop an index": "DROP INDEX one_intent_per_change",
    "claim to be a replica": "SET session_replication_role = replica",
    "a table of the same name": "CREATE TEMPORARY TABLE pools_entry (seq bigint)",
    "a table": "CREATE TABLE mine (seq bigint)",
    "a table that adds to the ledger's": "CREATE TABLE mine () INHERITS (pools_entry)",
    "a schema": "CREATE SCHEMA mine",
    "a role": "CREATE ROLE mine SUPERUSER",
    "become the owner": f"SET ROLE {connection.settings_dict['USER']}",
    "a program": "COPY pools_entry TO PROGRAM 'cat'",
}


def test_nothing_but_the_next_entry_gets_onto_the_ledger(owner: psycopg.Connection[Any]) -> None:
    """With the triggers off: the role alone refuses it."""
    append_events(2)
    before = owner.execute("SELECT * FROM pools_entry ORDER BY seq").fetchall()
    refused = []
    owner.execute(sql.SQL("ALTER ROLE {} PASSWORD 'x'").format(sql.Identifier(ROLE)))
    as_panel = psycopg.connect(database_url(), user=ROLE, password="x", autocommit=True)
    with as_panel, unguarded_ledger():
        for name, statement in FORBIDDEN.items():
            with pytest.raises(errors.InsufficientPrivilege), as_panel.transaction():
                as_panel.execute(statement)
            refused.append(name)
        as_panel.execute(f"GRANT UPDATE ON pools_entry TO {ROLE}")
        with pytest.raises(errors.InsufficientPrivilege):
            as_panel.execute(FORBIDDEN["update"])
    assert refused == list(FORBIDDEN)
    assert owner.execute("SELECT * FROM pools_entry ORDER BY seq").fetchall() == before


def test_the_file_may_be_run_again(owner: psycopg.Connection[Any]) -> None:
    rights = "SELECT relname, relacl::text FROM pg_class ORDER BY relname"
    before = owner.execute(rights).fetchall()
    owner.execute(GRANTS)
    assert owner.execute(rights).fetchall() == before


def test_tables_of_later_migrations_can_be_used(owner: psycopg.Connection[Any]) -> None:
    owner.execute("CREATE TABLE later (id bigint GENERATED BY DEFAULT AS IDENTITY)")
    try:
        owner.execute(f"SET ROLE {ROLE}")
        owner.execute("INSERT INTO later DEFAULT VALUES")
        owner.execute("UPDATE later SET id = 2")
        owner.execute("DELETE FROM later")
        with pytest.raises(errors.InsufficientPrivilege):
            owner.execute("DROP TABLE later")
    finally:
        owner.execute("RESET ROLE")
        owner.execute("DROP TABLE later")


def test_a_role_that_could_get_around_it_is_refused(owner: psycopg.Connection[Any]) -> None:
    owner.execute(f"ALTER ROLE {ROLE} SUPERUSER")
    with pytest.raises(errors.RaiseException, match="still has UPDATE on the ledger"):
        owner.execute(GRANTS)
    owner.execute("ROLLBACK")
    owner.execute(f"ALTER ROLE {ROLE} NOSUPERUSER")
