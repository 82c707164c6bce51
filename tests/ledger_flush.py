"""Lets tests empty the ledger, which refuses that: for tests with real transactions.

A plugin: Django's flush after such a test runs with the ledger's triggers off, and what
migrations put into the tables (roles) is put there again. Triggers are taken from the
database itself and put back as they were.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

from django.core.cache import cache
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

_ledger_guarded_teardown = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


@contextmanager
def unguarded_ledger(alias: str = "default") -> Iterator[None]:
    """The ledger without its triggers, as someone has it who owns the database."""
    connection = connections[alias]
    put_back = _take_off(connection)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for statement in put_back:
                cursor.execute(statement)


@contextmanager
def undefended_ledger(alias: str = "default") -> Iterator[None]:
    """The ledger without its triggers and without its unique indexes, but for its key."""
    connection = connections[alias]
    with unguarded_ledger(alias), connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'pools_entry'"
            " AND sql LIKE 'CREATE UNIQUE%%'"
            if connection.vendor == "sqlite"
            else "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'pools_entry'"
            " AND indexdef LIKE 'CREATE UNIQUE%%' AND indexname <> 'pools_entry_pkey'"
        )
        found = cursor.fetchall()
        for name, _ in found:
            cursor.execute(f"DROP INDEX {name}")
        try:
            yield
        finally:
            for _, statement in found:
                cursor.execute(statement)


def _take_off(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
                ["pools_entry"],
            )
            found = cursor.fetchall()
            for name, _ in found:
                cursor.execute(f"DROP TRIGGER {name}")
            return [sql for _, sql in found]
        cursor.execute(
            "SELECT tgname, CASE tgenabled WHEN 'A' THEN 'ALWAYS' ELSE '' END FROM pg_trigger"
            " WHERE tgrelid = 'pools_entry'::regclass AND NOT tgisinternal"
        )
        found = cursor.fetchall()
        cursor.execute("ALTER TABLE pools_entry DISABLE TRIGGER USER")
        return [f"ALTER TABLE pools_entry ENABLE {how} TRIGGER {name}" for name, how in found]


def _flush_with_ledger_open(case: Any) -> None:
    from pools.people.roles import ensure_roles

    # One transaction, one flush to disk: there is a teardown after every such test.
    with transaction.atomic():
        with unguarded_ledger(), _deleting_instead_of_truncating():
            _ledger_guarded_teardown(case)
        ensure_roles()
        cache.clear()


def _deleting_instead_of_truncating() -> AbstractContextManager[Any]:
    """PostgreSQL takes a third of a second to truncate our tables, next to none to empty them."""
    operations = connections["default"].ops

    def deletions(style: Any, tables: list[str], **options: Any) -> list[str]:
        return [f"DELETE FROM {operations.quote_name(table)}" for table in tables]

    return patch.object(operations, "sql_flush", deletions)


TransactionTestCase._fixture_teardown = _flush_with_ledger_open  # type: ignore[attr-defined]
