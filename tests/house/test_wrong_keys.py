"""With keys that do not fit what is stored the panel does not start, and touches nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.nursery import Ended, Nursery
from tests.house.conftest import ROOT, a_key

STORE = """
import django; django.setup()
from pools.ledger.appending import Actor, record_event
from django.db import transaction
from pools.tokens.vault import keep_canary
keep_canary()
with transaction.atomic(durable=True):
    record_event("tested", Actor(id=1, name="somebody"))
"""


@pytest.fixture(scope="module")
def stored(ready: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A database with something sealed and something recorded, and the settings that fit it."""
    database = tmp_path_factory.mktemp("keys") / "panel.sqlite3"
    shutil.copy(ready["DATABASE_URL"].removeprefix("sqlite:///"), database)
    environment = ready | {"DATABASE_URL": f"sqlite:///{database}"}
    subprocess.run([sys.executable, "-c", STORE], cwd=ROOT, env=environment, check=True)
    return environment


def test_the_right_keys_start(nursery: Nursery, stored: dict[str, str]) -> None:
    assert nursery.run("wsgi", environment=stored) == Ended(0, "", "")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "TOKEN_KEYS",
            (
                "The panel does not start: TOKEN_KEYS: key one is not the one that the stored "
                "tokens were encrypted with."
            ),
        ),
        (
            "AUDIT_KEYS",
            (
                "The panel does not start: AUDIT_KEYS: key one is not the one that the ledger was "
                "written with."
            ),
        ),
    ],
)
def test_another_key_is_refused_in_one_sentence(
    nursery: Nursery, stored: dict[str, str], name: str, sentence: str
) -> None:
    database = Path(stored["DATABASE_URL"].removeprefix("sqlite:///"))
    before = database.read_bytes()
    refused = nursery.run("wsgi", environment=stored | {name: a_key()})
    assert refused == Ended(1, "", f"{sentence}\n")
    assert database.read_bytes() == before
