"""A colleague got ahead of an edit: what they did stands at the field, and Enter saves."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pools import conflict


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
