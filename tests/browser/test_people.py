"""Signing in, second factors and people in a real browser: its own rules apply, CSP first."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.axe import Look, by_turns, nothing_is_wrong, violations
from tests.browser.conftest import PASSWORD, Demo, let_in, sign_in
from tests.fixtures.sampling import PROOF

pytestmark = pytest.mark.any_database

PAGES = [
    "/people/", "/people/1/", "/people/invite/", "/people/2/roles/", "/people/2/disable/",
    "/people/2/sign-out/", "/account/", "/accounts/sessions/", "/accounts/second-factor/",
    "/accounts/second-factor/app/", "/accounts/second-factor/passkeys/new/",
    "/accounts/reauthenticate/", "/people/2/password/",
    "/people/2/second-factors/remove/", "/companies/new/", "/companies/blank/archive/",
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


def post(context: BrowserContext, address: str, **fields: str) -> None:
    """The form at this address, sent as another tab of this browser would."""
    form = context.request.get(address).text()
    word = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    assert word
    sent = {"csrfmiddlewaretoken": word[1], **fields}
    answer = context.request.post(address, form=sent, max_redirects=0)
    assert answer.status == 302, answer.text()


def test_a_passkey_is_added_and_then_signs_in_alone(named: Page) -> None:
    put_in_a_key(named)
    post(named.context, "/accounts/login/", login="auditor", password=PASSWORD)
    named.goto("/accounts/second-factor/passkeys/new/")
    named.get_by_label("Name").fill("This laptop")
    press(named, "Add passkey")
    expect(named.get_by_role("heading", name="Recovery codes")).to_be_visible()
    expect(named.locator("#outcome")).to_contain_text("The passkey was added.")
    sign_out(named)
    press(named, "Sign in with a passkey")
    named.wait_for_url(lambda url: "/accounts/" not in url)
    expect(named.get_by_role("banner")).to_contain_text("auditor")
    named.goto("/accounts/second-factor/")
    named.get_by_role("link", name=re.compile("Remove.*This laptop")).click()
    press(named, "Remove passkey")
    expect(named.get_by_text("Use your fingerprint, your face")).to_be_visible()


def test_without_a_key_the_browser_says_so_in_place(page: Page, complaints: list[str]) -> None:
    page.goto("/accounts/login/")
    refused = "navigator.credentials.get = () => Promise.reject(new DOMException('', 'x'))"
    page.evaluate(f"() => {{ {refused}; }}")
    press(page, "Sign in with a passkey")
    expect(page.get_by_text("The browser didn't offer a passkey.")).to_be_visible()


def code_now(page: Page, secret: str) -> str:
    seconds = page.evaluate("Math.floor(Date.now() / 1000)")
    return str(format_hotp_value(hotp_value(secret, seconds // 30)))


def test_an_app_is_set_up_and_asked_for(page: Page, complaints: list[str]) -> None:
    post(page.context, "/accounts/login/", login="operator", password=PASSWORD)
    page.goto("/accounts/second-factor/app/")
    drawn = "document.querySelector('.qr').naturalWidth > 0"
    page.wait_for_function(drawn)
    secret = page.locator("#authenticator-secret").inner_text().strip()
    page.get_by_label("Code").fill(code_now(page, secret))
    press(page, "Set up app")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    assert violations(page) == []
    first = (
        page.get_by_role("list", name="Recovery codes").get_by_role("listitem").first.inner_text()
    )
    sign_out(page)
    sign_in(page, "operator")
    assert violations(page) == []
    page.get_by_label("Code").fill(first)
    press(page, "Sign in")
    page.goto("/accounts/second-factor/app/remove/")
    press(page, "Remove app")
    expect(page.get_by_role("link", name="Set up app")).to_be_visible()


def invite(page: Page, name: str) -> str:
    page.goto("/people/invite/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Read-only").check()
    press(page, "Create invitation")
    return page.get_by_label("Link").inner_text()


@pytest.mark.parametrize("script", [True, False])
def test_an_invitation_is_used(
    admin: Page,
    browser: Browser,
    browser_context_args: dict[str, Any],
    script: bool,
) -> None:
    name = f"nina-{'with' if script else 'without'}"
    link = invite(admin, name)
    guest = browser.new_context(**browser_context_args, java_script_enabled=script).new_page()
    guest.goto(link)
    if not script:
        guest.get_by_label("Code").fill(link.partition("#")[2])
        press(guest, "Continue")
    guest.get_by_label("Password", exact=True).fill("a-password-for-nina")
    assert "#" not in guest.url or not script
    guest.get_by_label("Repeat the password").fill("a-password-for-nina")
    press(guest, "Sign in")
    expect(guest.get_by_role("banner")).to_contain_text(name)
    guest.context.close()
    admin.goto("/people/")
    expect(admin.get_by_role("row", name=re.compile(name))).to_contain_text("Read-only")


def test_a_password_link_is_handed_over_and_used(
    admin: Page, browser: Browser, browser_context_args: dict[str, Any]
) -> None:
    admin.goto("/people/")
    admin.get_by_role("link", name="auditor", exact=True).click()
    admin.get_by_role("link", name="Password link").click()
    press(admin, "Create link")
    link = admin.get_by_label("Link").inner_text()
    admin.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press(admin, "Copy link")
    expect(admin.locator("#announce")).to_have_text("Copied.")
    assert admin.evaluate("navigator.clipboard.readText()") == link
    assert violations(admin) == []
    guest = browser.new_context(**browser_context_args).new_page()
    guest.goto(link)
    expect(guest.get_by_label("Password", exact=True)).to_be_visible()
    assert "#" not in guest.url
    assert violations(guest) == []
    guest.get_by_label("Password", exact=True).fill(PASSWORD)
    guest.get_by_label("Repeat the password").fill(PASSWORD)
    press(guest, "Change password")
    # The demo's own is refused: it is made of words from around here.
    expect(guest.locator("main")).to_contain_text("Too easy to guess")
    guest.context.close()


def test_where_pages_may_not_copy_the_text_is_selected_and_the_page_says_so(admin: Page) -> None:
    people = admin.request.get("/people/").text()
    auditor = re.search(r'href="(/people/\d+/)"[^>]*>(?:<[^>]*>)*auditor<', people)
    assert auditor
    admin.goto(f"{auditor[1]}password/")
    press(admin, "Create link")
    admin.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()) }")
    press(admin, "Copy link")
    expect(admin.locator("#announce")).to_contain_text("doesn't allow copying")
    assert admin.evaluate("getSelection().toString()") == admin.get_by_label("Link").inner_text()


def disabled_person(page: Page, browser: Browser, options: dict[str, Any]) -> str:
    """Somebody with a long name who was invited, has joined and is disabled."""
    name = "a-user-name-of-a-length-that-some-directories-like-to-give"
    if page.request.get("/people/").text().count(name):
        return name
    link = invite(page, name)
    guest = browser.new_context(**options).new_page()
    guest.goto(link)
    guest.get_by_label("Password", exact=True).fill("long-enough-for-them")
    guest.get_by_label("Repeat the password").fill("long-enough-for-them")
    press(guest, "Sign in")
    guest.context.close()
    page.goto("/people/")
    page.get_by_role("link", name=name).click()
    page.get_by_role("link", name="Disable").click()
    press(page, "Disable")
    return name


def test_everyone_in_the_list_can_be_seen_and_opened(
    admin: Page,
    browser: Browser,
    browser_context_args: dict[str, Any],
) -> None:
    disabled = disabled_person(admin, browser, browser_context_args)
    widths = (1440, 390, 320)
    beyond = "document.documentElement.scrollWidth > innerWidth"
    for name, full_name in (("operator", "Support operator"), (disabled, "")):
        admin.goto("/people/")
        row = admin.get_by_role("row").filter(has=admin.get_by_role("link", name=name, exact=True))
        link = row.get_by_role("link")
        expect(row).to_contain_text(full_name)
        for width in widths:
            admin.set_viewport_size({"width": width, "height": 844})
            assert (width, admin.evaluate(beyond)) == (width, False)
            # All of the name is inside what can be seen of the link.
            cut = link.evaluate("link => link.clientWidth && link.scrollWidth > link.clientWidth")
            assert (width, name, bool(cut)) == (width, name, False)
            box = link.locator("bdi").bounding_box()
            assert box
            assert box["width"] > 40, (width, name)
            assert box["x"] + box["width"] <= width, (width, name)
            link.click(trial=True)
        link.click()
        expect(admin.get_by_role("heading", level=1)).to_have_text(name)
        for width in widths:
            admin.set_viewport_size({"width": width, "height": 844})
            assert (width, name, admin.evaluate(beyond)) == (width, name, False)


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


def test_a_form_in_a_dialog_comes_back_filled_after_signing_in(manager: Page) -> None:
    manager.goto("/c/acme/pools/")
    manager.get_by_role("link", name="New pool").click()
    dialog = manager.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Typed before it ended")
    dialog.get_by_label("Limit").fill("4")
    end_session(manager.context)
    dialog.get_by_role("button", name="Create pool").click()
    manager.wait_for_url("**/accounts/login/**")
    manager.get_by_label("User name or e-mail").fill("manager")
    manager.get_by_label("Password").fill(PASSWORD)
    manager.get_by_role("button", name="Sign in", exact=True).click()
    manager.wait_for_url("**/c/acme/pools/new/")
    expect(manager.get_by_label("Name")).to_have_value("Typed before it ended")
    expect(manager.get_by_label("Limit")).to_have_value("4")


def test_a_form_in_a_dialog_outlives_every_cookie(
    manager: Page,
) -> None:
    manager.goto("/c/acme/pools/")
    manager.get_by_role("link", name="New pool").click()
    dialog = manager.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Typed before all went")
    dialog.get_by_label("Limit").fill("4")
    manager.context.clear_cookies()
    send = dialog.get_by_role("button", name="Create pool")
    send.click()
    # Whichever is answered last says it: the form, or what is asked about its name.
    expect(dialog).to_contain_text("What you typed is still here")
    send.click()
    expect(dialog).to_contain_text("You're signed out.")
    with manager.expect_popup() as popup:
        dialog.get_by_role("link", name="sign in").click()
    sign_in(popup.value, "manager")
    popup.value.close()
    send.click()
    expect(dialog).to_contain_text("Nothing was done")
    send.click()
    expect(manager.locator("#outcome")).to_contain_text("Typed before all went")


def test_signed_out_nobody_is_led_away_from_what_they_typed_by_what_the_page_asks(
    manager: Page,
) -> None:
    outdated = "document.body.dispatchEvent(new Event('pools:outdated'))"
    manager.goto("/c/acme/pools/")
    manager.get_by_role("link", name="New pool").click()
    dialog = manager.get_by_role("dialog")
    dialog.get_by_label("Limit").fill("4")
    end_session(manager.context)
    # The list behind it, and what is asked while a name is typed.
    manager.evaluate(outdated)
    expect(dialog).to_contain_text("You're signed out. What you typed is still here")
    with manager.expect_response("**/pools/named/**") as named:
        dialog.get_by_label("Name").fill("Typed since")
    assert named.value.status == 401
    expect(dialog.get_by_label("Limit")).to_have_value("4")
    manager.keyboard.press("Escape")
    manager.get_by_role("button", name="Discard").click()
    # Told of two dialogs that close, one after the other: a quick answer would meet the form still.
    expect(manager.locator("#dialog-body > *")).to_have_count(0)
    manager.evaluate(outdated)
    manager.wait_for_url("**/accounts/login/?next=%2Fc%2Facme%2Fpools%2F")


def test_signed_out_a_form_stays_when_something_is_looked_for(manager: Page) -> None:
    manager.goto("/c/acme/pools/new/")
    manager.get_by_label("Limit").fill("4")
    end_session(manager.context)
    manager.keyboard.press("Control+k")
    manager.keyboard.type("netsuite")
    expect(manager.locator("#outcome")).to_contain_text("You're signed out.")
    manager.keyboard.press("Escape")
    expect(manager.get_by_label("Limit")).to_have_value("4")


def test_two_tabs_at_the_sign_in_page(page: Page, complaints: list[str]) -> None:
    page.goto("/accounts/login/?next=/tokens/")
    post(page.context, "/accounts/login/", login="viewer", password=PASSWORD)
    page.get_by_label("User name or e-mail").fill("viewer")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/tokens/")
    expect(page.locator("#outcome")).to_contain_text("You're already signed in as viewer.")


@pytest.mark.parametrize("script", [True, False])
def test_a_page_from_before_another_tabs_sign_in_keeps_its_entries(
    browser: Browser, browser_context_args: dict[str, Any], script: bool
) -> None:
    context = browser.new_context(**browser_context_args, java_script_enabled=script)
    page = context.new_page()
    post(context, "/accounts/login/", login="manager", password=PASSWORD)
    page.goto("/c/acme/pools/new/")
    page.get_by_label("Name").fill("Typed before the other tab")
    page.get_by_label("Limit").fill("4")
    post(context, "/accounts/logout/")
    post(context, "/accounts/login/", login="manager", password=PASSWORD)
    press(page, "Create pool")
    expect(page.get_by_text("Your entries are still here")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Typed before the other tab")
    expect(page.get_by_label("Limit")).to_have_value("4")
    if script:
        assert violations(page) == []
    press(page, "Create pool")
    expect(page.locator("#outcome")).to_contain_text("Typed before the other tab")
    context.close()


@pytest.fixture(scope="module")
def administrator(
    browser: Browser, browser_context_args: dict[str, Any], demo: Demo
) -> Iterator[Page]:
    context = browser.new_context(**browser_context_args)
    with let_in(context, demo.url, "admin"):
        yield context.new_page()
    context.close()


# make proof has more looks: see axe.py.
LOOKED_AT = [pytest.mark.proof] if PROOF else []


@pytest.mark.parametrize(
    ("address", "look"),
    [pytest.param(*each, marks=LOOKED_AT) for each in by_turns(PAGES)],
)
def test_no_page_has_a_violation(administrator: Page, address: str, look: Look) -> None:
    complaints: list[str] = []
    administrator.on("console", lambda said: complaints.append(said.text))
    administrator.goto(address)
    nothing_is_wrong(administrator, look)
    assert complaints == []


def test_no_page_outside_has_a_violation(page: Page, complaints: list[str]) -> None:
    for address in OUTSIDE:
        page.goto(address)
        assert (address, violations(page)) == (address, [])
