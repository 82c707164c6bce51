"""One migrated database for all, and a deployment on a copy of it for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
        yield Deployment(url, {**migrated.environment, "DATABASE_URL": url})
