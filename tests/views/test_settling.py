"""Open changes on the pages: checking again, releasing, and what verdicts look like afterwards."""

import uuid
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from pools.changes import HistoryItem, Settling, SettlingState
from pools.changes.history import changes_by_id
from pools.changes.settling_reads import Undecided
from pools.core import CredentialExpired, NotSent, Reason
from pools.models import Company, Entry, Lease, Token
from pools.models.vocabulary import Action, Outcome, Verdict
from pools.tokens.keeping import PersonDisabled, TokenMissing, TokenUnreadable
from pools.wording.settling import settled_message
from sandbox.running import RunningSandbox
from tests.changes.recorded import NOON, a_change, minutes, settled
from tests.fixtures.panel import SignIn, give_token, make_company, make_person
from tests.views.changing import ONE_POOL, check, open_form, outcomes, unknown_edit, writes

LIST = "/c/acme/changes/"


@pytest.fixture
def pool(manager: Client) -> int:
    return ONE_POOL


@pytest.fixture
def unknown(manager: Client, core: RunningSandbox, pool: int) -> uuid.UUID:
    return unknown_edit(manager, core, pool)


def test_checking_again_settles_and_frees_the_pool(
    manager: Client, pool: int, unknown: uuid.UUID
) -> None:
    answer = check(manager, unknown)
    assert answer.redirect_chain == [(f"/changes/{unknown}/", 302)]
    assert " happen. Make it again if it is still needed." in answer.text
    entry = Entry.objects.get(kind="settled")
    assert (entry.outcome, entry.actor_name) == ("not_applied", "manager")
    page = manager.get(f"/c/acme/pools/{pool}/")
    assert (page.context["held"], page.context["offers"] != []) == (False, True)


def test_checking_again_reads_back_what_could_not_be_read(
    manager: Client, core: RunningSandbox, pool: int
) -> None:
    core.set_fault("rate-limit=1;only=get;skip=2")
    address = f"/c/acme/pools/{pool}/edit/"
    manager.post(address, open_form(manager, address, limit="77"))
    core.reset()
    change = Entry.objects.get(kind="intent").change
    assert change is not None
    address = f"/changes/{change}/"
    assert "Check again" in manager.get(address).text
    answer = check(manager, change)
    assert "The pool shows the edit of “" in answer.text
    assert "</svg>done</span>" in answer.text
    assert "Check again" not in answer.text
    assert [request.method for request in core.journal] == ["GET"]


def test_a_pool_with_other_values_is_not_said_to_be_gone(
    manager: Client, core: RunningSandbox, pool: int, unknown: uuid.UUID
) -> None:
    core.company("acme").change_pool(pool, limit=78)
    answer = unescape(check(manager, unknown).text)
    assert "the pool had neither the values from before nor the new ones." in answer
    assert "the pool was gone" not in answer


def test_a_pool_that_is_gone_is_not_to_be_checked_before_it_is_changed(
    manager: Client, core: RunningSandbox, pool: int, unknown: uuid.UUID
) -> None:
    core.company("acme").delete_pool(pool)
    answer = unescape(check(manager, unknown).text)
    assert "happened: the pool was gone." in answer
    assert "before you change it again" not in answer


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
    assert "too early to check. Check again after" in answer.text
    assert outcomes() == ["unknown"]


def test_who_sees_the_pool_may_check_with_the_makers_token(
    acme: Company, core: RunningSandbox, sign_in_as: SignIn, unknown: uuid.UUID
) -> None:
    reader = sign_in_as("Read-only", token="read_only")
    page = reader.get(f"/changes/{unknown}/").text
    assert "Check again" in page
    assert "Release" not in page
    assert 'Check again reads the pool with the token of <bdi translate="no">manager</bdi>' in page
    assert " happen. Make it again" in check(reader, unknown).text


def test_without_the_makers_token_it_is_released_by_hand(
    sign_in_as: SignIn, unknown: uuid.UUID
) -> None:
    Token.objects.filter(user__username="manager").delete()
    answer = check(sign_in_as("Operator"), unknown)
    assert "Only manager's token can be used to check this" in unescape(answer.text)
    assert "then use Unlock anyway." in answer.text


def test_core_down_is_said(manager: Client, core: RunningSandbox, unknown: uuid.UUID) -> None:
    core.set_fault("status=500")
    answer = check(manager, unknown)
    assert "We couldn't check. Patchworks had an error (500)." in unescape(answer.text)


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
    assert " happen." in check(manager, unknown).text
    assert Entry.objects.filter(kind="settled").count() == 1


def test_what_cannot_be_recorded_is_not_settled(
    manager: Client, unknown: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("pools.changes.settling.append", refuse)
    assert "so nothing is decided yet" in check(manager, unknown).text


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
    assert "</svg>unknown, unlocked</span>" in page
    assert "Check again" not in manager.get(f"/changes/{unknown}/").text


WORDS = {
    Verdict.APPLIED: "it happened",
    Verdict.NOT_APPLIED: "it didn't happen",
    Verdict.SUPERSEDED: "other values found",
    Verdict.DUPLICATE: "it happened twice",
    Verdict.UNKNOWABLE: "can't be told",
}


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_verdict_is_shown_and_found(manager: Client, verdict: Verdict) -> None:
    change = a_change(NOON, outcome=Outcome.UNKNOWN, pool_id=3)
    a_change(NOON + minutes(1), pool_id=3)
    settled(change, NOON + minutes(2), verdict)
    found = manager.get(LIST, {"outcome": verdict})
    (row,) = found.context["days"][0]["rows"]
    assert row.line.item.change_id == change
    word = f"unknown → {WORDS[verdict]}"
    mark = f'</svg>unknown <span class="settled">→ {WORDS[verdict]}</span></span>'
    assert mark in unescape(found.text)
    page = manager.get(f"/changes/{change}/")
    assert f"Checked by ada: {WORDS[verdict]}" in unescape(page.text)
    assert page.context["entry"].text.splitlines()[1].startswith(f"Outcome: {word}.")
    assert mark in unescape(manager.get("/c/acme/pools/3/").text)


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
        ("already", {}, "is no longer open: there is nothing to check."),
        ("under_way", {}, "is still being sent. Check again in half a minute."),
        ("waiting", {"not_before": SEVEN}, "Check again after 07:00:05."),
        ("no_token", {"error": TokenMissing()}, "they have removed it."),
        ("no_token", {"error": PersonDisabled()}, "that account is disabled."),
        ("no_token", {"error": TokenUnreadable()}, "it no longer works."),
        ("no_token", {"error": CredentialExpired("")}, "Patchworks no longer accepts it."),
        ("not_read", {"error": NotSent(Reason.DNS)}, "We couldn't reach Patchworks."),
        (
            "not_read",
            {"error": Undecided(Reason.SHAPE)},
            "doesn't tell whether it happened.",
        ),
        ("disagree", {}, "the pool is still changing. Check again in a minute."),
    ],
)
def test_each_state_has_its_sentence(
    acme: Company, state: str, facts: dict[str, Any], sentence: str
) -> None:
    item = an_item()
    found = settled_message(Settling(item.change_id, SettlingState(state), **facts), item, acme)
    assert sentence in found.text


@pytest.mark.parametrize(
    ("set_to", "said"), [(None, "5 seconds"), (1.0, "1 second"), (2.5, "2.5 seconds")]
)
def test_the_time_between_the_reads_is_said_as_people_say_it(
    acme: Company, settings: Any, set_to: float | None, said: str
) -> None:
    settings.SETTLE_READS_APART_SECONDS = set_to
    item = an_item()
    found = settled_message(Settling(item.change_id, SettlingState.DISAGREE), item, acme)
    assert found.text.startswith(f"Two reads {said} apart gave different values")


@pytest.mark.parametrize("action", [Action.CREATE, Action.EDIT, Action.CLEAR, Action.DELETE])
def test_every_verdict_has_its_sentence(acme: Company, action: Action) -> None:
    item = an_item(action)
    for verdict in Verdict:
        settling = Settling(item.change_id, SettlingState.SETTLED, verdict)
        assert "NetSuite orders" in settled_message(settling, item, acme).text


# Leases that somebody altered past the panel.


def test_a_pool_that_nothing_in_the_record_locks_can_be_unlocked(
    manager: Client, pool: int
) -> None:
    stray = uuid.uuid4()
    Lease.objects.create(company="acme", pool_key=str(pool), change=stray, held_since=NOON)
    form = manager.get(f"/c/acme/pools/{pool}/clear/").context["form"]
    typed = {"form_id": str(uuid.uuid4()), "seen": form.initial["seen"], "reason": ""}
    refused = manager.post(f"/c/acme/pools/{pool}/clear/", typed)
    assert refused.status_code == 409
    assert "This pool is locked, and the record " in refused.text
    address = f"/c/acme/changes/{stray}/release/"
    assert f'href="{address}"' in refused.text
    page = manager.get(address)
    assert (page.status_code, f"Pool {pool}" in page.text) == (200, True)
    assert "No change in the record is waiting for a result here" in page.text
    answer = manager.post(address, {"reason": "an administrator looked"})
    assert (answer.status_code, Lease.objects.count()) == (302, 0)
    assert Entry.objects.get(action="lease_released").actor_name == "manager"


def test_a_change_whose_lease_was_taken_away_is_released_from_its_page(
    manager: Client, unknown: uuid.UUID
) -> None:
    Lease.objects.all().delete()
    address = f"/c/acme/changes/{unknown}/release/"
    assert f'href="{address}"' in manager.get(f"/changes/{unknown}/").text
    assert manager.post(address, {"reason": "looked"}).status_code == 302
    assert Entry.objects.get(kind="released").actor_name == "manager"


def test_a_lease_of_another_company_is_not_there(manager: Client, core: RunningSandbox) -> None:
    make_company(core, "globex", "Globex")
    stray = uuid.uuid4()
    Lease.objects.create(company="globex", pool_key="7", change=stray, held_since=NOON)
    for company in ("acme", "globex"):
        address = f"/c/{company}/changes/{stray}/release/"
        assert manager.get(address).status_code == 404
    assert Lease.objects.count() == 1
