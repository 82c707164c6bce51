"""What axe finds where a page has to be brought first: refused, in conflict, failed, held."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import (
    DARK_AND_NARROW,
    LIGHT_AND_WIDE,
    NARROW,
    WIDE,
    Look,
    by_turns,
    nothing_is_wrong,
    violations_in_both_themes,
)
from tests.browser.conftest import PASSWORD, Fault
from tests.browser.pools import conflict, hold, send
from tests.fixtures.sampling import PROOF

# make proof has more looks: see axe.py.
pytestmark = [pytest.mark.any_database, *([pytest.mark.proof] if PROOF else [])]
POOLS = "/c/acme/pools/"
# One line of a list is as right as the next: test_accessible.py looks at a whole page of them.
TEN = f"{POOLS}?per_page=10"


def dialog_is_right(page: Page, look: Look) -> None:
    # What was sent has its answer: until then its button says that it is busy, and is no button.
    expect(page.locator("#dialog .sends[disabled]")).to_have_count(0)
    nothing_is_wrong(page, look)
    page.set_viewport_size(WIDE)


def test_a_refused_form_a_conflict_and_the_question_whether_to_leave(manager: Page) -> None:
    conflict(manager)
    dialog_is_right(manager, LIGHT_AND_WIDE)
    manager.get_by_label("Limit").fill("ten")
    manager.get_by_role("button", name="Save changes").click()
    expect(manager.locator("#dialog .errorlist")).to_be_visible()
    dialog_is_right(manager, DARK_AND_NARROW)
    manager.keyboard.press("Escape")
    expect(manager.locator("#leave")).to_be_visible()
    dialog_is_right(manager, LIGHT_AND_WIDE)


def test_the_keys_and_the_menu_of_a_phone(manager: Page) -> None:
    manager.goto(TEN)
    manager.keyboard.press("?")
    expect(manager.get_by_label("Single-key shortcuts")).to_be_visible()
    dialog_is_right(manager, DARK_AND_NARROW)
    manager.keyboard.press("Escape")
    manager.emulate_media(color_scheme="light")
    manager.set_viewport_size(NARROW)
    manager.get_by_role("button", name="Menu").click()
    expect(manager.locator("#menu")).to_be_visible()
    assert violations_in_both_themes(manager) == []
    manager.set_viewport_size(WIDE)


def test_a_core_that_fails_limits_or_is_slow(manager: Page, core_fault: Fault) -> None:
    manager.goto(TEN)
    core_fault("status=503;only=reads")
    manager.get_by_role("link", name=re.compile("Refresh")).click()
    expect(manager.locator("[data-old] tbody")).to_be_visible()
    nothing_is_wrong(manager, LIGHT_AND_WIDE)
    manager.goto(f"{POOLS}1/")
    expect(manager.get_by_role("alert")).to_be_visible()
    nothing_is_wrong(manager, DARK_AND_NARROW)
    core_fault("rate-limit=300;only=list")
    manager.goto(TEN)
    expect(manager.get_by_text("Try again in")).to_be_visible()
    nothing_is_wrong(manager, LIGHT_AND_WIDE)


def test_what_decides_and_a_pool_that_is_held(manager: Page, core_fault: Fault) -> None:
    """A note, an allowance that is overdrawn, many clears, a change of unknown outcome."""
    manager.goto(f"{POOLS}1/note/")
    manager.get_by_role("textbox", name="Note").fill("tier 1: never above 5")
    manager.get_by_role("button", name="Pin note").click()
    expect(manager.locator("#outcome")).to_contain_text("Note pinned")
    for _ in range(2):
        assert send(manager, f"{POOLS}1/clear/", {}).ok
    manager.goto(f"{POOLS}1/clear/")
    manager.get_by_role("button", name="Clear pending requests").click()
    manager.wait_for_url(re.compile(r"/pools/1/$"))
    expect(manager.get_by_text("look for a leak")).to_be_visible()
    nothing_is_wrong(manager, LIGHT_AND_WIDE)
    pages = (f"{POOLS}1/clear/", TEN, f"{POOLS}1/edit/")
    for address, look in zip(
        pages, (DARK_AND_NARROW, LIGHT_AND_WIDE, DARK_AND_NARROW), strict=True
    ):
        manager.goto(address)
        nothing_is_wrong(manager, look)
    manager.set_viewport_size(WIDE)
    manager.get_by_label("Limit").fill("999")
    expect(manager.locator(".over")).to_be_visible()
    nothing_is_wrong(manager, LIGHT_AND_WIDE)
    manager.set_viewport_size(WIDE)
    hold(manager, core_fault)
    manager.get_by_role("link", name=re.compile("Unlock")).click()
    nothing_is_wrong(manager, DARK_AND_NARROW)
    manager.goto("/")
    nothing_is_wrong(manager, LIGHT_AND_WIDE)


def test_a_token_that_is_added_and_one_that_is_refused(manager: Page, core_fault: Fault) -> None:
    manager.goto("/tokens/northwind/replace/")
    manager.get_by_label("Sign in to Patchworks").check()
    manager.get_by_label("E-mail").fill("manager@northwind.example")
    manager.get_by_label("Password").fill("wrong")
    manager.get_by_role("button", name="Replace").click()
    expect(manager.get_by_role("alert").first).to_be_visible()
    nothing_is_wrong(manager, DARK_AND_NARROW)
    manager.get_by_label("Password").fill(PASSWORD)
    manager.get_by_role("button", name="Replace").click()
    expect(manager.get_by_role("heading", name="Is this the right token?")).to_be_visible()
    nothing_is_wrong(manager, LIGHT_AND_WIDE)
    manager.get_by_role("button", name="No, remove it").click()
    core_fault("status=401;only=reads")
    manager.goto(f"{POOLS}1/")
    expect(manager.get_by_role("link", name=re.compile("Replace"))).to_be_visible()
    nothing_is_wrong(manager, DARK_AND_NARROW)
    core_fault("")
    manager.goto("/tokens/")
    nothing_is_wrong(manager, LIGHT_AND_WIDE)
    manager.get_by_role("button", name=re.compile("Verify.*Acme")).click()
    expect(manager.locator("#outcome")).to_contain_text("works")


def test_a_company_that_is_archived(admin: Page) -> None:
    admin.goto("/companies/blank/archive/")
    admin.get_by_role("button", name="Archive").click()
    try:
        addresses = ("/companies/", "/companies/blank/", "/c/blank/pools/", "/")
        for address, look in by_turns(addresses):
            admin.goto(address)
            nothing_is_wrong(admin, look)
    finally:
        admin.goto("/companies/blank/bring-back/")
        nothing_is_wrong(admin, LIGHT_AND_WIDE)
        admin.get_by_role("button", name="Bring back").click()
        expect(admin.locator("#outcome")).to_contain_text("Blank")
