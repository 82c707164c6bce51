"""SQLite's connection is kept between requests, and left as soon as its file is another."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import OperationalError, close_old_connections, connection

from pools.models import Company
from tests.fixtures.refusing_database import SQLITE, file_moved

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not SQLITE, reason="there is no file"),
]


@pytest.fixture(autouse=True)
def as_served() -> Iterator[None]:
    """As under gunicorn; in the end, whatever is kept is let go."""
    connection.close()
    yield
    connection.close()


def next_request() -> None:
    close_old_connections()


def test_a_connection_serves_the_next_request_too() -> None:
    Company.objects.count()
    kept = connection.connection
    next_request()
    Company.objects.count()
    assert connection.connection is kept


def test_a_thread_keeps_little_of_the_file_in_its_memory() -> None:
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA cache_size").fetchone() == (-256,)


def test_a_file_that_was_removed_is_gone_at_the_next_request() -> None:
    Company.objects.count()
    with file_moved():
        next_request()
        with pytest.raises(OperationalError, match="unable to open"):
            Company.objects.count()


def test_a_file_that_was_replaced_is_read_from_the_next_request_on() -> None:
    Company.objects.count()
    file = Path(connection.settings_dict["NAME"])
    before = file.with_suffix(".before")
    shutil.copy(file, before)
    with sqlite3.connect(before) as other:
        other.execute(
            "INSERT INTO pools_company (name, slug, base_url, sign_in_url, colour,"
            " reason_required_for, origin, position) VALUES ('New', 'new',"
            " 'https://core.example', '', 'teal', '[]', 1, 0)"
        )
    other.close()
    before.replace(file)
    next_request()
    assert Company.objects.filter(slug="new").exists()
