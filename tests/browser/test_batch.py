"""Many pools at once, in a browser: chosen, previewed, run, reported, retried and reverted."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations, violations_in_both_themes
from tests.browser.conftest import Fault
from tests.browser.pools import new_pool

LIST = "/c/acme/pools/"


def two_pools(page: Page) -> str:
    """A word that two new pools with limit 5 have in their names, and no other."""
    word = uuid4().hex[:8]
    for name in (f"{word} one", f"{word} two"):
        new_pool(page, name=name)
    return word


def limits(page: Page, word: str) -> list[str]:
    page.goto(f"{LIST}?search={word}&sort=name")
    return [each.inner_text() for each in page.locator("td.cell-limit").all()]


def outcomes(page: Page, *words: str) -> None:
    """Waits until the list has ended, with these outcomes in the order of its lines."""
    expect(page.get_by_text("2 of 2" if words[1:] else "1 of 1")).to_be_visible(timeout=15000)
    expect(page.locator(".batch-items .chip")).to_have_text([re.compile(each) for each in words])


def test_a_list_is_chosen_previewed_run_retried_and_reverted(
    manager: Page, core_fault: Fault
) -> None:
    word = two_pools(manager)
    manager.goto(f"{LIST}?search={word}&sort=name")
    manager.get_by_role("checkbox", name="All on this page").click()
    manager.get_by_role("button", name="Set limit").click()
    manager.get_by_label("By", exact=True).fill("2")
    manager.get_by_label("Reason").fill("ZD-4711")
    manager.keyboard.press("Control+Enter")
    expect(manager.get_by_role("heading", level=1)).to_contain_text("Raise limit by 2")
    expect(manager.get_by_text("Nothing was sent yet.")).to_be_visible()
    expect(manager.locator(".batch-items .cell-what")).to_have_text(["limit 5 → 7", "limit 5 → 7"])
    assert violations_in_both_themes(manager) == []
    preview = manager.url
    core_fault("status=409;only=update;times=1")
    manager.get_by_role("button", name="Run: change 2 pools").click()
    outcomes(manager, "refused|done", "refused|done")
    core_fault("")
    assert violations_in_both_themes(manager) == []
    manager.set_viewport_size({"width": 320, "height": 800})
    assert violations(manager) == []
    manager.set_viewport_size({"width": 1440, "height": 900})
    # What failed, as a list of its own.
    manager.get_by_role("button", name="Retry what failed (1)").click()
    manager.get_by_role("button", name="Run: change 1 pool").click()
    outcomes(manager, "done")
    assert limits(manager, word) == ["7", "7"]
    expect(manager.locator("#chosen")).to_be_hidden()
    # Back to the first list: what it did is put back.
    manager.goto(preview)
    manager.get_by_role("button", name="Revert this list (1)").click()
    manager.get_by_role("button", name="Run: change 1 pool").click()
    outcomes(manager, "done")
    assert sorted(limits(manager, word)) == ["5", "7"]
    manager.goto("/c/acme/batches/")
    expect(manager.get_by_role("heading", level=1)).to_be_visible()
    assert violations_in_both_themes(manager) == []


@pytest.mark.any_database
def test_without_scripts_a_list_goes_on_by_a_button(plain: Page) -> None:
    word = two_pools(plain)
    plain.goto(f"{LIST}?search={word}")
    for each in plain.locator("[name='pool']").all():
        each.check()
    plain.get_by_role("button", name="Set timeout").click()
    plain.get_by_label("Timeout", exact=True).fill("30")
    plain.get_by_role("button", name="Preview").click()
    plain.get_by_role("button", name="Run: change 2 pools").click()
    while (go_on := plain.get_by_role("button", name="Continue")).count():
        go_on.click()
    outcomes(plain, "done", "done")
    plain.goto(f"{LIST}?search={word}")
    expect(plain.locator("td.cell-timeout")).to_have_text(["30 s", "30 s"])
