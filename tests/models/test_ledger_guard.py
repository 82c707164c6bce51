"""The database refuses every way to alter the ledger, from a connection of anybody's."""

import sqlite3
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import connection

from tests.models.conftest import COLUMNS, INSERT, values_like

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
    "insert off the chain": INSERT + values_like(1, seq="3", previous="digest"),
    "insert without a number": INSERT + values_like(2, seq="NULL", previous="digest"),
    "upsert": (
        INSERT
        + values_like(1, reason="'forged'")
        + " ON CONFLICT (seq) DO UPDATE SET reason = excluded.reason"
    ),
    "upsert that does nothing": INSERT + values_like(1) + " ON CONFLICT DO NOTHING",
}
SQLITE = {
    "replace": "REPLACE INTO pools_entry " + values_like(1, reason="'forged'"),
    "insert or replace": "INSERT OR REPLACE INTO pools_entry " + values_like(2, reason="'forged'"),
    "insert or ignore": "INSERT OR IGNORE INTO pools_entry " + values_like(1),
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


@pytest.mark.skipif(connection.vendor != "sqlite", reason="REPLACE is SQLite's")
@pytest.mark.parametrize(
    ("column", "kind"),
    [("form", "intent"), ("change", "intent"), ("change", "outcome"), ("change", "settled")],
)
def test_replace_cannot_overwrite_by_another_unique_column(
    raw: Raw, column: str, kind: str
) -> None:
    same = {column: "'00000000000000000000000000000001'", "kind": f"'{kind}'"}
    raw(INSERT + values_like(2, seq="3", previous="digest", **same))
    with pytest.raises(sqlite3.IntegrityError, match="next entry"):
        raw("REPLACE INTO pools_entry " + values_like(3, seq="4", previous="digest"))
    assert raw("SELECT count(*) FROM pools_entry") == [(3,)]


def test_the_next_entry_is_taken(raw: Raw) -> None:
    raw(INSERT + values_like(2, **NEXT))
    assert raw("SELECT count(*) FROM pools_entry") == [(3,)]
