"""Lists whose processes are killed 2,000 times: nothing twice, nothing without an intent."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.fixtures.sampling import share_of
from tests.proof.endurance.runs import ROOT, database_of_its_own
from tests.proof.endurance.test_endurance import database

pytestmark = [pytest.mark.database, pytest.mark.timeout(1800)]
KILLS = share_of(2000)


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    with database_of_its_own(database()) as address:
        found = subprocess.run(
            [sys.executable, "-m", "tests.proof.endurance.batches", "--kills", str(KILLS)],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "tests.proof.endurance.settings",
                "DATABASE_URL": address,
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert found.stdout, found.stderr
    told: dict[str, Any] = json.loads(found.stdout)
    return told


def test_nothing_is_sent_twice_or_without_an_intent_and_the_report_is_true(
    report: dict[str, Any],
) -> None:
    assert report["broken"] == []


def test_their_processes_died(report: dict[str, Any]) -> None:
    assert report["killed"] >= KILLS
    assert report["cases"] > KILLS // 3
    assert set(report["ends"]) >= {"done", "refused", "unknown"}
