"""The ledger held against its signed checkpoints, with the seals and without them."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from pools.ledger import tree
from pools.ledger.signed_checkpoints import public_keys, sign_checkpoint
from pools.ledger.signed_notes import BadNote
from pools.ledger.signed_proof import NAMED, in_lines, stored, verified
from pools.models import SignedHead, TreeTile
from pools.secret import Secret
from tests.fixtures.ledger import append_events, tamper, verify_audit
from tests.fixtures.signing import OTHER_KEYS, SIGNING_KEYS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def signed(settings: Any) -> str:
    """A ledger of ten entries, with checkpoints of four and of ten of them; the later one."""
    settings.SIGNING_KEYS = SIGNING_KEYS
    append_events(3)
    sign_checkpoint()
    append_events(6)
    return sign_checkpoint()


@pytest.fixture
def kept(tmp_path: Path, signed: str) -> str:
    """The later one, kept elsewhere."""
    file = tmp_path / "kept"
    file.write_text(signed)
    return str(file)


def rewritten() -> None:
    """Another history, sealed and signed with every key of the host."""
    tamper("DELETE FROM pools_entry", "DELETE FROM pools_signedhead", "DELETE FROM pools_treetile")
    append_events(11)
    sign_checkpoint()


def test_both_proofs_are_told(kept: str) -> None:
    code, said = verify_audit("--checkpoint", kept)
    assert code == 0
    assert said.startswith("Entries 1 to 10 fit.\nHead: 10 ")
    assert said.endswith("\nEntries 1 to 10 are as 2 signed checkpoints had them.\n")


def test_without_keys_signed_checkpoints_alone_are_proof(kept: str, settings: Any) -> None:
    settings.AUDIT_KEYS = (("mine", Secret("A" * 43 + "=")),)
    code, said = verify_audit("--without-keys", "--checkpoint", kept)
    assert code == 0
    assert "Entries 1 to 10 fit each other; no seal was looked at." in said
    assert "Entries 1 to 10 are as 2 signed checkpoints had them." in said
    # The seals speak against it, for want of their key.
    code, said = verify_audit("--checkpoint", kept)
    assert code == 1
    assert "Entry 1 does not fit. Its key first is not in AUDIT_KEYS." in said
    assert "Entries 1 to 10 are as 2 signed checkpoints had them all the same." in said


ALTERED = {
    "an entry": (
        "UPDATE pools_entry SET reason = 'another' WHERE seq = 7",
        (
            "The first 10 entries are not those that were signed: a checkpoint of "
            "testserver/ledger has another root. The first 4 still are."
        ),
    ),
    "the end": (
        "DELETE FROM pools_entry WHERE seq > 8",
        (
            "A signed checkpoint of testserver/ledger is of 10 entries: 2 entries were cut off "
            "the end."
        ),
    ),
    "one that is missing": (
        "DELETE FROM pools_entry WHERE seq = 2",
        "Entry 2 does not fit. It is missing: entry 3 follows entry 1.",
    ),
    "a seal": (
        "UPDATE pools_entry SET digest = substr(digest, 2) || 'x' WHERE seq = 5",
        "Entry 6 does not fit. It does not continue the entry before it.",
    ),
}


if connection.vendor == "sqlite":
    # PostgreSQL keeps a value in one form alone.
    ALTERED["the form of a value"] = (
        "UPDATE pools_entry SET reason = CAST(reason AS BLOB) WHERE seq = 7",
        "Entry 7 does not fit. It is not stored as an entry is.",
    )


@pytest.mark.parametrize(("statement", "why"), ALTERED.values(), ids=ALTERED.keys())
def test_what_was_altered_is_found_without_keys(kept: str, statement: str, why: str) -> None:
    tamper(statement)
    code, said = verify_audit("--without-keys", "--checkpoint", kept)
    assert code == 1
    assert why in said
    assert "all the same" not in said
    assert verify_audit("--checkpoint", kept)[0] == 1


@pytest.mark.parametrize("how", [[], ["--without-keys"]], ids=["keys", "without keys"])
def test_a_history_written_again_with_every_key_is_found_by_one_kept_elsewhere(
    kept: str, how: list[str]
) -> None:
    rewritten()
    assert verify_audit(*how)[0] == 0
    code, said = verify_audit(*how, "--checkpoint", kept)
    assert code == 1
    assert "The first 10 entries are not those that were signed" in said


def test_other_keys_of_the_host_do_not_help_whoever_wrote_it_again(
    kept: str, settings: Any
) -> None:
    settings.SIGNING_KEYS = OTHER_KEYS
    rewritten()
    code, said = verify_audit("--checkpoint", kept)
    assert code == 1
    assert "of 10 entries is signed by no key that is known." in said
    assert "The first 10 entries are not those that were signed" in said


def test_the_keys_can_be_those_that_an_auditor_keeps(kept: str, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("\n".join(public_keys()) + "\n\n")
    assert verify_audit("--checkpoint", kept, "--keys", str(keys))[0] == 0
    # Of another log: what it did not sign is no proof, whatever the host says.
    keys.write_text("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n")
    code, said = verify_audit("--checkpoint", kept, "--keys", str(keys))
    assert code == 1
    assert "is signed by no key that is known." in said
    keys.write_text("no key\n")
    with pytest.raises(CommandError, match="It is no public key"):
        verify_audit("--checkpoint", kept, "--keys", str(keys))


def test_a_forged_one_is_told(kept: str, signed: str) -> None:
    Path(kept).write_text(signed.replace("\n10\n", "\n9\n"))
    code, said = verify_audit("--checkpoint", kept)
    assert code == 1
    assert "The checkpoint of 9 entries is not genuine." in said
    assert "The first 9 entries are not those that were signed" in said


def test_what_is_no_checkpoint_is_told(kept: str, signed: str) -> None:
    Path(kept).write_text("nothing\n")
    code, said = verify_audit("--checkpoint", kept)
    assert code == 1
    assert f"{kept}: there is no signed checkpoint in it." in said
    Path(kept).write_text(signed.replace("\n10\n", "\nten\n"))
    code, said = verify_audit("--checkpoint", kept)
    assert code == 1
    assert "A signed checkpoint cannot be read. It names no size." in said
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        verify_audit("--checkpoint", "/nowhere")


def test_what_is_left_out_is_counted_in_a_whole_sentence() -> None:
    damaged = [BadNote("It names no size.")] * (NAMED + 2)
    assert verified(damaged[:-1], [])[1][-1] == "1 more signed checkpoint proves nothing."
    assert verified(damaged, [])[1][-1] == "2 more signed checkpoints prove nothing."


def test_a_start_in_the_middle_compares_none(kept: str) -> None:
    with pytest.raises(CommandError, match="leave --from out"):
        verify_audit("--from", "3", "--checkpoint", kept)
    assert "signed" not in verify_audit("--from", "3")[1]


def test_without_keys_and_without_checkpoints_nothing_is_proved() -> None:
    SignedHead.objects.all().delete()
    code, said = verify_audit("--without-keys")
    assert code == 1
    assert "There is no signed checkpoint: nothing is proved." in said


def test_what_the_panel_keeps_is_compared_too(kept: str) -> None:
    SignedHead.objects.filter(size=4).update(text="none")
    code, said = verify_audit()
    assert code == 1
    assert "A signed checkpoint cannot be read." in said
    SignedHead.objects.filter(size=4).delete()
    assert verify_audit()[0] == 0


@pytest.mark.parametrize("column", ["root", "hashes"])
def test_a_tile_that_was_altered_is_named_and_made_again(
    monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    monkeypatch.setattr(tree, "HEIGHT", 1)
    monkeypatch.setattr(tree, "WIDTH", 2)
    append_events(1)
    last = sign_checkpoint()
    counts = list(TreeTile.objects.values_list("level", flat=True))
    assert [counts.count(level) for level in range(4)] == [5, 2, 1, 0]
    assert verify_audit()[0] == 0
    TreeTile.objects.filter(level=1, number=1).update(**{column: b"x" * 32})
    code, said = verify_audit()
    assert code == 1
    assert "Tile 1/1 of the tree does not fit the entries." in said
    call_command("guard_ledger", "--tree", verbosity=0)
    assert TreeTile.objects.count() == 0
    assert verify_audit()[0] == 0
    assert sign_checkpoint() == last
    assert TreeTile.objects.count() == 8


LINE = {
    "origin": "panel.example/ledger",
    "size": 0,
    "root": "",
    "signatures": "",
    "event": "signed checkpoint",
    "level": "info",
    "logger": "panel.ledger",
    "timestamp": "2026-05-12T12:30:00.0Z",
}


def test_they_are_found_in_a_log_of_either_form(signed: str, tmp_path: Path) -> None:
    origin, size, root, _, line, _ = signed.split("\n")
    facts = {"origin": origin, "size": int(size), "root": root, "signatures": line[2:]}
    of_json = json.dumps({**LINE, **facts})
    text = (
        "2026-05-12T12:30:00.0Z [info     ] signed checkpoint              [panel.ledger] "
        f"origin={origin} root={root} signatures={line[2:]!r} size={size}"
    )
    lines = [
        of_json,
        text,
        f"panel-1  | {of_json}",
        f"May 12 12:30:00 host gunicorn[71]: {text}",
        json.dumps({"log": f"{of_json}\n", "stream": "stderr"}),
        "another",
        of_json.replace(root, root[:20]),
    ]
    found = in_lines(lines)
    assert [str(note) for note in found[:5]] == [signed] * 5
    assert len(found) == 6
    assert str(found[5]) == "A line of a log has only part of it."
    log = tmp_path / "log"
    log.write_text("\n".join(lines[:6]))
    code, said = verify_audit("--checkpoint", str(log))
    assert (code, "as 2 signed checkpoints had them" in said) == (0, True)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no roles")
def test_a_role_that_reads_only_entries_and_leases_verifies_all_the_same() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE tree_auditor")
        cursor.execute("GRANT SELECT ON pools_entry, pools_lease TO tree_auditor")
        cursor.execute("SET LOCAL ROLE tree_auditor")
        code, said = verify_audit()
        cursor.execute("RESET ROLE")
    assert code == 0
    assert "signed" not in said
    assert stored() != []
