"""The command that proves the ledger: what it prints, and its exit code."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import OperationalError, connection, transaction

from pools.ledger.appending import append
from pools.ledger.chain import FIRST
from pools.ledger.guarding import TRIGGERS
from pools.ledger.verifying import EMPTIED, UNGUARDED
from pools.models import Entry
from pools.models.vocabulary import Kind
from pools.secret import Secret
from tests.fixtures.leases import take_lease
from tests.fixtures.ledger import ADA, CHANGE, append_events, tamper, verify_audit
from tests.fixtures.ledger_flush import unguarded_ledger

pytestmark = pytest.mark.django_db


def named(seq: int) -> str:
    entry = Entry.objects.get(seq=seq)
    return f"{entry.seq} {entry.digest} {entry.at.isoformat()}"


def checkpoint(seq: int) -> str:
    digest, at = Entry.objects.values_list("digest", "at").get(seq=seq)
    return logged(seq, digest, at.isoformat())


def logged(seq: int, digest: str, at: str | None) -> str:
    """As the panel's own logger writes it."""
    facts = {"seq": seq, "digest": digest, "at": at, "event": "ledger checkpoint"}
    about = {"level": "info", "logger": "panel.ledger", "timestamp": "2026-05-12T12:30:00.0Z"}
    return json.dumps(facts | about) + "\n"


def test_a_clean_ledger_ends_well_and_names_its_head() -> None:
    append_events(3)
    assert verify_audit() == (0, f"Entries 1 to 3 fit.\nHead: {named(3)}\n")


def test_a_misfit_ends_badly_and_is_named() -> None:
    append_events(3)
    tamper("UPDATE pools_entry SET reason = 'x' WHERE seq = 2")
    reason = "Its digest does not fit what it says."
    assert verify_audit() == (
        1,
        f"Entry 2 does not fit. {reason}\nLast entry that fits: {named(1)}\n",
    )


def test_changes_that_are_not_told_whole_are_named_and_the_head_too() -> None:
    with transaction.atomic():
        for _ in range(22):
            append(Kind.OUTCOME, "edit", ADA)
    code, said = verify_audit()
    assert code == 1
    assert said.startswith("Entry 1 does not fit. It names no change.\nEntry 2 does not fit. ")
    assert said.endswith(f"2 more do not fit.\nHead: {named(22)}\n")


@pytest.mark.parametrize(("start", "begins"), [("2", "Entries 2 to 3"), ("0", "Entries 1 to 3")])
def test_can_start_at_an_entry(start: str, begins: str) -> None:
    append_events(3)
    assert verify_audit("--from", start)[1].startswith(begins)


def test_a_start_does_not_see_what_is_before_it() -> None:
    append_events(3)
    tamper("UPDATE pools_entry SET reason = 'x' WHERE seq = 1")
    assert verify_audit("--from", "2")[0] == 0


def test_a_start_beyond_the_end_ends_badly() -> None:
    append_events(3)
    assert verify_audit("--from", "9")[0] == 1


def test_an_empty_ledger_is_said_to_be_empty() -> None:
    assert verify_audit() == (0, "The ledger is empty.\n")


def test_a_ledger_that_was_emptied_ends_badly_without_a_checkpoint() -> None:
    append_events(2)
    tamper("DELETE FROM pools_entry")
    code, said = verify_audit()
    assert (code, said) == (1, f"{EMPTIED}\nThe ledger is empty.\n")


def test_a_ledger_that_can_be_altered_ends_badly_though_it_fits() -> None:
    append_events(1)
    with unguarded_ledger():
        code, said = verify_audit()
    missing = ", ".join(TRIGGERS[connection.vendor])
    assert (code, said) == (
        1,
        (
            f"{UNGUARDED} Missing, switched off or altered: {missing}.\n"
            f"Entry 1 fits.\nHead: {named(1)}\n"
        ),
    )


def test_with_a_wrong_key_the_key_is_named(settings: Any) -> None:
    append_events(2)
    settings.AUDIT_KEYS = (("first", Secret(base64.b64encode(b"w" * 32).decode())),)
    code, said = verify_audit()
    assert code == 1
    assert "AUDIT_KEYS: key first is not the one that the ledger was written with.\n" in said


def test_a_ledger_that_cannot_be_read_is_an_error_of_one_sentence() -> None:
    def broken(*arguments: object) -> None:
        raise OperationalError("it is gone")

    sentence = r"^The ledger cannot be read: it is gone$"
    with (
        connection.execute_wrapper(broken),
        pytest.raises(CommandError, match=sentence),
    ):
        verify_audit()


def test_a_ledger_whose_first_entry_does_not_fit_is_not_empty() -> None:
    append_events(2)
    tamper("UPDATE pools_entry SET reason = 'x' WHERE seq = 1")
    reason = "Its digest does not fit what it says."
    assert verify_audit() == (1, f"Entry 1 does not fit. {reason}\n")


def test_a_ledger_that_was_emptied_ends_badly(tmp_path: Path) -> None:
    append_events(2)
    (tmp_path / "log").write_text(checkpoint(2))
    tamper("DELETE FROM pools_entry")
    code, said = verify_audit("--checkpoints", str(tmp_path / "log"))
    assert code == 1
    assert "Entry 1 does not fit. It is missing: a checkpoint notes entry 2" in said


def test_open_changes_are_counted_and_are_no_misfit() -> None:
    with transaction.atomic():
        take_lease(append(Kind.INTENT, "edit", ADA, change=CHANGE))
    code, said = verify_audit()
    assert (code, said.splitlines()[2:]) == (0, ["Open, holding its pool: 1 change."])


def test_checkpoints_of_several_logs_are_compared(tmp_path: Path) -> None:
    append_events(5)
    (tmp_path / "old").write_text(checkpoint(1) + "something else\n" + checkpoint(3))
    (tmp_path / "new").write_text(checkpoint(5))
    code, said = verify_audit("--checkpoints", *map(str, [tmp_path / "old", tmp_path / "new"]))
    assert (code, said.splitlines()[2:]) == (0, ["Found on the ledger: 3 checkpoints."])


def test_checkpoints_come_from_standard_input_too(monkeypatch: pytest.MonkeyPatch) -> None:
    append_events(2)
    monkeypatch.setattr("sys.stdin", io.StringIO(checkpoint(2)))
    assert "Found on the ledger: 1 checkpoint." in verify_audit("--checkpoints", "-")[1]


def test_a_cut_end_ends_badly_and_says_how_much(tmp_path: Path) -> None:
    append_events(5)
    (tmp_path / "log").write_text(checkpoint(4))
    tamper("DELETE FROM pools_entry WHERE seq > 3")
    code, said = verify_audit("--checkpoints", str(tmp_path / "log"))
    assert code == 1
    assert "1 entry was cut off the end." in said


def test_what_it_printed_before_finds_a_cut_end_alone(tmp_path: Path) -> None:
    append_events(5)
    (tmp_path / "printed").write_text(verify_audit()[1])
    tamper("DELETE FROM pools_entry WHERE seq > 3")
    code, said = verify_audit("--checkpoints", str(tmp_path / "printed"))
    assert code == 1
    assert "2 entries were cut off the end." in said


def test_what_it_printed_before_is_found_again(tmp_path: Path) -> None:
    (tmp_path / "first").write_text(verify_audit()[1])
    append_events(5)
    (tmp_path / "printed").write_text(verify_audit()[1])
    code, said = verify_audit("--checkpoints", *map(str, tmp_path.iterdir()))
    assert (code, said.splitlines()[2:]) == (0, ["Found on the ledger: 2 checkpoints."])


def test_checkpoints_that_were_not_compared_are_counted(tmp_path: Path) -> None:
    append_events(5)
    (tmp_path / "log").write_text(checkpoint(1) + checkpoint(5))
    said = verify_audit("--from", "4", "--checkpoints", str(tmp_path / "log"))[1]
    assert said.splitlines()[2:] == [
        "Found on the ledger: 1 checkpoint.",
        "Not compared, as their entries were not checked: 1 checkpoint.",
    ]


def test_broken_checkpoints_are_counted_and_their_lines_named(tmp_path: Path) -> None:
    append_events(2)
    log = tmp_path / "log"
    log.write_text(checkpoint(2) + "ledger checkpoint\n" + checkpoint(1)[:40] + "ledger checkpoint")
    code, said = verify_audit("--checkpoints", str(log))
    assert code == 0
    assert said.startswith(f"{log}: 2 checkpoints cannot be read, in lines 2, 3.\n")


@pytest.mark.parametrize("text", ["", "something else\n", "ledger checkpoint\n"])
def test_a_log_without_a_checkpoint_ends_badly(tmp_path: Path, text: str) -> None:
    append_events(2)
    (tmp_path / "log").write_text(text)
    code, said = verify_audit("--checkpoints", str(tmp_path / "log"))
    assert code == 1
    assert f"{tmp_path}/log: there is no checkpoint in it.\n" in said


def test_a_log_that_is_not_text_is_read_as_far_as_it_is(tmp_path: Path) -> None:
    append_events(2)
    (tmp_path / "log").write_bytes(b"\xff\x00\n" + checkpoint(2).encode())
    assert verify_audit("--checkpoints", str(tmp_path / "log"))[0] == 0


def test_a_log_that_is_not_there_is_an_error_of_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none cannot be read: No such file or directory\."):
        verify_audit("--checkpoints", str(tmp_path / "none"))


def test_a_checkpoint_of_an_empty_ledger_is_found(tmp_path: Path) -> None:
    append_events(1)
    (tmp_path / "log").write_text(logged(0, FIRST, None))
    assert verify_audit("--checkpoints", str(tmp_path / "log"))[0] == 0
