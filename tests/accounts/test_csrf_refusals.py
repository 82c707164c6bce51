"""Forms of another tab's sign-in: refused, and what was typed is there again and said."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from pools.models import Company, Token
from pools.tokens.vault import unseal_for
from pools.wording.coming_back import ENTRIES_KEPT, OUT_OF_DATE, SIGNED_OUT, SIGNED_OUT_KEPT
from sandbox.running import RunningSandbox
from tests.fixtures.panel import PASSWORD, give_token
from tests.fixtures.people import sign_in, signed_in
from tests.views.changing import open_form, writes

HERE = {"Origin": "http://testserver"}
LOGIN = "/accounts/login/"


@pytest.fixture
def browser(administrator: User, acme: Company, core: RunningSandbox) -> Client:
    """Ada's browser, which has to send the token of its last sign-in."""
    give_token(administrator, acme, core.keys["acme"]["full"])
    core.reset()
    client = Client(enforce_csrf_checks=True)
    enter(client)
    return client


def enter(client: Client, name: str = "ada") -> None:
    """Signs in with the form as it stands on the page."""
    page = client.get(LOGIN)
    token = page.context["csrf_token"]
    form = {"login": name, "password": PASSWORD, "csrfmiddlewaretoken": str(token)}
    client.post(LOGIN, form, headers=HERE)


def send_stale(client: Client, address: str, form: dict[str, Any], **headers: str) -> Any:
    """A form of a tab from before the last sign-in."""
    stale = {**form, "csrfmiddlewaretoken": "a" * 64}
    return client.post(address, stale, headers={**HERE, **headers})


def messages_on(page: Any) -> list[str]:
    return [str(message) for message in page.context["messages"]]


def test_a_second_tab_at_the_sign_in_page_goes_on_where_it_wanted_to(browser: Client) -> None:
    form = {"login": "ada", "password": PASSWORD, "next": "/tokens/?a=1&b=2"}
    answer = send_stale(browser, LOGIN, form)
    assert (answer.status_code, answer["Location"]) == (302, "/tokens/?a=1&b=2")
    assert messages_on(browser.get(answer["Location"])) == [
        "You're already signed in as ada. To sign in as somebody else, sign out first."
    ]


def test_it_never_leads_to_somebody_elses_page(browser: Client) -> None:
    answer = send_stale(browser, LOGIN, {"login": "ada", "next": "https://evil.example/"})
    assert answer["Location"] == "/"


@pytest.mark.parametrize("address", [LOGIN, "/accounts/password/forgotten/"])
def test_a_sign_in_page_from_before_signing_out_keeps_the_name(
    browser: Client, address: str, settings: Any
) -> None:
    settings.EMAIL_CONFIGURED = True
    browser.logout()
    browser.get(LOGIN)
    form = {"login": "ada", "password": PASSWORD, "next": "/tokens/?a=1&b=2"}
    answer = send_stale(browser, address, form)
    assert answer["Location"] == f"{address}?next=%2Ftokens%2F%3Fa%3D1%26b%3D2"
    page = browser.get(answer["Location"])
    assert messages_on(page) == [OUT_OF_DATE]
    assert page.context["form"]["login"].value() == "ada"
    assert PASSWORD not in page.text + repr(dict(browser.session))
    assert not signed_in(browser)


POOL = {"name": "Fresh", "limit": "4", "timeout": "30", "reason": "T-1"}
INVITATION = {"username": "nina", "full_name": "Nina", "email": "", "roles": ["Manager"]}
COMPANY = {
    "name": "New Ltd",
    "slug": "new-ltd",
    "base_url": "https://core.example",
    "sign_in_url": "https://app.example/login",
    "colour": "red",
    "reason_required_for": ["clear", "delete"],
}


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/c/acme/pools/new/", POOL),
        ("/tokens/add/", {"company": "acme", "kind": "bearer", "label": "mine", "email": "a@b.c"}),
        ("/people/invite/", INVITATION),
        ("/people/{olga}/roles/", {"roles": ["Manager", "Auditor"]}),
    ],
)
def test_entries_are_there_again_and_the_page_says_so(
    browser: Client, operator: User, address: str, form: dict[str, Any], core: RunningSandbox
) -> None:
    address = address.format(olga=operator.pk)
    opened = {"seen": browser.get(address).context["form"].initial.get("seen", "")}
    secrets = {"token": "canary-1", "password": "canary-2"}
    answer = send_stale(browser, address, form | opened | secrets)
    assert (answer.status_code, answer["Location"]) == (302, address)
    page = browser.get(address)
    assert {name: page.context["form"][name].value() for name in form} == form
    assert ENTRIES_KEPT in page.text
    assert "canary" not in page.text + repr(dict(browser.session))
    assert ENTRIES_KEPT not in browser.get(address).text
    assert writes(core) == []
    assert not User.objects.filter(username="nina").exists()


def test_a_company_and_a_person_of_the_administration_too(
    browser: Client, acme: Company, operator: User
) -> None:
    operator.is_active = True
    root = User.objects.create_superuser("root", password=PASSWORD)
    browser.force_login(root)
    enter_again(browser)
    for address, form in (
        ("/admin/pools/company/add/", COMPANY),
        (f"/admin/pools/company/{acme.pk}/change/", COMPANY),
    ):
        assert send_stale(browser, address, form)["Location"] == address
        page = browser.get(address)
        shown = page.context["adminform"].form
        kept = {name: shown[name].value() for name in form if name in shown.fields}
        assert kept == {name: form[name] for name in kept}
        assert "reason_required_for" in kept
        assert messages_on(page) == [ENTRIES_KEPT]
    address = f"/admin/auth/user/{operator.pk}/change/"
    groups = [str(Group.objects.get(name="Auditor").pk)]
    send_stale(browser, address, {"username": "olga2", "first_name": "O", "groups": groups})
    shown = browser.get(address).context["adminform"].form
    assert (shown["username"].value(), shown["groups"].value()) == ("olga2", groups)
    assert not shown["is_active"].value()
    operator.refresh_from_db()
    acme.refresh_from_db()
    assert (operator.username, acme.name, Company.objects.count()) == ("olga", "Acme", 1)


def enter_again(client: Client) -> None:
    page = client.get("/accounts/reauthenticate/")
    token = str(page.context["csrf_token"])
    form = {"password": PASSWORD, "csrfmiddlewaretoken": token}
    assert client.post("/accounts/reauthenticate/", form, headers=HERE).status_code == 302


def test_a_button_leads_back_to_its_page_which_says_that_nothing_was_done(
    browser: Client, core: RunningSandbox
) -> None:
    answer = send_stale(
        browser, "/tokens/acme/verify/", {}, Referer="http://testserver/tokens/?x=1"
    )
    assert answer["Location"] == "/tokens/?x=1"
    assert messages_on(browser.get("/tokens/?x=1")) == [OUT_OF_DATE]
    assert core.journal == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Referer": "https://evil.example/tokens/"},
        {},
    ],
)
def test_what_another_site_sends_is_refused_and_not_kept(
    browser: Client, headers: dict[str, str]
) -> None:
    form = {**POOL, "csrfmiddlewaretoken": "a" * 64}
    answer = browser.post("/c/acme/pools/new/", form, headers=headers)
    assert answer.status_code == 403
    assert "draft" not in browser.session


def test_a_browser_that_keeps_no_cookies_is_told_and_not_sent_in_a_circle(
    operator: User,
) -> None:
    answer = send_stale(Client(enforce_csrf_checks=True), LOGIN, {"login": "olga"})
    assert (answer.status_code, "This form has expired." in answer.text) == (403, True)


def test_after_an_ended_session_the_pages_say_what_became_of_a_form(
    administrator: User, acme: Company, core: RunningSandbox
) -> None:
    give_token(administrator, acme, core.keys["acme"]["full"])
    client = sign_in("ada")
    typed = open_form(client, "/c/acme/pools/new/", **POOL)
    client.session.flush()
    answer = client.post("/c/acme/pools/new/", typed)
    assert messages_on(client.get(answer["Location"])) == [SIGNED_OUT_KEPT]
    sign_in("ada", client=client)
    assert ENTRIES_KEPT in client.get("/c/acme/pools/new/").text


def test_after_an_ended_session_the_sign_in_page_says_that_nothing_was_done(
    administrator: User, acme: Company, core: RunningSandbox
) -> None:
    give_token(administrator, acme, core.keys["acme"]["full"])
    client = sign_in("ada")
    client.session.flush()
    answer = client.post("/tokens/acme/remove/", headers={"Referer": "http://testserver/tokens/"})
    assert messages_on(client.get(answer["Location"])) == [SIGNED_OUT]
    assert Token.objects.count() == 1


def test_after_the_password_was_asked_for_the_page_says_it_too(administrator: User) -> None:
    client = Client()
    client.force_login(administrator)
    client.post("/people/invite/", INVITATION)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert ENTRIES_KEPT in client.get("/people/invite/").text


def test_what_is_kept_of_the_administration_is_sealed(browser: Client) -> None:
    send_stale(browser, "/admin/pools/company/add/", COMPANY)
    kept = browser.session["draft"]["fields"]
    assert "core.example" not in kept
    assert "core.example" in unseal_for("draft", kept).reveal()
