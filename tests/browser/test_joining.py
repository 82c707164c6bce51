"""An invitation is one page, and leads to what a first token is."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Demo

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize("name", ["newcomer", "Zoë.שלום"])
def test_a_link_leads_straight_to_the_password_and_on_to_the_first_token(
    admin: Page, browser: Browser, demo: Demo, name: str
) -> None:
    admin.goto("/people/invite/")
    admin.get_by_label("User name").fill(name)
    admin.get_by_role("checkbox", name=re.compile("^Operator")).check()
    admin.get_by_role("button", name="Create invitation").click()
    page = browser.new_page()
    page.goto(admin.locator("#link").inner_text())
    expect(page.get_by_text(f"From now on you sign in as {name}")).to_be_visible()
    assert page.url.endswith("/join/")
    page.get_by_label("Password", exact=True).fill("long-enough-for-them-7")
    page.get_by_label("Repeat the password").fill("long-enough-for-them-7")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your first token")).to_be_visible()
    page.get_by_role("link", name="Add token", exact=True).click()
    expect(page.get_by_label("Company")).to_have_value("acme")
    page.close()
