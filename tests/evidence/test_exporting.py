"""The whole ledger as a file, and proofs of growth, for whoever verifies elsewhere."""

import io
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from pools.ledger.signed_checkpoints import public_keys, sign_checkpoint
from pools.models import Entry
from tests.evidence.verifier import Checked
from tests.fixtures.ledger import append_events, tamper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def exported(tmp_path: Path) -> Any:
    def export() -> tuple[Path, Path]:
        ledger, checkpoint = tmp_path / "ledger.txt", tmp_path / "checkpoint.txt"
        call_command("export_ledger", str(ledger), str(checkpoint), stdout=io.StringIO())
        return ledger, checkpoint

    return export


def test_the_whole_ledger_verifies_without_the_panel(exported: Any, check: Checked) -> None:
    append_events(300)
    older = sign_checkpoint()
    append_events(7)
    ledger, checkpoint = exported()
    made = Entry.objects.get(action="ledger_exported")
    assert len(ledger.read_bytes().splitlines()) == made.seq == Entry.objects.count()
    assert stat.S_IMODE(ledger.stat().st_mode) == 0o600
    with checkpoint.open("a") as file:
        file.write("\n" + older)
    said = check("export", ledger, "--checkpoint", checkpoint, "--key", public_keys()[0])
    assert said.code == 0, said
    assert f"Entries 1 to {made.seq} are as they were recorded.\n" in said.text


def test_no_file_is_written_over(exported: Any) -> None:
    append_events(1)
    exported()
    with pytest.raises(CommandError, match="File exists"):
        exported()


def test_without_a_key_nothing_is_exported_or_recorded(exported: Any, settings: Any) -> None:
    settings.SIGNING_KEYS = ()
    append_events(1)
    with pytest.raises(CommandError, match="SIGNING_KEYS is not set"):
        exported()
    assert Entry.objects.count() == 1


def test_an_entry_that_cannot_be_read_ends_it(exported: Any) -> None:
    append_events(300)
    sign_checkpoint()
    tamper("DELETE FROM pools_entry WHERE seq = 7")
    with pytest.raises(CommandError, match="Entry 7 isn't as it was recorded"):
        exported()


def test_growth_is_proved_from_a_checkpoint_that_somebody_kept(
    check: Checked, tmp_path: Path
) -> None:
    append_events(3)
    older, proof = tmp_path / "older.txt", tmp_path / "growth.txt"
    older.write_text(sign_checkpoint())
    append_events(9)
    said = io.StringIO()
    call_command("checkpoint", "--since", "4", stdout=said)
    proof.write_text(said.getvalue())
    answer = check("growth", proof, "--older", older, "--key", public_keys()[0])
    assert answer.code == 0, answer
    assert "History only grew since the checkpoint of 4 entries." in answer.text
