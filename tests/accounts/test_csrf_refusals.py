"""Forms of another tab's sign-in: refused, and what was typed is there again and said."""

from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group, User
from django.test import Client

from pools.models import Company, Token
from pools.tokens.vault import unseal_for
from pools.wording.coming_back import ENTRIES_KEPT, OUT_OF_DATE, SIGNED_OUT, SIGNED_OUT_KEPT
from sandbox.running import RunningSandbox
from tests.accounts.second_factors import CODE
from tests.fixtures.panel import PASSWORD, give_token
from tests.fixtures.people import sign_in, signed_in
from tests.views.changing import open_form, writes

pytestmark = pytest.mark.any_database

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
        ("/companies/new/", COMPANY),
        ("/companies/acme/", {"name": "Acme Ltd", "reason_required_for": ["clear"]}),
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


def test_a_person_of_the_administration_too(browser: Client, operator: User) -> None:
    operator.is_active = True
    root = User.objects.create_superuser("root", password=PASSWORD)
    browser.force_login(root)
    enter_again(browser)
    address = f"/admin/auth/user/{operator.pk}/change/"
    groups = [str(Group.objects.get(name="Auditor").pk)]
    send_stale(browser, address, {"username": "olga2", "first_name": "O", "groups": groups})
    page = browser.get(address)
    shown = page.context["adminform"].form
    assert messages_on(page) == [ENTRIES_KEPT]
    assert (shown["username"].value(), shown["groups"].value()) == ("olga2", groups)
    assert not shown["is_active"].value()
    operator.refresh_from_db()
    assert operator.username == "olga"


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
    assert "drafts" not in browser.session


def test_a_browser_that_keeps_no_cookies_is_told_and_not_sent_in_a_circle(
    operator: User,
) -> None:
    answer = send_stale(Client(enforce_csrf_checks=True), LOGIN, {"login": "olga"})
    assert (answer.status_code, "This form has expired." in answer.text) == (403, True)


def send_without_its_cookie(client: Client, address: str, form: Any, **headers: str) -> Any:
    """From a browser that lost the cookie of forms, and kept the session's."""
    client.cookies.pop("csrf", None)
    return client.post(address, form, headers={**HERE, **headers})


@pytest.mark.parametrize("lost", [True, False])
@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/c/acme/pools/new/", POOL),
        ("/tokens/add/", {"company": "acme", "kind": "bearer", "label": "mine"}),
        ("/people/invite/", INVITATION),
    ],
)
def test_after_an_ended_session_it_leads_to_signing_in_without_its_cookie_too(
    browser: Client, address: str, form: dict[str, Any], lost: bool
) -> None:
    opened = {"opened": browser.get(address).context["form"].initial.get("seen", "")}
    session = browser.session
    session.flush()
    send = send_without_its_cookie if lost else send_stale
    answer = send(browser, address, form | opened | {"token": "canary-1"})
    assert (answer.status_code, answer["Location"]) == (302, f"{LOGIN}?next={address}")
    assert messages_on(browser.get(answer["Location"])) == [SIGNED_OUT_KEPT]
    enter(browser)
    page = browser.get(address)
    assert ENTRIES_KEPT in page.text
    assert {name: page.context["form"][name].value() for name in form} == form
    assert "canary" not in page.text


@pytest.mark.parametrize("lost", [True, False])
def test_a_dialog_whose_session_has_ended_leads_to_signing_in(browser: Client, lost: bool) -> None:
    page = browser.get("/c/acme/pools/new/")
    form = POOL | {"opened": page.context["form"].initial["seen"]}
    browser.session.flush()
    send = send_without_its_cookie if lost else send_stale
    dialog = {"HX-Request": "true", "HX-Target": "dialog-body"}
    answer = send(browser, "/c/acme/pools/new/", form, **dialog)
    assert answer["HX-Redirect"] == f"{LOGIN}?next=/c/acme/pools/new/"


def test_a_button_of_an_ended_session_leads_to_signing_in(browser: Client, acme: Company) -> None:
    browser.session.flush()
    page = {"Referer": "http://testserver/tokens/?x=1"}
    answer = send_without_its_cookie(browser, "/tokens/acme/verify/", {}, **page)
    assert answer["Location"] == f"{LOGIN}?next=/tokens/%3Fx%3D1"
    assert messages_on(browser.get(answer["Location"])) == [SIGNED_OUT]


def test_who_is_signed_in_keeps_what_they_typed_without_the_cookie_too(browser: Client) -> None:
    address = "/people/invite/"
    answer = send_without_its_cookie(browser, address, INVITATION)
    assert (answer.status_code, answer["Location"]) == (302, address)
    assert ENTRIES_KEPT in browser.get(address).text


@pytest.mark.parametrize("address", [LOGIN, "/accounts/password/forgotten/"])
def test_pages_before_signing_in_come_again_without_the_cookie(
    browser: Client, address: str, settings: Any
) -> None:
    settings.EMAIL_CONFIGURED = True
    browser.session.flush()
    answer = send_without_its_cookie(browser, address, {"login": "ada", "password": PASSWORD})
    assert answer["Location"] == address
    page = browser.get(address)
    assert messages_on(page) == [OUT_OF_DATE]
    assert page.context["form"]["login"].value() == "ada"


def test_the_second_factor_is_asked_for_again_without_the_cookie(
    browser: Client, administrator: User
) -> None:
    TOTP.activate(administrator, generate_totp_secret())
    browser.session.flush()
    enter(browser)
    assert browser.get(CODE).status_code == 200
    page = {"Referer": f"http://testserver{CODE}"}
    answer = send_without_its_cookie(browser, CODE, {"code": "123456"}, **page)
    assert (answer.status_code, answer["Location"]) == (302, CODE)
    assert messages_on(browser.get(CODE)) == [OUT_OF_DATE]


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


def test_what_is_kept_of_a_company_is_sealed(browser: Client) -> None:
    send_stale(browser, "/companies/new/", COMPANY)
    (kept,) = (each["fields"] for each in browser.session["drafts"])
    assert "core.example" not in kept
    assert "core.example" in unseal_for("draft", kept).reveal()
