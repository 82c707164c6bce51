"""What a witness has signed comes back to the panel: kept, copied, and in each bundle."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from pools.evidence.cosigned import newest_cosigned
from pools.ledger.signed_checkpoints import latest_checkpoint, public_keys, sign_checkpoint
from pools.ledger.signed_notes import (
    COSIGNATURE,
    Note,
    cosigned,
    public_key,
    read_note,
    read_notes,
    signed,
)
from pools.models import Entry, SignedHead
from tests.changes.recorded import a_change
from tests.evidence.conftest import Kept, files_in
from tests.evidence.verifier import Checked
from tests.fixtures.ledger import append_events, printed, tamper
from tests.fixtures.panel import SignIn, told
from tests.fixtures.signing import OTHER, OTHER_KEYS, PRIVATE

NAME, SECONDS = "witness.example/w1", 1_796_000_000
KEY = str(public_key(OTHER, NAME, COSIGNATURE))
ACME = "/c/acme/changes/evidence/"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def known(settings: Any) -> None:
    settings.WITNESS_KEYS = [KEY]


def seen(text: str, name: str = NAME, seconds: int = SECONDS) -> Note:
    """A checkpoint with a witness's line."""
    note = read_note(text)
    return replace(note, signatures=(*note.signatures, cosigned(note, OTHER, name, seconds)))


def give_back(note: Note | str, folder: Path) -> str:
    file = folder / "cosigned.txt"
    file.write_text(str(note))
    return printed("checkpoint", "--cosigned", str(file))


def test_from_the_panel_to_a_witness_and_back(tmp_path: Path, caplog: Any) -> None:
    own, keys, asked = (tmp_path / name for name in ("w1.key", "keys", "asked"))
    own.write_text(f"w1:{OTHER_KEYS[0][1].reveal()}\n")
    append_events(3)
    asked.write_text(printed("checkpoint", "--since", "0"))
    keys.write_text(printed("audit_keys"))
    witness = ("--name", NAME, "--key", str(own))
    assert printed("witness", *witness, "--show-key").strip() == KEY
    state = str(tmp_path / "state")
    given = printed("witness", *witness, "--state", state, "--log-key", str(keys), str(asked))
    before = sign_checkpoint()
    with caplog.at_level("INFO", "panel.ledger"):
        said = give_back(given, tmp_path)
    assert said == "Kept: a witness has signed the checkpoint of 4 entries.\n"
    kept = latest_checkpoint()
    assert kept is not None
    # Beside our own signature, and not instead of it.
    assert kept.text == given
    assert kept.text.startswith(before)
    assert NAME in caplog.records[-1].msg["signatures"]
    assert "Entries 1 to 4 are as 1 signed checkpoint had them." in printed("verify_audit")
    # Whoever gives it back once more changes nothing.
    give_back(given, tmp_path)
    assert [each.text for each in SignedHead.objects.all()] == [given]


def test_what_is_newer_does_not_matter_and_a_second_time_replaces_the_first(tmp_path: Path) -> None:
    append_events(2)
    text = sign_checkpoint()
    append_events(2)
    newest = sign_checkpoint()
    give_back(seen(text), tmp_path)
    give_back(seen(text, seconds=SECONDS + 9), tmp_path)
    older, newer = SignedHead.objects.order_by("size")
    assert older.text == str(seen(text, seconds=SECONDS + 9))
    assert newer.text == newest
    assert newest_cosigned() is not None


def test_a_checkpoint_that_was_not_kept_is_kept_then(tmp_path: Path) -> None:
    append_events(3)
    sign_checkpoint()
    earlier = sign_checkpoint(2)
    with_more = seen(earlier)
    stranger = cosigned(read_note(earlier), PRIVATE, "stranger.example", SECONDS)
    given = replace(with_more, signatures=(*with_more.signatures, stranger))
    give_back(given, tmp_path)
    assert SignedHead.objects.get(size=2).text == str(with_more)


def test_bundles_have_it_and_prove_that_history_goes_on_from_it(
    sign_in_as: SignIn, kept: Kept, check: Checked, tmp_path: Path
) -> None:
    a_change()
    given = seen(sign_checkpoint())
    give_back(given, tmp_path)
    a_change()
    manager = sign_in_as("Manager")
    file = kept(manager.post(ACME))
    assert files_in(file)["older.txt"].decode() == str(given)
    said = check("bundle", file, "--key", public_keys()[0], "--key", KEY)
    assert said.code == 0
    grown = f"History only grew since the checkpoint of {given.size} entries"
    assert f"{grown}, which {NAME} has signed too.\n" in said.text
    # To whoever does not know the witness, its line says nothing.
    assert f"{grown}.\n" in check("bundle", file, "--key", public_keys()[0]).text
    # One that somebody kept is another question, and comes first.
    own = sign_checkpoint()
    file = kept(manager.post(ACME, {"older": own}))
    assert files_in(file)["older.txt"].decode() == own
    (tmp_path / "w.txt").write_text(str(given))
    said = check("bundle", file, "--key", public_keys()[0], "--older", tmp_path / "w.txt")
    assert (said.code, "make it with that checkpoint" in said.text) == (1, True)


def test_evidence_is_not_made_where_it_contradicts_what_a_witness_has_seen(
    sign_in_as: SignIn, tmp_path: Path
) -> None:
    a_change()
    size = seen(sign_checkpoint()).size
    give_back(seen(sign_checkpoint()), tmp_path)
    append_events(300)
    sign_checkpoint()
    tamper(f"UPDATE pools_signedhead SET text = replace(text, '\n{size}\n', '\n1\n')")
    answer = sign_in_as("Manager").post(ACME)
    assert answer.status_code == 409
    assert "The last checkpoint that a witness signed is not what the history says." in told(answer)
    assert not Entry.objects.filter(action="evidence_made").exists()


def test_under_another_name_nothing_of_the_old_one_is_proved_with(
    settings: Any, sign_in_as: SignIn, kept: Kept, check: Checked, tmp_path: Path
) -> None:
    a_change()
    old = sign_checkpoint()
    give_back(seen(old), tmp_path)
    settings.LEDGER_ORIGIN = "testserver/ledger-2"
    manager = sign_in_as("Manager")
    file = kept(manager.post(ACME))
    assert "older.txt" not in files_in(file)
    assert check("bundle", file, "--key", public_keys()[0]).code == 0
    # Nor is what somebody pasted: the proof would be refused.
    assert "isn't the one that this panel signs under" in told(manager.post(ACME, {"older": old}))


def another_history() -> Note:
    bare = Note("testserver/ledger", 2, bytes(32))
    return replace(bare, signatures=(signed(bare, PRIVATE, bare.origin),))


def test_what_nobody_should_keep_is_refused(settings: Any, tmp_path: Path) -> None:
    append_events(3)
    text = sign_checkpoint()
    by_another = seen(text, name="witness.example/w2")
    forged = str(seen(text)).replace(text.splitlines()[2], another_history().body.split("\n")[2])
    refused: list[tuple[Note | str, str]] = [
        ("nonsense", "This isn't a checkpoint"),
        (text, "No witness named in WITNESS_KEYS has signed this checkpoint."),
        (by_another, "No witness named in WITNESS_KEYS has signed this checkpoint."),
        (forged, "This isn't a checkpoint"),
        (replace(seen(text), signatures=seen(text).signatures[1:]), "not signed by this panel"),
        (seen(str(another_history())), "The history is no longer what this checkpoint says"),
    ]
    for given, why in refused:
        with pytest.raises(CommandError, match=f"Not kept. .*{why}"):
            give_back(given, tmp_path)
    damaged = str(seen(text))[:-5] + "AA=\n"
    with pytest.raises(CommandError, match="Not kept"):
        give_back(damaged, tmp_path)
    settings.WITNESS_KEYS = []
    with pytest.raises(CommandError, match="No witness named in WITNESS_KEYS has"):
        give_back(seen(text), tmp_path)
    assert [each.text for each in SignedHead.objects.all()] == [text]
    with pytest.raises(CommandError, match=r"nowhere cannot be read: No such file"):
        call_command("checkpoint", "--cosigned", str(tmp_path / "nowhere"))
    (tmp_path / "bytes").write_bytes(b"\xff")
    with pytest.raises(CommandError, match=r"bytes is no text"):
        call_command("checkpoint", "--cosigned", str(tmp_path / "bytes"))


def test_nothing_is_added_to_a_checkpoint_that_was_altered(tmp_path: Path) -> None:
    append_events(2)
    given = seen(sign_checkpoint())
    for size, other in ((given.size, 1), (1, "none")):
        tamper(f"UPDATE pools_signedhead SET text = replace(text, '\n{size}\n', '\n{other}\n')")
        with pytest.raises(CommandError, match="The history is no longer what this"):
            give_back(given, tmp_path)


def test_it_is_copied_where_checkpoints_go(settings: Any, tmp_path: Path, capsys: Any) -> None:
    settings.CHECKPOINT_FILE = str(tmp_path / "checkpoints")
    append_events(2)
    given = seen(sign_checkpoint())
    give_back(given, tmp_path)
    lines = Path(settings.CHECKPOINT_FILE).read_text().splitlines()
    assert [str(each) for each in read_notes(lines)] == [str(given)]
    settings.CHECKPOINT_FILE = str(tmp_path / "nowhere" / "checkpoints")
    with pytest.raises(SystemExit):
        give_back(given, tmp_path)
    assert "Not copied to the file: The file cannot be written" in capsys.readouterr().err


def test_auditors_see_how_far_a_witness_has_signed(
    settings: Any, sign_in_as: SignIn, tmp_path: Path
) -> None:
    append_events(2)
    text = sign_checkpoint()
    auditor = sign_in_as("Auditor", token=None)
    assert "No checkpoint was signed by a witness yet." in told(auditor.get("/changes/"))
    give_back(seen(text), tmp_path)
    assert "Entries 1 to 3 signed by a witness seconds ago." in told(auditor.get("/changes/"))
    settings.WITNESS_KEYS = []
    assert "by a witness" not in told(auditor.get("/changes/"))


def test_a_witness_whose_line_was_forged_is_named(tmp_path: Path, capsys: Any) -> None:
    append_events(2)
    give_back(seen(sign_checkpoint()), tmp_path)
    tail = str(seen(sign_checkpoint()))[-12:-2]
    tamper(f"UPDATE pools_signedhead SET text = replace(text, '{tail}', 'AAAAAAAAA=')")
    with pytest.raises(SystemExit):
        call_command("verify_audit")
    assert "is not genuine" in capsys.readouterr().err
