"""A panel with something of everything in it, to be moved, upgraded and restored."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.fixtures.deployment import Deployment, copy_of


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


FILL = "import json; from tests.proof.procedures.filled import fill; print(json.dumps(fill()))"
