"""The administration in a real browser."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.any_database


def test_a_connection_that_works_looks_like_it(admin: Page) -> None:
    admin.goto("/admin/pools/company/1/change/")
    admin.locator("#id_name").fill("Typed, and not saved")
    admin.get_by_role("button", name="Test connection").click()
    expect(admin.locator(".messagelist .success")).to_contain_text("The Core API answers here")
    expect(admin.locator(".errornote, .errorlist, .messagelist .error")).to_have_count(0)
    expect(admin.locator("#id_name")).to_have_value("Typed, and not saved")
    admin.locator("#id_base_url").fill("http://127.0.0.1:9/")
    admin.get_by_role("button", name="Test connection").click()
    expect(admin.locator(".messagelist .error")).to_contain_text("refused the connection")
    expect(admin.locator(".messagelist .success, .errornote")).to_have_count(0)
    admin.goto("/admin/pools/company/1/change/")
    expect(admin.locator("#id_name")).to_have_value("Acme")
