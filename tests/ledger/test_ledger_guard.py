"""The database refuses every way to alter the ledger, from a connection of anybody's."""

import sqlite3
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import connection

from tests.fixtures.ledger import COLUMNS, INSERT, values_like
from tests.fixtures.panel_process import database_url

Raw = Callable[[str], list[Any]]
TABLE = f"{'public' if connection.vendor == 'postgresql' else 'main'}.pools_entry"
READ = f"SELECT * FROM {TABLE} ORDER BY seq"
REFUSALS = (sqlite3.IntegrityError, psycopg.errors.IntegrityConstraintViolation)


NEXT = {"seq": "3", "previous": "digest"}  # as of entry 2: continues the chain
EVERYWHERE = {
    "update": "UPDATE pools_entry SET reason = 'forged' WHERE seq = 1",
    "update all": "UPDATE pools_entry SET reason = 'forged'",
    "update key": "UPDATE pools_entry SET seq = 9 WHERE seq = 2",
    "update from": "UPDATE pools_entry SET reason = 'forged' FROM (SELECT 1 AS one) AS other",
    "delete": "DELETE FROM pools_entry WHERE seq = 2",
    "delete all": "DELETE FROM pools_entry",
    "delete returning": "DELETE FROM pools_entry RETURNING seq",
    "insert an existing number": INSERT + values_like(1, reason="'forged'"),
    "insert after a gap": INSERT + values_like(2, seq="4", previous="digest"),
    "insert number zero": INSERT + values_like(1, seq="0"),
    "insert a negative number": INSERT + values_like(2, seq="-1", previous="digest"),
    "insert the last number there is": INSERT + values_like(2, seq=str(2**63 - 1)),
    "insert what continues nothing": INSERT + values_like(2, seq="3", previous="NULL"),
    "insert a beginning": INSERT + values_like(2, seq="3", previous=f"'{'0' * 64}'"),
    "insert all again": INSERT + values_like(2).replace("WHERE seq = 2", "ORDER BY seq"),
    "insert nothing but defaults": "INSERT INTO pools_entry DEFAULT VALUES",
    "insert off the chain": INSERT + values_like(1, seq="3", previous="digest"),
    "insert without a number": INSERT + values_like(2, seq="NULL", previous="digest"),
    "upsert": (
        INSERT
        + values_like(1, reason="'forged'")
        + " ON CONFLICT (seq) DO UPDATE SET reason = excluded.reason"
    ),
    "upsert that does nothing": INSERT + values_like(1) + " ON CONFLICT DO NOTHING",
    "update within a query": (
        "WITH one AS (SELECT 1 AS seq) UPDATE pools_entry SET seq = 9"
        " WHERE seq IN (SELECT seq FROM one)"
    ),
}
SQLITE = {
    "replace": "REPLACE INTO pools_entry " + values_like(1, reason="'forged'"),
    "insert or replace": "INSERT OR REPLACE INTO pools_entry " + values_like(2, reason="'forged'"),
    "insert or ignore": "INSERT OR IGNORE INTO pools_entry " + values_like(1),
    "insert or fail": "INSERT OR FAIL INTO pools_entry " + values_like(1),
    "insert or roll back": "INSERT OR ROLLBACK INTO pools_entry " + values_like(1),
    "update the row id": "UPDATE pools_entry SET rowid = 9 WHERE rowid = 2",
    "update the row id, by another name": "UPDATE pools_entry SET _rowid_ = 9 WHERE oid = 2",
    "update or ignore": "UPDATE OR IGNORE pools_entry SET seq = 1 WHERE seq = 2",
    "delete by the row id": "DELETE FROM pools_entry WHERE rowid = 2",
    "update or replace": "UPDATE OR REPLACE pools_entry SET seq = 1 WHERE seq = 2",
    "replace by row id": (
        "REPLACE INTO pools_entry (rowid, "
        + ", ".join(COLUMNS[1:])
        + ") "
        + values_like(2, seq="1", previous="digest")
    ),
}
POSTGRESQL = {
    "truncate": "TRUNCATE pools_entry",
    "truncate cascade": "TRUNCATE pools_entry RESTART IDENTITY CASCADE",
    "truncate alone": "TRUNCATE ONLY pools_entry",
    "update alone": "UPDATE ONLY pools_entry SET reason = 'forged'",
    "delete using": "DELETE FROM pools_entry USING (SELECT 1) AS other",
    "update through a view": (
        "CREATE TEMPORARY VIEW seen AS SELECT * FROM pools_entry;UPDATE seen SET reason = 'forged'"
    ),
    "update where a cursor is": (
        "DO $$ DECLARE there CURSOR FOR SELECT * FROM pools_entry FOR UPDATE; BEGIN"
        " OPEN there; MOVE there; UPDATE pools_entry SET reason = 'forged'"
        " WHERE CURRENT OF there; END $$"
    ),
    "merge": (
        "MERGE INTO pools_entry AS e USING (SELECT 1) AS other ON e.seq = 1"
        " WHEN MATCHED THEN UPDATE SET reason = 'forged'"
    ),
    "delete within a query": (
        "WITH gone AS (DELETE FROM pools_entry RETURNING seq) SELECT count(*) FROM gone"
    ),
    "update as a replica": (
        "SET session_replication_role = replica; UPDATE pools_entry SET reason = 'forged'"
    ),
    "insert as a replica": (
        "SET session_replication_role = replica; " + INSERT + values_like(2, seq="9")
    ),
    "insert behind a table of the same name": (
        "CREATE TEMPORARY TABLE pools_entry (LIKE public.pools_entry);"
        + INSERT.replace("INTO ", "INTO public.")
        + values_like(2, seq="1", previous=f"'{'0' * 64}'").replace("FROM ", "FROM public.")
    ),
}
ATTACKS = {
    **EVERYWHERE,
    **(POSTGRESQL if connection.vendor == "postgresql" else SQLITE),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_the_ledger_takes_only_its_next_entry(raw: Raw, attack: str) -> None:
    before = raw(READ)
    with pytest.raises(REFUSALS, match="the ledger takes only"):
        raw(attack)
    assert raw(READ) == before


SAME = "'00000000000000000000000000000001'" + (
    "::uuid" if connection.vendor == "postgresql" else ""
)
UNIQUE = [
    ("form", "event"),
    ("change", "intent"),
    ("change", "outcome"),
    ("change", "settled"),
]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="REPLACE is SQLite's")
@pytest.mark.parametrize(("column", "kind"), UNIQUE)
def test_replace_cannot_overwrite_by_another_unique_column(
    raw: Raw, column: str, kind: str
) -> None:
    same = {column: SAME, "kind": f"'{kind}'"}
    raw(INSERT + values_like(2, seq="3", previous="digest", **same))
    with pytest.raises(sqlite3.IntegrityError, match="next entry"):
        raw("REPLACE INTO pools_entry " + values_like(3, seq="4", previous="digest"))
    assert raw("SELECT count(*) FROM pools_entry") == [(3,)]


@pytest.mark.parametrize(("column", "kind"), UNIQUE)
def test_an_upsert_cannot_overwrite_by_another_unique_column(
    raw: Raw, column: str, kind: str
) -> None:
    raw(INSERT + values_like(2, **NEXT, **{column: SAME, "kind": f"'{kind}'"}))
    before = raw(READ)
    which = "form IS NOT NULL" if column == "form" else f"kind = '{kind}'"
    with pytest.raises(REFUSALS, match="the ledger takes only"):
        raw(
            INSERT
            + values_like(3, seq="4", previous="digest")
            + f" ON CONFLICT ({column}) WHERE {which} DO UPDATE SET reason = 'forged'"
        )
    assert raw(READ) == before


@pytest.mark.skipif(connection.vendor != "sqlite", reason="these settings are SQLite's")
@pytest.mark.parametrize("setting", ["recursive_triggers = OFF", "ignore_check_constraints = ON"])
def test_settings_of_the_connection_do_not_matter(raw: Raw, setting: str) -> None:
    raw(f"PRAGMA {setting}")
    with pytest.raises(sqlite3.IntegrityError, match="next entry"):
        raw(SQLITE["replace"])


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's is among the attacks")
def test_a_temporary_table_of_the_same_name_hides_nothing(raw: Raw) -> None:
    raw("CREATE TEMPORARY TABLE pools_entry AS SELECT * FROM main.pools_entry WHERE FALSE")
    first = values_like(2, seq="1", previous=f"'{'0' * 64}'")
    with pytest.raises(sqlite3.IntegrityError, match="next entry"):
        raw(INSERT.replace("INTO ", "INTO main.") + first.replace("FROM ", "FROM main."))


@pytest.mark.skipif(connection.vendor != "postgresql", reason="COPY is PostgreSQL's")
def test_copying_in_takes_only_the_next_entry_too(raw: Raw) -> None:
    with psycopg.connect(database_url(), autocommit=True) as other:
        (row,) = other.execute("SELECT * FROM pools_entry WHERE seq = 1").fetchall()
        with (
            pytest.raises(REFUSALS, match="next entry"),
            other.cursor().copy("COPY pools_entry FROM STDIN") as copy,
        ):
            copy.write_row((9, *row[1:]))
    assert raw("SELECT count(*) FROM pools_entry") == [(2,)]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
def test_two_who_insert_at_once_do_not_both_get_in(raw: Raw, isolation: str) -> None:
    following = INSERT + values_like(2, **NEXT)
    with psycopg.connect(database_url(), autocommit=True) as other:
        other.execute(f"BEGIN ISOLATION LEVEL {isolation}")
        other.execute("SELECT count(*) FROM pools_entry")
        raw(following)
        with pytest.raises((*REFUSALS, psycopg.errors.UniqueViolation)):
            other.execute(following)
        other.execute("ROLLBACK")
    assert raw("SELECT count(*) FROM pools_entry") == [(3,)]


def test_the_next_entry_is_taken(raw: Raw) -> None:
    raw(INSERT + values_like(2, **NEXT))
    assert raw("SELECT count(*) FROM pools_entry") == [(3,)]
