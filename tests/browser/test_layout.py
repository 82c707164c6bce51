"""Where things stand: nothing moves, nothing touches, everything can be hit and printed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Demo, Fault, let_in
from tests.browser.pools import edit, new_pool

pytestmark = pytest.mark.any_database
POOLS = "/c/acme/pools/"
PHONE = {"width": 390, "height": 844}
TOP = "scrollY + document.querySelector('#pool-table tbody tr').getBoundingClientRect().top"


@contextmanager
def a_phone(
    browser: Browser, browser_context_args: dict[str, Any], demo: Demo, name: str
) -> Iterator[Page]:
    context = browser.new_context(
        **browser_context_args | {"viewport": PHONE}, has_touch=True, is_mobile=True
    )
    with let_in(context, demo.url, name):
        yield context.new_page()
    context.close()


@pytest.fixture
def phone(browser: Browser, browser_context_args: dict[str, Any], demo: Demo) -> Iterator[Page]:
    """A manager with a phone: narrow, and operated by a finger."""
    with a_phone(browser, browser_context_args, demo, "manager") as page:
        yield page


@pytest.fixture
def admin_phone(
    browser: Browser, browser_context_args: dict[str, Any], demo: Demo
) -> Iterator[Page]:
    """The same of an administrator."""
    with a_phone(browser, browser_context_args, demo, "admin") as page:
        yield page


def clear_the_first(page: Page) -> None:
    page.locator("tbody").get_by_role("link", name="Clear pool").first.click()
    page.get_by_role("button", name="Clear pending requests").click()
    expect(page.locator("#outcome")).to_contain_text("Cleared the pending requests")
    expect(page.locator("#dialog")).to_be_hidden()


def test_an_outcome_moves_no_row(manager: Page) -> None:
    manager.goto(POOLS)
    before = manager.evaluate(TOP)
    for _ in range(2):
        clear_the_first(manager)
        assert (manager.evaluate(TOP), manager.evaluate("scrollY")) == (before, 0)
    manager.get_by_role("button", name="Dismiss").click()
    expect(manager.locator("#outcome .notice")).to_have_count(0)
    assert manager.evaluate(TOP) == before


def test_an_outcome_in_place_of_another_moves_no_row(manager: Page) -> None:
    manager.goto(f"{POOLS}1/clear/")
    manager.get_by_role("button", name="Clear pending requests").click()
    expect(manager.locator("#outcome")).to_contain_text("Cleared the pending requests")
    top = "document.querySelector('.columns').getBoundingClientRect().top"
    before = manager.evaluate(top)
    manager.get_by_role("link", name="Clear pool").click()
    manager.get_by_role("button", name="Clear pending requests").click()
    expect(manager.locator("#dialog")).to_be_hidden()
    assert manager.evaluate(top) == before


def test_a_failed_refresh_moves_no_row_and_can_be_dismissed(
    manager: Page, core_fault: Fault
) -> None:
    manager.goto(POOLS)
    before = manager.evaluate(TOP)
    core_fault("status=500")
    manager.get_by_role("link", name="Refresh").click()
    expect(manager.locator("#outcome .problem")).to_be_visible()
    expect(manager.locator("#pool-table")).to_have_attribute("data-old", "yes")
    assert manager.evaluate(TOP) == before
    manager.get_by_role("button", name="Dismiss").click()
    expect(manager.locator("#outcome .problem")).to_have_count(0)


def test_no_region_stays_busy(manager: Page, core_fault: Fault) -> None:
    manager.goto(POOLS)
    core_fault("status=500")
    manager.get_by_role("link", name="Refresh").click()
    expect(manager.locator("#outcome .problem")).to_be_visible()
    expect(manager.locator("[aria-busy]")).to_have_count(0)
    core_fault("latency=0.5")
    manager.get_by_role("searchbox", name="Search pools").fill("shopify")
    expect(manager.locator("#pool-table")).to_have_attribute("aria-busy", "true")
    expect(manager.locator("[aria-busy]")).to_have_count(0)


def gap(page: Page, one: str, other: str) -> float:
    """Pixels between two neighbours of the first row."""
    row = page.locator("tbody tr").first
    boxes = [row.get_by_role("link", name=name).bounding_box() for name in (one, other)]
    (left, right) = [box for box in boxes if box]
    return right["x"] - left["x"] - left["width"]


def test_clear_and_delete_do_not_touch(manager: Page, phone: Page) -> None:
    for page in (manager, phone):
        page.goto(POOLS)
        assert gap(page, "Clear pool", "Delete pool") >= 8


SMALL = """() => [...document.querySelectorAll("main a, main button, main summary")]
    .filter((each) => each.offsetParent)
    .map((each) => [each.textContent.trim(), each.getBoundingClientRect()])
    .filter(([, box]) => box.height < 24 || box.width < 24)
    .map(([text, box]) => `${text}: ${box.width} x ${box.height}`)"""


# What is wider than its place, or goes beyond the page.
CUT = """() => [document.documentElement, ...document.querySelectorAll("main *")]
    .filter((each) => each.clientWidth && each.scrollWidth > each.clientWidth + 1)
    .filter((each) => !each.closest("svg, .visually-hidden, select, input"))
    .map((each) => each.outerHTML.slice(0, 80))"""


def test_every_link_of_a_change_can_be_hit(manager: Page, phone: Page) -> None:
    for page in (manager, phone):
        pool = new_pool(page)
        edit(page, pool, limit="12")
        history = page.get_by_role("region", name="History")
        history.get_by_role("link", name="Revert").first.click()
        page.get_by_role("dialog").get_by_role("button", name="Revert").click()
        expect(page.locator("#dialog")).to_be_hidden()
        assert page.evaluate(SMALL) == []
        for number in range(2):
            page.goto(pool)
            history.locator("h3 a").nth(number).click()
            expect(page.get_by_role("heading", name="Before and after")).to_be_visible()
            assert page.evaluate(SMALL) == []


def test_one_thing_on_a_change_is_called_request(manager: Page) -> None:
    new_pool(manager)
    manager.get_by_role("region", name="History").locator("h3 a").first.click()
    expect(manager.get_by_text("Request id", exact=True)).to_be_visible()
    expect(manager.get_by_text("Request", exact=False)).to_have_count(1)


def test_a_change_is_printed_on_one_page(manager: Page) -> None:
    new_pool(manager)
    manager.get_by_role("region", name="History").locator("h3 a").first.click()
    expect(manager.locator("#change-text")).to_be_visible()
    manager.emulate_media(media="print")
    expect(manager.locator("#change-text")).to_be_hidden()
    expect(manager.get_by_text("Request id", exact=True)).to_be_visible()
    assert len(re.findall(rb"/Type\s*/Page\b", manager.pdf(format="A4"))) == 1


@pytest.mark.parametrize("address", ["/changes/", "/changes/?kind=events"])
def test_a_phone_folds_the_filters_and_cuts_nothing(admin_phone: Page, address: str) -> None:
    admin_phone.goto(address)
    who = admin_phone.get_by_label("Who")
    expect(who).to_be_hidden()
    admin_phone.get_by_text("Filters", exact=True).click()
    expect(who).to_be_visible()
    for width in (390, 320):
        admin_phone.set_viewport_size({"width": width, "height": 844})
        assert admin_phone.evaluate(SMALL) == []
        assert admin_phone.evaluate(CUT) == []


PRINTED = ["/c/acme/pools/", "/c/acme/pools/3/", "/c/acme/changes/", "/people/"]


@pytest.mark.parametrize("address", PRINTED)
def test_a_page_is_printed_without_what_can_be_pressed(admin: Page, address: str) -> None:
    admin.goto(address)
    admin.get_by_role("button", name="Dark theme").click()
    admin.emulate_media(media="print")
    admin.set_viewport_size({"width": 760, "height": 1000})
    expect(admin.get_by_role("heading", level=1)).to_be_visible()
    shown = [each for each in admin.locator("button, input, select").all() if each.is_visible()]
    assert shown == []
    expect(admin.locator(".bar")).to_be_hidden()
    paper = admin.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert paper.startswith("oklch(0.98")
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert admin.evaluate(width) == 0


ZOOMED = """() => [...document.querySelectorAll("input, select, textarea")]
    .filter((each) => each.offsetParent && !["radio", "checkbox"].includes(each.type))
    .filter((each) => parseFloat(getComputedStyle(each).fontSize) < 16)
    .map((each) => each.name)"""


@pytest.mark.parametrize(
    "address", [POOLS, f"{POOLS}new/", "/c/acme/changes/", "/tokens/add/", "/account/"]
)
def test_a_finger_zooms_no_field(phone: Page, manager: Page, address: str) -> None:
    manager.goto(address)
    assert manager.evaluate(ZOOMED) != []
    phone.goto(address)
    assert phone.evaluate(ZOOMED) == []


@pytest.mark.parametrize(
    "address",
    [
        "auth/user/",
        "auth/user/add/",
        "auth/user/1/change/",
        "auth/group/",
        "pools/token/",
    ],
)
def test_a_finger_zooms_no_field_of_the_administration(
    admin_phone: Page, admin: Page, address: str
) -> None:
    if address == "auth/user/":
        admin.goto(f"/admin/{address}")
        assert admin.evaluate(ZOOMED) != []
    admin_phone.goto(f"/admin/{address}")
    assert admin_phone.evaluate("document.styleSheets.length") > 1
    assert admin_phone.evaluate(ZOOMED) == []


def test_a_box_keeps_its_size_beside_long_words(admin: Page) -> None:
    admin.set_viewport_size({"width": 390, "height": 844})
    admin.goto("/people/invite/")
    boxes = admin.get_by_role("main").get_by_role("checkbox")
    widths = boxes.evaluate_all("all => all.map(each => each.getBoundingClientRect().width)")
    assert widths == [16] * 5


def test_a_phone_names_each_fact_of_a_pool_as_the_heading_does(phone: Page) -> None:
    phone.goto(POOLS)
    facts = phone.evaluate("""() => {
        const { tHead, tBodies } = document.querySelector("#pool-table table");
        return [...tHead.rows[0].cells].map((heading, at) => [
            heading.textContent.trim(),
            getComputedStyle(tBodies[0].rows[0].cells[at], "::before").content,
        ]);
    }""")
    assert len(facts) == 8
    assert facts[0][1] == facts[-1][1] == "none"
    for heading, label in facts[1:-1]:
        assert label == f'"{heading} "'


def test_a_first_page_is_six_requests(manager: Page) -> None:
    fetched = set[str]()
    manager.on("request", lambda request: fetched.add(request.url))
    manager.goto(POOLS)
    manager.wait_for_load_state("networkidle")
    # Without a window a browser may do without it.
    icon = manager.locator("link[rel=icon]").evaluate("link => link.href")
    assert len(fetched | {icon}) == 6, fetched
