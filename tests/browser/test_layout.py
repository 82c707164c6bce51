"""Where things stand: nothing moves, nothing touches, everything can be hit and printed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise, product
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize, expect

from tests.browser.conftest import Demo, Fault, let_in
from tests.browser.pools import new_pool, open_edited

pytestmark = pytest.mark.any_database
POOLS = "/c/acme/pools/"
# Where one line shows what each would.
TEN = f"{POOLS}?per_page=10"
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
LINES = "#pool-table tbody tr"
DRAWN = f"""() => {{
    const lines = [...document.querySelectorAll("{LINES}")];
    const settled = !lines[0].parentNode.getAnimations().length;
    return settled && lines.length === 100 && lines.every((line) => line.innerText.trim());
}}"""
TOP = "scrollY + document.querySelector('#pool-table tbody tr').getBoundingClientRect().top"


@contextmanager
def a_phone(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[BrowserContext]:
    """Narrow, and operated by a finger. Its process outlives a test."""
    context = browser.new_context(
        **browser_context_args | {"viewport": PHONE}, has_touch=True, is_mobile=True
    )
    context.new_page()
    yield context
    context.close()


@contextmanager
def let_in_with(kept: BrowserContext, demo: Demo, name: str) -> Iterator[Page]:
    with let_in(kept, demo.url, name):
        page = kept.new_page()
        yield page
        page.close()
    kept.clear_cookies()


@pytest.fixture(scope="module")
def managers_phone(
    browser: Browser, browser_context_args: dict[str, Any]
) -> Iterator[BrowserContext]:
    with a_phone(browser, browser_context_args) as context:
        yield context


@pytest.fixture(scope="module")
def admins_phone(
    browser: Browser, browser_context_args: dict[str, Any]
) -> Iterator[BrowserContext]:
    with a_phone(browser, browser_context_args) as context:
        yield context


@pytest.fixture
def phone(managers_phone: BrowserContext, demo: Demo) -> Iterator[Page]:
    with let_in_with(managers_phone, demo, "manager") as page:
        yield page


@pytest.fixture
def admin_phone(admins_phone: BrowserContext, demo: Demo) -> Iterator[Page]:
    with let_in_with(admins_phone, demo, "admin") as page:
        yield page


def clear_the_first(page: Page) -> None:
    page.locator("tbody").get_by_role("link", name="Clear pool").first.click()
    page.get_by_role("button", name="Clear pending requests").click()
    expect(page.locator("#outcome")).to_contain_text("Cleared the pending requests")
    expect(page.locator("#dialog")).to_be_hidden()


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_lines_out_of_sight_are_drawn_soon(
    manager: Page, motion: Literal["no-preference", "reduce"]
) -> None:
    # A picture of the whole page has nothing else, and neither has the text of what is shown.
    manager.emulate_media(reduced_motion=motion)
    wide = manager.viewport_size
    assert wide
    manager.goto(f"{POOLS}?per_page=100")
    manager.wait_for_function(DRAWN, timeout=3_000)
    # As wide as a phone, and back: what makes such a picture does that for a moment.
    manager.set_viewport_size(PHONE)
    manager.set_viewport_size(wide)
    assert manager.evaluate(DRAWN)
    first = manager.locator(LINES).first.inner_text()
    manager.get_by_role("link", name="Next", exact=True).click()
    expect(manager.locator(LINES).first).not_to_have_text(first)
    manager.wait_for_function(DRAWN, timeout=3_000)


def test_an_outcome_moves_no_row(manager: Page) -> None:
    manager.goto(TEN)
    before = manager.evaluate(TOP)
    for _ in range(2):
        clear_the_first(manager)
        assert (manager.evaluate(TOP), manager.evaluate("scrollY")) == (before, 0)
    manager.get_by_role("button", name="Dismiss").click()
    expect(manager.locator("#outcome .notice")).to_have_count(0)
    assert manager.evaluate(TOP) == before


def test_an_outcome_in_place_of_another_moves_no_row(manager: Page) -> None:
    # A third clear would say to look for a leak.
    manager.goto(f"{new_pool(manager)}clear/")
    manager.get_by_role("button", name="Clear pending requests").click()
    expect(manager.locator("#outcome")).to_contain_text("Cleared the pending requests")
    top = "document.querySelector('.columns').getBoundingClientRect().top"
    before = manager.evaluate(top)
    manager.get_by_role("link", name="Clear pool").click()
    manager.get_by_role("button", name="Clear pending requests").click()
    expect(manager.locator("#dialog")).to_be_hidden()
    assert manager.evaluate(top) == before


def test_a_failed_refresh_moves_no_row_leaves_nothing_busy_and_can_be_dismissed(
    manager: Page, core_fault: Fault
) -> None:
    manager.goto(TEN)
    before = manager.evaluate(TOP)
    core_fault("status=500")
    manager.get_by_role("link", name="Refresh").click()
    expect(manager.locator("#outcome .problem")).to_be_visible()
    expect(manager.locator("#pool-table")).to_have_attribute("data-old", "yes")
    assert manager.evaluate(TOP) == before
    manager.get_by_role("button", name="Dismiss").click()
    expect(manager.locator("#outcome .problem")).to_have_count(0)
    expect(manager.locator("[aria-busy]")).to_have_count(0)
    # Nor does what Patchworks takes its time for.
    core_fault("latency=1.5")
    manager.get_by_role("searchbox", name="Search pools").fill("shopify")
    expect(manager.locator("#pool-table")).to_have_attribute("aria-busy", "true")
    expect(manager.locator("[aria-busy]")).to_have_count(0)


def apart(page: Page, one: str, other: str) -> float:
    """Pixels between two actions of the first row: across, or down where that is more."""
    row = page.locator("tbody tr").first
    a, b = (row.get_by_role("link", name=name).bounding_box() for name in (one, other))
    assert a
    assert b
    across = max(a["x"], b["x"]) - min(a["x"] + a["width"], b["x"] + b["width"])
    down = max(a["y"], b["y"]) - min(a["y"] + a["height"], b["y"] + b["height"])
    return max(across, down)


def test_clear_and_delete_do_not_touch(manager: Page, phone: Page) -> None:
    for page in (manager, phone):
        page.goto(TEN)
        page.locator("tbody tr").first.hover()
        page.locator("tbody summary").first.click()
        assert apart(page, "Clear pool", "Delete pool") >= 8


def test_a_rows_actions_show_at_its_name_on_hover_and_focus_and_always_to_a_finger(
    manager: Page, phone: Page
) -> None:
    phone.goto(TEN)
    expect(phone.locator(".tools").nth(9)).to_have_css("opacity", "1")
    manager.goto(TEN)
    row = manager.locator("tbody tr").nth(2)
    expect(row.locator(".tools")).to_have_css("opacity", "0")
    row.hover()
    expect(row.locator(".tools")).to_have_css("opacity", "1")
    manager.mouse.move(0, 0)
    expect(row.locator(".tools")).to_have_css("opacity", "0")
    row.get_by_role("rowheader").get_by_role("link").first.focus()
    expect(row.locator(".tools")).to_have_css("opacity", "1")


# Left and right ends of what a name's cell has in it.
IN_CELL = """(row) => [...row.querySelectorAll(".pool-name > *")].map((each) => {
    const { left, right } = each.getBoundingClientRect();
    return [left, right];
})"""


def test_a_name_has_the_whole_cell_until_its_tools_show_and_they_cover_nothing(
    manager: Page,
) -> None:
    manager.set_viewport_size({"width": 1280, "height": 800})
    manager.goto(POOLS)
    row = manager.locator("tbody tr").filter(has_text="Amazon Seller Central orders EU")
    name, tools = row.locator(".pool-name > a"), row.locator(".tools")
    assert name.evaluate("(a) => a.scrollWidth <= a.clientWidth")
    for width in (1280, 1000):
        manager.set_viewport_size({"width": width, "height": 800})
        line, begins = row.bounding_box(), name.evaluate("(a) => a.getBoundingClientRect().left")
        for show in (row.hover, tools.locator("a").first.focus):
            show()
            expect(tools).to_have_css("opacity", "1")
            (left, name_ends), (id_begins, id_ends), (tools_begin, _) = row.evaluate(IN_CELL)
            assert name_ends <= id_begins < id_ends <= tools_begin
            assert (row.bounding_box(), left) == (line, begins)
            manager.mouse.move(0, 0)
            manager.locator("h1").click()


@pytest.mark.parametrize("field", ["limit", "timeout"])
def test_what_cannot_be_read_is_one_word_in_its_column(
    manager: Page, core_fault: Fault, field: str
) -> None:
    core_fault(f"text-for-number={field};only=reads")
    manager.goto(POOLS)
    cell = manager.locator(f"tbody .cell-{field}").filter(has_text="unreadable").first
    for width in (1440, 1280, 1000):
        manager.set_viewport_size({"width": width, "height": 900})
        lines, word_begins, begins, word_ends, ends = cell.evaluate(
            """(cell) => {
                const [word] = cell.querySelector(".none").getClientRects();
                const { left, right } = cell.getBoundingClientRect();
                const lines = cell.querySelector(".none").getClientRects().length;
                return [lines, word.left, left, word.right, right];
            }"""
        )
        assert lines == 1
        # What is in the next cell keeps 8 px off.
        assert begins - 1 <= word_begins < word_ends <= ends


# Where parts of a page are before the last one of them is there, and after.
LATER = """([parts, last]) => {
    const places = () => parts.map((part) => document.querySelector(part).getBoundingClientRect())
        .map(({ left, top }) => [left, top]);
    const after = places();
    const what = document.querySelector(last);
    const { parentNode, nextSibling } = what;
    what.remove();
    const before = places();
    parentNode.insertBefore(what, nextSibling);
    return after.flat().map((at, each) => Math.abs(at - before.flat()[each]));
}"""
CHIP, ITS_CHANGE = (
    f"[aria-labelledby=changes-title] li:first-child .{each}" for each in ("chip", "opens")
)


def test_what_comes_last_moves_nothing(manager: Page) -> None:
    new_pool(manager)
    manager.goto("/")
    for parts, last in (
        ([".who", ".themes"], ".menu form:last-child"),
        ([".who"], ".themes"),
        ([CHIP], ITS_CHANGE),
    ):
        # Less than three pixels are no move.
        assert max(manager.evaluate(LATER, [parts, last])) < 3, last


# The fields, and then the button.
FILTERS = """() => [...document.querySelectorAll("#filters .field"),
        ...document.querySelectorAll("#filters > button")]
    .filter((each) => each.checkVisibility())
    .map((each) => each.getBoundingClientRect().toJSON())"""


@pytest.mark.parametrize("address", ["/changes/", "/c/acme/changes/", "/changes/?kind=events"])
def test_filters_and_their_button_share_a_row(admin: Page, address: str) -> None:
    admin.goto(address)
    for width in (1280, 1440):
        admin.set_viewport_size({"width": width, "height": 800})
        boxes = admin.evaluate(FILTERS)
        assert len(boxes) > 2, width
        ends = [box["bottom"] for box in boxes]
        assert max(ends) - min(ends) < 2, (width, boxes)
        assert len({round(box["width"]) for box in boxes[:-1]}) == 1, (width, boxes)
        for left, right in pairwise(boxes):
            assert left["right"] < right["left"], (width, boxes)


def test_a_term_in_two_lines_begins_beside_what_it_is(manager: Page) -> None:
    manager.goto("/help/stuck/")
    apart = """(pairs) => pairs.map((pair) => {
        const [term, what] = [pair.querySelector("a"), pair.querySelector("dd")].map((each) => {
            const range = document.createRange();
            range.selectNodeContents(each);
            return [...range.getClientRects()].filter(({ width }) => width);
        });
        return [term.length, Math.abs(term[0].top - what[0].top)];
    })"""
    pairs = manager.locator(".signs > div").evaluate_all(apart)
    assert max(lines for lines, _ in pairs) > 1
    assert max(difference for _, difference in pairs) < 1


def test_no_column_moves_with_another_page_and_that_begins_at_its_top(manager: Page) -> None:
    begins = """() => ["thead th", "tbody tr:first-child > *"].map((cells) =>
        [...document.querySelectorAll(`#pool-table ${cells}`)]
            .map((cell) => cell.getBoundingClientRect().left))"""
    manager.goto(f"{POOLS}?per_page=10")
    heads, cells = before = manager.evaluate(begins)
    assert heads == cells
    manager.get_by_role("link", name="Next", exact=True).click()
    expect(manager).to_have_url(re.compile("page=2"))
    assert manager.evaluate(begins) == before
    manager.goto(f"{POOLS}?per_page=100&sort=created_at")
    assert manager.evaluate(begins) == before
    manager.get_by_role("link", name="Next", exact=True).click()
    manager.wait_for_url("**page=2**")
    expect(manager.locator("tbody tr").first).to_be_in_viewport()


def test_a_menu_ends_with_a_click_elsewhere_and_with_escape(manager: Page) -> None:
    manager.goto(TEN)
    summary = manager.locator("tbody summary").first
    delete = manager.get_by_role("link", name="Delete pool")
    summary.press("Enter")
    expect(delete).to_be_visible()
    manager.locator("h1").click()
    expect(delete).to_have_count(0)
    summary.press("Enter")
    summary.press("Tab")
    expect(delete).to_be_focused()
    manager.keyboard.press("Escape")
    expect(delete).to_have_count(0)
    expect(summary).to_be_focused()


def test_a_click_on_a_row_opens_it_as_one_on_its_name_does(manager: Page) -> None:
    manager.goto(POOLS)
    cell = manager.locator("tbody tr").nth(2).locator(".cell-limit")
    with manager.context.expect_page() as by_key:
        cell.click(modifiers=["ControlOrMeta"])
    with manager.context.expect_page() as by_button:
        cell.click(button="middle")
    for opened in (by_key.value, by_button.value):
        expect(opened).to_have_url(re.compile("/pools/3/$"))
        opened.close()
    expect(manager).to_have_url(re.compile(f"{POOLS}$"))
    # Text is selected, and nothing opens.
    box = manager.locator("tbody tr").nth(2).locator(".cell-updated").bounding_box()
    assert box
    manager.mouse.move(box["x"] + 9, box["y"] + 14)
    manager.mouse.down()
    manager.mouse.move(box["x"] + 60, box["y"] + 14)
    manager.mouse.up()
    assert manager.evaluate("getSelection().toString()")
    expect(manager).to_have_url(re.compile(f"{POOLS}$"))
    cell.click()
    expect(manager).to_have_url(re.compile("/pools/3/$"))


SMALL = """() => [...document.querySelectorAll("main a, main button, main summary")]
    .filter((each) => each.offsetParent)
    .map((each) => [each.textContent.trim(), each.getBoundingClientRect()])
    .filter(([, box]) => box.height < 24 || box.width < 24)
    .map(([text, box]) => `${text}: ${box.width} x ${box.height}`)"""


# What is wider than its place, or goes beyond the page.
CUT = """() => [document.documentElement, ...document.querySelectorAll("main *")]
    .filter((each) => each.clientWidth && each.scrollWidth > each.clientWidth + 1)
    .filter((each) => !each.closest("svg, .visually-hidden, select, input, .chart"))
    .map((each) => each.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("address", ["/", "/account/", "/people/", "/people/3/"])
def test_a_phone_cuts_nothing_and_a_finger_hits_everything(admin_phone: Page, address: str) -> None:
    admin_phone.goto(address)
    for width in (390, 320):
        admin_phone.set_viewport_size({"width": width, "height": 844})
        assert admin_phone.evaluate(SMALL) == []
        assert admin_phone.evaluate(CUT) == []


def test_a_phone_has_room_for_an_allowance_and_for_what_is_done_with_what_was_ticked(
    admin_phone: Page, phone: Page
) -> None:
    admin_phone.goto("/companies/acme/")
    name, number = admin_phone.locator("#allowances li").first.locator("h3, p").all()
    assert all(each.evaluate("e => e.clientHeight") < 30 for each in (name, number))
    # No button is alone in its line.
    phone.goto(POOLS)
    phone.locator("#pool-table [name='pool']").first.check()
    for width in (390, 360, 320):
        phone.set_viewport_size({"width": width, "height": 844})
        tops = phone.locator("#chosen [name='operation']").evaluate_all(
            "all => all.map(each => Math.round(each.getBoundingClientRect().top))"
        )
        assert all(tops.count(top) > 1 for top in tops), (width, tops)
        assert phone.evaluate("document.documentElement.scrollWidth") <= width


def test_every_link_of_a_change_can_be_hit(manager: Page, phone: Page) -> None:
    for page in (manager, phone):
        pool = open_edited(page)
        history = page.get_by_role("region", name="History")
        history.get_by_role("link", name="Revert").first.click()
        page.get_by_role("dialog").get_by_role("button", name="Revert").click()
        expect(page.locator("#dialog")).to_be_hidden()
        assert page.evaluate(SMALL) == []
        page.goto(pool)
        changes = history.locator("h3 a").evaluate_all("all => all.map(each => each.href)")
        for change in changes[:2]:
            page.goto(change)
            expect(page.get_by_role("heading", name="Before and after")).to_be_visible()
            assert (page.viewport_size, change, page.evaluate(SMALL)) == (
                *(page.viewport_size, change, []),
            )


def test_one_thing_on_a_change_is_called_request_and_it_is_printed_on_one_page(
    manager: Page,
) -> None:
    manager.goto(new_pool(manager))
    manager.get_by_role("region", name="History").locator("h3 a").first.click()
    expect(manager.locator("#change-text")).to_be_visible()
    request = manager.get_by_text("Request id", exact=True)
    expect(request).to_be_visible()
    expect(manager.get_by_text("Request", exact=False)).to_have_count(1)
    manager.emulate_media(media="print")
    expect(manager.locator("#change-text")).to_be_hidden()
    expect(request).to_be_visible()
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


PRESSED = """() => [...document.querySelectorAll("button, input, select")]
    .filter((each) => each.checkVisibility({visibilityProperty: true}))
    .map((each) => each.outerHTML.slice(0, 80))"""


def test_a_page_is_printed_without_what_can_be_pressed(admin: Page) -> None:
    admin.goto(PRINTED[0])
    admin.get_by_role("button", name="Dark theme").click()
    expect(admin.locator("html")).to_have_attribute("data-theme", "dark")
    admin.emulate_media(media="print")
    admin.set_viewport_size({"width": 760, "height": 1000})
    for address in PRINTED:
        admin.goto(address)
        expect(admin.get_by_role("heading", level=1)).to_be_visible()
        assert (address, admin.evaluate(PRESSED)) == (address, [])
        expect(admin.locator(".bar")).to_be_hidden()
        paper = admin.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert paper.startswith("oklch(0.98")
        width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert (address, admin.evaluate(width)) == (address, 0)


ZOOMED = """(least) => [...document.querySelectorAll("input, select, textarea")]
    .filter((each) => each.offsetParent && !["radio", "checkbox"].includes(each.type))
    .filter((each) => parseFloat(getComputedStyle(each).fontSize) < least)
    .map((each) => each.name)"""


UNFOLDED = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
TYPED_INTO = [POOLS, f"{POOLS}new/", "/c/acme/changes/", "/tokens/add/", "/account/"]
ADMINISTRATION = [
    *("auth/user/", "auth/user/add/", "auth/user/1/change/", "auth/group/", "pools/token/"),
]


def test_a_finger_zooms_no_field(phone: Page, manager: Page) -> None:
    manager.goto(POOLS)
    assert manager.evaluate(ZOOMED, 16) != []
    for address in TYPED_INTO:
        phone.goto(address)
        phone.evaluate(UNFOLDED)
        assert phone.evaluate(ZOOMED, 100) != [], address
        assert (address, phone.evaluate(ZOOMED, 16)) == (address, [])


def test_a_finger_zooms_no_field_of_the_administration(admin_phone: Page, admin: Page) -> None:
    admin.goto(f"/admin/{ADMINISTRATION[0]}")
    assert admin.evaluate(ZOOMED, 16) != []
    for address in ADMINISTRATION:
        admin_phone.goto(f"/admin/{address}")
        assert admin_phone.evaluate("document.styleSheets.length") > 1
        assert (address, admin_phone.evaluate(ZOOMED, 16)) == (address, [])


def test_a_box_keeps_its_size_beside_long_words(admin: Page) -> None:
    admin.set_viewport_size({"width": 390, "height": 844})
    admin.goto("/people/invite/")
    boxes = admin.get_by_role("main").get_by_role("checkbox")
    widths = boxes.evaluate_all("all => all.map(each => each.getBoundingClientRect().width)")
    assert widths == [16] * 5


def test_a_phone_names_each_number_of_a_pool_as_the_heading_does(phone: Page) -> None:
    phone.goto(POOLS)
    facts = phone.evaluate("""() => {
        const { tHead, tBodies } = document.querySelector("#pool-table table");
        return [...tHead.rows[0].cells].map((heading, at) => [
            (heading.querySelector("span") || heading).textContent.trim(),
            getComputedStyle(tBodies[0].rows[0].cells[at], "::before").content,
        ]);
    }""")
    assert [label for _, label in facts if label == "none"] == ["none"] * 4
    named = {heading: label for heading, label in facts if label != "none"}
    assert named == {each: f'"{each}"' for each in ("Limit", "Timeout", "Updated")}


def test_the_cards_of_a_phone_align_and_cut_nothing(phone: Page) -> None:
    phone.goto(POOLS)
    for width in (320, 390):
        phone.set_viewport_size({"width": width, "height": 844})
        cut = phone.evaluate("""() => [...document.querySelectorAll("tbody *")]
            .filter((each) => each.clientWidth && each.scrollWidth > each.clientWidth + 1)
            .map((each) => each.outerHTML.slice(0, 80))""")
        assert (width, cut) == (width, [])
        lefts = phone.evaluate("""() => ["th", ".cell-limit", ".cell-systems"].flatMap((cell) =>
            [...document.querySelectorAll(`tbody ${cell}`)]
                .map((each) => each.getBoundingClientRect().left))""")
        assert len(set(lefts)) == 1
        assert phone.evaluate("document.documentElement.scrollWidth") == width


def test_a_first_page_is_six_requests(manager: Page) -> None:
    fetched = set[str]()
    manager.on("request", lambda request: fetched.add(request.url))
    manager.goto(POOLS)
    manager.wait_for_load_state("networkidle")
    # Without a window a browser may do without it.
    icon = manager.locator("link[rel=icon]").evaluate("link => link.href")
    assert len(fetched | {icon}) == 6, fetched


def test_a_swap_does_nothing_beside_what_it_shows(manager: Page) -> None:
    """No copy of the page for a history that is not kept, no look at each line that goes, and
    what follows the swap follows at once, in the same frame."""
    manager.goto(TEN)
    manager.evaluate("""() => {
        window.did = [];
        const { cloneNode } = Node.prototype;
        Node.prototype.cloneNode = function (...deep) {
            if (this === document.body) window.did.push("copied the page");
            return cloneNode.apply(this, deep);
        };
        document.addEventListener("htmx:beforeCleanupElement", ({ target }) => {
            if (target.matches("tbody tr")) window.did.push("looked at a line");
        });
        document.addEventListener("htmx:afterSwap", () => {
            Promise.resolve().then(() => window.did.push("swapped"));
        });
        document.addEventListener("htmx:afterSettle", () => { window.did.push("settled"); });
    }""")
    manager.get_by_role("link", name="Next").click()
    expect(manager.locator("#pool-table")).to_have_attribute(
        "data-announce", re.compile("^Pools 11")
    )
    assert manager.evaluate("[...new Set(window.did)]") == ["settled", "swapped"]


def test_a_refresh_that_has_nothing_new_keeps_the_lines(manager: Page) -> None:
    manager.goto(POOLS)
    manager.route("**/c/acme/pools/", lambda route: route.fulfill(status=204))
    with manager.expect_response("**/c/acme/pools/"):
        manager.locator("#refresh").click()
    expect(manager.locator("#pool-table")).not_to_have_attribute("aria-busy", "true")
    assert manager.locator("#pool-table tbody tr").count() == 25


def test_company_and_pool_are_both_known_by_the_band_however_long_their_names(
    phone: Page,
) -> None:
    """A company's name took a letter's width beside a pool's of 255 characters."""
    phone.goto(f"{POOLS}1/edit/")
    for width, (company, pool) in product((390, 320), ((100, 255), (4, 255), (100, 4))):
        phone.set_viewport_size({"width": width, "height": 844})
        widths = phone.locator(".band li bdi").evaluate_all(
            """(all, lengths) => {
                all.forEach((each, at) => { each.textContent = "Lg".repeat(lengths[at] / 2); });
                return all.map((each) => each.closest("a").clientWidth);
            }""",
            [company, pool],
        )
        least = [80 if length > 10 else 20 for length in (company, pool)]
        short = [w for w, room in zip(widths, least, strict=True) if w < room]
        assert (width, company, pool, short) == (width, company, pool, [])
        assert phone.evaluate("document.documentElement.scrollWidth") == width


# What each frame since the list was another one has: the first line's way, and how many lines.
FRAMES = """() => {
    const seen = window.frames_seen = [];
    const first = () => document.querySelector("tbody th a").getAttribute("href");
    const before = first();
    const look = () => {
        if (first() !== before) seen.push(document.querySelectorAll("tbody > tr").length);
        if (seen.length < 6) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


def test_a_long_list_begins_with_what_the_window_shows(manager: Page) -> None:
    manager.goto(f"{POOLS}?per_page=100")
    lines = manager.locator("#pool-table tbody tr")
    pager = manager.get_by_role("link", name="Next", exact=True)
    # Where one pages from: the end of the list.
    pager.scroll_into_view_if_needed()
    manager.evaluate(FRAMES)
    pager.click()
    manager.wait_for_function("() => window.frames_seen.length === 6")
    fewer, *_, all_of_them = manager.evaluate("window.frames_seen")
    assert (fewer < 60, all_of_them) == (True, 100)
    assert (
        manager.locator("tbody tr")
        .nth(fewer - 1)
        .evaluate("(line) => line.getBoundingClientRect().bottom >= innerHeight")
    )
    swapped = lines.all_text_contents()
    manager.reload()
    assert swapped == lines.all_text_contents()


# A day of the record: where it begins, its first change, and what follows. How many follow depends
# on the tests before.
DAY = re.compile(r'(<tbody>\s*<tr class="day">.*?</tr>)(.*?</tr>).*?</tbody>', re.DOTALL)
# What each frame since the record was another one has, day by day, and of how much of it htmx took
# leave.
RECORD_FRAMES = """() => {
    const seen = window.frames_seen = [];
    const before = document.querySelector("#changes");
    window.left = 0;
    document.addEventListener("htmx:beforeCleanupElement", ({ target }) => {
        window.left += target.matches(".record *, .chart *");
    });
    const look = () => {
        const days = [...document.querySelectorAll(".record tbody")];
        if (!before.isConnected) seen.push(days.map(({ rows }) => rows.length));
        if (seen.length < 6) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


def test_a_long_record_begins_with_what_the_window_shows(manager: Page) -> None:
    new_pool(manager)

    def longer(route: Route) -> None:
        answer = route.fetch()
        day = DAY.search(answer.text())
        assert day
        begins, change = day.groups()
        days = f"{begins}{change * 40}</tbody>" * 3
        body = answer.text()[: day.start()] + days + answer.text()[day.end() :]
        route.fulfill(response=answer, body=body)

    manager.route(re.compile(r"/c/acme/changes/\?action=create"), longer)
    manager.goto("/c/acme/changes/")
    manager.evaluate(RECORD_FRAMES)
    manager.get_by_label("Action").select_option("create")
    manager.wait_for_function("() => window.frames_seen.length === 6")
    fewer, *_, all_of_them = manager.evaluate("window.frames_seen")
    assert (len(fewer), fewer[0] < 40) == (1, True)
    assert (
        manager.locator(".record tbody tr")
        .nth(fewer[0] - 1)
        .evaluate("(line) => line.getBoundingClientRect().bottom >= innerHeight")
    )
    assert manager.evaluate("window.left") == 0
    table = manager.locator(".record")
    swapped = table.inner_text()
    manager.reload()
    assert swapped == table.inner_text()
    assert all_of_them == table.locator("tbody").evaluate_all("all => all.map(b => b.rows.length)")
    assert len(all_of_them) >= 3


def test_two_lists_at_once_leave_the_lines_of_the_second(manager: Page) -> None:
    manager.goto(f"{POOLS}?per_page=100")
    manager.evaluate("""async () => {
        const waiting = [];
        const whole = window.requestAnimationFrame;
        window.requestAnimationFrame = (act) => waiting.push(act);
        const load = (page) => htmx.ajax("get", `?per_page=100&page=${page}`,
            { source: document.body, target: "#pool-table", swap: "outerHTML" });
        await load(2);
        await load(3);
        while (waiting.length) waiting.shift()();
        window.requestAnimationFrame = whole;
    }""")
    numbers = manager.locator("#pool-table .pool-name small").all_text_contents()
    assert numbers[0] == "201"
    assert len(numbers) == len(set(numbers)) < 100


def test_a_list_that_is_read_again_stays_where_it_was_scrolled_to(manager: Page) -> None:
    manager.goto(f"{POOLS}?per_page=100")
    refresh = manager.locator("#refresh")
    refresh.scroll_into_view_if_needed()
    before = manager.evaluate("scrollY")
    with manager.expect_response("**per_page=100**"):
        refresh.click()
    expect(manager.locator("#pool-table[aria-busy]")).to_have_count(0)
    manager.wait_for_timeout(100)
    assert manager.evaluate("scrollY") == before > 0
