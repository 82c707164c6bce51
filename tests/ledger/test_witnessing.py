"""Witnesses: they sign a log that has only grown, and no other."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from pools.ledger.signed_checkpoints import public_keys
from pools.ledger.signed_notes import (
    COSIGNATURE,
    BadNote,
    Note,
    public_key,
    read_key,
    read_note,
    signed,
    signers,
)
from pools.ledger.witnessing import NotWitnessed, Request, read_request, witness
from tests.fixtures import merkle
from tests.fixtures.ledger import append_events, printed
from tests.fixtures.panel_process import ROOT
from tests.fixtures.signing import OTHER, PRIVATE, SIGNING_KEYS

ORIGIN, NAME, NOW = "panel.example/ledger", "witness.example/w1", 1_796_000_000
LOG_KEY = public_key(PRIVATE, ORIGIN)
OWN_KEY = public_key(OTHER, NAME, COSIGNATURE)
LEAVES = [bytes([number]) * 32 for number in range(12)]


def request(old: int, size: int, leaves: list[bytes] = LEAVES, origin: str = ORIGIN) -> Request:
    bare = Note(origin, size, merkle.root(leaves[:size]))
    note = replace(bare, signatures=(signed(bare, PRIVATE, origin),))
    return Request(old, tuple(merkle.consistency(old, leaves[:size])), note)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "w1.state"


def ask(asked: Request, state: Path, seconds: int = NOW) -> Note:
    return witness(read_request(str(asked)), state, [LOG_KEY], OTHER, NAME, seconds)


def test_a_log_that_grows_is_signed_again_and_again(state: Path) -> None:
    before = 0
    for size in (5, 5, 8, 12):
        note = ask(request(before, size), state, NOW + size)
        assert signers(note, [LOG_KEY, OWN_KEY]) == [LOG_KEY, OWN_KEY]
        assert read_note(state.read_text()) == note
        assert int.from_bytes(note.signatures[-1].raw[:8]) == NOW + size
        before = size
    # Its own line is there once, also where it was among what came.
    assert [each.name for each in note.signatures] == [ORIGIN, NAME]
    again = ask(replace(request(12, 12), note=note), state, NOW + 20)
    assert [each.name for each in again.signatures] == [ORIGIN, NAME]


OTHERS = [b"x" * 32, *LEAVES[1:]]
REFUSED = {
    "another history": (request(5, 8, OTHERS), "It does not go on from the 5 entries"),
    "another history of the same size": (request(5, 5, OTHERS), "It does not go on from the 5"),
    "a shorter one": (request(4, 4), "It has 4 entries, and had 5: its end was cut off."),
    "a proof from another size": (request(4, 8), "Ask for it with: --since 5"),
    "no proof": (replace(request(5, 8), proof=()), "It does not go on from the 5 entries"),
    "too much of a proof": (
        replace(request(5, 8), proof=(*request(5, 8).proof, b"x" * 32)),
        "It does not go on from the 5 entries",
    ),
    "another log": (request(5, 8, origin="elsewhere/ledger"), "no key of elsewhere/ledger"),
    "a proof from nowhere": (replace(request(5, 8), old_size=9), "Ask for it with: --since 5"),
}


@pytest.mark.parametrize(("asked", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_did_not_only_grow_is_not_signed(state: Path, asked: Request, why: str) -> None:
    ask(request(0, 5), state)
    seen = state.read_text()
    with pytest.raises(NotWitnessed) as refused:
        ask(asked, state)
    assert why in str(refused.value)
    assert state.read_text() == seen


def test_a_forged_signature_is_not_signed(state: Path) -> None:
    asked = request(0, 5)
    forged = replace(asked, note=replace(asked.note, root=b"x" * 32))
    with pytest.raises(BadNote, match="forged or damaged"):
        ask(forged, state)
    unknown = replace(asked.note, signatures=(signed(asked.note, OTHER, ORIGIN),))
    with pytest.raises(NotWitnessed, match="signed by no key"):
        ask(replace(asked, note=unknown), state)
    assert not state.exists()


def test_a_clock_that_goes_back_signs_nothing(state: Path) -> None:
    ask(request(0, 5), state)
    with pytest.raises(NotWitnessed, match="The clock is behind"):
        ask(request(5, 8), state, NOW - 1)
    assert read_note(state.read_text()).size == 5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "old\n\n",
        "new 5\n\nx",
        f"old -5\n\n{request(0, 5).note}",
        f"old {'5' * 19}\n\n{request(0, 5).note}",
        f"old 5\nno base64!\n\n{request(0, 5).note}",
        "old 5\n" + "AAAA\n" * 64 + f"\n{request(0, 5).note}",
    ],
)
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        read_request(text)


@pytest.mark.django_db
def test_the_commands_lead_from_a_panel_to_a_witness_and_back(
    settings: Any, tmp_path: Path
) -> None:
    settings.SIGNING_KEYS = SIGNING_KEYS
    own, keys, state, asked = (tmp_path / name for name in ("w1.key", "keys", "state", "asked"))
    own.write_text(printed("newkeys", "--key-id", "w1"))
    append_events(3)
    (key,) = printed("audit_keys").splitlines()
    keys.write_text(f"{key}\n")
    assert [key] == public_keys()
    arguments = ["--name", NAME, "--key", str(own)]
    public = read_key(printed("witness", *arguments, "--show-key").strip())
    assert (public.name, public.kind) == (NAME, COSIGNATURE)
    arguments += ["--state", str(state), "--log-key", str(keys), str(asked)]
    asked.write_text(printed("checkpoint", "--since", "0"))
    first = read_note(printed("witness", *arguments))
    assert signers(first, [read_key(key), public]) == [read_key(key), public]
    append_events(4)
    asked.write_text(printed("checkpoint", "--since", str(first.size)))
    # A program of its own, without any of the panel's settings.
    command = [sys.executable, "manage.py", "witness", *arguments]
    run = subprocess.run(
        command, cwd=ROOT, env={"PATH": ""}, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert signers(read_note(run.stdout), [read_key(key), public]) == [read_key(key), public]
    assert printed("checkpoint") == f"{read_note(run.stdout).body}\n" + "".join(
        f"{line}\n" for line in run.stdout.splitlines()[4:5]
    )
    asked.write_text(printed("checkpoint", "--since", "2"))
    with pytest.raises(CommandError, match=r"Not signed\. It proves nothing from the size"):
        call_command("witness", *arguments)
    for wrong in (["--since", "99"], ["--since", "-1"]):
        with pytest.raises(CommandError, match="never had"):
            call_command("checkpoint", *wrong)


@pytest.mark.django_db
def test_without_a_key_the_commands_say_so() -> None:
    with pytest.raises(CommandError, match="SIGNING_KEYS is not set"):
        call_command("checkpoint")
    with pytest.raises(CommandError, match="There is no key"):
        call_command("audit_keys")
