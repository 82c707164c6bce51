"""A panel that is ready to start: its settings, and a database of its own."""

import base64
import os
from pathlib import Path

import pytest

from tests.fixtures.nursery import Nursery

ROOT = Path(__file__).resolve().parents[2]
HOST = "panel.example"


def a_key(name: str = "one") -> str:
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


@pytest.fixture(scope="session")
def ready(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a panel as shipped, on a migrated SQLite database. Not to be changed."""
    folder = tmp_path_factory.mktemp("ready")
    (folder / "static").mkdir()
    (folder / "static/staticfiles.json").write_text('{"version": "1.1", "paths": {}, "hash": ""}')
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "adminpanel.settings",
        "SECRET_KEY": base64.b64encode(os.urandom(60)).decode(),
        "ALLOWED_HOSTS": HOST,
        "DATABASE_URL": f"sqlite:///{folder}/panel.sqlite3",
        "TOKEN_KEYS": a_key(),
        "AUDIT_KEYS": a_key(),
        "STATIC_ROOT": str(folder / "static"),
        "LOG_LEVEL": "WARNING",
    }
    assert nursery.run("manage.py", "migrate", "-v0", environment=environment).returncode == 0
    return environment
