"""A run in a process and on a database of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.proof.endurance.report import Report

ROOT: Final = Path(__file__).resolve().parents[3]


def run(database: str, arguments: Sequence[str], *, quiet: bool = True) -> Report:
    """One run on a database of its own: "sqlite", or the address of any PostgreSQL database.

    Raises RuntimeError when it did not come to an end.
    """
    with database_of_its_own(database) as address:
        found = subprocess.run(
            [sys.executable, "-m", "tests.proof.endurance.one_database", *arguments],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "tests.proof.endurance.settings",
                "DATABASE_URL": address,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if quiet else None,
            text=True,
            check=False,
        )
    if not found.stdout:
        raise RuntimeError(f"the run ended with {found.returncode}:\n{found.stderr}")
    return Report.from_json(json.loads(found.stdout))


@contextmanager
def database_of_its_own(database: str) -> Iterator[str]:
    if database == "sqlite":
        with tempfile.TemporaryDirectory(prefix="pools-panel-endurance-") as folder:
            yield f"sqlite:///{folder}/panel.sqlite3"
        return
    name = f"endurance_{os.getpid()}"
    with psycopg.connect(database, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(database)._replace(path=f"/{name}"))
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
