"""The whole job, from sign-in to history, as a support agent does it."""

import re
from itertools import takewhile
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from selectolax.lexbor import LexborHTMLParser

from tests.browser.conftest import Demo, Fault
from tests.browser.pools import POOLS, new_pool


def create(page: Page, name: str) -> None:
    page.goto(f"{POOLS}new/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Limit").fill("5")
    page.get_by_role("button", name="Create pool").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def find(page: Page, name: str) -> None:
    page.goto(POOLS)
    search = page.get_by_role("searchbox", name="Search pools")
    search.fill(name)
    search.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)


def do_the_job(page: Page) -> None:
    name = f"Job {uuid4().hex[:8]}"
    create(page, name)
    find(page, name)
    page.locator("tbody").get_by_role("link", name=name, exact=True).click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Limit").fill("12")
    page.get_by_label("Reason").fill("TICKET-7")
    page.get_by_role("button", name="Save changes").click()
    expect(page.locator("#outcome")).to_contain_text("limit 5 → 12")
    page.get_by_role("link", name="Clear pool").click()
    page.get_by_role("button", name="Clear pending requests").click()
    expect(page.locator("#outcome")).to_contain_text("Cleared the pending requests")
    history = page.get_by_role("region", name="History").get_by_role("listitem")
    expect(history).to_have_count(3)
    expect(history.nth(1)).to_contain_text("TICKET-7")
    page.get_by_role("link", name="Delete pool").click()
    page.get_by_role("button", name="Delete permanently").click()
    expect(page.locator("#outcome")).to_contain_text("Deleted")
    expect(page).to_have_url(re.compile(rf"{POOLS}$"))


def test_with_javascript(manager: Page) -> None:
    do_the_job(manager)


def test_without_javascript(plain: Page) -> None:
    do_the_job(plain)


def test_searching_as_you_type_keeps_the_address(manager: Page) -> None:
    manager.goto(POOLS)
    manager.get_by_role("searchbox", name="Search pools").press_sequentially("shopify")
    expect(manager).to_have_url(re.compile("search=shopify"))
    rows = manager.locator("tbody tr").count()
    manager.reload()
    expect(manager.locator("tbody tr")).to_have_count(rows)


def test_back_shows_the_page_before(manager: Page) -> None:
    manager.goto(POOLS)
    manager.get_by_role("link", name="Next").first.click()
    expect(manager).to_have_url(re.compile("page=2"))
    manager.go_back()
    expect(manager).to_have_url(re.compile(rf"{POOLS}$"))
    expect(manager.locator("tbody tr")).to_have_count(25)


def test_a_dialog_keeps_the_list_where_it_was(manager: Page) -> None:
    name = f"Dialog {uuid4().hex[:8]}"
    new_pool(manager, name=name)
    find(manager, name)
    manager.locator("tbody tr").get_by_role("link", name=re.compile("^Clear pool")).click()
    dialog = manager.get_by_role("dialog")
    dialog.get_by_role("button", name="Clear pending requests").click()
    expect(manager.locator("#outcome")).to_contain_text("Cleared the pending requests")
    expect(dialog).to_be_hidden()
    expect(manager).to_have_url(re.compile("search=Dialog"))


def asked(page: Page, demo: Demo, of: str) -> list[str]:
    """Core's latest requests of a pool, newest first, as its own page tells of them."""
    control = LexborHTMLParser(page.context.request.get(demo.control_url).text())
    rows = (row.text(separator=" ") for row in control.css("table:first-of-type tr:has(td)"))
    # Others go on asking: what an earlier test left unknown is looked up by tend.
    return [row for row in rows if of in row]


@pytest.mark.parametrize("place", ["list", "pool"])
def test_a_change_in_a_dialog_is_shown_as_it_was_read_back(
    manager: Page, demo: Demo, place: str
) -> None:
    name = f"Counted {uuid4().hex[:8]}"
    manager.goto(new_pool(manager, name=name))
    of = f"/{manager.url.rstrip('/').rpartition('/')[2]}"
    if place == "list":
        find(manager, name)
    row = manager.locator("tbody tr" if place == "list" else "#pool").first
    edit = row.locator("[data-key=e]")
    edit.click()
    dialog = manager.get_by_role("dialog")
    dialog.get_by_label("Limit").fill("12")
    latest = asked(manager, demo, of)[0]
    dialog.get_by_role("button", name="Save changes").click()
    expect(manager.locator("#outcome")).to_contain_text("limit 5 → 12")
    expect(dialog).to_be_hidden()
    expect(row).to_contain_text("12")
    expect(edit).to_be_focused()
    manager.wait_for_load_state("networkidle")
    since = takewhile(lambda row: row != latest, asked(manager, demo, of))
    assert [row.split()[1] for row in since] == ["GET", "PUT", "GET"]


def test_a_fault_is_switched_on_at_the_sandboxs_page(page: Page, demo: Demo) -> None:
    for faults in ("latency=0;only=clear", ""):
        page.goto(demo.control_url)
        page.locator("input[name=faults]").fill(faults)
        page.locator("input[name=faults]").press("Enter")
        expect(page.locator("code").first).to_have_text(faults or "none")


def test_a_line_is_opened_in_another_tab_as_a_browser_does_it(manager: Page) -> None:
    manager.goto(POOLS)
    for name, address in (("Edit", r"/\d+/edit/$"), ("Next", r"page=2$")):
        with manager.context.expect_page() as opened:
            manager.get_by_role("link", name=name).first.click(modifiers=["ControlOrMeta"])
        expect(opened.value).to_have_url(re.compile(address))
        opened.value.close()
    expect(manager.locator("#dialog")).to_be_hidden()
    expect(manager).to_have_url(re.compile(rf"{POOLS}$"))


def test_a_refused_form_stays_filled_in(manager: Page) -> None:
    manager.goto(f"{POOLS}new/")
    manager.get_by_label("Name").fill("Kept")
    manager.get_by_label("Limit").fill("ten")
    manager.get_by_role("button", name="Create pool").click()
    expect(manager.get_by_label("Limit")).to_have_value("ten")
    expect(manager.locator("#id_limit_error")).to_have_text(
        "Enter a whole number, using the digits 0 to 9 only."
    )


def test_the_keyboard_alone(manager: Page) -> None:
    manager.goto(POOLS)
    manager.get_by_role("searchbox", name="Search pools").focus()
    manager.keyboard.type("shopify")
    expect(manager).to_have_url(re.compile("search=shopify"))
    manager.keyboard.press("Escape")
    manager.locator("body").press("j")
    manager.keyboard.press("Enter")
    expect(manager).to_have_url(re.compile(r"/c/acme/pools/\d+/$"))
    manager.keyboard.press("e")
    expect(manager.get_by_role("dialog")).to_be_visible()


def test_leaving_a_changed_form_asks_first(manager: Page) -> None:
    manager.goto(POOLS)
    # From a row, which has no such key, it is the page's.
    manager.keyboard.press("j")
    manager.keyboard.press("n")
    dialog = manager.get_by_role("dialog").first
    dialog.get_by_label("Name").fill("Half typed")
    manager.keyboard.press("Escape")
    expect(manager.get_by_text(re.compile("Leave"))).not_to_have_count(0)
    expect(dialog.get_by_label("Name")).to_have_value("Half typed")


def test_nothing_private_after_signing_out_and_back(manager: Page) -> None:
    manager.goto(POOLS)
    manager.get_by_role("button", name="Sign out").click()
    manager.wait_for_url("**/accounts/login/**")
    manager.go_back()
    expect(manager).to_have_url(re.compile("/accounts/login/"))


def test_an_ended_session_leads_to_signing_in_not_into_the_table(manager: Page) -> None:
    manager.goto(POOLS)
    manager.context.clear_cookies()
    manager.get_by_role("searchbox", name="Search pools").fill("netsuite")
    expect(manager).to_have_url(re.compile(r"/accounts/login/\?next=%2Fc%2Facme%2Fpools%2F"))


def test_core_failing_keeps_the_last_good_page_marked_old(manager: Page, core_fault: Fault) -> None:
    manager.goto(POOLS)
    core_fault("status=500")
    manager.get_by_role("link", name="Refresh").click()
    expect(manager.locator("#outcome")).to_contain_text("Patchworks had an error (500).")
    expect(manager.locator("tbody tr")).to_have_count(25)
    expect(manager.locator("#pool-table")).to_have_attribute("data-old", "yes")
