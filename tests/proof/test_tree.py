"""A million entries: the tree made from nothing in seconds, and all of them fed to a SIEM."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.panel_process import ROOT
from tests.fixtures.sampling import share_of

# Each change has 3.2 entries on average.
CHANGES = share_of(320_000)
# Of a hundred entries with signed checkpoints, and a hundred without.
TURNS = str(share_of(20))


@pytest.mark.any_database
@pytest.mark.timeout(1800)
def test_a_million_entries_come_into_the_tree_in_little_memory_and_are_fed(tmp_path: Path) -> None:
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/vast.sqlite3",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT, env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout

    run("-m", "django", "migrate", "-v0")
    run("-m", "tests.changes.vast_ledger", "fill", str(CHANGES))
    figures = json.loads(run("-m", "tests.changes.vast_ledger", "tree"))
    print(figures)
    assert figures["entries"] >= share_of(1_000_000)
    assert figures["MB"] <= 150
    assert figures["hashes of the longest proof"] <= 40
    fed = json.loads(run("-m", "tests.changes.vast_ledger", "feed"))
    print(fed)
    assert fed["entries"] == figures["entries"]
    print("ms of one more entry:", run("-m", "tests.changes.vast_ledger", "append", TURNS))
