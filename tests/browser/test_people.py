"""Signing in, second factors and people in a real browser: its own rules apply, CSP first."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PASSWORD, Demo, sign_in
from tests.browser.test_accessible import violations

PAGES = [
    "/people/", "/people/1/", "/people/invite/", "/people/2/roles/", "/people/2/disable/",
    "/people/2/sign-out/", "/account/", "/accounts/sessions/", "/accounts/second-factor/",
    "/accounts/second-factor/app/", "/accounts/second-factor/passkeys/new/",
    "/accounts/reauthenticate/",
]  # fmt: skip
OUTSIDE = [
    *("/join/", "/accounts/login/", "/accounts/inactive/", "/accounts/signup/"),
    *("/accounts/password/forgotten/", "/accounts/password/code/"),
]


@pytest.fixture
def named(browser: Browser, browser_context_args: dict[str, Any], demo: Demo) -> Iterator[Page]:
    """A browser that reaches the panel by a name: passkeys belong to names, not to numbers."""
    url = demo.url.replace("127.0.0.1", "localhost")
    context = browser.new_context(**browser_context_args | {"base_url": url})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert complaints == []


def put_in_a_key(page: Page) -> None:
    """Plugs a security key into the browser that says yes to everything."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    key = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": key})


def press(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()


def sign_out(page: Page) -> None:
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/")


def test_a_passkey_is_added_and_then_signs_in_alone(named: Page) -> None:
    put_in_a_key(named)
    sign_in(named, "auditor")
    named.goto("/accounts/second-factor/passkeys/new/")
    named.get_by_label("Name").fill("This laptop")
    press(named, "Add passkey")
    expect(named.get_by_role("heading", name="Recovery codes")).to_be_visible()
    sign_out(named)
    press(named, "Sign in with a passkey")
    named.wait_for_url(lambda url: "/accounts/" not in url)
    expect(named.get_by_role("banner")).to_contain_text("auditor")
    named.goto("/accounts/second-factor/")
    named.get_by_role("link", name=re.compile("Remove.*This laptop")).click()
    press(named, "Remove passkey")
    expect(named.get_by_text("Your fingerprint, your face")).to_be_visible()


def test_without_a_key_the_browser_says_so_in_place(named: Page) -> None:
    named.goto("/accounts/login/")
    refused = "navigator.credentials.get = () => Promise.reject(new DOMException('', 'x'))"
    named.evaluate(f"() => {{ {refused}; }}")
    press(named, "Sign in with a passkey")
    expect(named.get_by_text("The browser gave no passkey.")).to_be_visible()


def code_now(page: Page, secret: str) -> str:
    seconds = page.evaluate("Math.floor(Date.now() / 1000)")
    return str(format_hotp_value(hotp_value(secret, seconds // 30)))


def test_an_app_is_set_up_and_asked_for(page: Page, complaints: list[str]) -> None:
    sign_in(page, "operator")
    page.goto("/accounts/second-factor/app/")
    drawn = "document.querySelector('.qr').naturalWidth > 0"
    page.wait_for_function(drawn)
    secret = page.locator("#authenticator-secret").inner_text().strip()
    page.get_by_label("Code").fill(code_now(page, secret))
    press(page, "Set up app")
    first = (
        page.get_by_role("list", name="Recovery codes").get_by_role("listitem").first.inner_text()
    )
    sign_out(page)
    sign_in(page, "operator")
    page.get_by_label("Code").fill(first)
    press(page, "Sign in")
    page.goto("/accounts/second-factor/app/remove/")
    press(page, "Remove app")
    expect(page.get_by_role("link", name="Set up app")).to_be_visible()


def invite(page: Page, name: str) -> str:
    page.goto("/people/invite/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Read-only").check()
    press(page, "Make invitation")
    return page.get_by_label("Link").inner_text()


@pytest.mark.parametrize("script", [True, False])
def test_an_invitation_is_used(
    page: Page,
    browser: Browser,
    browser_context_args: dict[str, Any],
    complaints: list[str],
    script: bool,
) -> None:
    sign_in(page, "admin")
    name = f"nina-{'with' if script else 'without'}"
    link = invite(page, name)
    guest = browser.new_context(**browser_context_args, java_script_enabled=script).new_page()
    guest.goto(link)
    if script:
        assert "#" not in guest.url
    else:
        guest.get_by_label("Code").fill(link.partition("#")[2])
    press(guest, "Continue")
    guest.get_by_label("Password", exact=True).fill("a-password-for-nina")
    guest.get_by_label("Password once more").fill("a-password-for-nina")
    press(guest, "Sign in")
    expect(guest.get_by_role("banner")).to_contain_text(name)
    guest.context.close()
    page.goto("/people/")
    expect(page.get_by_role("row", name=re.compile(name))).to_contain_text("Read-only")


def test_a_password_link_is_handed_over_and_used(
    page: Page, browser: Browser, browser_context_args: dict[str, Any], complaints: list[str]
) -> None:
    sign_in(page, "admin")
    page.goto("/people/")
    page.get_by_role("link", name="auditor", exact=True).click()
    page.get_by_role("link", name="Password link").click()
    press(page, "Make the link")
    link = page.get_by_label("Link").inner_text()
    press(page, "Copy link")
    expect(page.locator("#announce")).to_have_text("Copied.")
    assert violations(page) == []
    guest = browser.new_context(**browser_context_args).new_page()
    guest.goto(link)
    assert "#" not in guest.url
    press(guest, "Continue")
    assert violations(guest) == []
    guest.get_by_label("Password", exact=True).fill(PASSWORD)
    guest.get_by_label("Password once more").fill(PASSWORD)
    press(guest, "Change password")
    # The demo's own is refused: it is made of words from around here.
    expect(guest.locator("main")).to_contain_text("little more than a name")
    guest.context.close()


def test_back_shows_nothing_after_signing_out(page: Page, complaints: list[str]) -> None:
    sign_in(page, "viewer")
    page.goto("/c/acme/pools/")
    name = page.locator("#pool-table .pool-name a").first.inner_text()
    page.goto("/tokens/")
    sign_out(page)
    for _ in range(3):
        page.go_back()
        page.wait_for_load_state()
        assert name not in page.content()
        expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


def end_session(context: BrowserContext) -> None:
    context.clear_cookies(name="session")


def test_a_form_in_a_dialog_comes_back_filled_after_signing_in(
    page: Page, complaints: list[str]
) -> None:
    sign_in(page, "manager")
    page.goto("/c/acme/pools/")
    page.get_by_role("link", name="New pool").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Typed before it ended")
    dialog.get_by_label("Limit").fill("4")
    end_session(page.context)
    dialog.get_by_role("button", name="Create pool").click()
    page.wait_for_url("**/accounts/login/**")
    page.get_by_label("User name or e-mail").fill("manager")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/c/acme/pools/new/")
    expect(page.get_by_label("Name")).to_have_value("Typed before it ended")
    expect(page.get_by_label("Limit")).to_have_value("4")


def test_a_form_in_a_dialog_outlives_every_cookie(page: Page, complaints: list[str]) -> None:
    sign_in(page, "manager")
    page.goto("/c/acme/pools/")
    page.get_by_role("link", name="New pool").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Typed before all went")
    dialog.get_by_label("Limit").fill("4")
    page.context.clear_cookies()
    send = dialog.get_by_role("button", name="Create pool")
    send.click()
    expect(dialog).to_contain_text("send it again")
    send.click()
    expect(dialog).to_contain_text("You are signed out.")
    with page.expect_popup() as popup:
        dialog.get_by_role("link", name="sign in").click()
    sign_in(popup.value, "manager")
    popup.value.close()
    send.click()
    expect(dialog).to_contain_text("Nothing was done")
    send.click()
    expect(page.locator("#outcome")).to_contain_text("Typed before all went")


@pytest.fixture(params=["light", "dark"], scope="module")
def administrator(
    request: pytest.FixtureRequest, browser: Browser, browser_context_args: dict[str, Any]
) -> Iterator[Page]:
    context = browser.new_context(**browser_context_args, color_scheme=request.param)
    page = context.new_page()
    sign_in(page, "admin")
    yield page
    context.close()


@pytest.mark.parametrize("address", PAGES)
def test_no_page_has_a_violation(administrator: Page, address: str) -> None:
    complaints: list[str] = []
    administrator.on("console", lambda said: complaints.append(said.text))
    administrator.goto(address)
    assert violations(administrator) == []
    assert complaints == []


@pytest.mark.parametrize("address", OUTSIDE)
def test_no_page_outside_has_a_violation(page: Page, complaints: list[str], address: str) -> None:
    page.goto(address)
    assert violations(page) == []
