"""Names, ids and reasons are left as they are: by translators, keyboards and spelling checks."""

from collections.abc import Iterable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Fault
from tests.browser.pools import new_pool

pytestmark = pytest.mark.any_database


# A page that is only asked for: the browser reads it, and neither draws it nor runs what it has.
ASKED_FOR = """async (address) => {
  const answer = await fetch(address);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}"""
# Texts that a translator would be let at, of those that hold one of the words: some do.
TRANSLATED = """(page, words) => {
  const found = [];
  let held = 0;
  const texts = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    if (parentElement.closest("script, style, template")) continue;
    if (!words.some((word) => data.includes(word))) continue;
    held += 1;
    if (parentElement.translate) found.push(data.trim());
  }
  return held ? found : ["none of the words"];
}"""
# What people write in words of their own, and what a browser checks as they wish.
PROSE = ["reason", "label", "full_name", "first_name", "last_name", "ids_began_again"]
TYPED = """(page, prose) => [...page.querySelectorAll("input:not([hidden]), textarea")]
    .filter((each) => ["text", "search", "email", "url", "textarea"].includes(each.type))
    .filter((each) => each.name && each.inputMode !== "numeric" && !prose.includes(each.name))
    .filter((each) => each.getAttribute("autocapitalize") !== "none"
        || each.getAttribute("autocorrect") !== "off" || each.spellcheck)
    .map((each) => each.name)"""


def found(page: Page, what: str, words: list[str]) -> object:
    """On the page that is shown."""
    return page.evaluate(f"(words) => ({what})(document, words)", words)


def found_at(page: Page, addresses: Iterable[str], what: str, words: list[str]) -> object:
    """On each of these pages where something is; each has a heading, or it is none of ours."""
    return page.evaluate(
        f"""async ([addresses, words]) => Object.fromEntries((await Promise.all(addresses.map(
            async (address) => {{
              const page = await ({ASKED_FOR})(address);
              return [address, page.querySelector("h1") ? ({what})(page, words) : ["no page"]];
            }}))).filter(([, found]) => found.length))""",
        [list(addresses), words],
    )


def test_no_translator_touches_a_name_an_id_or_a_reason(manager: Page, core_fault: Fault) -> None:
    pool = new_pool(manager)
    manager.goto(pool)
    name = manager.get_by_role("heading", level=1).locator("bdi").first.inner_text()
    words = [name.partition(" ")[2], name, "Beleg", "manager", "Acme"]
    manager.get_by_role("link", name="Edit", exact=True).click()
    manager.get_by_label("Limit").fill("12")
    manager.get_by_label("Reason").fill("Beleg 12")
    manager.get_by_role("button", name="Save changes").click()
    expect(manager.locator("#outcome")).to_contain_text("limit 5 → 12")
    assert found(manager, TRANSLATED, words) == []
    manager.get_by_role("region", name="History").locator("h3 a").first.click()
    expect(manager.get_by_role("heading", name="Before and after")).to_be_visible()
    assert found(manager, TRANSLATED, words) == []
    forms = [f"{pool}{form}" for form in ("edit/", "clear/", "delete/")]
    assert found_at(manager, forms, TRANSLATED, words) == {}
    manager.goto(f"{pool}delete/")
    manager.get_by_label("Reason").fill("Beleg 13")
    core_fault("status=500;only=writes")
    manager.get_by_role("button", name="Delete permanently").click()
    expect(manager.locator("#outcome")).to_contain_text(name)
    assert found(manager, TRANSLATED, words) == []
    pages = [
        *("/c/acme/pools/", "/c/acme/changes/", "/changes/", "/tokens/", "/"),
        *("/c/acme/pools/?search=nothing-like-Beleg", "/account/"),
    ]
    assert found_at(manager, pages, TRANSLATED, words) == {}


PEOPLE = ["/people/", "/people/3/", "/people/3/roles/", "/people/3/disable/"]
FORMS = [
    *("/c/acme/pools/", "/c/acme/pools/new/", "/c/acme/pools/3/edit/"),
    *("/c/acme/pools/3/delete/", "/changes/", "/changes/?kind=events", "/tokens/add/"),
    *("/people/invite/", "/companies/acme/", "/companies/new/"),
]
OUTSIDE = [
    *("/accounts/login/", "/accounts/password/forgotten/", "/accounts/password/code/"),
    "/join/",
]


def test_no_translator_touches_a_person_and_no_keyboard_corrects_a_name_or_a_code(
    admin: Page,
) -> None:
    admin.goto("/people/")
    assert found_at(admin, PEOPLE, TRANSLATED, ["manager", "Acme", "admin"]) == {}
    assert found_at(admin, FORMS, TYPED, PROSE) == {}


def test_no_keyboard_corrects_who_signs_in(page: Page) -> None:
    page.goto(OUTSIDE[0])
    assert found_at(page, OUTSIDE, TYPED, PROSE) == {}
