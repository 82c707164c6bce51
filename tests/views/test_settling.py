"""Open changes on the pages: checking again, releasing, and what verdicts look like afterwards."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from pools.changes import Action, HistoryItem, Outcome, Settling, SettlingState, Verdict
from pools.changes.history import changes_by_id
from pools.changes.looking import Undecided
from pools.core import CredentialExpired, NotSent, Reason
from pools.models import Company, Entry, Token
from pools.settling_text import settled_message
from pools.tokens import PersonDisabled, TokenMissing, TokenUnreadable
from sandbox.running import RunningSandbox
from tests.changes.conftest import a_minute_later
from tests.changes.recorded import NOON, a_change, minutes, settled
from tests.views.conftest import SignIn, give_token, make_company, make_person
from tests.views.test_changes import one_pool, open_form, outcomes, writes

LIST = "/c/acme/changes/"


def unknown_edit(client: Client, core: RunningSandbox, pool: int) -> uuid.UUID:
    """An edit that Core did not answer clearly, and did not make."""
    address = f"/c/acme/pools/{pool}/edit/"
    form = open_form(client, address, limit="77", reason="T-1")
    core.set_fault("status=500;only=writes")
    client.post(address, form)
    core.set_fault(None)
    change: uuid.UUID = client.get(f"/c/acme/pools/{pool}/").context["open_changes"][0].change_id
    return change


def check(client: Client, change: uuid.UUID, company: str = "acme", **values: str) -> Any:
    with a_minute_later():
        return client.post(f"/c/{company}/changes/{change}/check/", values, follow=True)


@pytest.fixture
def pool(manager: Client) -> int:
    return one_pool(manager)


@pytest.fixture
def unknown(manager: Client, core: RunningSandbox, pool: int) -> uuid.UUID:
    return unknown_edit(manager, core, pool)


def test_checking_again_settles_and_frees_the_pool(
    manager: Client, pool: int, unknown: uuid.UUID
) -> None:
    answer = check(manager, unknown)
    assert answer.redirect_chain == [(f"/changes/{unknown}/", 302)]
    assert "did not happen. Make it anew if it is still wanted." in answer.text
    entry = Entry.objects.get(kind="settled")
    assert (entry.outcome, entry.actor_name) == ("not_applied", "manager")
    page = manager.get(f"/c/acme/pools/{pool}/")
    assert (page.context["held"], page.context["edit_href"] != "") == (False, True)


def test_checking_sends_nothing_but_reads(
    manager: Client, core: RunningSandbox, unknown: uuid.UUID
) -> None:
    sent = writes(core)
    check(manager, unknown)
    assert writes(core) == sent


def test_too_early_is_said_with_the_time(
    manager: Client, settings: Any, unknown: uuid.UUID
) -> None:
    settings.SETTLE_QUIET_SECONDS = 3600
    answer = check(manager, unknown)
    assert "too early to look. Check again after" in answer.text
    assert outcomes() == ["unknown"]


def test_who_sees_the_pool_may_check_with_the_makers_token(
    acme: Company, core: RunningSandbox, sign_in_as: SignIn, unknown: uuid.UUID
) -> None:
    reader = sign_in_as("Read-only", token="read_only")
    page = reader.get(f"/changes/{unknown}/").text
    assert "Check again" in page
    assert "Release" not in page
    assert "Checking reads with the token of <bdi>manager</bdi>" in page
    assert "did not happen" in check(reader, unknown).text


def test_without_the_makers_token_it_is_released_by_hand(
    sign_in_as: SignIn, unknown: uuid.UUID
) -> None:
    Token.objects.filter(user__username="manager").delete()
    answer = check(sign_in_as("Operator"), unknown)
    assert "Only the token of manager may look this up" in answer.text
    assert "then release the pool." in answer.text


def test_core_down_is_said(manager: Client, core: RunningSandbox, unknown: uuid.UUID) -> None:
    core.set_fault("status=500")
    answer = check(manager, unknown)
    assert "Nothing could be looked up. Core gave no usable answer." in answer.text


def test_it_leads_back_to_where_it_was_pressed(
    manager: Client, pool: int, unknown: uuid.UUID
) -> None:
    page = f"/c/acme/pools/{pool}/"
    assert check(manager, unknown, next=page).redirect_chain == [(page, 302)]


def test_it_leads_nowhere_else(manager: Client, unknown: uuid.UUID) -> None:
    answer = check(manager, unknown, next="https://evil.example/")
    assert answer.redirect_chain == [(f"/changes/{unknown}/", 302)]


def test_a_second_press_says_what_was_found(manager: Client, unknown: uuid.UUID) -> None:
    check(manager, unknown)
    assert "did not happen." in check(manager, unknown).text
    assert Entry.objects.filter(kind="settled").count() == 1


def test_what_cannot_be_recorded_is_not_settled(
    manager: Client, unknown: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("pools.changes.settling.append", refuse)
    assert "Nothing was settled" in check(manager, unknown).text


@pytest.mark.parametrize("address", ["check", "release"])
def test_outsiders_and_other_companies_find_nothing(
    core: RunningSandbox, unknown: uuid.UUID, address: str
) -> None:
    northwind = make_company(core, "northwind", "Northwind")
    outsider = make_person("outsider", "Operator")
    give_token(outsider, northwind, core.keys["northwind"]["full"])
    client = Client()
    client.force_login(outsider)
    for company in ("acme", "northwind"):
        answer = client.post(f"/c/{company}/changes/{unknown}/{address}/", {"reason": "x"})
        assert answer.status_code == 404
    assert not Entry.objects.filter(kind__in=["settled", "released"]).exists()


def test_checking_is_a_form(manager: Client, unknown: uuid.UUID) -> None:
    assert manager.get(f"/c/acme/changes/{unknown}/check/").status_code == 405


def test_the_pools_page_and_the_list_offer_it(
    manager: Client, pool: int, unknown: uuid.UUID
) -> None:
    for address in (f"/c/acme/pools/{pool}/", "/c/acme/pools/", f"/changes/{unknown}/"):
        page = manager.get(address).text
        assert f'action="/c/acme/changes/{unknown}/check/"' in page
        assert f'href="/c/acme/changes/{unknown}/release/"' in page


def test_a_held_page_asks_by_itself_and_reads_core_once_it_is_free(
    manager: Client, core: RunningSandbox, pool: int, unknown: uuid.UUID
) -> None:
    address = f"/c/acme/pools/{pool}/?poll=1"
    assert f'hx-get="{address}"' in manager.get(f"/c/acme/pools/{pool}/").text
    core.reset()
    htmx = {"HX-Request": "true", "HX-Target": "pool"}
    assert manager.get(address, headers=htmx).status_code == 204
    assert len(core.journal) == 0
    check(manager, unknown)
    page = manager.get(address, headers=htmx)
    assert page.status_code == 200
    assert "every 15s" not in page.text


def test_asking_by_itself_keeps_no_session_alive(manager: Client, pool: int) -> None:
    session = manager.session
    session["touched_at"] = 7
    session.save()
    manager.get(f"/c/acme/pools/{pool}/?poll=1")
    assert manager.session["touched_at"] == 7
    manager.get(f"/c/acme/pools/{pool}/")
    assert manager.session["touched_at"] > 7


def test_a_released_change_no_longer_looks_open(manager: Client, unknown: uuid.UUID) -> None:
    assert "chip-unknown" in manager.get(LIST).text
    manager.post(f"/c/acme/changes/{unknown}/release/", {"reason": "asked them"})
    page = manager.get(LIST).text
    assert "chip-unknown" not in page
    assert "</svg>released</span>" in page
    assert "Check again" not in manager.get(f"/changes/{unknown}/").text


WORDS = {
    Verdict.APPLIED: "applied",
    Verdict.NOT_APPLIED: "not applied",
    Verdict.SUPERSEDED: "superseded",
    Verdict.DUPLICATE: "duplicate",
    Verdict.UNKNOWABLE: "cannot be known",
}


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_verdict_is_shown_and_found(manager: Client, verdict: Verdict) -> None:
    change = a_change(NOON, outcome=Outcome.UNKNOWN, pool_id=3)
    a_change(NOON + minutes(1), pool_id=3)
    settled(change, NOON + minutes(2), verdict)
    found = manager.get(LIST, {"outcome": verdict})
    (row,) = found.context["days"][0]["rows"]
    assert row.line.item.change_id == change
    assert f"</svg>{WORDS[verdict]}</span>" in found.text
    page = manager.get(f"/changes/{change}/")
    assert f"Settled by ada: {WORDS[verdict]}" in page.text
    assert page.context["entry"].text.splitlines()[1].startswith(f"Outcome: {WORDS[verdict]}.")
    assert f"</svg>{WORDS[verdict]}</span>" in manager.get("/c/acme/pools/3/").text


def test_what_was_settled_as_applied_can_be_reverted(manager: Client) -> None:
    change = a_change(outcome=Outcome.UNKNOWN, pool_id=3)
    address = f"/c/acme/changes/{change}/revert/"
    assert address not in manager.get(f"/changes/{change}/").text
    settled(change, NOON + minutes(2), Verdict.APPLIED)
    assert address in manager.get(f"/changes/{change}/").text


def an_item(action: Action = Action.EDIT) -> HistoryItem:
    return changes_by_id([a_change(outcome=Outcome.UNKNOWN, action=action)])[0]


SEVEN = datetime(2026, 5, 12, 7, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "facts", "sentence"),
    [
        ("already", {}, "is not open any more"),
        ("under_way", {}, "is still being sent. Check again in half a minute."),
        ("waiting", {"not_before": SEVEN}, "Check again after 07:00:05."),
        ("no_token", {"error": TokenMissing()}, "they have none for this company any more."),
        ("no_token", {"error": PersonDisabled()}, "they are disabled."),
        ("no_token", {"error": TokenUnreadable()}, "it can no longer be opened."),
        ("no_token", {"error": CredentialExpired("")}, "Core no longer accepts it."),
        ("not_read", {"error": NotSent(Reason.DNS)}, "Core could not be reached."),
        ("not_read", {"error": Undecided(Reason.SHAPE)}, "does not decide it."),
        ("disagree", {}, "it is changing just now. Check again in a minute."),
    ],
)
def test_each_state_has_its_sentence(
    acme: Company, state: str, facts: dict[str, Any], sentence: str
) -> None:
    item = an_item()
    found = settled_message(Settling(item.change_id, SettlingState(state), **facts), item, acme)
    assert sentence in found.text


@pytest.mark.parametrize("action", [Action.CREATE, Action.EDIT, Action.CLEAR, Action.DELETE])
def test_every_verdict_has_its_sentence(acme: Company, action: Action) -> None:
    item = an_item(action)
    for verdict in Verdict:
        settling = Settling(item.change_id, SettlingState.SETTLED, verdict)
        assert "NetSuite orders" in settled_message(settling, item, acme).text
