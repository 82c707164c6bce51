"""A way past Django to the database beneath."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from tests.fixtures.ledger import append_events
from tests.fixtures.panel_process import database_url


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
