"""What all tests share. Sockets reach this machine alone: see addopts in pyproject.toml."""

import gc
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import jinja2
import pytest
from django.db import connection
from django.test.signals import template_rendered
from hypothesis import HealthCheck, settings
from pytest_django.plugin import DjangoDbBlocker

pytest_plugins = [
    "tests.fixtures.deployment",
    "tests.fixtures.ledger_flush",
    "tests.fixtures.panel",
    "tests.fixtures.people",
    "tests.fixtures.workers",
]

PROOF = "tests/proof/"
# How fast a case is drawn and tried is the machine's affair, and no test's.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# Each fixture with a database that DATABASE_URL decides on rests on one of these.
WITH_DATABASE = {"django_db_setup", "demo_database"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what touches the database (`.ci/run` has it on PostgreSQL too), and what proves."""
    for item in items:
        fixtures = WITH_DATABASE.intersection(getattr(item, "fixturenames", ()))
        if fixtures or item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.database)
        if item.nodeid.startswith(PROOF):
            item.add_marker(pytest.mark.proof)


def pytest_collection_finish() -> None:
    """What is loaded stays: to look it through for garbage is a twentieth of a run's work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What a proof has counted is for people to read, also where it passed, and under xdist."""
    for report in terminalreporter.getreports("passed"):
        if report.nodeid.startswith("tests/proof/") and report.when == "call" and report.capstdout:
            terminalreporter.write_line(f"\n{report.nodeid}\n{report.capstdout.rstrip()}")


@pytest.fixture(scope="session")
def as_migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests' database as it was before the first test, where they run on SQLite."""
    return tmp_path_factory.mktemp("as_migrated") / "panel.sqlite3"


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, as_migrated: Path
) -> Iterator[None]:
    """pytest-django's database, which on PostgreSQL nobody else may hold when it goes.

    Playwright's event loop makes Django keep a second connection in the same process, and
    processes that a test killed may not have been missed yet. A test that cut everybody off
    may have cut off this one too: what is closed is opened anew.
    """
    with django_db_blocker.unblock():
        if connection.vendor == "sqlite":
            connection.ensure_connection()
            with closing(sqlite3.connect(as_migrated)) as copy:
                connection.connection.backup(copy)
    yield
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            connection.close()
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )


@pytest.fixture(scope="session", autouse=True)
def contexts_told() -> Iterator[None]:
    """What a page is made of, for `answer.context`: Django tells it of its own language alone."""
    render = jinja2.Template.render

    def told(self: jinja2.Template, context: dict[str, Any]) -> str:
        template_rendered.send(sender=self, template=self, context=context)
        return render(self, context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jinja2.Template, "render", told)
        yield
