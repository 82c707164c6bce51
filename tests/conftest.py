"""What all tests share. Sockets reach this machine alone: see addopts in pyproject.toml."""

import fcntl
import gc
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import jinja2
import pytest
from django.db import connection
from django.template import engines
from django.test.signals import template_rendered
from hypothesis import HealthCheck, settings
from pytest_django.plugin import DjangoDbBlocker

pytest_plugins = [
    "tests.fixtures.deployment",
    "tests.fixtures.ledger_flush",
    "tests.fixtures.nursery",
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

# The database that is named; another one once pytest-django has made that of the tests.
NAMED = connection.settings_dict["NAME"]
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
def of_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the workers of a run share."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder /= "of_run"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once(of_run: Path) -> None:
    """By the worker of a run that first needs one: all of them take a worker seconds."""
    compiled = of_run / "templates"
    compiled.mkdir(exist_ok=True)
    environment = engines["jinja2"].env  # type: ignore[attr-defined]  # (Jinja2's)
    environment.bytecode_cache = jinja2.FileSystemBytecodeCache(str(compiled))


@pytest.fixture(scope="session")
def as_migrated(of_run: Path) -> Path:
    """The tests' database as it was before the first test, where they run on SQLite.

    For all workers of a run: the first one migrates, which takes seconds.
    """
    return of_run / "panel.sqlite3"


@pytest.fixture(scope="session")
def whoever_migrates(as_migrated: Path) -> Iterator[IO[str]]:
    """Held by one worker at a time, until it is closed."""
    with as_migrated.with_suffix(".lock").open("w") as lock:
        if connection.vendor == "sqlite":
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


@pytest.fixture(scope="session")
def django_db_keepdb(
    as_migrated: Path, whoever_migrates: IO[str], django_db_modify_db_settings: None
) -> bool:
    """pytest-django's word for a database that is there: a copy of what another one migrated."""
    if not as_migrated.exists():
        return False
    shutil.copy(as_migrated, connection.settings_dict["TEST"]["NAME"])
    return True


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    django_db_keepdb: bool,
    as_migrated: Path,
    whoever_migrates: IO[str],
) -> Iterator[None]:
    """pytest-django's database, which on PostgreSQL nobody else may hold when it goes.

    Playwright's event loop makes Django keep a second connection in the same process, and
    processes that a test killed may not have been missed yet. A test that cut everybody off
    may have cut off this one too: what is closed is opened anew. There is none where only tests
    run that have databases of their own.
    """
    made = connection.settings_dict["NAME"] != NAMED
    with django_db_blocker.unblock():
        if made and connection.vendor == "sqlite" and not django_db_keepdb:
            connection.ensure_connection()
            part = as_migrated.with_suffix(".part")
            with closing(sqlite3.connect(part)) as copy:
                connection.connection.backup(copy)
            part.replace(as_migrated)
    whoever_migrates.close()
    yield
    if not made:
        return
    with django_db_blocker.unblock():
        if django_db_keepdb:
            connection.close()
            Path(connection.settings_dict["NAME"]).unlink(missing_ok=True)
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
