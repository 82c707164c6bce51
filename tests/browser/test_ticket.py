"""The ticket of an address in a real browser: dialogs, dismissing it, going back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.pools import entry, new_pool

TICKET = "?ticket=ZD-4711"


def asks_to_leave(page: Page) -> list[str]:
    """What the browser asks before it leaves a page."""
    asked: list[str] = []

    def accept(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    return asked


@pytest.fixture
def pool(manager: Page) -> Iterator[str]:
    address = new_pool(manager)
    asked = asks_to_leave(manager)
    yield address
    assert asked == []


def test_a_dialog_begins_with_it_and_types_on(manager: Page, pool: str) -> None:
    manager.goto(f"{pool}{TICKET}")
    manager.get_by_role("link", name="Edit").click()
    reason = manager.get_by_role("dialog").get_by_label("Reason")
    expect(reason).to_have_value("ZD-4711 ")
    # Nobody has typed: leaving asks nothing.
    manager.keyboard.press("Escape")
    expect(manager.get_by_role("dialog")).to_be_hidden()
    manager.get_by_role("link", name="Edit").click()
    manager.get_by_label("Limit").fill("12")
    reason.focus()
    manager.keyboard.press("End")
    manager.keyboard.type("orders stuck")
    manager.get_by_role("button", name="Save changes").click()
    expect(entry(manager, 0)).to_contain_text("ZD-4711 orders stuck")
    expect(manager).to_have_url(f"{pool}{TICKET}")
    expect(manager.locator(".ticket")).to_contain_text("ZD-4711")


def test_dismissed_it_is_gone_and_comes_back_with_its_address(manager: Page, pool: str) -> None:
    manager.goto(f"/c/acme/pools/{TICKET}")
    manager.get_by_role("link", name="Next", exact=True).click()
    manager.wait_for_url(re.compile(r"page=2.*ticket=ZD-4711"))
    search = manager.get_by_role("searchbox", name="Search pools")
    search.fill("orders")
    manager.wait_for_url(re.compile(r"search=orders"))
    assert manager.url.count("ticket=") == 1
    manager.get_by_role("link", name="Dismiss ticket ZD-4711").click()
    # Where the list has gone on to, not where the page began.
    manager.wait_for_url(re.compile(r"/pools/\?search=orders$"))
    expect(manager.locator(".ticket")).to_have_count(0)
    manager.goto(f"{pool}clear/")
    expect(manager.get_by_label("Reason")).to_have_value("")
    manager.go_back()
    manager.go_back()
    manager.wait_for_url(re.compile(r"search=orders.*ticket=|ticket=.*search=orders"))
    expect(manager.locator(".ticket")).to_contain_text("ZD-4711")


def test_without_javascript(plain: Page) -> None:
    pool = new_pool(plain)
    plain.goto(pool)
    name = plain.get_by_role("heading", level=1).locator("bdi").first.inner_text()
    plain.goto(f"/c/acme/pools/{TICKET}")
    search = plain.get_by_role("searchbox", name="Search pools")
    search.fill(name)
    search.press("Enter")
    plain.locator("tbody").get_by_role("link", name=name, exact=True).click()
    expect(plain).to_have_url(f"{pool}{TICKET}")
    plain.get_by_role("link", name="Clear pool").click()
    expect(plain.get_by_label("Reason")).to_have_value("ZD-4711 ")
    plain.get_by_role("button", name="Clear pending requests").click()
    expect(entry(plain, 0)).to_contain_text("ZD-4711")
    plain.get_by_role("link", name="Dismiss ticket ZD-4711").click()
    expect(plain).to_have_url(pool)
    expect(plain.locator(".ticket")).to_have_count(0)
