"""An auditor's way through docs/audit.md, "Check it yourself": every command as it stands there."""

import io
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from pools.ledger.signed_checkpoints import sign_checkpoint
from tests.changes.recorded import a_change
from tests.evidence.conftest import Kept
from tests.evidence.verifier import run_in
from tests.fixtures.panel import SignIn
from tests.standard.reading import section

WALK = section("audit.md", "Check it yourself")
COMMANDS = [line.strip() for line in re.findall(r"^ *python3? .*$", WALK, re.MULTILINE)]


@pytest.mark.django_db(transaction=True)
def test_every_command_of_the_auditors_way_does_what_it_says(
    sign_in_as: SignIn, kept: Kept, tmp_path: Path
) -> None:
    a_change(reason="ZD-4711")
    (tmp_path / "kept.txt").write_text(checkpoint := sign_checkpoint())
    a_change()
    # Whoever comes from outside is given the key.
    (tmp_path / "keys.txt").write_bytes(Client().get("/audit/keys").content)
    bundle = kept(sign_in_as("Auditor", token=None).post("/changes/evidence/?words=ZD-4711"))
    bundle.rename(tmp_path / "evidence-acme-2026-11-30.zip")
    size = checkpoint.split("\n")[1]
    said = [_done(command.replace("4200", size), tmp_path) for command in COMMANDS]
    assert [text.splitlines()[0] for text in said if text] == [
        "2 entries are as they were recorded. None was left out or added.",
        "Entries 1 to 7 are as they were recorded.",
        "History only grew since the checkpoint of 3 entries.",
    ]


def _done(command: str, folder: Path) -> str:
    words = shlex.split(command)
    if words[1] == "verify_ledger.py":
        answer = run_in(folder, *words[2:])
        assert answer.code == 0, (command, answer)
        return answer.text
    said: Any = io.StringIO()
    plain, _, file = command.partition(" > ")
    arguments = [
        str(folder / word) if word.endswith(".txt") else word for word in shlex.split(plain)[3:]
    ]
    call_command(words[2], *arguments, stdout=said)
    if file:
        (folder / file).write_text(said.getvalue())
    return ""


def test_the_walk_has_all_three_ways() -> None:
    assert {shlex.split(each)[2] for each in COMMANDS} == {
        *("bundle", "export", "growth", "export_ledger", "checkpoint"),
    }
