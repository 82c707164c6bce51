"""One migrated database for all, and a deployment on a copy of it for each test."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.operations.deployment import Deployment, copy_of, empty_database, settings_for


@pytest.fixture(scope="session")
def migrated(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None
) -> Iterator[Deployment]:
    """A migrated database with nobody in it, to be copied. Its keys are those of the copies."""
    folder = tmp_path_factory.mktemp("migrated")
    with empty_database(folder) as url:
        deployment = Deployment(url, settings_for(url, folder))
        deployment.manage("migrate", "--verbosity", "0")
        yield deployment


@pytest.fixture
def panel(migrated: Deployment, tmp_path: Path) -> Iterator[Deployment]:
    """A panel with an empty database of its own."""
    with copy_of(migrated.url, tmp_path) as url:
        yield migrated.at(url)


@dataclass(frozen=True)
class Filled:
    """A panel with something of everything: a session in it, all its rows, its head."""

    panel: Deployment
    session: str
    state: dict[str, Any]
    head: str


def fill(panel: Deployment) -> Filled:
    return Filled(panel, **json.loads(panel.python(FILL)))


@pytest.fixture(scope="session")
def filled(migrated: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """A filled database, to be copied."""
    with copy_of(migrated.url, tmp_path_factory.mktemp("filled")) as url:
        panel = migrated.at(url)
        yield fill(panel)


@pytest.fixture(scope="session")
def filled_file(
    migrated: Deployment, filled: Filled, tmp_path_factory: pytest.TempPathFactory
) -> Filled:
    """The same in a SQLite file, whatever the tests run on."""
    if connection.vendor == "sqlite":
        return filled
    url = f"sqlite:///{tmp_path_factory.mktemp('file')}/panel.sqlite3"
    panel = migrated.at(url)
    panel.manage("migrate", "--verbosity", "0")
    return fill(panel)


@pytest.fixture
def old_panel(filled_file: Filled, tmp_path: Path) -> Filled:
    """A copy of it, to be moved."""
    file = tmp_path / "old.sqlite3"
    shutil.copy(filled_file.panel.file, file)
    return replace(filled_file, panel=filled_file.panel.at(f"sqlite:///{file}"))


FILL = "import json; from tests.operations.filled import fill; print(json.dumps(fill()))"
