"""The command that proves the ledger: what it prints, and its exit code."""

from io import StringIO

import pytest
from django.core.management import call_command

from pools.models import Entry
from tests.models.conftest import append_events, tamper

pytestmark = pytest.mark.django_db


def verify_audit(*arguments: str) -> tuple[int, str]:
    said = StringIO()
    code = 0
    try:
        call_command("verify_audit", *arguments, stdout=said, stderr=said, no_color=True)
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, said.getvalue()


def test_a_clean_ledger_ends_well_and_names_its_head() -> None:
    append_events(3)
    last = Entry.objects.get(seq=3)
    assert verify_audit() == (
        0,
        f"Entries 1 to 3 fit.\nHead: 3 {last.digest} {last.at.isoformat()}\n",
    )


def test_a_misfit_ends_badly_and_is_named() -> None:
    append_events(3)
    tamper("UPDATE pools_entry SET reason = 'x' WHERE seq = 2")
    first = Entry.objects.get(seq=1)
    reason = "Its digest does not fit what it says."
    last = f"{first.seq} {first.digest} {first.at.isoformat()}"
    assert verify_audit() == (
        1,
        f"Entry 2 does not fit. {reason}\nLast entry that fits: {last}\n",
    )


def test_can_start_at_an_entry() -> None:
    append_events(3)
    tamper("UPDATE pools_entry SET reason = 'x' WHERE seq = 1")
    assert verify_audit("--from", "2")[0] == 0


def test_an_empty_ledger_is_said_to_be_empty() -> None:
    assert verify_audit() == (0, "The ledger is empty.\n")
