"""No axe-core violation on any page, light and dark, wide and narrow.

Each page is opened once: only its colours depend on the theme, and only its layout on the width.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.axe import (
    NARROW,
    WIDE,
    nothing_is_wrong,
    violations,
    violations_in_both_themes,
)
from tests.browser.conftest import Demo, let_in
from tests.fixtures.sampling import PROOF

# make proof has more looks: see axe.py.
pytestmark = [pytest.mark.any_database, *([pytest.mark.proof] if PROOF else [])]
PAGES = [
    "/?ticket=ZD-4711", "/c/acme/pools/", "/c/acme/pools/?search=nothing-like-it",
    "/c/acme/pools/?page=999",
    "/c/acme/pools/?per_page=7", "/c/acme/pools/3/", "/c/acme/pools/new/",
    "/c/acme/pools/3/edit/", "/c/acme/pools/3/clear/?ticket=ZD-4711",
    "/c/acme/pools/3/delete/",
    "/c/blank/pools/", "/c/acme/pools/999999/", "/c/nobody/pools/", "/tokens/", "/tokens/add/",
    "/c/acme/pools/?system=NetSuite", "/c/acme/pools/?system=", "/c/acme/pools/read/",
    "/find/?q=acme+shopify", "/find/?q=shopfy",
    "/help/#unknown",
    "/help/stuck/", "/c/acme/changes/evidence/",
    "/account/", "/accounts/password/change/", "/accounts/logout/",
    "/c/acme/note/", "/c/acme/pools/3/note/", "/c/acme/allowances/?system=NetSuite",
    "/c/acme/pools/named/?name=Shopify+orders", "/c/acme/batches/", "/tokens/acme/replace/",
    "/tokens/acme/remove/", "/nowhere/", "/people/",
]  # fmt: skip


@pytest.fixture(scope="module")
def visitor(browser: Browser, browser_context_args: dict[str, Any], demo: Demo) -> Iterator[Page]:
    context = browser.new_context(**browser_context_args)
    with let_in(context, demo.url, "manager"):
        yield context.new_page()
    context.close()


@pytest.mark.parametrize("address", PAGES)
def test_no_violation_and_no_sideways_scrolling(visitor: Page, address: str) -> None:
    visitor.goto(address)
    nothing_is_wrong(visitor)


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_open_dialog_has_no_violation(visitor: Page, size: ViewportSize) -> None:
    visitor.set_viewport_size(size)
    visitor.goto("/c/acme/pools/3/")
    visitor.get_by_role("link", name="Delete pool").click()
    visitor.get_by_role("dialog").get_by_role("button", name="Delete permanently").wait_for()
    assert violations_in_both_themes(visitor) == []


def test_the_sign_in_page_has_no_violation(page: Page) -> None:
    page.goto("/accounts/login/?ticket=ZD-4711")
    nothing_is_wrong(page)


def test_a_companys_form_has_no_violation_before_and_after_the_test(admin: Page) -> None:
    admin.goto("/companies/")
    assert violations(admin) == []
    admin.get_by_role("main").get_by_role("link", name="Acme", exact=True).click()
    assert violations(admin) == []
    admin.get_by_label("Name", exact=True).fill("Typed")
    admin.get_by_role("button", name="Test connection").click()
    expect(admin.locator("#connection .notice-success")).to_have_count(2)
    expect(admin.get_by_label("Name", exact=True)).to_have_value("Typed")
    expect(admin.get_by_role("button", name="Test connection")).to_be_focused()
    assert violations(admin) == []
