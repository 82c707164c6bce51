"""What axe finds where a page has to be brought first: refused, in conflict, failed, held."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import NARROW, WIDE, WIDTH, nothing_is_wrong, violations_in_both_themes
from tests.browser.conftest import PASSWORD, Fault
from tests.browser.pools import conflict, hold
from tests.fixtures.sampling import PROOF

# make proof has more looks: see axe.py.
pytestmark = [pytest.mark.any_database, *([pytest.mark.proof] if PROOF else [])]
POOLS = "/c/acme/pools/"


def dialog_is_right(page: Page) -> None:
    # What was sent has its answer: until then its button says that it is busy, and is no button.
    expect(page.locator("#dialog .sends[disabled]")).to_have_count(0)
    assert violations_in_both_themes(page) == []
    page.set_viewport_size(NARROW)
    assert page.evaluate(WIDTH) == 0
    page.set_viewport_size(WIDE)


def test_a_refused_form_a_conflict_and_the_question_whether_to_leave(manager: Page) -> None:
    conflict(manager)
    dialog_is_right(manager)
    manager.get_by_label("Limit").fill("ten")
    manager.get_by_role("button", name="Save changes").click()
    expect(manager.locator("#dialog .errorlist")).to_be_visible()
    dialog_is_right(manager)
    manager.keyboard.press("Escape")
    expect(manager.locator("#leave")).to_be_visible()
    dialog_is_right(manager)


def test_the_keys_and_the_menu_of_a_phone(manager: Page) -> None:
    manager.goto(POOLS)
    manager.keyboard.press("?")
    expect(manager.get_by_label("Single-key shortcuts")).to_be_visible()
    dialog_is_right(manager)
    manager.keyboard.press("Escape")
    manager.set_viewport_size(NARROW)
    manager.get_by_role("button", name="Menu").click()
    expect(manager.locator("#menu")).to_be_visible()
    assert violations_in_both_themes(manager) == []
    manager.set_viewport_size(WIDE)


def test_a_core_that_fails_limits_or_is_slow(manager: Page, core_fault: Fault) -> None:
    manager.goto(POOLS)
    core_fault("status=503;only=reads")
    manager.get_by_role("link", name=re.compile("Refresh")).click()
    expect(manager.locator("[data-old] tbody")).to_be_visible()
    nothing_is_wrong(manager)
    manager.goto(f"{POOLS}1/")
    expect(manager.get_by_role("alert")).to_be_visible()
    nothing_is_wrong(manager)
    core_fault("rate-limit=300;only=list")
    manager.goto(POOLS)
    expect(manager.get_by_text("Try again in")).to_be_visible()
    nothing_is_wrong(manager)


def test_what_decides_and_a_pool_that_is_held(manager: Page, core_fault: Fault) -> None:
    """A note, an allowance that is overdrawn, many clears, a change of unknown outcome."""
    manager.goto(f"{POOLS}1/note/")
    manager.get_by_role("textbox", name="Note").fill("tier 1: never above 5")
    manager.get_by_role("button", name="Pin note").click()
    expect(manager.locator("#outcome")).to_contain_text("Note pinned")
    manager.set_viewport_size(WIDE)
    for _ in range(3):
        manager.goto(f"{POOLS}1/clear/")
        manager.get_by_role("button", name="Clear pending requests").click()
        manager.wait_for_url(re.compile(r"/pools/1/$"))
    expect(manager.get_by_text("look for a leak")).to_be_visible()
    for address in (f"{POOLS}1/", f"{POOLS}1/clear/", f"{POOLS}1/edit/", POOLS):
        manager.goto(address)
        nothing_is_wrong(manager)
    manager.set_viewport_size(WIDE)
    manager.goto(f"{POOLS}1/edit/")
    manager.get_by_label("Limit").fill("999")
    expect(manager.locator(".over")).to_be_visible()
    nothing_is_wrong(manager)
    manager.set_viewport_size(WIDE)
    hold(manager, core_fault)
    manager.get_by_role("link", name=re.compile("Unlock")).click()
    nothing_is_wrong(manager)
    manager.goto("/")
    nothing_is_wrong(manager)


def test_a_token_that_is_added_and_one_that_is_refused(manager: Page, core_fault: Fault) -> None:
    manager.goto("/tokens/northwind/replace/")
    manager.get_by_label("Sign in to Patchworks").check()
    manager.get_by_label("E-mail").fill("manager@northwind.example")
    manager.get_by_label("Password").fill("wrong")
    manager.get_by_role("button", name="Replace").click()
    expect(manager.get_by_role("alert").first).to_be_visible()
    nothing_is_wrong(manager)
    manager.get_by_label("Password").fill(PASSWORD)
    manager.get_by_role("button", name="Replace").click()
    expect(manager.get_by_role("heading", name="Is this the right token?")).to_be_visible()
    nothing_is_wrong(manager)
    manager.get_by_role("button", name="No, remove it").click()
    core_fault("status=401;only=reads")
    manager.goto(f"{POOLS}1/")
    expect(manager.get_by_role("link", name=re.compile("Replace"))).to_be_visible()
    nothing_is_wrong(manager)
    core_fault("")
    manager.goto("/tokens/")
    nothing_is_wrong(manager)
    manager.get_by_role("button", name=re.compile("Verify.*Acme")).click()
    expect(manager.locator("#outcome")).to_contain_text("works")


def test_a_company_that_is_archived(admin: Page) -> None:
    admin.goto("/companies/blank/archive/")
    admin.get_by_role("button", name="Archive").click()
    try:
        for address in ("/companies/", "/companies/blank/", "/c/blank/pools/", "/"):
            admin.goto(address)
            nothing_is_wrong(admin)
    finally:
        admin.goto("/companies/blank/bring-back/")
        nothing_is_wrong(admin)
        admin.get_by_role("button", name="Bring back").click()
        expect(admin.locator("#outcome")).to_contain_text("Blank")
