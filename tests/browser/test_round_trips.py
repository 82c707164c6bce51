"""One judge of each value, and no value that nobody asked for: in a real browser."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from selectolax.lexbor import LexborHTMLParser

from tests.browser.conftest import Demo, let_in
from tests.browser.pools import POOLS, Filled, filled_in, new_pool

pytestmark = pytest.mark.any_database

LINE_BREAK = """() => {
  const box = document.createElement("textarea");
  box.name = "name";
  box.textContent = `Two\\nlines ${Math.random()}`;
  document.getElementById("id_name").replaceWith(box);
}"""


def new_pool_with_a_line_break(page: Page) -> str:
    page.goto("/c/acme/pools/new/")
    page.evaluate(LINE_BREAK)
    page.get_by_label("Limit").fill("5")
    page.get_by_role("button", name="Create pool").click()
    page.wait_for_url(re.compile(r"/pools/\d+/$"))
    return page.url


def test_changing_the_limit_leaves_a_name_with_a_line_break_alone(manager: Page) -> None:
    pool = new_pool_with_a_line_break(manager)
    manager.goto(f"{pool}edit/")
    expect(manager.get_by_text("This name has a line break in it")).to_be_visible()
    manager.get_by_label("Limit").fill("6")
    manager.get_by_role("button", name="Save changes").click()
    manager.wait_for_url(pool)
    expect(manager.locator("#outcome")).to_contain_text("limit 5 → 6.")
    expect(manager.locator("#outcome")).not_to_contain_text("name")


TYPED = [
    "1.000",
    "1,000",
    "1_000",
    "1e3",
    "+5",
    "５",
    "0",
    "-3",
    "007",
    " 12 ",
    "5\ufeff",
    "\x1f\u2003\ufeff5\x85\u3000\xa0",
    "5\u200b",
    "2147483647",
    "2147483648",
    "99999999999999999999999999999999999999999999999999",
]


Judges = Callable[[str, str], list[list[str]]]


@pytest.fixture(scope="module")
def judged(browser: Browser, browser_context_args: dict[str, Any], demo: Demo) -> Iterator[Judges]:
    """What the page itself, and the server, say of what was typed into a field."""
    context = browser.new_context(**browser_context_args)
    with let_in(context, demo.url, "manager"):
        page = context.new_page()
        page.goto("/c/acme/pools/new/")
        form = filled_in(page, f"{POOLS}new/")

        def said(label: str, typed: str) -> list[list[str]]:
            page.get_by_label("Name").fill("")
            page.get_by_label("Timeout").fill("")
            page.get_by_label(label).fill(typed)
            page.get_by_label("Limit").focus()
            errors = f".field-{label.lower()} .errorlist"
            sent: Filled = {**form, label.lower(): typed}
            refused = LexborHTMLParser(context.request.post(f"{POOLS}new/", form=sent).text())
            assert refused.css(".field-limit .errorlist")
            by_server = [each.text(strip=True) for each in refused.css(errors)]
            return [page.locator(errors).all_inner_texts(), by_server]

        yield said
    context.close()


@pytest.mark.parametrize("typed", TYPED)
def test_the_page_and_the_server_say_the_same_of_a_number(judged: Judges, typed: str) -> None:
    page, server = judged("Timeout", typed)
    assert page == server


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("😀" * 300, "At most 255 characters; this has 300."),
        ("\ufeff \x1f\ufeff", "This field is required."),
    ],
)
def test_the_page_and_the_server_say_the_same_of_a_name(
    judged: Judges, typed: str, sentence: str
) -> None:
    assert judged("Name", typed) == [[sentence]] * 2


def test_what_is_left_alone_is_not_judged(manager: Page) -> None:
    pool = new_pool(manager)
    manager.goto(f"{pool}edit/")
    limit = manager.get_by_label("Limit")
    limit.fill("no number")
    limit.blur()
    expect(manager.locator(".field-limit .errorlist")).to_have_count(1)
    limit.fill("5")
    limit.blur()
    expect(manager.locator(".field-limit .errorlist")).to_have_count(0)
