"""Names, ids and reasons are left as they are: by translators, keyboards and spelling checks."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Demo, Fault, let_in
from tests.browser.pools import new_pool

pytestmark = pytest.mark.any_database


# Texts that a translator would be let at, of those that hold one of the words.
TRANSLATED = """(words) => {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    if (parentElement.closest("script, style, template")) continue;
    if (!parentElement.translate) continue;
    if (words.some((word) => data.includes(word))) found.push(data.trim());
  }
  return found;
}"""
# What people write in words of their own, and what a browser checks as they wish.
PROSE = ["reason", "label", "full_name", "first_name", "last_name", "ids_began_again"]
TYPED = """(prose) => [...document.querySelectorAll("input:not([hidden]), textarea")]
    .filter((each) => ["text", "search", "email", "url", "textarea"].includes(each.type))
    .filter((each) => each.name && each.inputMode !== "numeric" && !prose.includes(each.name))
    .filter((each) => each.getAttribute("autocapitalize") !== "none"
        || each.getAttribute("autocorrect") !== "off" || each.spellcheck)
    .map((each) => each.name)"""


@pytest.fixture
def administrator(
    browser: Browser, browser_context_args: dict[str, Any], demo: Demo
) -> Iterator[Page]:
    context = browser.new_context(**browser_context_args)
    with let_in(context, demo.url, "admin"):
        yield context.new_page()
    context.close()


def test_no_translator_touches_a_name_an_id_or_a_reason(
    manager: Page, administrator: Page, core_fault: Fault
) -> None:
    pool = new_pool(manager)
    manager.goto(pool)
    name = manager.get_by_role("heading", level=1).locator("bdi").first.inner_text()
    words = [name.partition(" ")[2], name, "Beleg", "manager", "Acme"]
    manager.get_by_role("link", name="Edit", exact=True).click()
    manager.get_by_label("Limit").fill("12")
    manager.get_by_label("Reason").fill("Beleg 12")
    manager.get_by_role("button", name="Save changes").click()
    expect(manager.locator("#outcome")).to_contain_text("limit 5 → 12")
    assert manager.evaluate(TRANSLATED, words) == []
    manager.get_by_role("region", name="History").locator("h3 a").first.click()
    expect(manager.get_by_role("heading", name="Before and after")).to_be_visible()
    assert manager.evaluate(TRANSLATED, words) == []
    for address in ("edit/", "clear/", "delete/"):
        manager.goto(f"{pool}{address}")
        assert manager.evaluate(TRANSLATED, words) == []
    manager.get_by_label("Reason").fill("Beleg 13")
    core_fault("status=500;only=writes")
    manager.get_by_role("button", name="Delete permanently").click()
    expect(manager.locator("#outcome")).to_contain_text(name)
    for address in ("/c/acme/pools/", "/c/acme/changes/", "/changes/", "/tokens/", "/"):
        manager.goto(address)
        assert (address, manager.evaluate(TRANSLATED, words)) == (address, [])
    manager.goto("/c/acme/pools/?search=nothing-like-Beleg")
    assert manager.evaluate(TRANSLATED, words) == []
    manager.goto("/account/")
    assert manager.evaluate(TRANSLATED, words) == []
    for address in ("/people/", "/people/3/", "/people/3/roles/", "/people/3/disable/"):
        administrator.goto(address)
        assert (address, administrator.evaluate(TRANSLATED, words)) == (address, [])


FORMS = [
    *("/c/acme/pools/", "/c/acme/pools/new/", "/c/acme/pools/3/edit/"),
    *("/c/acme/pools/3/delete/", "/changes/", "/changes/?kind=events", "/tokens/add/"),
    *("/people/invite/", "/companies/acme/", "/companies/new/"),
]
OUTSIDE = [
    *("/accounts/login/", "/accounts/password/forgotten/", "/accounts/password/code/"),
    "/join/",
]


def test_no_keyboard_corrects_a_name_or_a_code(administrator: Page) -> None:
    for address in FORMS:
        administrator.goto(address)
        assert (address, administrator.evaluate(TYPED, PROSE)) == (address, [])


def test_no_keyboard_corrects_who_signs_in(page: Page) -> None:
    for address in OUTSIDE:
        page.goto(address)
        assert (address, page.evaluate(TYPED, PROSE)) == (address, [])
