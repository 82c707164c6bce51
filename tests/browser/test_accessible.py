"""No axe-core violation on any page; each is opened once, and how it is looked at is in axe.py."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import (
    LIGHT_AND_WIDE,
    LOOKS,
    WIDE,
    Look,
    by_turns,
    nothing_is_wrong,
    violations,
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


@pytest.mark.parametrize(("address", "look"), by_turns(PAGES))
def test_no_violation_and_no_sideways_scrolling(visitor: Page, address: str, look: Look) -> None:
    visitor.goto(address)
    nothing_is_wrong(visitor, look)


def test_the_open_dialog_has_no_violation(visitor: Page) -> None:
    visitor.set_viewport_size(WIDE)
    visitor.goto("/c/acme/pools/3/")
    visitor.get_by_role("link", name="Delete pool").click()
    visitor.get_by_role("dialog").get_by_role("button", name="Delete permanently").wait_for()
    for look in LOOKS:
        nothing_is_wrong(visitor, look)


def test_the_sign_in_page_has_no_violation(page: Page) -> None:
    page.goto("/accounts/login/?ticket=ZD-4711")
    nothing_is_wrong(page, LIGHT_AND_WIDE)


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
