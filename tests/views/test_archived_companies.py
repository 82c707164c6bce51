"""An archived company: in no list, asked nothing, and its history is still there."""

import pytest
from django.test import Client

from pools import companies as acts
from pools.changes import recording, sending
from pools.changes.recording import Intent
from pools.ledger.appending import Actor
from pools.models import Company, Entry, Lease, Token
from sandbox.running import RunningSandbox
from tests.fixtures.panel import told
from tests.views.changing import (
    NEW,
    ONE_POOL,
    check,
    edit,
    open_form,
    outcomes,
    unknown_edit,
    writes,
)

ANA = Actor(7, "ana", "192.0.2.1")
ARCHIVE, BACK = "/companies/acme/archive/", "/companies/acme/bring-back/"


@pytest.fixture
def archived(manager: Client, admin: Client, core: RunningSandbox) -> Client:
    """Whoever worked in a company that is archived by now."""
    admin.post(ARCHIVE)
    core.reset()
    return manager


def test_what_archiving_means_is_said_first(
    manager: Client, admin: Client, core: RunningSandbox
) -> None:
    unknown_edit(manager, core, ONE_POOL)
    page = told(admin.get(ARCHIVE))
    assert "1 person's token is kept, but not used." in page
    assert "1 change has no known outcome yet." in page
    assert Company.objects.get().archived_at is None


def test_it_leaves_the_lists_and_comes_back_with_its_tokens(
    archived: Client, admin: Client, core: RunningSandbox
) -> None:
    assert "Acme" not in told(archived.get("/"))
    assert "acme" not in str(archived.get("/tokens/add/").context["form"]["company"])
    tokens = archived.get("/tokens/")
    assert "Company archived: kept, but not used" in told(tokens)
    assert ("Remove" in told(tokens), "Verify" in told(tokens)) == (True, False)
    assert "It is in Home, Find and every list again" in told(admin.get(BACK))
    admin.post(BACK)
    assert archived.get("/c/acme/pools/").status_code == 200
    told_of = Entry.objects.filter(action__startswith="company_").order_by("seq")
    assert list(told_of.values_list("action", "company")) == [
        ("company_archived", "acme"),
        ("company_brought_back", "acme"),
    ]


def test_its_core_is_asked_nothing_and_its_history_stays(
    manager: Client, admin: Client, core: RunningSandbox
) -> None:
    pool = ONE_POOL
    change = edit(manager, pool, limit="76")
    admin.post(ARCHIVE)
    core.reset()
    forms = ("new/", f"{pool}/edit/", f"{pool}/clear/", f"{pool}/note/", "apply/")
    of_pools = ("", f"{pool}/", *forms)
    for address in (*(f"pools/{each}" for each in of_pools), "allowances/", "note/"):
        page = manager.get(f"/c/acme/{address}")
        assert (page.status_code, address) == (409, address)
        assert "Acme is archived." in told(page)
        # Nobody has entered anything yet.
        assert "what you entered" not in told(page)
        # Neither leads anywhere.
        assert "Search pools" not in page.text
        assert "Allowances" not in told(page)
    page = manager.post("/tokens/acme/verify/", follow=True)
    assert "Acme is archived." in told(page)
    for address in ("/c/acme/changes/", f"/changes/{change}/"):
        page = manager.get(address)
        assert (page.status_code, "(archived)" in told(page)) == (200, True)
        assert "/revert/" not in page.text
    assert core.journal == []


@pytest.mark.parametrize("form", ["edit", "new"])
def test_a_form_that_is_open_says_so_and_loses_nothing(
    manager: Client, admin: Client, core: RunningSandbox, form: str
) -> None:
    address = NEW if form == "new" else f"/c/acme/pools/{ONE_POOL}/edit/"
    typed = open_form(manager, address, name="Typed", limit="71", reason="ZD-4711")
    admin.post(ARCHIVE)
    core.reset()
    page = manager.post(address, typed)
    assert "Nothing was sent, and what you entered is still here." in told(page)
    assert (page.status_code, core.journal) == (409, [])
    assert [page.context["form"][name].value() for name in ("limit", "reason")] == ["71", "ZD-4711"]
    assert not Entry.objects.filter(kind="intent").exists()
    admin.post(BACK)
    manager.post(address, {**typed, "form_id": str(page.context["form"]["form_id"].value())})
    assert Entry.objects.get(kind="outcome").outcome == "done"


def test_a_token_that_is_being_added_is_not_tried(archived: Client, core: RunningSandbox) -> None:
    form = {"company": "acme", "kind": "api_key", "token": core.keys["acme"]["full"]}
    assert "This company isn't here, or was archived." in told(archived.post("/tokens/add/", form))
    assert (Token.objects.count(), core.journal) == (1, [])


def test_a_change_of_unknown_outcome_waits_until_it_is_back(
    manager: Client, admin: Client, core: RunningSandbox
) -> None:
    change = unknown_edit(manager, core, ONE_POOL)
    admin.post(ARCHIVE)
    core.reset()
    assert "and the company is archived." in told(check(manager, change))
    assert core.journal == []
    admin.post(BACK)
    assert "The edit of" in told(check(manager, change))
    assert Entry.objects.filter(kind="settled").count() == 1


@pytest.mark.parametrize("address", [ARCHIVE, BACK])
def test_it_is_archived_once_and_brought_back_once(
    manager: Client, admin: Client, address: str
) -> None:
    if address == BACK:
        admin.post(ARCHIVE)
    assert [admin.post(address).status_code for _ in range(2)] == [302, 404]


@pytest.mark.parametrize("when", ["before the intent", "after the intent"])
def test_what_has_begun_when_a_company_is_archived_ends_and_nothing_begins_after_it(
    manager: Client, acme: Company, core: RunningSandbox, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """A change is under way: its pool was read, and somebody archives the company."""
    address = f"/c/acme/pools/{ONE_POOL}/edit/"
    typed = open_form(manager, address, limit="71", reason="ZD-4711")
    record = recording.record_intent

    def meanwhile(intent: Intent) -> None:
        if when == "before the intent":
            acts.archive(acme, by=ANA)
        record(intent)
        if when == "after the intent":
            acts.archive(acme, by=ANA)

    monkeypatch.setattr(sending, "record_intent", meanwhile)
    page = manager.post(address, typed)
    kinds = list(Entry.objects.exclude(kind="event").order_by("seq").values_list("kind", flat=True))
    if when == "before the intent":
        assert "Acme is archived. Nothing was sent, and what you entered is still here." in told(
            page
        )
        assert page.context["form"]["limit"].value() == "71"
        assert (writes(core), kinds) == ([], [])
    else:
        assert (len(writes(core)), kinds[:2], outcomes()) == (1, ["intent", "outcome"], ["done"])
    assert not Lease.objects.exists()
