"""Find, from anywhere: with the keyboard alone, and without any script."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.axe import violations

pytestmark = pytest.mark.any_database


@pytest.fixture
def seen(manager: Page) -> Page:
    """The manager, on a page without pools, with those of Acme in the catalogue."""
    assert manager.context.request.get("/c/acme/pools/?per_page=100").ok
    manager.goto("/tokens/")
    return manager


def test_from_the_keys_to_the_pool_and_back(seen: Page) -> None:
    seen.keyboard.press("Control+k")
    box = seen.get_by_role("dialog", name="Find")
    expect(box.get_by_role("searchbox")).to_be_focused()
    seen.keyboard.type("acme netsuite")
    # Enter does not wait for the answer: it leads to what was typed.
    seen.keyboard.press("Enter")
    first = box.get_by_role("listitem").first.get_by_role("link").first
    expect(first).to_be_focused()
    expect(seen.locator("#announce")).to_have_text(re.compile("pools found"))
    seen.keyboard.press("ArrowDown")
    expect(first).not_to_be_focused()
    seen.keyboard.press("ArrowUp")
    expect(first).to_be_focused()
    seen.keyboard.press("ArrowUp")
    expect(box.get_by_role("searchbox")).to_be_focused()
    seen.keyboard.press("ArrowDown")
    seen.keyboard.press("c")
    clearing = seen.get_by_role("dialog", name=re.compile("Clear"))
    expect(clearing).to_be_visible()
    expect(clearing).to_have_class(re.compile("band-teal"))
    expect(box).to_be_hidden()
    expect(seen).to_have_url(re.compile("/tokens/$"))
    seen.keyboard.press("Escape")
    expect(clearing).to_be_hidden()
    # Back at the hit.
    expect(box.get_by_role("listitem").first.locator("[data-key='c']")).to_be_focused()
    seen.keyboard.press("ArrowUp")
    expect(box.get_by_role("searchbox")).to_be_focused()


def test_on_its_own_page_the_keys_lead_to_its_own_box(seen: Page) -> None:
    seen.goto("/find/?q=acme")
    seen.get_by_role("heading", name="Find").click()
    own = seen.get_by_role("main").get_by_role("searchbox")
    expect(own).not_to_be_focused()
    seen.keyboard.press("/")
    expect(own).to_be_focused()
    seen.keyboard.type("nothing like it")
    expect(seen).to_have_url(re.compile("q=nothing"))
    expect(seen.get_by_role("dialog", name="Find")).to_be_hidden()


def test_what_is_found_can_be_changed_from_any_page(seen: Page) -> None:
    seen.keyboard.press("/")
    seen.keyboard.type("netsuite orders")
    seen.keyboard.press("Enter")
    expect(seen.locator("#find-box a:focus")).to_have_count(1)
    seen.keyboard.press("c")
    seen.get_by_role("textbox", name="Reason").fill("T-1")
    seen.keyboard.press("Tab")
    seen.get_by_role("button", name="Clear pending requests").click()
    expect(seen.locator("#outcome")).to_contain_text("NetSuite orders")


def test_nothing_lies_over_what_is_said_where_the_page_stays(seen: Page) -> None:
    seen.goto("/c/acme/pools/")
    seen.keyboard.press("/")
    seen.keyboard.type("netsuite orders")
    seen.keyboard.press("Shift+Enter")
    seen.get_by_role("dialog").get_by_label("Reason").fill("T-2")
    seen.keyboard.press("Control+Enter")
    expect(seen.locator("#outcome")).to_contain_text("Cleared the pending requests")
    expect(seen.get_by_role("main")).to_be_focused()
    expect(seen.get_by_role("dialog")).to_have_count(0)


def test_who_types_on_is_not_led_away(seen: Page, complaints: list[str]) -> None:
    def wait(route: Route) -> None:
        if "orders" in route.request.url:
            route.continue_()

    seen.route("**/find/?*", wait)
    seen.keyboard.press("Control+k")
    seen.keyboard.type("acme netsuite")
    seen.keyboard.press("Shift+Enter")
    seen.keyboard.type(" orders")
    box = seen.get_by_role("dialog", name="Find")
    expect(box.get_by_role("listitem")).not_to_have_count(0)
    expect(box.get_by_role("searchbox")).to_be_focused()
    # What htmx says of the question that the second one replaced.
    complaints[:] = [each for each in complaints if "htmx:" not in each]


def test_the_box_is_open_to_everyone(seen: Page) -> None:
    seen.keyboard.press("Control+k")
    seen.keyboard.type("acme shopify")
    expect(seen.locator("#find-box .hit")).not_to_have_count(0)
    assert violations(seen) == []


def test_it_works_without_any_script(plain: Page, seen: Page) -> None:
    plain.goto("/tokens/")
    plain.get_by_role("button", name="Find").first.click()
    plain.get_by_role("dialog", name="Find").get_by_role("searchbox").fill("netsuite orders")
    plain.keyboard.press("Enter")
    expect(plain).to_have_url(re.compile(r"/find/\?q=netsuite\+orders$"))
    plain.get_by_role("link", name="NetSuite orders", exact=True).click()
    expect(plain).to_have_url(re.compile(r"/c/acme/pools/\d+/$"))
