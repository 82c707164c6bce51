"""No axe-core violation on any page, light and dark, wide and narrow."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import Demo, let_in

pytestmark = pytest.mark.any_database
PAGES = [
    "/?all", "/c/acme/pools/", "/c/acme/pools/?search=nothing-like-it", "/c/acme/pools/?page=999",
    "/c/acme/pools/?per_page=7", "/c/acme/pools/3/", "/c/acme/pools/new/",
    "/c/acme/pools/3/edit/", "/c/acme/pools/3/clear/", "/c/acme/pools/3/delete/",
    "/c/blank/pools/", "/c/acme/pools/999999/", "/c/nobody/pools/", "/tokens/", "/tokens/add/",
    "/help/#unknown",
    "/account/", "/accounts/password/change/", "/accounts/logout/",
]  # fmt: skip
# No colour depends on the width: one theme is enough where it is narrow.
SEEN: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 800}},
}


@pytest.fixture(params=SEEN, scope="module")
def visitor(
    request: pytest.FixtureRequest,
    browser: Browser,
    browser_context_args: dict[str, Any],
    demo: Demo,
) -> Iterator[Page]:
    context = browser.new_context(**browser_context_args | SEEN[request.param])
    with let_in(context, demo.url, "manager"):
        yield context.new_page()
    context.close()


@pytest.mark.parametrize("address", PAGES)
def test_no_violation_and_no_sideways_scrolling(visitor: Page, address: str) -> None:
    visitor.goto(address)
    assert violations(visitor) == []
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert visitor.evaluate(width) == 0


def test_the_open_dialog_has_no_violation(visitor: Page) -> None:
    visitor.goto("/c/acme/pools/3/")
    visitor.get_by_role("link", name="Delete pool").click()
    visitor.get_by_role("dialog").get_by_role("button", name="Delete permanently").wait_for()
    assert violations(visitor) == []


def test_the_sign_in_page_has_no_violation(visitor: Page, browser: Browser) -> None:
    stranger = browser.new_page()
    stranger.goto(f"{visitor.url.split('/c/')[0]}/accounts/login/")
    assert violations(stranger) == []
    stranger.close()


def test_a_companys_form_has_no_violation_before_and_after_the_test(admin: Page) -> None:
    admin.goto("/companies/")
    assert violations(admin) == []
    admin.get_by_role("link", name="Edit: Acme").click()
    assert violations(admin) == []
    admin.get_by_label("Name", exact=True).fill("Typed")
    admin.get_by_role("button", name="Test connection").click()
    expect(admin.locator("#connection .notice-success")).to_have_count(2)
    expect(admin.get_by_label("Name", exact=True)).to_have_value("Typed")
    expect(admin.get_by_role("button", name="Test connection")).to_be_focused()
    assert violations(admin) == []
