"""Taking changes back and checking again in a real browser, with and without a script."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import violations_in_both_themes
from tests.browser.conftest import Demo, Fault, let_in
from tests.browser.pools import edit, entry, hold, new_pool, open_edited

pytestmark = pytest.mark.any_database

NARROW = {"width": 320, "height": 800}
WIDE = {"width": 1440, "height": 900}


def revert_the_last(page: Page) -> None:
    entry(page, 0).get_by_role("link", name="Revert").click()
    page.get_by_label("Reason").fill("TICKET-8")
    page.get_by_role("button", name="Revert").click()
    expect(page.locator("#outcome")).to_contain_text("limit 12 → 5")
    expect(entry(page, 0)).to_contain_text("Reverts the edit of")
    expect(entry(page, 0)).to_contain_text("TICKET-8")
    expect(entry(page, 1)).to_contain_text("Reverted by manager")


def test_an_edit_is_reverted_in_the_dialog(manager: Page) -> None:
    pool = open_edited(manager)
    revert_the_last(manager)
    expect(manager).to_have_url(pool)
    expect(manager.get_by_role("dialog")).to_be_hidden()


def test_an_edit_is_reverted_without_javascript(plain: Page) -> None:
    open_edited(plain)
    revert_the_last(plain)


def test_an_edit_is_reverted_by_the_keyboard_alone(manager: Page) -> None:
    open_edited(manager)
    entry(manager, 0).get_by_role("link", name="Revert").focus()
    manager.keyboard.press("Enter")
    reason = manager.get_by_role("dialog").get_by_label("Reason")
    expect(reason).to_be_focused()
    manager.keyboard.type("TICKET-9")
    manager.keyboard.press("Tab")
    manager.keyboard.press("Tab")
    manager.keyboard.press("Enter")
    expect(manager.locator("#outcome")).to_contain_text("Reverted the edit of")


def test_from_the_changes_page_it_leads_to_the_pool(manager: Page) -> None:
    pool = open_edited(manager)
    entry(manager, 0).locator("h3 a").click()
    manager.get_by_role("link", name="Revert").click()
    manager.get_by_role("dialog").get_by_role("button", name="Revert").click()
    expect(manager).to_have_url(pool)
    expect(manager.locator("#outcome")).to_contain_text("limit 12 → 5")


def test_a_deleted_pool_is_created_again(manager: Page) -> None:
    manager.goto(new_pool(manager))
    name = manager.get_by_role("heading", level=1).locator("bdi").first.inner_text()
    manager.get_by_role("link", name="Delete pool").click()
    manager.get_by_role("button", name="Delete permanently").click()
    manager.wait_for_url("**/c/acme/pools/")
    manager.goto("/c/acme/changes/?action=delete")
    manager.locator(".opens").first.click()
    manager.get_by_role("link", name="Create again with these values").click()
    dialog = manager.get_by_role("dialog")
    expect(dialog).to_contain_text("doesn't come back")
    expect(dialog.get_by_label("Name")).to_have_value(name)
    dialog.get_by_role("button", name="Create pool").click()
    expect(manager.locator("#outcome")).to_contain_text("again in Acme, with a new id.")
    expect(entry(manager, 0)).to_contain_text("Creates it again after the deletion")


def test_every_entry_of_the_history_is_copied_as_text(manager: Page) -> None:
    open_edited(manager)
    manager.context.grant_permissions(["clipboard-read", "clipboard-write"])
    entry(manager, 0).get_by_role("button", name="Copy as text").click()
    expect(manager.locator("#announce")).to_have_text("Copied.")
    assert "Limit: 5 → 12" in manager.evaluate("navigator.clipboard.readText()")
    entry(manager, 1).get_by_role("button", name="Copy as text").click()
    expect(entry(manager, 1).locator("[data-copied]")).to_be_visible()
    assert "New pool" in manager.evaluate("navigator.clipboard.readText()")


def test_without_javascript_the_text_is_on_the_changes_page(plain: Page) -> None:
    open_edited(plain)
    entry(plain, 0).get_by_role("link", name="Copy as text").click()
    expect(plain.locator("#change-text")).to_contain_text("Limit: 5 → 12")


def test_checking_again_shows_that_it_works_and_then_what_it_found(
    clocked: Page, core_fault: Fault
) -> None:
    pool = hold(clocked, core_fault)
    check = clocked.get_by_role("button", name="Check again")
    expect(check).to_be_disabled()
    clocked.clock.fast_forward(61_000)
    clocked.evaluate("addEventListener('submit', (event) => event.preventDefault())")
    check.click()
    expect(clocked.locator("#announce")).to_have_text("Reading the pool twice…")
    expect(clocked.locator("[data-busy] > span")).to_be_hidden()
    clocked.reload()
    expect(clocked.get_by_text(re.compile("^From .*, in .* s.$"))).to_be_visible()
    clocked.clock.fast_forward(61_000)
    check.click()
    expect(clocked.locator("#outcome")).to_contain_text("it is too early to check")
    expect(clocked).to_have_url(pool)


def test_a_held_pool_is_checked_and_released_without_javascript(
    plain: Page, core_fault: Fault
) -> None:
    pool = hold(plain, core_fault)
    plain.get_by_role("button", name="Check again").click()
    expect(plain.locator("#outcome")).to_contain_text("it is too early to check")
    plain.get_by_role("link", name="Unlock anyway").click()
    plain.get_by_label("Reason").fill("asked them")
    plain.get_by_role("button", name="Unlock anyway").click()
    expect(plain).to_have_url(pool)
    expect(entry(plain, 0)).to_contain_text("unknown, unlocked")


@pytest.fixture(scope="module")
def seen(browser: Browser, browser_context_args: dict[str, Any], demo: Demo) -> Iterator[Page]:
    """A manager before a pool that was edited twice."""
    context = browser.new_context(**browser_context_args)
    with let_in(context, demo.url, "manager"):
        page = context.new_page()
        pool = new_pool(page)
        edit(page, pool, limit="12")
        edit(page, pool, limit="20", timeout="9")
        page.goto(pool)
        yield page
    context.close()


def fits(page: Page) -> None:
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    assert page.evaluate(width) == 0
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]


def test_no_page_of_reverting_has_a_violation(seen: Page) -> None:
    pool = seen.url
    assert violations_in_both_themes(seen) == []
    fits(seen)
    for number, heading in ((0, "Revert"), (1, "This pool was changed again")):
        seen.goto(pool)
        address = entry(seen, number).get_by_role("link", name="Revert").get_attribute("href")
        seen.goto(address or "")
        expect(seen.get_by_role("heading", name=heading).first).to_be_visible()
        assert violations_in_both_themes(seen) == []
        fits(seen)
    seen.goto(pool)
    entry(seen, 1).get_by_role("link", name="Revert").click()
    expect(seen.get_by_role("dialog")).to_contain_text("As that edit left it")
    assert violations_in_both_themes(seen) == []
    seen.goto(pool)


def test_an_open_change_has_no_violation(seen: Page, core_fault: Fault) -> None:
    hold(seen, core_fault)
    assert violations_in_both_themes(seen) == []
    fits(seen)
    entry(seen, 0).locator("h3 a").click()
    expect(seen.get_by_role("button", name="Check again")).to_be_visible()
    assert violations_in_both_themes(seen) == []
    fits(seen)
