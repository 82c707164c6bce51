"""What typing does and does not do: one step back for a search, no question about nothing."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Demo, Fault, let_in, sign_in
from tests.browser.pools import new_pool

pytestmark = pytest.mark.any_database
POOLS = "/c/acme/pools/"
CHANGES = "/c/acme/changes/"


def steps(page: Page) -> int:
    return int(page.evaluate("history.length"))


def step_back(page: Page) -> None:
    """As the browser's own button does; the page is there anew when this returns."""
    with page.expect_event("load"):
        page.evaluate("history.back()")


@pytest.fixture
def asked(manager: Page) -> list[str]:
    """The addresses that htmx asks for, from now on."""
    found: list[str] = []
    manager.on(
        "request",
        lambda request: found.append(request.url) if "hx-request" in request.headers else None,
    )
    return found


def test_a_search_is_one_step_back_however_it_was_typed(manager: Page) -> None:
    manager.goto(POOLS)
    before = steps(manager)
    search = manager.get_by_role("searchbox", name="Search pools")
    search.focus()
    for piece, address in (("shop", "search=shop$"), ("ify", "search=shopify$")):
        manager.keyboard.type(piece)
        expect(manager).to_have_url(re.compile(address))
    assert steps(manager) == before + 1
    manager.get_by_role("link", name="Limit").click()
    expect(manager).to_have_url(re.compile("sort="))
    search.fill("")
    expect(manager).to_have_url(re.compile(r"pools/\?sort=limit$"))
    assert steps(manager) == before + 3
    step_back(manager)
    expect(manager).to_have_url(re.compile("search=shopify&sort=limit$"))
    step_back(manager)
    expect(manager).to_have_url(re.compile("search=shopify$"))
    step_back(manager)
    expect(manager).to_have_url(re.compile(f"{POOLS}$"))


def test_a_search_while_the_list_is_sorted_finds_what_the_address_says(
    manager: Page, core_fault: Fault
) -> None:
    manager.goto(POOLS)
    rows = manager.locator("#pool-table tbody tr")
    expect(rows).to_have_count(25)
    core_fault("latency=1;only=list;times=2")
    with manager.expect_request(re.compile("sort=name")):
        manager.get_by_role("link", name="Name").click()
    manager.get_by_label("Search pools").fill("wholesale")
    expect(manager).to_have_url(re.compile("search=wholesale"))
    expect(manager.locator("#pool-table")).to_have_attribute("data-typed", "wholesale")
    for row in rows.all():
        expect(row.locator(".pool-name > a")).to_contain_text("wholesale")


def test_a_warning_that_the_list_may_be_old_goes_with_the_next_answer(
    manager: Page, complaints: list[str]
) -> None:
    manager.goto(POOLS)
    outcome = manager.locator("#outcome")
    manager.context.set_offline(offline=True)
    manager.get_by_label("Search pools").fill("wholesale")
    expect(outcome).to_contain_text("What you see may be out of date.")
    manager.context.set_offline(offline=False)
    manager.get_by_label("Search pools").fill("orders")
    expect(manager.locator("#pool-table")).to_have_attribute("data-typed", "orders")
    expect(outcome).to_be_empty()
    # The browser and htmx say on the console that there was no connection.
    assert any("ERR_INTERNET_DISCONNECTED" in text for text in complaints)
    complaints.clear()


def test_enter_and_the_arrows_lead_from_the_search_into_the_rows(
    manager: Page, asked: list[str]
) -> None:
    manager.goto(f"{POOLS}?sort=name")
    search = manager.get_by_role("searchbox", name="Search pools")
    search.focus()
    before = steps(manager)
    # Enter is quicker than the pause after typing, and waits for what was typed.
    manager.keyboard.type("shopify")
    manager.keyboard.press("Enter")
    names = manager.locator("#pool-table tbody .pool-name > a")
    expect(manager).to_have_url(re.compile("search=shopify&sort=name$"))
    expect(names.first).to_be_focused()
    assert (len(asked), steps(manager)) == (1, before + 1)
    manager.keyboard.press("ArrowDown")
    expect(names.nth(1)).to_be_focused()
    manager.keyboard.press("ArrowUp")
    manager.keyboard.press("ArrowUp")
    expect(search).to_be_focused()
    # What is there already is not asked for again; and Shift clears in Find alone.
    manager.keyboard.press("Shift+Enter")
    expect(names.first).to_be_focused()
    assert len(asked) == 1
    expect(manager.get_by_role("dialog")).to_be_hidden()
    search.focus()
    manager.keyboard.press("ArrowDown")
    expect(names.first).to_be_focused()


def test_a_date_is_asked_for_when_it_is_left(manager: Page, asked: list[str]) -> None:
    manager.goto(CHANGES)
    before = steps(manager)
    manager.get_by_label("From", exact=True).focus()
    manager.keyboard.type("05122026")
    expect(manager.get_by_label("From", exact=True)).to_have_value("2026-05-12")
    assert asked == []
    manager.get_by_label("Words in the reason").focus()
    expect(manager).to_have_url(re.compile("from=2026-05-12$"))
    manager.get_by_label("To", exact=True).focus()
    manager.keyboard.type("05132026")
    manager.keyboard.press("Enter")
    expect(manager).to_have_url(re.compile("from=2026-05-12&to=2026-05-13$"))
    manager.get_by_label("Words in the reason").focus()
    assert (len(asked), steps(manager)) == (2, before + 2)
    expect(manager.locator(".problem")).to_have_count(0)


def test_the_tabs_title_says_what_is_listed(manager: Page) -> None:
    manager.goto(f"{POOLS}?per_page=10")
    expect(manager).to_have_title("Pools · Acme · Pools Panel")
    manager.get_by_role("searchbox", name="Search pools").fill("orders")
    expect(manager).to_have_title("orders · Pools · Acme · Pools Panel")
    manager.get_by_role("link", name="Limit").click()
    expect(manager).to_have_title("orders · by limit, ascending · Pools · Acme · Pools Panel")
    manager.get_by_role("link", name="Next").click()
    said = "orders · by limit, ascending · page 2 · Pools · Acme · Pools Panel"
    expect(manager).to_have_title(said)
    manager.reload()
    expect(manager).to_have_title(said)
    manager.goto(CHANGES)
    manager.get_by_label("Words in the reason").fill("stuck")
    manager.get_by_role("button", name="Filter").click()
    expect(manager).to_have_title("stuck · Changes · Acme · Pools Panel")


def test_the_tabs_title_follows_a_new_name(manager: Page) -> None:
    manager.goto(new_pool(manager))
    manager.get_by_role("link", name="Edit", exact=True).click()
    manager.get_by_label("Name").fill("Renamed in the dialog")
    manager.get_by_role("button", name="Save changes").click()
    expect(manager).to_have_title("Renamed in the dialog · Acme · Pools Panel")


def test_nothing_typed_is_nothing_to_lose(manager: Page) -> None:
    manager.goto(new_pool(manager))
    manager.get_by_role("link", name="Edit", exact=True).click()
    dialog = manager.locator("#dialog")
    dialog.get_by_role("button", name="Save changes").click()
    expect(dialog).to_contain_text("Nothing to save")
    manager.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(manager.locator("#leave")).to_be_hidden()


def test_a_refused_form_that_holds_something_is_asked_about(manager: Page) -> None:
    manager.goto(new_pool(manager))
    for label, text in (("Reason", "Half a reason"), ("Limit", "ten")):
        manager.get_by_role("link", name="Edit", exact=True).click()
        dialog = manager.locator("#dialog")
        dialog.get_by_label(label).fill(text)
        dialog.get_by_role("button", name="Save changes").click()
        expect(dialog.locator("form[data-unsaved]")).to_be_visible()
        manager.keyboard.press("Escape")
        expect(manager.locator("#leave")).to_be_visible()
        manager.get_by_role("button", name="Discard").click()
        expect(dialog).to_be_hidden()


def test_a_box_that_was_drawn_larger_is_no_style_of_the_page(manager: Page) -> None:
    """What the browser complains about is looked at by the fixture of the manager."""
    manager.goto(new_pool(manager))
    manager.get_by_role("link", name="Edit", exact=True).click()
    reason = manager.locator("#dialog").get_by_label("Reason")
    # It stands where it stays once the dialog has the focus.
    expect(manager.locator("#dialog").get_by_label("Limit")).to_be_focused()
    box = reason.bounding_box()
    assert box
    manager.mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] - 4)
    manager.mouse.down()
    manager.mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] + 60)
    manager.mouse.up()
    assert reason.get_attribute("style")
    manager.get_by_label("Limit").fill("ten")
    manager.get_by_role("button", name="Save changes").click()
    expect(manager.locator("form[data-unsaved]")).to_be_visible()
    expect(reason).not_to_have_attribute("style", re.compile(""))


def test_back_to_a_refused_form_opens_it_and_sends_nothing(manager: Page) -> None:
    manager.goto(POOLS)
    manager.goto(f"{POOLS}new/")
    sent: list[str] = []
    manager.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    manager.get_by_label("Name").fill("Refused first")
    manager.get_by_role("button", name="Create pool").click()
    expect(manager.locator(".field-limit .errorlist")).to_be_visible()
    manager.get_by_label("Limit").fill("5")
    manager.get_by_role("button", name="Create pool").click()
    manager.wait_for_url(re.compile(r"/pools/\d+/$"))
    assert len(sent) == 2
    manager.go_back()
    expect(manager.get_by_role("heading", name="New pool")).to_be_visible()
    expect(manager.get_by_label("Name")).to_have_value("")
    manager.go_back()
    manager.go_back()
    expect(manager).to_have_url(re.compile(f"{POOLS}(new/)?$"))
    assert len(sent) == 2


PRESSED = (
    "(keys) => document.body.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, ...keys}))"
)


CLICKED_IN_VAIN = """() => {
  window.clicked = [];
  addEventListener("click", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    window.clicked.push(event.target.textContent.trim());
  }, true);
}"""


# What a key writes, and where it is.
NEW_POOL = [
    *(("т", "KeyN"), ("Т", "KeyN"), ("ν", "KeyN"), ("מ", "KeyN"), ("ى", "KeyN"), ("N", "KeyN")),
    ("n", "KeyL"),
]
OTHERS = [
    {"key": "l", "code": "KeyN"},
    {"key": "N", "code": "KeyN", "shiftKey": True},
    {"key": "т", "code": "KeyN", "ctrlKey": True},
    {"key": "ñ", "code": "KeyN"},
    {"key": "т", "code": "Semicolon"},
]


def test_single_keys_work_whatever_the_layout(manager: Page) -> None:
    manager.goto(POOLS)
    heading = manager.get_by_role("heading", name="New pool")
    key, code = NEW_POOL[0]
    manager.evaluate(PRESSED, {"key": key, "code": code})
    expect(heading).to_be_visible()
    manager.keyboard.press("Escape")
    expect(heading).to_be_hidden()
    # The others press the same, which from here on leads nowhere.
    manager.evaluate(CLICKED_IN_VAIN)
    for key, code in NEW_POOL[1:]:
        manager.evaluate(PRESSED, {"key": key, "code": code})
        assert manager.evaluate("window.clicked.splice(0)") == ["New pool"], f"{key} at {code}"


def test_another_key_is_another_key(manager: Page, asked: list[str]) -> None:
    manager.goto(POOLS)
    find = manager.get_by_role("dialog", name="Find").get_by_role("searchbox")
    for keys in OTHERS:
        manager.keyboard.press("Escape")
        # A box that is hidden keeps the focus until the next frame.
        expect(manager.locator("#find-anywhere")).not_to_be_focused()
        expect(find).to_be_hidden()
        manager.evaluate(PRESSED, keys)
        manager.keyboard.press("/")
        expect(find).to_be_focused()
        assert (keys, asked) == (keys, [])
    # While typing, a letter is a letter, in every alphabet, and a slash a slash.
    manager.keyboard.insert_text("т")
    manager.keyboard.press("/")
    expect(find).to_have_value("т/")


def test_switched_off_keys_stay_off_after_signing_out(page: Page, complaints: list[str]) -> None:
    sign_in(page, "manager")
    page.goto(POOLS)
    page.keyboard.press("?")
    with page.expect_response("**/keys/") as kept:
        page.get_by_label("Single-key shortcuts").uncheck()
    assert kept.value.status == 204
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")
    sign_in(page, "manager")
    page.goto(POOLS)
    page.keyboard.press("n")
    page.keyboard.press("/")
    expect(page.get_by_role("dialog", name="Find")).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Find").get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Keyboard").click()
    expect(page.get_by_label("Single-key shortcuts")).not_to_be_checked()


def test_keys_are_offered_to_those_who_may_use_them(
    page: Page, demo: Demo, complaints: list[str]
) -> None:
    everywhere = ["g", "h", "g", "c", "Ctrl", "Enter", "?"]
    offered = {
        "viewer": ["Ctrl K", "/", "j", "k", "Enter", *everywhere],
        "operator": [
            "Ctrl K",
            "/",
            "Shift",
            "Enter",
            "j",
            "k",
            "Enter",
            "e",
            "c",
            "x",
            "a",
            *everywhere,
        ],
        "manager": [
            "Ctrl K",
            "/",
            "Shift",
            "Enter",
            "n",
            "j",
            "k",
            "Enter",
            "e",
            "c",
            "x",
            "a",
            *everywhere,
        ],
    }
    for name, keys in offered.items():
        page.context.clear_cookies()
        with let_in(page.context, demo.url, name):
            page.goto("/")
        page.get_by_role("link", name="Keyboard").click()
        expect(page.locator("#dialog kbd").first).to_be_visible()
        assert page.locator("#dialog kbd").all_text_contents() == keys
