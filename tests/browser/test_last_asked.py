"""What was asked of a list last is what it shows, with all that was asked before; and while Core
fails, what it showed stays.
"""

import re
from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Page, expect
from selectolax.lexbor import LexborHTMLParser

from pools.views.page_sizes import CHANGES as CHANGES_OF_A_PAGE
from tests.browser.conftest import Fault

pytestmark = pytest.mark.any_database
POOLS = "/c/acme/pools/"
CHANGES = "/c/acme/changes/"
Act = Callable[[Page], None]
# What the tests of this module have exported, so that there are lines to page through.
EXPORTED: Final[list[int]] = []


def click(name: str) -> Act:
    def act(page: Page) -> None:
        page.locator("#pool-table").get_by_role("link", name=name, exact=True).click()

    return act


def search(text: str) -> Act:
    def act(page: Page) -> None:
        box = page.get_by_label("Search pools")
        box.select_text()
        page.keyboard.type(text)
        # To wait until it was asked for would need a clock: Enter asks at once.
        page.keyboard.press("Enter")

    return act


def type_in(text: str) -> Act:
    return lambda page: page.get_by_label("Search pools").fill(text)


# What is asked one after the other while Core is slow; the address that is left.
ASKED: Final = {
    "two orders": ([click("Name"), click("Limit")], "sort=limit"),
    "next twice": ([click("Next"), click("Next")], "page=3"),
    "next, then an order": ([click("Next"), click("Name")], "sort=name"),
    "an order, then a search": ([click("Limit"), search("ship")], "search=ship&sort=limit"),
    "an order while it is typed": ([type_in("ship"), click("Limit")], "search=ship&sort=limit"),
    "five": (
        [click("Limit"), search("s"), click("50"), click("Refresh"), search("ship")],
        "search=ship&sort=limit&per_page=50",
    ),
}


def parts(address: str) -> set[str]:
    return set(address.partition("?")[2].split("&"))


@pytest.mark.parametrize(("acts", "left"), ASKED.values(), ids=ASKED)
def test_what_was_asked_last_wins_and_adds_to_what_was_asked_before(
    manager: Page, core_fault: Fault, acts: list[Act], left: str
) -> None:
    manager.goto(POOLS)
    expect(manager.locator("#pool-table tbody tr")).to_have_count(25)
    steps = manager.evaluate("history.length")
    core_fault("latency=1;only=list")
    for act in acts:
        act(manager)
    # What was asked first may have been given up already, and the last not have been sent.
    manager.wait_for_url(lambda url: parts(url) == parts(f"?{left}"))
    expect(manager.locator("[aria-busy]")).to_have_count(0)
    assert parts(manager.url) == parts(f"?{left}")
    # What is shown is what the address asks for, and Back leads to what was shown before.
    shown = manager.locator("#pool-table tbody tr .pool-name").all_text_contents()
    assert manager.evaluate("history.length") == steps + 1
    said = manager.locator("#announce").inner_text()
    assert said == manager.locator("#pool-table").get_attribute("data-announce")
    core_fault("")
    again = LexborHTMLParser(manager.context.request.get(manager.url).text())
    assert [each.text() for each in again.css("#pool-table tbody tr .pool-name")] == shown


def test_what_is_typed_back_to_what_is_shown_keeps_the_order_that_was_asked_for(
    manager: Page, core_fault: Fault
) -> None:
    manager.goto(f"{POOLS}?search=ship")
    core_fault("latency=1;only=list")
    click("Limit")(manager)
    with manager.expect_request(re.compile("search=shipp")):
        type_in("shipp")(manager)
    type_in("ship")(manager)
    expect(manager).to_have_url(re.compile("sort=limit"))
    assert parts(manager.url) == {"search=ship", "sort=limit"}


@pytest.mark.parametrize("act", [click("Limit"), click("Next"), search("ship")])
def test_what_was_shown_stays_while_core_fails(manager: Page, core_fault: Fault, act: Act) -> None:
    manager.goto(f"{POOLS}?sort=name")
    title, address = manager.title(), manager.url
    shown = manager.locator("#pool-table tbody tr .pool-name").all_inner_texts()
    core_fault("status=503;only=list")
    act(manager)
    problem = manager.locator("#outcome .problem")
    expect(problem).to_have_count(1)
    expect(problem).to_be_in_viewport()
    expect(manager.locator("#pool-table[data-old] .asof > span")).to_be_hidden()
    assert manager.locator("#pool-table tbody tr .pool-name").all_inner_texts() == shown
    assert (manager.title(), manager.url) == (title, address)
    # Asked once more, it goes where it says, and nothing is left of the failure.
    core_fault("")
    manager.get_by_role("button", name="Dismiss").click()
    act(manager)
    expect(manager.locator("#pool-table:not([data-old]) tbody tr").first).to_be_visible()
    expect(problem).to_have_count(0)


def test_next_after_a_failure_is_the_next_page(manager: Page, core_fault: Fault) -> None:
    manager.goto(POOLS)
    core_fault("status=503;only=list")
    click("Next")(manager)
    manager.get_by_role("button", name="Dismiss").click()
    core_fault("")
    click("Next")(manager)
    expect(manager).to_have_url(re.compile(r"\?page=2$"))


def test_what_was_typed_and_not_found_for_a_failure_is_still_asked_for(
    manager: Page, core_fault: Fault
) -> None:
    """The box says it, so the list must not be of something else."""
    manager.goto(POOLS)
    core_fault("status=503;only=list")
    search("ship")(manager)
    expect(manager.locator("#outcome .problem")).to_be_visible()
    core_fault("")
    click("Refresh")(manager)
    expect(manager).to_have_url(re.compile(r"\?search=ship$"))
    expect(manager.locator("#pool-table")).to_have_attribute("data-typed", "ship")


def test_where_nothing_was_shown_the_failure_takes_its_place(
    manager: Page, core_fault: Fault
) -> None:
    core_fault("latency=0.5;status=503;only=list")
    manager.goto(POOLS)
    search("ship")(manager)
    expect(manager.locator("#pool-table")).to_have_attribute("aria-busy", "true")
    expect(manager.locator("[aria-busy]")).to_have_count(0)
    expect(manager.locator("#pool-table .problem")).to_have_count(1)
    expect(manager.locator(".problem")).to_have_count(1)


@pytest.mark.parametrize("name", ["Next", "Previous"])
def test_next_twice_is_two_pages_on_in_the_record_too(admin: Page, name: str) -> None:
    """As in the list of pools; though each of its pages begins where the one before it ended."""
    request, address = admin.context.request, "/changes/?kind=events&action=changes_exported"
    admin.goto(address)
    token = admin.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""
    export: dict[str, str | float | bool] = {"format": "csv", "csrfmiddlewaretoken": token}
    # Two pages and a line.
    while len(EXPORTED) < 2 * CHANGES_OF_A_PAGE + 1:
        EXPORTED.append(request.post("/changes/export/?who=nobody", form=export).status)
    steps = [lines_and_link(request.get(address).text(), "right")]
    for _ in range(2):
        steps.append(lines_and_link(request.get(steps[-1][1] or "").text(), "right"))
    if name == "Previous":
        address = steps[1][1] or ""
        steps.reverse()
    admin.goto(address)
    # The first is never answered.
    admin.route(re.compile("page=-?1$"), lambda route: None)
    link = admin.locator("#changes").get_by_role("link", name=name, exact=True)
    with admin.expect_request(re.compile("page=-?1$")):
        link.click()
    link.click()
    expect(admin).to_have_url(re.compile("page=-?2$"))
    # The address says so before the lines are there.
    expect(admin.locator("#changes tbody tr:not(.day)")).to_have_text(steps[2][0])


def lines_and_link(page: str, way: str) -> tuple[list[str], str | None]:
    """The lines of a page of the record, and where it goes on."""
    parsed = LexborHTMLParser(page)
    link = parsed.css_first(f"#changes #page-{way}")
    lines = [re.sub(r"\s+", " ", row.text()) for row in parsed.css("#changes tbody tr:not(.day)")]
    return lines, link.attributes["href"] if link else None


def test_a_filter_does_not_wait_for_the_one_before_it(manager: Page) -> None:
    manager.goto(CHANGES)
    # The first is never answered.
    answered = re.compile("outcome=done")
    manager.route(
        re.compile(r"/changes/\?"),
        lambda route: route.continue_() if answered.search(route.request.url) else None,
    )
    with manager.expect_request(re.compile("action=edit")):
        manager.get_by_label("Action").select_option("edit")
    manager.get_by_label("Outcome").select_option("done")
    expect(manager).to_have_url(re.compile(r"\?action=edit&outcome=done$"))
