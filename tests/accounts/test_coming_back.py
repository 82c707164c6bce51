"""Forms sent after the session has ended come back after signing in, filled; secrets do not."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from pools.models import Company
from pools.pages import drafts
from pools.tokens.vault import unseal_for
from pools.views.changes_address import LONGEST_FILTER
from pools.wording.coming_back import ENTRIES_KEPT, ENTRIES_LOST
from sandbox.running import RunningSandbox
from tests.fixtures.awkward_names import Page
from tests.fixtures.clock import travel
from tests.fixtures.panel import PASSWORD, give_token, make_person
from tests.fixtures.people import sign_in, signed_in
from tests.views.changing import open_form, writes

pytestmark = pytest.mark.any_database

NEW = "/c/acme/pools/new/"


@pytest.fixture
def mara(acme: Company, core: RunningSandbox) -> Client:
    """A manager who signed in, opened things, and whose session has ended since."""
    give_token(make_person("mara", "Manager"), acme, core.keys["acme"]["full"])
    core.reset()
    return sign_in("mara")


def end_session(client: Client) -> None:
    Session.objects.all().delete()
    assert not signed_in(client)


def sent_to_sign_in(answer: Any) -> str:
    """Where the sign-in page leads on to."""
    found: str = answer["Location"]
    assert found.startswith("/accounts/login/?next=")
    return found.removeprefix("/accounts/login/?next=")


def test_a_new_pool_comes_back_as_it_was_typed(mara: Client, core: RunningSandbox) -> None:
    typed = open_form(mara, NEW, name="Fresh", limit="4", timeout="30", reason="T-1")
    end_session(mara)
    assert sent_to_sign_in(mara.post(NEW, typed)) == NEW
    sign_in("mara", client=mara)
    form = mara.get(NEW).context["form"]
    shown = {name: form[name].value() for name in ("name", "limit", "timeout", "reason")}
    assert shown == {"name": "Fresh", "limit": "4", "timeout": "30", "reason": "T-1"}
    assert writes(core) == []


def test_a_colleagues_change_meanwhile_is_still_noticed(mara: Client, core: RunningSandbox) -> None:
    pool = mara.get("/c/acme/pools/").context["rows"][0].id
    address = f"/c/acme/pools/{pool}/edit/"
    typed = open_form(mara, address, limit="77")
    end_session(mara)
    mara.post(address, typed)
    core.company("acme").change_pool(pool, limit=999)
    sign_in("mara", client=mara)
    answer = mara.post(address, open_form(mara, address))
    assert answer.status_code == 409
    assert writes(core) == []


def test_it_comes_back_once(mara: Client) -> None:
    typed = open_form(mara, NEW, name="Fresh", limit="4")
    end_session(mara)
    mara.post(NEW, typed)
    sign_in("mara", client=mara)
    assert mara.get(NEW).context["form"]["name"].value() == "Fresh"
    assert mara.get(NEW).context["form"]["name"].value() is None


def test_a_dialog_comes_back_as_a_page(mara: Client) -> None:
    typed = open_form(mara, NEW, name="Fresh", limit="4")
    end_session(mara)
    headers = {
        "HX-Request": "true",
        "HX-Target": "dialog-body",
        "HX-Current-URL": "http://testserver/c/acme/pools/?page=2",
    }
    answer = mara.post(NEW, typed, headers=headers)
    assert (answer.status_code, answer["HX-Redirect"]) == (204, f"/accounts/login/?next={NEW}")


@pytest.mark.parametrize("character", ["界", "😀"])
def test_the_longest_filters_come_back(operator: User, character: str) -> None:
    texts = dict.fromkeys(("who", "pool", "words"), character * LONGEST_FILTER)
    address = f"/changes/?{urlencode(texts)}"
    asked = Client().get(address)["Location"]
    assert len(address) > 2048  # where Django stops to look at addresses
    client = Client()
    page = client.get(asked)
    fields = Page(page.text).tree.css('input[name="next"]')
    (back,) = {field.attributes["value"] for field in fields}
    form = {"login": "olga", "password": PASSWORD, "next": back}
    assert client.post("/accounts/login/", form)["Location"] == address


def test_what_is_longer_than_django_leads_to_comes_back_without_its_query(operator: User) -> None:
    asked = Client().get(f"/c/acme/pools/?search={'%F0%9F%98%80' * 1000}")
    assert asked["Location"] == "/accounts/login/?next=/c/acme/pools/"


IN_DIALOG = {"HX-Request": "true", "HX-Target": "dialog-body"}


def test_a_dialog_with_a_stale_token_keeps_what_was_typed(
    mara: Client, core: RunningSandbox
) -> None:
    strict = Client(enforce_csrf_checks=True)
    sign_in("mara", client=strict)
    strict.force_login(User.objects.get(username="mara"))
    typed = open_form(strict, NEW, name="Fresh", limit="4")
    answer = strict.post(NEW, typed | {"csrfmiddlewaretoken": "stale"}, headers=IN_DIALOG)
    assert (answer.status_code, answer["HX-Retarget"]) == (403, "#dialog-says")
    found = re.search(r'name="csrfmiddlewaretoken"\s+value="([^"]+)"', answer.content.decode())
    assert found
    assert writes(core) == []
    again = typed | {"csrfmiddlewaretoken": found[1]}
    assert strict.post(NEW, again, headers=IN_DIALOG).status_code == 204
    assert writes(core) == [("POST", "/api/v1/connection-pools")]


def test_a_dialog_in_a_browser_without_cookies_says_so_and_stays(mara: Client) -> None:
    typed = open_form(mara, NEW, name="Fresh", limit="4")
    answer = Client().post(NEW, typed, headers=IN_DIALOG)
    assert (answer.status_code, answer["HX-Retarget"]) == (403, "#dialog-says")
    assert "You're signed out." in answer.content.decode()
    assert "Fresh" not in answer.content.decode()


def test_nobody_else_gets_it_on_the_same_machine(
    mara: Client, acme: Company, core: RunningSandbox
) -> None:
    give_token(make_person("other", "Manager"), acme, core.keys["acme"]["full"])
    typed = open_form(mara, NEW, name="Fresh", limit="4")
    end_session(mara)
    mara.post(NEW, typed)
    sign_in("other", client=mara)
    assert mara.get(NEW).context["form"]["name"].value() is None


def test_without_having_signed_in_before_nothing_is_kept(mara: Client) -> None:
    stranger = Client()
    stranger.post(NEW, {"name": "Fresh", "limit": "4"})
    assert "drafts" not in stranger.session


def test_what_is_kept_is_sealed(mara: Client) -> None:
    typed = open_form(mara, NEW, name="A telling name", limit="4")
    end_session(mara)
    mara.post(NEW, typed)
    (kept,) = mara.session["drafts"]
    assert "telling" not in repr(kept)
    assert kept["fields"].startswith("v1:")


def test_tokens_and_passwords_are_never_kept(mara: Client) -> None:
    end_session(mara)
    secrets = {"token": "canary-token-1234", "password": "canary-password-5678"}
    form = {"company": "acme", "kind": "api_key", "label": "mine", "email": "m@corp.example"}
    mara.post("/tokens/add/", form | secrets)
    text = unseal_for("draft", mara.session["drafts"][0]["fields"]).reveal()
    assert "canary" not in text + repr(dict(mara.session))
    sign_in("mara", client=mara)
    shown = mara.get("/tokens/add/").context["form"]
    assert (shown["label"].value(), shown["email"].value()) == ("mine", "m@corp.example")
    assert shown["token"].value() is None


def test_two_forms_of_an_ended_session_both_come_back(mara: Client) -> None:
    first, second = (row.id for row in mara.get("/c/acme/pools/").context["rows"][:2])
    edit, clear = f"/c/acme/pools/{first}/edit/", f"/c/acme/pools/{second}/clear/"
    typed = open_form(mara, edit, limit="77"), open_form(mara, clear, reason="stuck")
    end_session(mara)
    mara.post(edit, typed[0])
    mara.post(clear, typed[1])
    sign_in("mara", client=mara)
    for address, field, value in ((edit, "limit", "77"), (clear, "reason", "stuck")):
        page = mara.get(address)
        assert (page.context["form"][field].value(), ENTRIES_KEPT in page.text) == (value, True)


def test_two_forms_that_meet_a_refused_token_both_come_back(
    mara: Client, core: RunningSandbox
) -> None:
    rows = mara.get("/c/acme/pools/").context["rows"][:2]
    addresses = [f"/c/acme/pools/{row.id}/edit/" for row in rows]
    forms = [open_form(mara, address, limit="77") for address in addresses]
    core.set_fault("status=401")
    for address, form in zip(addresses, forms, strict=True):
        assert mara.post(address, form).status_code == 403
    core.set_fault(None)
    give_token(User.objects.get(username="mara"), Company.objects.get(), core.keys["acme"]["full"])
    assert [mara.get(address).context["form"]["limit"].value() for address in addresses] == [
        "77",
        "77",
    ]


def test_what_was_sent_again_is_not_said_to_wait(mara: Client, core: RunningSandbox) -> None:
    """From the page that was still open, once the token worked again."""
    typed = open_form(mara, NEW, name="Fresh", limit="4")
    core.set_fault("status=401;times=1")
    assert mara.post(NEW, typed).status_code == 403
    give_token(User.objects.get(username="mara"), Company.objects.get(), core.keys["acme"]["full"])
    assert mara.post(NEW, typed).status_code == 302
    assert ENTRIES_KEPT not in mara.get(NEW).text


@pytest.mark.parametrize("character", ["x", "界", "😀"])
def test_a_long_text_is_kept_in_every_language(mara: Client, character: str) -> None:
    typed = open_form(mara, NEW, name="Fresh", reason=character * 5_000)
    end_session(mara)
    mara.post(NEW, typed)
    sign_in("mara", client=mara)
    assert mara.get(NEW).context["form"]["reason"].value() == character * 5_000


def test_too_much_is_not_kept_and_the_page_says_so(mara: Client) -> None:
    end_session(mara)
    mara.post(NEW, {"name": "x" * 30_000, "limit": "4"})
    assert "xxx" not in repr(dict(mara.session))
    sign_in("mara", client=mara)
    page = mara.get(NEW)
    assert page.context["form"]["name"].value() is None
    assert ENTRIES_LOST in unescape(page.text)
    assert ENTRIES_LOST not in unescape(mara.get(NEW).text)


def test_of_too_many_forms_the_oldest_goes_and_its_page_says_so(mara: Client) -> None:
    rows = mara.get("/c/acme/pools/").context["rows"][: drafts.MOST + 1]
    addresses = [f"/c/acme/pools/{row.id}/clear/" for row in rows]
    forms = [open_form(mara, address, reason="T-1") for address in addresses]
    end_session(mara)
    for address, form in zip(addresses, forms, strict=True):
        mara.post(address, form)
    sign_in("mara", client=mara)
    first, *others = [mara.get(address) for address in addresses]
    assert ENTRIES_LOST in unescape(first.text)
    assert {page.context["form"]["reason"].value() for page in others} == {"T-1"}
    assert not [page for page in others if ENTRIES_LOST in unescape(page.text)]


def test_what_a_session_remembers_of_forms_has_an_end(mara: Client) -> None:
    end_session(mara)
    for number in range(4 * drafts.MOST + 5):
        mara.post(f"/c/acme/pools/{number + 1}/clear/", {"reason": "T-1"})
    kept = [each["fields"] != "" for each in mara.session["drafts"]]
    assert (len(kept), kept.count(True)) == (4 * drafts.MOST, drafts.MOST)


def test_a_button_leads_back_to_the_page_it_was_on(mara: Client) -> None:
    end_session(mara)
    answer = mara.post("/tokens/acme/verify/", headers={"Referer": "http://testserver/tokens/?x=1"})
    assert sent_to_sign_in(answer) == "/tokens/%3Fx%3D1"


@pytest.mark.parametrize(
    "referer",
    ["https://evil.example/tokens/", "http://testserver.evil.example/", "//evil.example/", "x"],
)
def test_but_never_to_a_page_of_somebody_else(mara: Client, referer: str) -> None:
    end_session(mara)
    answer = mara.post("/tokens/acme/verify/", headers={"Referer": referer})
    assert sent_to_sign_in(answer) == "/tokens/acme/verify/"


def test_an_invitation_comes_back_after_the_password(administrator: User) -> None:
    client = Client()
    client.force_login(administrator)
    form = {"username": "nina", "full_name": "Nina", "email": "", "roles": ["Manager", "Auditor"]}
    client.post("/people/invite/", form)
    client.post("/accounts/reauthenticate/", {"password": "correct-horse-42"})
    shown = client.get("/people/invite/").context["form"]
    assert shown["username"].value() == "nina"
    assert shown["roles"].value() == ["Manager", "Auditor"]


# What is typed at each form, and its fields that hold it afterwards.
FORMS = {
    "/c/acme/pools/new/": {"name": "Fresh", "limit": "4", "timeout": "30", "reason": "T-1"},
    "/c/acme/pools/2/edit/": {"limit": "77", "reason": "T-1"},
    "/c/acme/pools/2/clear/": {"reason": "T-1"},
    "/c/acme/pools/2/delete/": {"confirm_name": "Ord", "reason": "T-1"},
    "/c/acme/pools/2/note/": {"note": "tier 1: never above 5"},
    "/c/acme/allowances/": {"system": "NetSuite", "allowance": "15"},
    "/c/acme/pools/apply/": {"text": "id;limit\n2;9\n", "reason": "T-1"},
    "/tokens/add/": {"company": "acme", "label": "mine"},
}


@pytest.mark.parametrize("hours", [8.5, 12.1], ids=["idle", "too old"])
@pytest.mark.parametrize("address", FORMS)
def test_a_form_of_yesterday_is_filled_in_as_it_was_typed(
    mara: Client, core: RunningSandbox, address: str, hours: float, settings: Any
) -> None:
    """Sent hours after its page was opened, with other pages in between, or none."""
    mara.get("/c/acme/pools/")
    typed = open_form(mara, address, **FORMS[address])
    begun = datetime.now(UTC)
    if hours > settings.SESSION_MAX_HOURS:
        # As seldom as keeps a session that is not too old.
        often = settings.SESSION_IDLE_MINUTES - 10
        for minutes in range(often, settings.SESSION_MAX_HOURS * 60, often):
            with travel(begun + timedelta(minutes=minutes)):
                mara.get("/audit/keys")
                assert "_auth_user_id" in mara.session
    with travel(begun + timedelta(hours=hours)):
        assert sent_to_sign_in(mara.post(address, typed)) == address
        sign_in("mara", client=mara)
        page = mara.get(address)
        assert ENTRIES_KEPT in unescape(page.text)
        form = page.context["form"]
        assert {name: form[name].value() for name in FORMS[address]} == FORMS[address]
        # And it can be sent now.
        shown = {name: form[name].value() or "" for name in form.fields}
        assert mara.post(address, shown).status_code in {200, 302, 422}
