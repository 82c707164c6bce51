"""Signing the ledger's tree: what is signed, when, with which keys, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, transaction

from pools.ledger import signed_checkpoints, tree
from pools.ledger.appending import record_event
from pools.ledger.signed_checkpoints import (
    ENTRIES,
    EVERY,
    NotSigned,
    latest_checkpoint,
    public_keys,
    sign_checkpoint,
    sign_if_due,
)
from pools.ledger.signed_notes import Note, read_key, read_note, signers
from pools.models import Entry, SignedHead
from tests.fixtures.ledger import ADA, append_events, tamper
from tests.fixtures.signing import OTHER_KEYS, SIGNING_KEYS


@pytest.fixture(autouse=True)
def keys(transactional_db: None, settings: Any) -> None:
    settings.SIGNING_KEYS = SIGNING_KEYS


def by(note: Note) -> list[str]:
    return [str(key) for key in signers(note, map(read_key, public_keys()))]


def test_the_whole_ledger_is_signed_and_the_key_is_on_it() -> None:
    append_events(3)
    note = read_note(sign_checkpoint())
    assert (note.origin, note.size, note.root) == ("testserver/ledger", 4, tree.root_at(4))
    assert by(note) == public_keys()
    used = Entry.objects.get(seq=4)
    assert (used.action, used.actor_name, [used.reason]) == ("signing_key_used", "", public_keys())
    last = latest_checkpoint()
    assert last is not None
    assert (last.origin, last.size, last.root) == (note.origin, note.size, note.root)
    assert last.text == str(note)
    assert sign_checkpoint() == last.text
    assert (SignedHead.objects.count(), Entry.objects.count()) == (1, 4)


def test_an_earlier_size_can_be_signed_and_changes_nothing() -> None:
    append_events(3)
    assert latest_checkpoint() is None
    latest = sign_checkpoint()
    note = read_note(sign_checkpoint(2))
    assert (note.size, note.root) == (2, tree.root_at(2))
    assert by(note) == public_keys()
    assert [each.text for each in SignedHead.objects.all()] == [latest]
    with pytest.raises(ValueError, match="no 9"):
        sign_checkpoint(9)


def test_without_a_key_nothing_is_signed(settings: Any) -> None:
    settings.SIGNING_KEYS = ()
    append_events(ENTRIES)
    assert not sign_if_due()
    with pytest.raises(NotSigned, match="SIGNING_KEYS is not set"):
        sign_checkpoint()
    assert (latest_checkpoint(), public_keys()) == (None, [])


def test_a_new_key_signs_beside_the_old_one_and_the_old_one_verifies_for_good(
    settings: Any,
) -> None:
    append_events(1)
    first = read_note(sign_checkpoint())
    (old,) = public_keys()
    settings.SIGNING_KEYS = (*OTHER_KEYS, *SIGNING_KEYS)
    both = read_note(sign_checkpoint())
    new, _ = public_keys()
    assert by(both) == [new, old]
    # The old one is lost, or was removed: what it signed is still verified.
    settings.SIGNING_KEYS = OTHER_KEYS
    append_events(1)
    last = read_note(sign_checkpoint())
    assert public_keys() == [new, old]
    assert (by(last), by(both), by(first)) == ([new], [new, old], [old])
    assert Entry.objects.filter(action="signing_key_used").count() == 2


def test_another_name_is_another_key(settings: Any) -> None:
    append_events(1)
    sign_checkpoint()
    (old,) = public_keys()
    settings.LEDGER_ORIGIN = "elsewhere.example/ledger"
    note = read_note(sign_checkpoint())
    assert note.origin == "elsewhere.example/ledger"
    assert public_keys() == [*by(note), old]


def test_one_is_due_after_so_many_entries_or_so_much_time(settings: Any) -> None:
    assert not sign_if_due()  # there is nothing to sign
    append_events(1)
    assert sign_if_due()
    assert not sign_if_due()
    append_events(ENTRIES - 1)
    assert not sign_if_due()
    append_events(1)
    assert sign_if_due()
    append_events(1)
    move_last(-EVERY)
    assert sign_if_due()
    # Nothing is new.
    move_last(-EVERY)
    assert not sign_if_due()
    # A clock that was put back does not put it off.
    append_events(1)
    move_last(timedelta(days=900))
    assert sign_if_due()


def move_last(by: timedelta) -> None:
    last = SignedHead.objects.latest("size")
    last.at += by
    last.save()


def test_whoever_appends_signs_every_so_many_entries(caplog: Any) -> None:
    append_events(ENTRIES - 1)
    assert latest_checkpoint() is None
    with caplog.at_level("INFO", "panel.ledger"):
        append_events(1)
    last = latest_checkpoint()
    assert last is not None
    assert last.size == ENTRIES + 1  # with that of the key
    assert [record.msg["size"] for record in caplog.records] == [last.size]


@pytest.mark.parametrize("error", [OperationalError("no such table"), RuntimeError("a defect")])
def test_whoever_appends_does_not_hear_that_signing_failed(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(signed_checkpoints, "sign_if_due", fail)
    append_events(ENTRIES)
    assert (Entry.objects.count(), latest_checkpoint()) == (ENTRIES, None)
    assert ("no signed checkpoint" in caplog.text) == isinstance(error, OperationalError)


def test_what_is_rolled_back_is_never_signed() -> None:
    with transaction.atomic():
        for _ in range(ENTRIES):
            record_event("deed", ADA)
        transaction.set_rollback(True)
    assert (latest_checkpoint(), Entry.objects.count()) == (None, 0)
    with transaction.atomic():
        for _ in range(ENTRIES):
            record_event("deed", ADA)
        with pytest.raises(RuntimeError, match="durable"):
            sign_checkpoint()
        transaction.set_rollback(True)
    assert (latest_checkpoint(), Entry.objects.count()) == (None, 0)


def test_a_ledger_that_is_new_to_the_tree_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signed_checkpoints, "MOST_AT_ONCE", ENTRIES - 1)
    append_events(ENTRIES)
    assert latest_checkpoint() is None
    assert sign_if_due()


REFUSED = {
    "an entry was altered": (
        ["UPDATE pools_entry SET reason = 'another' WHERE seq = 2"],
        "Entry 2 does not fit. Its digest does not fit what it says.",
    ),
    "the end was cut off": (
        ["DELETE FROM pools_entry WHERE seq > 3"],
        "its end was cut off",
    ),
    "the last checkpoint was altered": (
        ["UPDATE pools_signedhead SET text = replace(text, '6', '5')"],
        "not as it was signed",
    ),
    "the last checkpoint was damaged": (
        ["UPDATE pools_signedhead SET text = 'none'"],
        "not as it was signed",
    ),
    "the last checkpoint was signed by somebody else": (
        ["UPDATE pools_signedhead SET text = replace(text, '— testserver', '— elsewhere')"],
        "not as it was signed",
    ),
}


@pytest.mark.parametrize(("statements", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_contradicts_an_earlier_one_is_not_signed(
    statements: list[str], why: str, caplog: Any
) -> None:
    append_events(5)
    sign_checkpoint()
    tamper(*statements)
    with pytest.raises(NotSigned) as refused:
        sign_checkpoint()
    assert why in str(refused.value)


def test_a_history_that_was_written_again_with_the_keys_is_not_signed(caplog: Any) -> None:
    append_events(5)
    before = latest = sign_checkpoint()
    tamper("DELETE FROM pools_entry")
    with transaction.atomic():
        for _ in range(9):
            record_event("another", ADA)
    with pytest.raises(NotSigned, match="The first 6 entries are not those that were signed"):
        sign_checkpoint()
    append_events(ENTRIES)
    assert not sign_if_due()
    assert "no checkpoint is signed" in caplog.text
    newest = latest_checkpoint()
    assert newest is not None
    assert before == latest == newest.text
    assert settings.SIGNING_KEYS == SIGNING_KEYS
