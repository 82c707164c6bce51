"""The half minute: how many interactions a job takes, and what keys do and never do.

An interaction is a click, a chord, or a run of typing.
"""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from selectolax.lexbor import LexborHTMLParser

from tests.browser.conftest import Fault
from tests.browser.pools import edit, new_pool

TICKET = "?ticket=ZD-4711"
REASON = "ZD-4711 orders are stuck"


@pytest.fixture
def name() -> str:
    """Of the pool."""
    return f"Pool {uuid4().hex[:8]}"


@pytest.fixture
def pool(manager: Page, name: str) -> str:
    """The address of a new pool."""
    return new_pool(manager, name=name)


def cleared_for_the_ticket(page: Page) -> None:
    expect(page.locator("#outcome")).to_contain_text("Cleared the pending requests")
    expect(page.locator("#outcome")).not_to_contain_text("Nothing was sent")


def in_the_history(page: Page, pool: str) -> None:
    shown = LexborHTMLParser(page.context.request.get(pool).text())
    latest, *_ = shown.css("[aria-labelledby=history-title] li")
    assert "ZD-4711" in latest.text()


class Hands:
    """Counts what somebody does."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    def click(self, role: str, name: str | re.Pattern[str]) -> None:
        self.count += 1
        self.page.get_by_role(role, name=name).last.click()  # type: ignore[arg-type]

    def press(self, chord: str) -> None:
        self.count += 1
        self.page.keyboard.press(chord)

    def type(self, text: str) -> None:
        """Where the focus stands: getting there counts by itself."""
        self.count += 1
        self.page.keyboard.type(text)


def home(page: Page) -> None:
    """Where one can type at once: a browser gives the focus with its first picture of the page."""
    page.goto("/")
    expect(page.locator("main .find-form input")).to_be_focused()


def reason_asked(page: Page) -> None:
    expect(page.get_by_role("dialog").get_by_label("Reason")).to_be_focused()


def test_from_home_four_by_mouse(manager: Page, pool: str, name: str) -> None:
    home(manager)
    hands = Hands(manager)
    hands.type(name)
    hands.click("link", re.compile(f"^Clear pool ?: {name}$"))
    reason_asked(manager)
    hands.type(REASON)
    hands.click("button", "Clear pending requests")
    cleared_for_the_ticket(manager)
    assert hands.count == 4
    in_the_history(manager, pool)


def test_from_home_four_by_keyboard(manager: Page, pool: str, name: str) -> None:
    home(manager)
    hands = Hands(manager)
    hands.type(name)
    hands.press("Shift+Enter")
    reason_asked(manager)
    hands.type(REASON)
    hands.press("Control+Enter")
    cleared_for_the_ticket(manager)
    assert hands.count == 4
    in_the_history(manager, pool)


def test_from_a_tickets_link_to_the_question_one_click_or_chord(manager: Page, pool: str) -> None:
    for act in ("click", "press"):
        manager.goto(f"{pool}clear/{TICKET}")
        hands = Hands(manager)
        if act == "click":
            hands.click("button", "Clear pending requests")
        else:
            hands.press("Control+Enter")
        cleared_for_the_ticket(manager)
        assert hands.count == 1
        in_the_history(manager, pool)


def test_from_a_tickets_link_to_the_pool_two(manager: Page, pool: str) -> None:
    manager.goto(f"{pool}{TICKET}")
    by_mouse = Hands(manager)
    by_mouse.click("link", "Clear pool")
    by_mouse.click("button", "Clear pending requests")
    cleared_for_the_ticket(manager)
    in_the_history(manager, pool)
    manager.goto(f"{pool}{TICKET}")
    by_keys = Hands(manager)
    by_keys.press("c")
    expect(manager.get_by_role("dialog").get_by_label("Reason")).to_be_focused()
    by_keys.press("Control+Enter")
    cleared_for_the_ticket(manager)
    in_the_history(manager, pool)
    assert (by_mouse.count, by_keys.count) == (2, 2)


def test_from_a_tickets_link_to_a_search_three(manager: Page, pool: str, name: str) -> None:
    manager.goto(f"/c/acme/pools/{TICKET}&search={name.replace(' ', '+')}")
    hands = Hands(manager)
    hands.press("j")
    hands.press("c")
    expect(manager.get_by_role("dialog").get_by_label("Reason")).to_be_focused()
    hands.press("Control+Enter")
    cleared_for_the_ticket(manager)
    assert hands.count == 3
    in_the_history(manager, pool)


def test_a_form_starts_where_typing_begins(manager: Page, pool: str) -> None:
    forms = (("Edit", "Limit"), ("Clear pool", "Reason"), ("Delete pool", "Reason"))
    manager.goto(pool)
    for name, label in forms:
        manager.get_by_role("link", name=name).click()
        expect(manager.get_by_role("dialog").get_by_label(label)).to_be_focused()
        manager.keyboard.press("Escape")
        expect(manager.get_by_role("dialog")).to_be_hidden()
    for name, label in forms:
        manager.goto(f"{pool}{name.split()[0].lower()}/")
        expect(manager.get_by_label(label)).to_be_focused()


def test_a_reason_that_is_begun_is_typed_on(manager: Page, pool: str) -> None:
    manager.goto(f"{pool}clear/{TICKET}")
    expect(manager.get_by_label("Reason")).to_be_focused()
    manager.keyboard.type("stuck")
    expect(manager.get_by_label("Reason")).to_have_value("ZD-4711 stuck")
    manager.reload()
    manager.goto(f"{pool}edit/{TICKET}")
    manager.get_by_label("Timeout").focus()
    manager.keyboard.press("Tab")
    manager.keyboard.type("stuck")
    expect(manager.get_by_label("Reason")).to_have_value("ZD-4711 stuck")


@pytest.fixture
def sent(manager: Page) -> list[str]:
    """What the page sends from here on."""
    found: list[str] = []
    manager.on("request", lambda r: found.append(r.url) if r.method == "POST" else None)
    return found


def test_enter_in_a_field_presses_nothing_dangerous(
    manager: Page, plain: Page, sent: list[str]
) -> None:
    """A pool with connectors, whose name has to be typed: the one text field beside danger."""
    plain.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    for page in (manager, plain):
        page.goto("/c/acme/pools/2/delete/")
        page.get_by_label("Name").fill("Shopify orders")
        page.keyboard.press("Enter")
        page.get_by_label("Reason").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Delete permanently")).to_be_visible()
    assert sent == []


def test_shift_and_enter_in_find_only_ask(
    manager: Page, pool: str, name: str, sent: list[str], complaints: list[str]
) -> None:
    """On the page of a pool, which has a Clear of its own, with a reason that is begun."""
    manager.goto(f"{pool}{TICKET}")
    # Of what is only close to what was typed, the first is led to and not asked about.
    for typed, focused in (("nothing like it", 0), ("tokens", 1), (f"{name}x", 1)):
        manager.keyboard.press("Control+k")
        box = manager.get_by_role("dialog", name="Find")
        box.get_by_role("searchbox").fill(typed)
        manager.keyboard.press("Shift+Enter")
        expect(manager.locator(f"#find-box[data-typed='{typed}']")).to_be_visible()
        expect(manager.locator("#find-box a:focus")).to_have_count(focused)
        expect(manager.locator("#dialog")).to_be_hidden()
        manager.keyboard.press("Escape")
    manager.keyboard.press("Control+k")
    box.get_by_role("searchbox").fill(name)
    manager.keyboard.press("Shift+Enter")
    reason_asked(manager)
    manager.keyboard.press("Shift+Enter")
    expect(manager.get_by_role("dialog").get_by_label("Reason")).to_have_value("ZD-4711 \n")
    assert sent == []
    # What htmx says of a question that the next one replaced.
    complaints[:] = [each for each in complaints if "htmx:" not in each]


def test_control_and_enter_send_a_form_once(
    manager: Page, pool: str, sent: list[str], core_fault: Fault
) -> None:
    # So long that a busy machine presses twice before the answer.
    core_fault("latency=1.5;only=writes")
    manager.goto(pool)
    manager.keyboard.press("e")
    expect(manager.get_by_role("dialog").get_by_label("Limit")).to_be_focused()
    manager.keyboard.type("12")
    manager.keyboard.press("Control+Enter")
    manager.keyboard.press("Control+Enter")
    expect(manager.locator("#outcome")).to_contain_text("limit 5 → 12")
    assert len(sent) == 1


def test_g_leads_home_and_to_changes_with_the_ticket(manager: Page, pool: str) -> None:
    manager.goto(f"{pool}{TICKET}")
    manager.keyboard.press("g")
    manager.keyboard.press("c")
    manager.wait_for_url(re.compile(rf"/c/acme/changes/\{TICKET}$"))
    manager.keyboard.press("g")
    manager.keyboard.press("h")
    manager.wait_for_url(lambda url: "/changes/" not in url and url.endswith(TICKET))


def test_keys_do_nothing_while_typing_or_switched_off(manager: Page, pool: str) -> None:
    edit(manager, pool, limit="12")
    manager.goto(f"{pool}edit/")
    manager.get_by_label("Reason").focus()
    manager.keyboard.type("gh gc c e n")
    expect(manager).to_have_url(f"{pool}edit/")
    expect(manager.get_by_label("Reason")).to_have_value("gh gc c e n")
    manager.get_by_label("Reason").fill("")
    manager.goto(pool)
    manager.evaluate("document.documentElement.dataset.singleKeys = 'off'")
    for key in "gcghce":
        manager.keyboard.press(key)
    expect(manager.get_by_role("dialog")).to_have_count(0)
    expect(manager).to_have_url(pool)
