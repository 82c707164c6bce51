"""The record is proved with what an auditor may have: where the ledger is, and its keys."""

import pytest

from tests.fixtures.nursery import Ended, Nursery

AUDITORS = ("PATH", "DATABASE_URL", "AUDIT_KEYS")


def test_two_settings_are_enough(nursery: Nursery, ready: dict[str, str]) -> None:
    two = {name: ready[name] for name in AUDITORS}
    proved = nursery.run("manage.py", "verify_audit", environment=two)
    assert proved == Ended(0, "The ledger is empty.\n", "")


@pytest.mark.parametrize("name", ["DATABASE_URL", "AUDIT_KEYS"])
def test_neither_of_them_is_made_up(nursery: Nursery, ready: dict[str, str], name: str) -> None:
    one = {each: ready[each] for each in AUDITORS if each != name}
    refused = nursery.run("manage.py", "verify_audit", environment=one)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"The panel does not start: {name} is not set. ")
