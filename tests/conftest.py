"""What all tests share. Sockets reach this machine alone: see addopts in pyproject.toml."""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

pytest_plugins = ["tests.ledger_flush"]

# On PostgreSQL `.ci/run` leaves these out.
WITHOUT_DATABASE = ("tests/core/", "tests/sandbox/", "tests/contract/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        uses_database = "django_db_setup" in fixtures or item.get_closest_marker("django_db")
        if uses_database and item.nodeid.startswith(WITHOUT_DATABASE):
            raise pytest.UsageError(f"{item.nodeid}: tests of this room have no database.")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """pytest-django's database, which on PostgreSQL nobody else may hold when it goes.

    Playwright's event loop makes Django keep a second connection in the same process, and
    processes that a test killed may not have been missed yet.
    """
    yield
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
