"""Evidence as people ask for it: what is in it, for whom, and that it verifies elsewhere."""

import json
import re
import uuid
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client

from pools.changes.filtering import Filters
from pools.evidence import bundle, selecting
from pools.ledger.chain import covered, rows_at
from pools.ledger.signed_checkpoints import public_keys, sign_checkpoint
from pools.ledger.signed_notes import Note, signed
from pools.models import Entry
from pools.models.vocabulary import Action, Outcome
from tests.changes.recorded import NOON, a_change, an_event, read_back, settled
from tests.evidence.conftest import Kept, files_in
from tests.evidence.verifier import Checked, zipped
from tests.fixtures.ledger import append_events, tamper
from tests.fixtures.panel import SignIn, told
from tests.fixtures.signing import PRIVATE

ALL = "/changes/evidence/"
ACME = "/c/acme/changes/evidence/"


def numbers_in(file: Path) -> list[int]:
    """Of its entries, without the one of its making."""
    lines = files_in(file)["rows.txt"].splitlines()
    return [int(line.split(b"|")[1]) for line in lines[:-1]]


def numbers_of(*changes: uuid.UUID) -> list[int]:
    found = Entry.objects.filter(change__in=changes).order_by("seq")
    return list(found.values_list("seq", flat=True))


def test_a_change_is_proved_whole(manager: Client, kept: Kept, check: Checked) -> None:
    a_change()
    change = a_change(reason="ZD-4711 stuck", outcome=Outcome.DONE)
    read_back(change)
    a_change()
    page = manager.get(f"/changes/{change}/evidence/")
    assert "A zip file with 1 change: every entry about it" in told(page)
    answer = manager.post(f"/changes/{change}/evidence/")
    file = kept(answer)
    assert re.fullmatch(
        r'attachment; filename="evidence-acme-[\d-]{10}\.zip"', answer["Content-Disposition"]
    )
    assert numbers_in(file) == numbers_of(change)
    said = check("bundle", file, "--key", public_keys()[0])
    assert said.code == 0, said
    assert "3 entries are as they were recorded. None was left out or added." in said.text
    assert "A selection ('Edit of pool “NetSuite orders” (7) in Acme') of the " in said.text
    assert "Not covered" not in said.text
    for name in ("README.txt", "verify_ledger.py", "keys.txt"):
        said = check("bundle", _with(file, name, b"altered"), "--key", public_keys()[0])
        assert said == (1, f"Don't rely on it. Not as it was when this was made: '{name}'.")


def _with(file: Path, name: str, data: bytes) -> Path:
    """The same bundle with another file of that name."""
    with zipfile.ZipFile(file) as whole:
        files = {each: whole.read(each) for each in whole.namelist()}
    return zipped(files | {name: data}, file.with_name("altered.zip"))


def test_its_making_is_on_the_ledger_and_in_it(manager: Client, kept: Kept, check: Checked) -> None:
    a_change()
    file = kept(manager.post(f"{ACME}?action=edit&who=ada"))
    made = Entry.objects.get(action="evidence_made")
    facts = json.loads(made.facts)
    assert (made.actor_name, made.company, facts["entries"], facts["lines"]) == (
        "manager",
        "acme",
        2,
        1,
    )
    assert facts["filters"] == {
        "who": "ada",
        "action": "edit",
        "zone": "UTC",
        "companies": ["acme"],
    }
    assert facts["words"] == "Changes of Acme, only ada, edit"
    files = files_in(file)
    assert json.loads(files["filter.json"]).items() <= facts.items()
    (row,) = rows_at([made.seq])
    assert files["rows.txt"].splitlines()[-1] == covered(row)
    assert int(files["checkpoint.txt"].split(b"\n")[1]) >= made.seq
    assert files["keys.txt"].decode().split() == public_keys()
    assert files["verify_ledger.py"] == Path("docs/verify_ledger.py").read_bytes()
    said = check("bundle", file, "--key", public_keys()[0])
    assert f"Made by 'manager' at '{row[2]}': that is entry {made.seq}." in said.text


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", [0, 1, 2, 3]),
        ("who=grace", [1]),
        ("words=ZD-4711", [2]),
        ("pool=9", [3]),
        ("from=2026-05-12&to=2026-05-12", [0, 2, 3]),
        ("outcome=refused", [0]),
    ],
)
def test_a_filter_decides_what_is_in_it(
    manager: Client, kept: Kept, check: Checked, query: str, wanted: list[int]
) -> None:
    changes = [
        a_change(outcome=Outcome.REFUSED),
        a_change(NOON + timedelta(days=1), who="grace", actor_id=2),
        a_change(reason="See ZD-4711, please"),
        a_change(pool_id=9, action=Action.CLEAR),
    ]
    a_change(company="northwind")
    chosen = [changes[number] for number in wanted]
    page = manager.get(f"{ACME}?{query}")
    assert f"A zip file with {len(chosen)} change" in told(page)
    file = kept(manager.post(f"{ACME}?{query}"))
    assert numbers_in(file) == numbers_of(*chosen)
    assert check("bundle", file, "--key", public_keys()[0]).code == 0
    html = files_in(file)["index.html"].decode()
    assert [str(each) in html for each in changes] == [each in chosen for each in changes]


def test_nobody_is_given_what_they_may_not_see(sign_in_as: SignIn, kept: Kept) -> None:
    mine, theirs = a_change(), a_change(company="northwind")
    an_event()
    operator, stranger = sign_in_as("Operator"), sign_in_as("Manager", token=None)
    assert numbers_in(kept(operator.post(ALL))) == numbers_of(mine)
    assert operator.post(f"/changes/{theirs}/evidence/").status_code == 404
    assert operator.post("/c/northwind/changes/evidence/").status_code == 404
    assert operator.post(f"{ALL}?company=northwind").status_code == 400
    assert operator.post(f"{ALL}?kind=events").status_code == 403
    assert stranger.post(f"/changes/{mine}/evidence/").status_code == 404
    assert stranger.post(ACME).status_code == 404
    assert "No changes match this filter." in told(stranger.post(ALL))
    auditor = sign_in_as("Auditor", token=None)
    assert numbers_in(kept(auditor.post(ALL))) == numbers_of(mine, theirs)


def test_auditors_have_events_proved(sign_in_as: SignIn, kept: Kept, check: Checked) -> None:
    auditor = sign_in_as("Auditor", token=None)
    an_event(action="token_added", facts={"fingerprint": "abc"})
    file = kept(auditor.post(f"{ALL}?kind=events&action=token_added"))
    assert len(numbers_in(file)) == 1
    assert check("bundle", file, "--key", public_keys()[0]).code == 0
    html = files_in(file)["index.html"].decode()
    assert "Events of all companies, only token_added" in html
    assert "Token added" in html


def test_an_older_checkpoint_is_proved_to_be_continued(
    manager: Client, kept: Kept, check: Checked, tmp_path: Path
) -> None:
    a_change()
    older = sign_checkpoint()
    size = older.split("\n")[1]
    a_change()
    # As a browser sends it.
    pasted = older.replace("\n", "\r\n")
    file = kept(manager.post(ACME, {"older": f"  {pasted}"}))
    said = check("bundle", file, "--key", public_keys()[0])
    assert f"History only grew since the checkpoint of {size} entries." in said.text
    assert said.code == 0
    (tmp_path / "older.txt").write_text(older)
    assert check("bundle", file, "--older", tmp_path / "older.txt").code == 3


def another_history() -> str:
    """A checkpoint that was signed with our key, and that this ledger does not continue."""
    note = Note(settings.LEDGER_ORIGIN, 1, bytes(32))
    return str(replace(note, signatures=(signed(note, PRIVATE, note.origin),)))


def test_what_is_no_checkpoint_of_this_ledger_is_refused(manager: Client) -> None:
    a_change()
    older = sign_checkpoint()
    forged = older.replace("ledger\n", "ledgers\n", 1)
    for text, sentence in [
        ("nonsense", "This isn't a checkpoint."),
        (older.replace("—", "-"), "This isn't a checkpoint."),
        (older.rpartition("— ")[0] + "— stranger AAAABBBB\n", "not signed by this panel"),
        (forged, "This isn't a checkpoint."),
        ("x" * 10_001, "At most 10000 characters"),
        (another_history(), "The history is no longer what this checkpoint says"),
    ]:
        answer = manager.post(ACME, {"older": text})
        assert answer["Content-Type"].startswith("text/html")
        assert sentence in told(answer), text
    assert not Entry.objects.filter(action="evidence_made").exists()


def test_without_a_signing_key_there_is_none_and_it_says_so(manager: Client, settings: Any) -> None:
    settings.SIGNING_KEYS = ()
    a_change()
    for answer in (manager.get(ACME), manager.post(ACME)):
        assert answer.status_code == 409
        assert "Evidence needs a signing key, and this panel has none." in told(answer)
    assert not Entry.objects.filter(action="evidence_made").exists()


def test_there_is_a_largest_bundle(manager: Client) -> None:
    for _ in range(3):
        a_change()
    with patch.object(selecting, "MOST_LINES", 2):
        for answer in (manager.get(ACME), manager.post(ACME)):
            assert answer.status_code == 409
            assert "Narrow the filter" in told(answer)
    assert not Entry.objects.filter(action="evidence_made").exists()


def test_nobody_waits_for_the_tree_of_an_old_ledger(manager: Client) -> None:
    a_change()
    with patch.object(bundle, "MOST_BEHIND", 1):
        answer = manager.post(ACME)
    assert answer.status_code == 409
    assert "still being prepared" in told(answer)
    assert not Entry.objects.filter(action="evidence_made").exists()


def test_a_ledger_that_cannot_be_written_gives_none(manager: Client) -> None:
    a_change()
    sign_checkpoint()
    with patch("pools.evidence.bundle.record_event", side_effect=OperationalError("readonly")):
        answer = manager.post(ACME)
    assert answer.status_code == 409
    assert "No evidence was made" in told(answer)


def test_what_people_wrote_is_text_in_the_page(manager: Client, kept: Kept) -> None:
    evil = "</style><script>alert(1)</script><img src=x onerror=alert(1)>"
    a_change(reason=evil, pool_name=evil)
    html = files_in(kept(manager.post(ACME)))["index.html"].decode()
    assert "<script" not in html
    assert "<img" not in html
    assert "default-src 'none'; style-src 'unsafe-inline'" in html
    # Nothing of it is asked of anybody.
    assert not re.search(r'(?:src|href)="(?!http)', html)


def test_a_bad_address_says_so(manager: Client) -> None:
    answer = manager.get(f"{ACME}?from=yesterday")
    assert answer.status_code == 400
    assert manager.post(f"{ACME}?nonsense=1").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_an_altered_entry_is_not_proved(manager: Client) -> None:
    change = a_change()
    sign_checkpoint()
    tamper(f"UPDATE pools_entry SET reason = 'because' WHERE seq = {numbers_of(change)[0]}")
    answer = manager.post(ACME)
    assert answer.status_code == 409
    assert "manage.py verify_audit" in told(answer)
    assert not Entry.objects.filter(action="evidence_made").exists()


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_was_altered_behind_the_tree_is_not_proved(manager: Client) -> None:
    """What is in tiles is not compared with its seal again: its hash tells."""
    change = a_change()
    append_events(300)
    sign_checkpoint()
    tamper(f"UPDATE pools_entry SET reason = 'because' WHERE seq = {numbers_of(change)[0]}")
    answer = manager.post(ACME)
    assert answer.status_code == 409
    assert "so there is no proof of it" in told(answer)
    assert not Entry.objects.filter(action="evidence_made").exists()


@pytest.mark.django_db(transaction=True)
def test_an_altered_entry_of_another_company_is_not_given_away() -> None:
    change = a_change()
    intent, outcome = numbers_of(change)
    tamper(f"UPDATE pools_entry SET company = 'northwind' WHERE seq = {outcome}")
    chosen = selecting.selected(Filters(companies=frozenset({"acme"})))
    assert chosen.numbers == [intent]


def test_settled_and_unreadable_changes_are_shown_as_the_panel_does(
    manager: Client, kept: Kept
) -> None:
    settled(a_change(outcome=Outcome.UNKNOWN), NOON + timedelta(minutes=2), "applied")
    html = files_in(kept(manager.post(ACME)))["index.html"].decode()
    assert "unknown → it happened" in html


def test_a_tickets_changes_are_a_step_from_its_chip(manager: Client, kept: Kept) -> None:
    """And their evidence is no larger than a mail takes, however many entries there are."""
    for _ in range(12):
        read_back(a_change(reason="ZD-4711: orders are stuck, as agreed with the customer"))
    a_change()
    page = manager.get("/c/acme/changes/?ticket=ZD-4711")
    assert "Only ZD-4711" in told(page)
    assert "?words=ZD-4711&amp;ticket=ZD-4711" in page.content.decode()
    page = manager.get("/c/acme/changes/?words=ZD-4711&ticket=ZD-4711")
    assert "/c/acme/changes/evidence/?words=ZD-4711&amp;ticket=ZD-4711" in page.content.decode()
    answer = manager.post(f"{ACME}?words=ZD-4711&ticket=ZD-4711")
    assert len(numbers_in(kept(answer))) == 36
    assert len(answer.content) <= 50_000
