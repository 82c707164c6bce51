"""The record is proved with what an auditor may have: where the ledger is, and its keys."""

import subprocess
import sys

import pytest

from tests.house.conftest import ROOT

AUDITORS = ("PATH", "DATABASE_URL", "AUDIT_KEYS")


def verify_audit(environment: dict[str, str]) -> tuple[int, str]:
    proved = subprocess.run(
        [sys.executable, "manage.py", "verify_audit"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return proved.returncode, proved.stdout + proved.stderr


def test_two_settings_are_enough(ready: dict[str, str]) -> None:
    two = {name: ready[name] for name in AUDITORS}
    assert verify_audit(two) == (0, "The ledger is empty.\n")


@pytest.mark.parametrize("name", ["DATABASE_URL", "AUDIT_KEYS"])
def test_neither_of_them_is_made_up(ready: dict[str, str], name: str) -> None:
    one = {each: ready[each] for each in AUDITORS if each != name}
    code, said = verify_audit(one)
    assert code == 1
    assert said.startswith(f"The panel does not start: {name} is not set;")
