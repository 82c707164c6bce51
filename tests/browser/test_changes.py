"""The pages of changes in a real browser: filters, exports, copying, with and without a script."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import DARK_AND_NARROW, WIDE, Look, by_turns, nothing_is_wrong
from tests.browser.conftest import Demo, let_in
from tests.browser.pools import new_pool
from tests.fixtures.sampling import PROOF

# make proof has more looks: see axe.py.
pytestmark = [pytest.mark.any_database, *([pytest.mark.proof] if PROOF else [])]

CHANGES = "/c/acme/changes/"


def filter_by_words(page: Page, word: str) -> None:
    page.goto(CHANGES)
    page.get_by_label("Words in the reason").fill(word)
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile(f"words={word}"))
    expect(page.locator(".record tbody tr:not(.day)")).to_have_count(1)


@pytest.fixture(scope="module")
def visitor(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    context = browser.new_context(**browser_context_args)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def word(visitor: Page, demo: Demo) -> str:
    """The reason of one change, and of no other."""
    word = f"w{uuid4().hex[:8]}"
    with let_in(visitor.context, demo.url, "manager"):
        new_pool(visitor, reason=word)
    visitor.context.clear_cookies()
    return word


def test_filtering_keeps_the_address(manager: Page, word: str) -> None:
    filter_by_words(manager, word)
    manager.reload()
    expect(manager.locator(".record tbody tr:not(.day)")).to_have_count(1)
    expect(manager.get_by_label("Words in the reason")).to_have_value(word)


def test_filtering_without_javascript(plain: Page, word: str) -> None:
    filter_by_words(plain, word)
    plain.locator(".opens").click()
    expect(plain.locator("#change-text")).to_contain_text(f"Reason: {word}")


def test_a_line_opens_where_it_is_clicked_and_by_enter(manager: Page, word: str) -> None:
    manager.goto(f"{CHANGES}?words={word}")
    manager.locator(".cell-reason").get_by_text(word).click()
    expect(manager).to_have_url(re.compile(r"/changes/[0-9a-f-]{36}/$"))
    manager.go_back()
    expect(manager.locator(".opens")).to_have_count(1)
    manager.keyboard.press("j")
    manager.keyboard.press("Enter")
    expect(manager).to_have_url(re.compile(r"/changes/[0-9a-f-]{36}/$"))


def test_a_reason_can_be_marked_without_opening_its_line(manager: Page, word: str) -> None:
    manager.goto(f"{CHANGES}?words={word}")
    box = manager.locator(".cell-reason .reason").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    manager.mouse.move(box["x"], middle)
    manager.mouse.down()
    manager.mouse.move(box["x"] + box["width"], middle)
    manager.mouse.up()
    assert manager.evaluate("String(getSelection())").strip() == word
    expect(manager).to_have_url(re.compile(f"words={word}"))


def test_an_export_is_a_file_and_can_be_asked_for_twice(manager: Page, word: str) -> None:
    manager.goto(f"{CHANGES}?words={word}")
    for kind in ("CSV", "JSON"):
        with manager.expect_download() as download:
            manager.get_by_role("button", name=f"Export {kind}").click()
        assert word in download.value.path().read_text()


def test_copying_as_text(manager: Page, word: str) -> None:
    manager.goto(f"{CHANGES}?words={word}")
    manager.locator(".opens").click()
    manager.context.grant_permissions(["clipboard-read", "clipboard-write"])
    manager.get_by_role("button", name="Copy as text").click()
    expect(manager.locator("#announce")).to_have_text("Copied.")
    assert f"Reason: {word}" in manager.evaluate("navigator.clipboard.readText()")


@pytest.fixture(scope="module")
def auditor(visitor: Page, word: str, demo: Demo) -> Iterator[Page]:
    with let_in(visitor.context, demo.url, "auditor"):
        yield visitor


LISTS = ["/changes/", CHANGES, "/changes/?kind=events", "/changes/?who=nobody", "/changes/?from=x"]


@pytest.mark.parametrize(("address", "look"), by_turns(LISTS))
def test_no_violation(auditor: Page, address: str, look: Look) -> None:
    auditor.set_viewport_size(WIDE)
    auditor.goto(address)
    for details in auditor.locator("summary").all():
        if details.is_visible():
            details.click()
    nothing_is_wrong(auditor, look)


def test_one_change_has_no_violation_and_fits_a_phone(auditor: Page, word: str) -> None:
    auditor.goto(f"{CHANGES}?words={word}")
    auditor.locator(".opens").click()
    expect(auditor.get_by_role("heading", name="Before and after")).to_be_visible()
    nothing_is_wrong(auditor, DARK_AND_NARROW)


def test_a_name_of_two_lines_leaves_the_other_cells_at_its_first(manager: Page, word: str) -> None:
    manager.goto(f"{CHANGES}?words={word}")
    tops = manager.evaluate(
        """() => {
          const name = document.querySelector(".record .cell-pool bdi");
          name.textContent = "Orders of the other warehouse ".repeat(4);
          return [name, document.querySelector(".record .cell-time time")].map(
            (cell) => cell.getBoundingClientRect().top);
        }"""
    )
    assert abs(tops[0] - tops[1]) < 6


def test_every_sort_arrow_stands_behind_its_word(manager: Page) -> None:
    manager.goto("/c/acme/pools/")
    behind = manager.evaluate(
        """() => [...document.querySelectorAll(".pools thead a[id]")].map((link) => {
          const word = document.createRange();
          word.selectNode(link.firstChild);
          return link.querySelector("svg").getBoundingClientRect().left
            >= word.getBoundingClientRect().right;
        })"""
    )
    assert behind == [True, True, True]
