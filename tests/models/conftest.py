"""A ledger with entries in it, and a way past Django to the database beneath."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from pools.ledger.appending import Actor, record_event
from pools.models import Entry
from tests.fixtures.ledger_flush import unguarded_ledger
from tests.fixtures.panel_process import database_url

ADA = Actor(id=7, name="Ada", address="192.0.2.7")
COLUMNS = [field.attname for field in Entry._meta.concrete_fields]
INSERT = f"INSERT INTO pools_entry ({', '.join(COLUMNS)}) "


def append_events(count: int) -> None:
    with transaction.atomic():
        for number in range(count):
            record_event("deed", ADA, company="acme", reason=f"reason {number}")


def values_like(entry: int, **overrides: str) -> str:
    """A SELECT of an entry's values, some of them replaced by SQL expressions."""
    values = ", ".join(overrides.get(column, column) for column in COLUMNS)
    return f"SELECT {values} FROM pools_entry WHERE seq = {entry}"


def tamper(*statements: str) -> None:
    """Executes SQL as someone who owns the database and took the triggers off."""
    with unguarded_ledger(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def raw(transactional_db: None) -> Iterator[Callable[[str], list[Any]]]:
    """Executes SQL on a connection that has none of the panel's settings."""
    # autocommit, so that a refused statement leaves nothing open.
    other: Any = (
        sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        if connection.vendor == "sqlite"
        else psycopg.connect(database_url(), autocommit=True)
    )

    def execute(sql: str) -> list[Any]:
        cursor = other.execute(sql)
        return cursor.fetchall() if cursor.description else []

    append_events(2)
    yield execute
    other.close()
