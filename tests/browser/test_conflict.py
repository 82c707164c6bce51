"""A colleague got ahead of an edit: what they did stands at the field, and Enter saves."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pools import edit, new_pool


def conflict(page: Page) -> str:
    """An edit of a limit to 9, after a colleague had set it to 7; the address of the pool."""
    pool = new_pool(page)
    page.goto(pool)
    if page.evaluate("document.documentElement.matches('.js')"):
        page.get_by_role("link", name="Edit", exact=True).click()
    else:
        page.goto(f"{pool}edit/")
    expect(page.get_by_label("Limit")).to_be_focused()
    edit(page, pool, limit="7")
    page.get_by_label("Limit").fill("9")
    page.get_by_label("Reason").fill("ZD-1")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("manager changed it: 5 → 7")).to_be_visible()
    return pool


@pytest.mark.parametrize("who", ["manager", "plain"])
def test_keep_theirs_leaves_the_rest_of_what_was_typed(
    request: pytest.FixtureRequest, who: str
) -> None:
    page: Page = request.getfixturevalue(who)
    conflict(page)
    page.get_by_role("button", name="Keep theirs").click()
    expect(page.get_by_label("Limit")).to_have_value("7")
    expect(page.get_by_label("Limit")).to_be_focused()
    expect(page.get_by_label("Reason")).to_have_value("ZD-1")
    expect(page.get_by_text("changed it")).to_have_count(0)


def test_enter_saves_what_was_typed(manager: Page) -> None:
    pool = conflict(manager)
    manager.get_by_label("Limit").press("Enter")
    expect(manager.locator("#outcome")).to_contain_text("limit 7 → 9")
    assert manager.url == pool
