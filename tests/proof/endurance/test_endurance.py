"""1,000 cases on the database that the tests run on; and defects that some of them show.

`make endurance` makes ten thousand, on both databases.
"""

import os

import pytest

from tests.proof.endurance.cases import GROUPS, Stage
from tests.proof.endurance.mutations import MUTATIONS
from tests.proof.endurance.report import NOWHERE, Report
from tests.proof.endurance.rules import RULES
from tests.proof.endurance.runs import run

pytestmark = [pytest.mark.database, pytest.mark.timeout(600)]
# So many that the ledger fails at each call of a change.
CASES = 1000


def database() -> str:
    """As DATABASE_URL has it: tests.settings names a file of SQLite's where nothing does."""
    address = os.environ.get("DATABASE_URL", "")
    return address if address.startswith("postgres") else "sqlite"


@pytest.fixture(scope="module")
def report() -> Report:
    return run(database(), ["--cases", str(CASES), "--seed", "1"])


@pytest.fixture(scope="module")
def defective() -> Report:
    """The same for cases whose processes have a defect each."""
    return run(database(), ["--mutations"])


def test_no_rule_is_broken(report: Report) -> None:
    assert sum(report.cases.values()) == CASES
    assert (report.texts, report.broken) == ([], {})


def test_every_fault_meets_every_kill_point(report: Report) -> None:
    met = report.by(1, 0)
    missed = [
        (group, point)
        for group in GROUPS
        for point in (NOWHERE, *map(str, Stage))
        if not met[group, point]
    ]
    assert missed == []


@pytest.mark.parametrize("doing", ["change", "settling"])
def test_the_ledger_fails_at_nearly_every_call(report: Report, doing: str) -> None:
    calls = sum(count for name, count in report.rehearsed.items() if name.startswith(doing))
    failed = [name for name in report.calls if name.startswith(doing)]
    assert len(failed) >= 0.9 * calls


def test_every_verdict_is_given(report: Report) -> None:
    assert report.verdicts.keys() >= {"applied", "not_applied", "superseded", "unknowable"}


def test_core_kept_to_what_the_quiet_time_is_made_for(report: Report) -> None:
    assert report.totals["premise broken"] == 0


@pytest.mark.any_database
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_defect_is_found(defective: Report, name: str) -> None:
    assert defective.caught[f"{name}|{MUTATIONS[name].breaks}"]


def test_every_mutation_breaks_a_rule_that_there_is() -> None:
    assert {mutation.breaks for mutation in MUTATIONS.values()} <= RULES.keys()
