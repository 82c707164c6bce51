"""From ticks to a report, in a browser: with scripts, without them, by keys, and in both themes."""

import re
from uuid import uuid4

from playwright.sync_api import Page, expect

from tests.browser.axe import (
    DARK_AND_NARROW,
    LIGHT_AND_WIDE,
    WIDE,
    nothing_is_wrong,
    violations,
    violations_in_both_themes,
)
from tests.browser.conftest import Fault
from tests.browser.pools import POOLS, new_pool

# 15 pools of the demo: more than are run without typing their number.
MANY = f"{POOLS}?search=wholesale&per_page=100"


def two_pools(page: Page) -> str:
    """A word that two new pools with limit 5 have in their names, and no other."""
    word = uuid4().hex[:8]
    for name in (f"{word} one", f"{word} two"):
        new_pool(page, name=name)
    return word


def limits(page: Page, word: str) -> list[str]:
    page.goto(f"{POOLS}?search={word}&sort=name")
    return [each.inner_text() for each in page.locator("td.cell-limit").all()]


def outcomes(page: Page, *words: str) -> None:
    """Waits until the list has ended, with these outcomes in the order of its lines."""
    expect(page.get_by_text("2 of 2" if words[1:] else "1 of 1")).to_be_visible(timeout=15000)
    expect(page.locator(".batch-items .chip")).to_have_text([re.compile(each) for each in words])


def preview(page: Page, timeout: str) -> int:
    """A list of all pools that match, frozen; how many it is about."""
    page.goto(MANY)
    # With scripts, what can be done with several pools shows once one is ticked.
    page.locator("#pool-table [name='pool']").first.check()
    page.locator("[name='matching']").first.click()
    page.get_by_label("Set timeout").check()
    page.get_by_label("Timeout", exact=True).fill(timeout)
    page.get_by_label("Reason").fill("ZD-4711")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Set timeout to {timeout} s")
    count = re.search(r"(\d+) pools", page.get_by_role("heading", level=1).inner_text())
    assert count is not None
    return int(count[1])


def test_a_list_is_chosen_previewed_run_retried_and_reverted(
    manager: Page, core_fault: Fault
) -> None:
    word = two_pools(manager)
    manager.goto(f"{POOLS}?search={word}&sort=name")
    manager.get_by_role("checkbox", name="All on this page").click()
    manager.get_by_role("button", name="Set limit").click()
    manager.get_by_label("By", exact=True).fill("2")
    manager.get_by_label("Reason").fill("ZD-4711")
    manager.keyboard.press("Control+Enter")
    expect(manager.get_by_role("heading", level=1)).to_contain_text("Raise limit by 2")
    # Who hears it does not hear "by 22 pools".
    expect(
        manager.get_by_role("heading", name="Raise limit by 2 , 2 pools in Acme")
    ).to_be_visible()
    expect(manager.get_by_text("Nothing has been sent yet.")).to_be_visible()
    expect(manager.locator(".batch-items .cell-what")).to_have_text(["limit 5 → 7", "limit 5 → 7"])
    frozen = manager.url
    core_fault("status=409;only=update;times=1")
    manager.get_by_role("button", name="Run: change 2 pools").click()
    outcomes(manager, "refused|done", "refused|done")
    core_fault("")
    nothing_is_wrong(manager, LIGHT_AND_WIDE)
    manager.set_viewport_size(WIDE)
    # What failed, as a list of its own.
    manager.get_by_role("button", name="Retry what failed (1)").click()
    manager.get_by_role("button", name="Run: change 1 pool").click()
    outcomes(manager, "done")
    assert limits(manager, word) == ["7", "7"]
    expect(manager.locator("#chosen")).to_be_hidden()
    # Back to the first list: what it did is put back, and what the retry of it did.
    manager.goto(frozen)
    manager.get_by_role("button", name="Revert this list (2)").click()
    manager.get_by_role("button", name="Run: change 2 pools").click()
    outcomes(manager, "done", "done")
    assert limits(manager, word) == ["5", "5"]
    manager.goto("/c/acme/batches/")
    expect(manager.get_by_role("heading", level=1)).to_be_visible()
    assert violations_in_both_themes(manager) == []


def test_a_list_runs_while_its_page_is_open_and_stops_when_told(
    manager: Page, core_fault: Fault
) -> None:
    count = preview(manager, "31")
    assert count > 10
    assert violations_in_both_themes(manager) == []
    expect(manager.locator(".batch-items tbody tr")).to_have_count(count)
    # Back is the form as it was, as often as one likes; Cancel keeps the ticks and the search.
    for _ in range(2):
        manager.go_back()
        expect(manager.get_by_label("Timeout", exact=True)).to_have_value("31")
        expect(manager.get_by_role("heading", level=1)).to_contain_text(f"Change {count} pools")
        manager.go_forward()
    manager.get_by_role("link", name="Cancel").click()
    expect(manager).to_have_url(re.compile("search=wholesale"))
    expect(manager.locator("#pool-table [name='pool']:checked")).to_have_count(1)
    manager.go_back()
    # The number is asked for first; Enter in its field sends nothing, and leads to the button.
    expect(manager.get_by_label(f"Type {count} to run it")).to_be_focused()
    manager.keyboard.type(str(count + 1))
    manager.keyboard.press("Control+Enter")
    wrong = manager.get_by_text("Nothing was sent.", exact=True)
    expect(wrong).to_be_visible()
    manager.get_by_label(f"Type {count} to run it").fill(str(count))
    manager.keyboard.press("Enter")
    expect(manager.get_by_role("button", name="Run: change")).to_be_focused()
    expect(manager.get_by_text("Nothing has been sent yet.")).to_be_visible()
    core_fault("latency=0.8")
    manager.get_by_role("button", name=f"Run: change {count} pools").click()
    expect(manager.get_by_role("button", name="Stop")).to_be_visible(timeout=2_000)
    expect(wrong).to_have_count(0)
    assert violations(manager) == []
    # What ended is in its line while the rest goes on.
    expect(manager.locator(".batch-items").get_by_text("done").first).to_be_visible(timeout=15_000)
    manager.get_by_role("button", name="Stop").click()
    expect(manager.locator(".batch-state")).to_contain_text("stopped", timeout=15_000)
    assert violations_in_both_themes(manager) == []
    core_fault("")
    manager.get_by_role("button", name="Continue").click()
    state = manager.locator(".batch-state")
    expect(state).to_contain_text(f"{count} of {count} · ended", timeout=30_000)
    expect(manager.locator("#announce")).to_contain_text(f"{count} done")
    manager.get_by_role("link", name=re.compile("^Done")).click()
    expect(manager.locator(".batch-items tbody tr")).to_have_count(count)
    narrow(manager)
    in_the_record(manager, "Set timeout to 31 s", count)


def narrow(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert violations(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})


def in_the_record(page: Page, title: str, count: int) -> None:
    """It is one line of the company's changes, which unfolds and folds again."""
    page.goto("/c/acme/changes/")
    line = page.locator("tr[id^='list-']").filter(has_text=title).first
    expect(line).to_contain_text(f"{count} done")
    expect(line).to_contain_text(f"{count} pools")
    unfolds = line.get_by_role("link", name=title)
    expect(unfolds).to_have_attribute("aria-expanded", "false")
    unfolds.focus()
    page.keyboard.press("Enter")
    expect(page.locator("tr.of-list")).to_have_count(count)
    expect(line).to_be_in_viewport()
    expect(page.locator("tr.of-list").first).to_be_in_viewport()
    if page.evaluate("Boolean(window.htmx)"):
        nothing_is_wrong(page, DARK_AND_NARROW)
        page.set_viewport_size(WIDE)
    line.get_by_role("link", name=title).click()
    expect(page.locator("tr.of-list")).to_have_count(0)


def test_without_scripts_continue_does_a_few_at_a_time(plain: Page) -> None:
    count = preview(plain, "32")
    plain.get_by_label(f"Type {count} to run it").fill(str(count))
    plain.get_by_role("button", name=re.compile("^Run")).click()
    state = plain.locator(".batch-state")
    for _ in range(20):
        if "ended" in state.inner_text():
            break
        plain.get_by_role("button", name="Continue").click()
    expect(state).to_contain_text(f"{count} of {count} · ended")
    plain.goto(MANY)
    expect(plain.locator("td.cell-timeout")).to_have_text(["32 s"] * count)
    in_the_record(plain, "Set timeout to 32 s", count)


# What reaches beyond the page, or is cut off where it stands.
LOST = """() => [...document.querySelectorAll(".batch-items :is(th, td, bdi, a)")]
.filter((each) => {
  const { right } = each.getBoundingClientRect();
  const hides = getComputedStyle(each).overflowX !== "visible";
  return right > innerWidth + 0.5 || (hides && each.scrollWidth > each.clientWidth + 1);
}).map((each) => each.outerHTML.slice(0, 90))"""

# Ids that stand beside the first line of a name that has several, away from its end.
ASTRAY = """() => [...document.querySelectorAll(".batch-items th:has(.pool-id)")]
.filter((each) => {
  const end = (of) => each.querySelector(of).getBoundingClientRect().bottom;
  return end(".pool-id") < end("bdi") - 8;
}).map((each) => each.innerText.slice(0, 90))"""


def test_on_a_phone_each_name_of_a_long_list_is_there_whole(manager: Page) -> None:
    manager.set_viewport_size({"width": 390, "height": 844})
    manager.goto("/c/acme/pools/?per_page=10")
    manager.locator("#pool-table [name='pool']").first.check()
    manager.locator("[name='matching']").click()
    manager.get_by_label("By", exact=True).fill("+1")
    manager.get_by_role("button", name="Preview").click()
    rows = manager.locator(".batch-items tbody tr")
    expect(rows.nth(200)).to_be_attached()
    manager.wait_for_load_state("networkidle")
    # The demo has names of 255 characters, from right to left, of emoji, with odd blanks.
    names = manager.locator(".batch-items .cell-pool bdi").all_text_contents()
    assert max(map(len, names)) == 255
    assert manager.evaluate(LOST) == []
    assert manager.evaluate(ASTRAY) == []
    assert manager.evaluate("document.documentElement.scrollWidth") == 390


def test_limited_and_left_by_back_a_list_goes_on_by_itself_once_it_is_returned_to(
    manager: Page, core_fault: Fault
) -> None:
    word = two_pools(manager)
    manager.goto(f"{POOLS}?search={word}&sort=name")
    manager.get_by_role("checkbox", name="All on this page").click()
    manager.get_by_role("button", name="Set limit").click()
    manager.get_by_label("To", exact=True).fill("9")
    manager.keyboard.press("Control+Enter")
    expect(manager.get_by_text("Nothing has been sent yet.")).to_be_visible()
    first = manager.url
    core_fault("rate-limit=5;only=get;times=1")
    manager.get_by_role("button", name="Run: change 2 pools").click()
    expect(manager.get_by_text("paused until")).to_be_visible(timeout=15_000)
    # Back is the form as it was; another list of the same leaves out what this one has not done.
    manager.go_back()
    expect(manager.get_by_role("heading", level=1)).to_contain_text("Change 2 pools")
    manager.get_by_role("button", name="Preview").click()
    expect(manager.get_by_text("It is on another list that is running.").first).to_be_visible()
    # To the first list again: nobody presses anything, and each pool is changed once.
    manager.goto(first)
    outcomes(manager, "done", "done")
    assert limits(manager, word) == ["9", "9"]
