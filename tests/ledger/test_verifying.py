"""The note of the last walks along the ledger: who sees it, what it says, what is new."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from adminpanel import readiness
from pools.ledger import verifying
from pools.ledger.appending import NOBODY
from pools.models import Entry
from pools.upkeep.tending import VERIFIED_EVERY
from tests.fixtures.ledger import append_events, tamper
from tests.fixtures.panel import make_person, told
from tests.fixtures.people import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor() -> Client:
    make_person("audrey", "Auditor")
    return sign_in("audrey")


def verify(client: Client) -> Any:
    return client.post("/changes/verify/", follow=True)


def test_an_empty_ledger_is_not_due_and_one_of_a_day_is() -> None:
    assert not verifying.is_due(VERIFIED_EVERY)
    append_events(3)
    assert verifying.is_due(VERIFIED_EVERY)
    found = verifying.verify_whole()
    assert (found.whole.first, found.whole.last, found.findings) == (1, 3, ())
    assert (verifying.latest(), verifying.is_due(VERIFIED_EVERY)) == (found, False)


def test_what_is_noted_is_of_one_day() -> None:
    append_events(3)
    verifying.verify_whole()
    day_later = timezone.now() + timedelta(hours=24, minutes=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pools.ledger.verifying.clock.now", lambda: day_later)
        assert verifying.is_due(VERIFIED_EVERY)


def test_what_is_new_is_walked_alone_and_the_whole_stays_said(auditor: Client) -> None:
    append_events(3)
    whole = verifying.verify_whole()
    append_events(2)
    page = verify(auditor)
    last = whole.whole.last
    assert f"Entries {last + 1} to {last + 3} fit." in told(page)
    assert f"Entries 1 to {last} verified seconds ago." in told(page)
    assert f"Entries {last + 1} to {last + 3} verified seconds ago." in told(page)
    event = Entry.objects.filter(action="ledger_verified").latest("seq")
    assert event.actor_name == "audrey"


def test_what_does_not_fit_is_said_loudly_and_stays_said(auditor: Client, settings: Any) -> None:
    append_events(3)
    tamper("UPDATE pools_entry SET reason = 'another' WHERE seq = 2")
    verifying.verify_whole()
    for page in (auditor.get("/changes/"), verify(auditor)):
        assert "The ledger doesn't fit: verifying it found 1 thing wrong" in told(page)
        assert "Entry 2 does not fit." in told(page)
        assert "Verify what is new" not in told(page)
    readiness.forget()
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["ledger_verified"]["fits"]) == (200, False)
    readiness.forget()


@pytest.mark.parametrize(
    "altered",
    [
        "facts = replace(facts, '\"first\":1', '\"first\":0')",
        "actor_name = 'somebody'",
        "key_id = 'another'",
        "version = 2",
        "digest = previous",
    ],
)
def test_a_note_that_does_not_fit_its_own_seal_says_nothing_and_a_walk_is_due(
    auditor: Client, altered: str
) -> None:
    append_events(3)
    last = verifying.verify_whole().whole.last
    assert f"Entries 1 to {last} verified" in told(auditor.get("/changes/"))
    tamper(f"UPDATE pools_entry SET {altered} WHERE action = 'ledger_verified'")
    page = told(auditor.get("/changes/"))
    assert "no verification of the ledger on record" in page
    assert "verified seconds ago" not in page
    assert (verifying.latest(), verifying.is_due(VERIFIED_EVERY)) == (None, True)


def test_a_note_of_bytes_that_are_no_text_ends_no_page(auditor: Client) -> None:
    verifying.verify_whole()
    if connection.vendor == "sqlite":
        tamper("UPDATE pools_entry SET facts = x'ff' WHERE action = 'ledger_verified'")
        assert auditor.get("/changes/").status_code == 200
        assert verifying.latest() is None


def test_too_much_that_is_new_is_left_to_tend(
    auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no verification of the ledger on record" in told(auditor.get("/changes/"))
    assert "Only up to 50,000 entries" in told(verify(auditor))
    verifying.verify_whole(NOBODY)
    monkeypatch.setattr("pools.views.verifying.MOST_NEW", 2)
    append_events(3)
    assert "Only up to 2 entries" in told(verify(auditor))


def test_who_sees_not_all_changes_sees_no_verification(auditor: Client) -> None:
    make_person("olga", "Operator")
    verifying.verify_whole()
    assert "verified" not in told(sign_in("olga").get("/changes/"))
