"""Pools made, edited and held in the browser."""

import re
from uuid import uuid4

from playwright.sync_api import Locator, Page

from tests.browser.conftest import Fault


def new_pool(page: Page) -> str:
    """The address of a new pool with limit 5."""
    page.goto("/c/acme/pools/new/")
    page.get_by_label("Name").fill(f"Pool {uuid4().hex[:8]}")
    page.get_by_label("Limit").fill("5")
    page.get_by_role("button", name="Create pool").click()
    page.wait_for_url(re.compile(r"/pools/\d+/$"))
    return page.url


def edit(page: Page, pool: str, **values: str) -> None:
    page.goto(f"{pool}edit/")
    for label, value in values.items():
        page.get_by_label(label.capitalize()).fill(value)
    page.get_by_role("button", name="Save changes").click()
    page.wait_for_url(pool)


def entry(page: Page, number: int) -> Locator:
    return page.get_by_role("region", name="History").get_by_role("listitem").nth(number)


def hold(page: Page, core_fault: Fault, **values: str) -> str:
    """A new pool that a change of unknown outcome holds."""
    pool = new_pool(page)
    core_fault("status=500;only=writes")
    edit(page, pool, **(values or {"limit": "12"}))
    core_fault("")
    return pool
