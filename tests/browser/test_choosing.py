"""Choosing pools on the list, in a browser: ticks that stay, ranges, keys, and what goes along."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import DARK_AND_NARROW, WIDE, nothing_is_wrong, violations_in_both_themes

LIST = "/c/acme/pools/"
# Chromium tells of each move; here all of them count, from when the page has been drawn on: as it
# arrives in pieces a busy machine draws it in pieces too.
WATCHED = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => {
    window.moved = 0;
    new PerformanceObserver((list) => {
      for (const each of list.getEntries()) window.moved += each.value;
    }).observe({ type: "layout-shift" });
    done();
  }))))"""


def tick(page: Page, name: str) -> None:
    page.get_by_role("checkbox", name=name, exact=True).click()


def ticked(page: Page) -> list[str]:
    return [
        str(each.get_attribute("aria-label"))
        for each in page.locator("#pool-table [name='pool']:checked").all()
    ]


def bar(page: Page) -> str:
    return page.locator("#chosen-count").inner_text()


def shows(page: Page, address: str, rows: int) -> None:
    """Waits for the part of the list that was asked for."""
    expect(page).to_have_url(address)
    expect(page.locator("#pool-table tbody tr")).to_have_count(rows)


def test_ticks_stay_while_the_list_is_searched_sorted_paged_and_left(manager: Page) -> None:
    manager.goto(f"{LIST}?per_page=10")
    expect(manager.locator("#chosen")).to_be_hidden()
    manager.evaluate(WATCHED)
    tick(manager, "Shopify orders")
    tick(manager, "Cin7 orders")
    assert bar(manager) == "2 chosen"
    assert manager.evaluate("window.moved") == 0
    manager.get_by_role("link", name="Next").click()
    shows(manager, f"{LIST}?per_page=10&page=2", 10)
    assert (ticked(manager), bar(manager)) == ([], "2 chosen")
    tick(manager, "eBay orders")
    manager.get_by_label("Search pools").fill("orders")
    shows(manager, f"{LIST}?search=orders&per_page=10", 10)
    assert set(ticked(manager)) >= {"Shopify orders", "Cin7 orders"}
    expect(manager.locator("[name='matching']")).to_have_text("All 37 that match")
    manager.locator("#pool-table").get_by_role("link", name="Name").click()
    manager.goto(f"{LIST}3/")
    manager.go_back()
    expect(manager.locator("#chosen-count")).to_have_text("3 chosen")
    manager.locator("#chosen summary").click()
    listed = manager.locator("#chosen-list")
    expect(listed.get_by_role("listitem")).to_have_text(
        ["Shopify orders2Remove", "Cin7 orders10Remove", "eBay orders13Remove"]
    )
    assert violations_in_both_themes(manager) == []
    manager.get_by_role("button", name="Remove Cin7 orders 10").click()
    expect(manager.get_by_role("button", name="Remove eBay orders 13")).to_be_focused()
    manager.keyboard.press("Escape")
    expect(listed).to_be_hidden()
    expect(manager.locator("#chosen summary")).to_be_focused()
    manager.get_by_role("button", name="Set timeout").click()
    expect(manager.locator(".chosen-pools li label")).to_have_text(
        ["Shopify orders 2", "eBay orders 13"]
    )
    expect(manager.get_by_label("Set timeout")).to_be_checked()
    expect(manager.get_by_label("Timeout", exact=True)).to_be_focused()
    manager.get_by_role("link", name="Cancel").click()
    expect(manager.locator("#chosen-count")).to_have_text("2 chosen")
    manager.get_by_role("button", name="Choose none").click()
    expect(manager.locator("#chosen")).to_be_hidden()
    manager.reload()
    assert ticked(manager) == []


def test_a_range_a_page_and_a_row_are_ticked_by_mouse_and_by_keys(manager: Page) -> None:
    manager.goto(f"{LIST}?per_page=10")
    first = manager.locator("#pool-table [name='pool']")
    first.nth(1).click()
    first.nth(4).click(modifiers=["Shift"])
    assert len(ticked(manager)) == 4
    first.nth(3).click(modifiers=["Shift"])
    assert len(ticked(manager)) == 2
    page = manager.get_by_role("checkbox", name="All on this page")
    assert page.evaluate("each => each.indeterminate")
    page.click()
    assert (len(ticked(manager)), bar(manager)) == (10, "10 chosen")
    page.click()
    assert ticked(manager) == []
    # By keys alone: from row to row, a tick, a range, on to what can be done.
    manager.locator("#main").focus()
    for key in ("j", "x", "j", "j", "Shift+X"):
        manager.keyboard.press(key)
    assert len(ticked(manager)) == 3
    first.nth(5).focus()
    manager.keyboard.press("Shift+Space")
    assert len(ticked(manager)) == 6
    manager.keyboard.press("k")
    expect(manager.locator("#pool-table .pool-name > a").nth(4)).to_be_focused()
    first.nth(5).focus()
    manager.keyboard.press("Enter")
    expect(manager.get_by_role("heading", name="Change 6 pools")).to_be_visible()
    manager.go_back()
    manager.locator("#main").focus()
    manager.keyboard.press("a")
    expect(manager.locator("#chosen summary")).to_be_focused()
    for key in ("Tab", "Tab", "Tab", "Enter"):
        manager.keyboard.press(key)
    expect(manager.get_by_role("heading", name="Change 6 pools")).to_be_visible()
    expect(manager.get_by_label("To", exact=True)).to_be_focused()
    percent, sentence = manager.get_by_label("Percent"), manager.get_by_text("for example 80.")
    for typed, complaints in (("half", 1), ("50 %", 0)):
        percent.fill(typed)
        percent.blur()
        expect(sentence).to_have_count(complaints)
    nothing_is_wrong(manager, DARK_AND_NARROW)
    manager.set_viewport_size(WIDE)
    # What another operation needs takes the place of the limits.
    manager.get_by_label("Delete").check()
    expect(manager.get_by_label("To", exact=True)).to_be_hidden()
    expect(manager.get_by_text("This is permanent.")).to_be_visible()


@pytest.mark.any_database
def test_without_scripts_the_ticks_of_a_page_go_along_and_all_that_match_is_a_button(
    plain: Page,
) -> None:
    plain.goto(f"{LIST}?per_page=10&search=orders")
    expect(plain.get_by_role("checkbox", name="All on this page")).to_have_count(0)
    plain.get_by_role("checkbox", name="Shopify orders", exact=True).check()
    plain.get_by_role("checkbox", name="Cin7 orders", exact=True).check()
    plain.get_by_role("button", name="Clear", exact=True).click()
    expect(plain.locator(".chosen-pools li label")).to_have_text(
        ["Shopify orders 2", "Cin7 orders 10"]
    )
    expect(plain.get_by_label("Clear")).to_be_checked()
    expect(plain.get_by_text("This drops every request waiting in these pools.")).to_be_visible()
    plain.go_back()
    plain.get_by_role("button", name="All 37 that match").click()
    expect(plain.get_by_role("heading", name="Change 37 pools")).to_be_visible()


def test_ticks_of_somebody_else_in_this_tab_are_neither_shown_nor_kept(manager: Page) -> None:
    manager.goto(LIST)
    tick(manager, "Shopify orders")
    own = manager.evaluate("Object.keys(sessionStorage)")
    manager.evaluate(
        """([own]) => {
          const person = own.split(" ")[0];
          sessionStorage.setItem(own.replace(person, `${person}9`), "7=Their+pool");
          sessionStorage.setItem(own.replace("acme", "northwind"), "1=Mine+there");
        }""",
        own,
    )
    manager.goto(LIST)
    assert bar(manager) == "1 chosen"
    kept = manager.evaluate("Object.keys(sessionStorage)")
    assert sorted(kept) == sorted([*own, own[0].replace("acme", "northwind")])
    # Of another company they show there alone.
    manager.goto("/c/northwind/pools/")
    assert bar(manager) == "1 chosen"
    manager.locator("#chosen summary").click()
    expect(manager.locator("#chosen-list")).to_have_text("Mine there1Remove")
