"""A change that is under way, or whose outcome is unknown: what is said of it always arrives."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Fault
from tests.browser.pools import entry, hold, new_pool

# Core may answer too late to be heard: that is an outcome as well.
OUTCOME = re.compile("limit 5 → 12|whether the edit of")


def send_slowly(page: Page, core_fault: Fault) -> None:
    """An edit from the dialog that Core answers after two seconds."""
    page.goto(new_pool(page))
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Limit").fill("12")
    core_fault("latency=2;only=update;times=1")
    page.get_by_role("button", name="Save changes").click()


def test_leaving_a_change_under_way_does_not_lose_its_outcome(
    manager: Page, core_fault: Fault
) -> None:
    send_slowly(manager, core_fault)
    dialog = manager.get_by_role("dialog")
    dialog.get_by_role("link", name="Cancel").click()
    manager.keyboard.press("Escape")
    manager.keyboard.press("Escape")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog.locator(".slow")).to_contain_text("has been sent")
    expect(manager.locator("#outcome")).to_contain_text(OUTCOME)
    expect(dialog).to_be_hidden()


def test_a_change_under_way_is_not_called_unsaved(manager: Page, core_fault: Fault) -> None:
    send_slowly(manager, core_fault)
    expect(manager.locator(".sends")).to_be_disabled()
    manager.get_by_role("dialog").get_by_role("link", name="Cancel").click()
    expect(manager.locator("#leave")).to_be_hidden()
    expect(manager.get_by_role("dialog")).to_contain_text("Save changes")


def test_a_change_under_way_says_so_at_once(manager: Page, core_fault: Fault) -> None:
    send_slowly(manager, core_fault)
    expect(manager.locator("#announce")).to_have_text("Sending…")
    expect(manager.locator(".sends > span")).to_be_hidden()


def test_a_form_that_is_gone_brings_the_page_anew(
    manager: Page, core_fault: Fault, complaints: list[str]
) -> None:
    send_slowly(manager, core_fault)
    expect(manager.locator(".sends")).to_be_disabled()
    manager.evaluate("document.getElementById('dialog-body').replaceChildren()")
    expect(entry(manager, 0)).to_contain_text("limit 5 → 12")
    # htmx says on the console that it found no place for the answer.
    assert complaints.pop(0).startswith("htmx:targetError")
    complaints.clear()


def test_an_unknown_deletion_is_announced_and_can_be_checked(
    manager: Page, core_fault: Fault
) -> None:
    manager.goto(new_pool(manager))
    core_fault("apply-then-fail;status=500;only=delete;times=1")
    manager.get_by_role("link", name="Delete pool").click()
    manager.get_by_role("button", name="Delete permanently").click()
    expect(manager.locator("#outcome")).to_contain_text("Don't send it again.")
    expect(manager.get_by_text("Patchworks says it no longer has")).to_be_visible()
    expect(manager.get_by_role("link", name="Delete pool")).to_have_count(0)
    expect(manager.get_by_role("button", name="Check again")).to_be_visible()
    expect(manager.get_by_role("link", name="Unlock anyway")).to_be_visible()


def test_a_failed_refresh_leaves_what_was_said_of_a_change(
    manager: Page, core_fault: Fault
) -> None:
    manager.goto(f"{new_pool(manager)}edit/")
    manager.get_by_label("Limit").fill("12")
    manager.get_by_role("button", name="Save changes").click()
    expect(manager.locator("#outcome")).to_contain_text("limit 5 → 12")
    core_fault("status=500")
    manager.get_by_role("link", name="Refresh").click()
    manager.locator("#outcome .problem").wait_for()
    manager.get_by_role("link", name="Refresh").click()
    expect(manager.locator("#outcome")).to_contain_text("limit 5 → 12")
    expect(manager.locator("#outcome .problem")).to_have_count(1)


def test_a_held_page_shows_by_itself_that_the_pool_is_free(
    clocked: Page, core_fault: Fault
) -> None:
    hold(clocked, core_fault)
    other = clocked.context.new_page()
    other.goto(clocked.url)
    other.get_by_role("link", name="Unlock anyway").click()
    other.get_by_label("Reason").fill("asked them")
    other.get_by_role("button", name="Unlock anyway").click()
    expect(other.locator("#pencil-pool")).to_be_visible()
    clocked.clock.fast_forward(15_000)
    expect(clocked.locator("#pencil-pool")).to_be_visible()
    expect(clocked.locator(".head .chip-held")).to_have_count(0)
