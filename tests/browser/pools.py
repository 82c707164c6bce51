"""Pools made, edited and held for the browser to look at.

The panel's own forms make them, and nobody looks at these: test_whole_job.py fills them in.
"""

from typing import Final
from uuid import uuid4

from playwright.sync_api import APIResponse, Locator, Page, expect
from selectolax.lexbor import LexborHTMLParser

from tests.browser.conftest import Fault

POOLS: Final = "/c/acme/pools/"


Filled = dict[str, str | float | bool]


def filled_in(page: Page, address: str) -> Filled:
    """What the form at an address has in its fields, those that are hidden too."""
    forms = LexborHTMLParser(page.context.request.get(address).text()).css("form")
    (form,) = (form for form in forms if form.css_first("[name=form_id]"))
    return {
        str(field.attributes["name"]): field.attributes.get("value") or field.text()
        for field in form.css("[name]")
    }


def send(page: Page, address: str, values: dict[str, str]) -> APIResponse:
    """The answer to the form at an address, sent with these values as a browser sends it."""
    form: Filled = {**filled_in(page, address), **values}
    return page.context.request.post(address, form=form)


def _sent(page: Page, address: str, values: dict[str, str]) -> str:
    """Where the form leads: to the pool that it has made or changed."""
    answer = send(page, address, values)
    assert answer.ok, answer.text()
    return answer.url


def new_pool(page: Page, **values: str) -> str:
    """The address of a new pool, with limit 5 where nothing else is said."""
    values = {"name": f"Pool {uuid4().hex[:8]}", "limit": "5"} | values
    return _sent(page, f"{POOLS}new/", values)


def edit(page: Page, pool: str, **values: str) -> None:
    assert _sent(page, f"{pool}edit/", values) == pool


def open_edited(page: Page) -> str:
    """The address of a new pool, whose limit was then raised from 5 to 12; it is open."""
    pool = new_pool(page)
    edit(page, pool, limit="12")
    page.goto(pool)
    return pool


def entry(page: Page, number: int) -> Locator:
    return page.get_by_role("region", name="History").get_by_role("listitem").nth(number)


def hold(page: Page, core_fault: Fault) -> str:
    """A new pool that a change of unknown outcome holds; it is open."""
    pool = new_pool(page)
    core_fault("status=500;only=writes")
    edit(page, pool, limit="12")
    core_fault("")
    page.goto(pool)
    return pool


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
