"""What axe finds on the pages that refuse, on one that waits, and on a change as it is printed."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.axe import DARK_AND_NARROW, LIGHT_AND_WIDE, WIDE, Look, nothing_is_wrong
from tests.browser.conftest import Demo, Fault
from tests.browser.pools import edit, new_pool
from tests.fixtures.sampling import PROOF

# make proof has more looks: see axe.py.
pytestmark = [pytest.mark.any_database, *([pytest.mark.proof] if PROOF else [])]
POOLS: Final = "/c/acme/pools/"
PAPER: Final[ViewportSize] = {"width": 794, "height": 1123}
# Around a pool, and before its name.
ROOM: Final = """() => {
    const [row, name] = ["tr", "th"].map((each) =>
        getComputedStyle(document.querySelector(`#pool-table tbody ${each}`)));
    return [row.paddingTop, row.paddingBottom, name.paddingLeft];
}"""
# As a browser sends a form that somebody has altered, or that is of another session.
SEND: Final = """([address, fields]) => {
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: address });
    for (const [name, value] of Object.entries(fields)) {
        const field = document.createElement("textarea");
        Object.assign(field, { name, value });
        form.append(field);
    }
    document.body.append(form);
    form.submit();
}"""


def send(page: Page, address: str, **fields: str) -> None:
    with page.expect_navigation():
        page.evaluate(SEND, [address, fields])


def is_right(page: Page, look: Look, sentence: str | re.Pattern[str]) -> None:
    expect(page.locator("main")).to_contain_text(sentence)
    nothing_is_wrong(page, look)
    page.set_viewport_size(WIDE)


def word_of_the_form(page: Page) -> str:
    form = page.context.request.get("/accounts/login/").text()
    word = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    assert word
    return word[1]


@contextmanager
def locked(demo: Demo, how: str) -> Iterator[None]:
    """Nobody else writes into the database then (IMMEDIATE), or nobody reads it (EXCLUSIVE)."""
    with closing(sqlite3.connect(demo.database, isolation_level=None)) as database:
        database.execute(f"BEGIN {how}")
        yield
        database.execute("ROLLBACK")


def test_what_was_sent_or_asked_is_refused(page: Page, demo: Demo) -> None:
    page.goto(demo.url.replace("127.0.0.1", "panel.localhost"))
    is_right(page, LIGHT_AND_WIDE, "We couldn't understand this request.")
    page.goto("/limited/")
    is_right(page, DARK_AND_NARROW, "Too many attempts.")
    page.context.clear_cookies()
    send(page, "/accounts/login/", login="ada")
    is_right(page, LIGHT_AND_WIDE, "This form has expired.")
    token = word_of_the_form(page)
    send(page, "/accounts/login/", csrfmiddlewaretoken=token, login="x" * 3_000_000)
    is_right(page, DARK_AND_NARROW, "This is too large to send.")
    page.goto(f"/accounts/login/?{'x' * 40_000}")
    is_right(page, LIGHT_AND_WIDE, "This address is too long.")
    wrong = {"login": "who-is-locked", "password": "wrong"}
    for _ in range(5):
        word = word_of_the_form(page)
        page.request.post("/accounts/login/", form={**wrong, "csrfmiddlewaretoken": word})
    word = word_of_the_form(page)
    send(page, "/accounts/login/", csrfmiddlewaretoken=word, **wrong)
    is_right(page, DARK_AND_NARROW, "Too many failed attempts. Wait a few minutes, then try again.")


def test_a_page_that_fails_and_a_database_that_refuses(manager: Page, demo: Demo) -> None:
    manager.goto("/broken/")
    is_right(manager, LIGHT_AND_WIDE, "The panel had an error.")
    pool = new_pool(manager)
    manager.goto(f"{pool}edit/")
    manager.get_by_label("Limit").fill("7")
    with locked(demo, "IMMEDIATE"):
        manager.get_by_role("button", name="Save changes").click()
        is_right(manager, DARK_AND_NARROW, "Nothing was")
    manager.goto(f"{pool}edit/")
    manager.get_by_label("Limit").fill("8")
    with locked(demo, "EXCLUSIVE"):
        manager.get_by_role("button", name="Save changes").click()
        is_right(manager, LIGHT_AND_WIDE, "Your entries are kept on this page.")
        manager.goto(pool)
        is_right(manager, DARK_AND_NARROW, "The panel's database is busy")
    manager.get_by_role("link", name="Try again").click()
    expect(manager.get_by_role("region", name="History")).to_be_visible()


def test_reading_all_pools_that_pauses(manager: Page, core_fault: Fault) -> None:
    core_fault("rate-limit=300;only=list")
    manager.goto(f"{POOLS}read/")
    manager.get_by_role("button", name="Read all pools").click()
    is_right(manager, LIGHT_AND_WIDE, "Paused until")


def test_a_change_and_pools_as_they_are_printed(manager: Page) -> None:
    pool = new_pool(manager)
    edit(manager, pool, limit="12", reason="ZD-4711")
    manager.goto(pool)
    manager.get_by_role("link", name=re.compile("raised the limit")).click()
    manager.emulate_media(media="print")
    is_right(manager, DARK_AND_NARROW, "ZD-4711")
    # Nor do lines of pools keep room for what can only be pressed.
    manager.set_viewport_size(PAPER)
    manager.goto(POOLS)
    assert manager.evaluate(ROOM) == ["9.6px", "9.6px", "0px"]
    manager.emulate_media(media="screen")
    manager.set_viewport_size(WIDE)
