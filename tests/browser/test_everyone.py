"""What axe cannot see: zoom, motion, colours of the reader's own, and what moves by itself."""

from collections.abc import Callable, Sequence
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Fault
from tests.browser.pools import new_pool

POOLS: Final = "/c/acme/pools/"
SCREENS: Final = [
    *("/", "/find/?q=netsuite", POOLS, f"{POOLS}1/", f"{POOLS}1/edit/", f"{POOLS}1/clear/"),
    *("/changes/", "/help/stuck/", "/account/", "/tokens/", f"{POOLS}?system="),
]
# Chromium tells of each move that nobody's input caused; 0 is a page on which nothing moved.
WATCHED: Final = """
    window.moved = 0;
    window.movers = [];
    new PerformanceObserver((list) => {
      for (const each of list.getEntries()) {
        if (each.hadRecentInput) continue;
        window.moved += each.value;
        window.movers.push(...each.sources.map(({ node }) =>
          `${each.value} ${node?.outerHTML?.slice(0, 80) ?? node?.textContent}`));
      }
    }).observe({ type: "layout-shift", buffered: true });
"""
# Sentences stand for moments only.
SAID: Final = """() => {
    window.said = "";
    const hint = document.querySelector("#dialog .slow");
    new MutationObserver(() => { window.said += hint.textContent; })
        .observe(hint, { childList: true });
}"""
WIDER: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FADING: Final = """() => document.getAnimations()
    .filter((each) => each.effect.getComputedTiming().duration > 1)
    .map((each) => each.effect.target.outerHTML.slice(0, 80))"""
# A button that is told from the text around it by its background alone is lost there.
EDGELESS: Final = """() => [...document.querySelectorAll("main button, main .button, main input")]
    .filter((each) => each.checkVisibility()
        && !["hidden", "radio", "checkbox"].includes(each.type))
    .filter((each) => !each.closest("details:not([open]), .visually-hidden"))
    .filter((each) => parseFloat(getComputedStyle(each).borderTopWidth) === 0
        && getComputedStyle(each).textDecorationLine === "none")
    .map((each) => each.outerHTML.slice(0, 100))"""
# Smaller than a target may be, unless it is a word of a sentence.
SMALL: Final = """() => [...document.querySelectorAll("a, button, summary, select, textarea")]
    .filter((each) => each.checkVisibility() && !each.closest("p a, .skip"))
    .map((each) => [each, each.getBoundingClientRect()])
    .filter(([, box]) => box.width > 1 && (box.width < 24 || box.height < 24))
    .map(([each, box]) => `${each.outerHTML.slice(0, 80)} ${box.width} x ${box.height}`)"""
# What the focus looks like where it stands.
UNSEEN: Final = """() => {
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2;
}"""


def each_screen(
    page: Page, found: Callable[[Page], object], screens: Sequence[str] = SCREENS
) -> dict[str, object]:
    """What is found on each screen, where something is."""
    seen = {}
    for address in screens:
        page.goto(address)
        seen[address] = found(page)
    return {address: what for address, what in seen.items() if what}


def test_zoom_no_motion_and_forced_colours_are_stood_by_each_screen(manager: Page) -> None:
    """At twice the size nothing goes beyond the page; who wants no motion has none; in the
    reader's own colours what can be pressed has an edge, and where the focus is can be seen;
    and everything is large enough to be hit."""
    manager.set_viewport_size({"width": 720, "height": 450})
    manager.emulate_media(reduced_motion="reduce", forced_colors="active")

    def found(page: Page) -> list[str]:
        seen: list[str] = [
            each for what in (FADING, EDGELESS, SMALL) for each in page.evaluate(what)
        ]
        beyond = page.evaluate(WIDER)
        page.keyboard.press("Tab")
        unseen = page.evaluate(UNSEEN)
        return [*seen, *(["beyond the page"] if beyond else []), *(["no focus"] if unseen else [])]

    assert each_screen(manager, found) == {}
    manager.goto(f"{POOLS}1/")
    manager.get_by_role("link", name="Edit", exact=True).click()
    expect(manager.get_by_role("dialog")).to_be_visible()
    assert manager.evaluate(FADING) == []


def test_in_forced_colours_the_shapes_of_a_line_are_seen(manager: Page) -> None:
    manager.emulate_media(forced_colors="active")
    manager.goto(POOLS)
    colours = manager.evaluate("""() => {
        const edit = document.querySelector(".tools a");
        return [getComputedStyle(edit).color, getComputedStyle(edit, "::before").backgroundColor];
    }""")
    assert colours[0] == colours[1]


def test_no_page_moves_while_it_is_read(manager: Page) -> None:
    manager.add_init_script(WATCHED)

    def moved(page: Page) -> object:
        page.wait_for_load_state("networkidle")
        return page.evaluate("window.movers")

    assert each_screen(manager, moved) == {}
    # A long table that comes in pieces: in the row that came half, a text may settle by a pixel.
    slow = manager.context.new_cdp_session(manager)
    rate = {"latency": 20, "downloadThroughput": 60 * 1024, "uploadThroughput": 60 * 1024}
    slow.send("Network.emulateNetworkConditions", {"offline": False, **rate})
    manager.goto("/changes/")
    manager.wait_for_load_state("networkidle")
    assert round(manager.evaluate("window.moved"), 3) == 0, manager.evaluate("window.movers")
    slow.detach()


@pytest.mark.parametrize("address", [POOLS, f"{POOLS}1/"])
def test_nothing_moves_where_the_frame_comes_first(
    manager: Page, core_fault: Fault, address: str
) -> None:
    manager.add_init_script(WATCHED)
    core_fault("latency=1.2;only=reads")
    manager.goto(address)
    expect(manager.locator(".asof")).to_be_visible()
    assert manager.evaluate("window.moved") == 0


def test_nothing_moves_where_a_dialog_waits_and_its_outcome_is_said(
    manager: Page, core_fault: Fault
) -> None:
    """The sentence that Patchworks is slow, and then what became of it."""
    address = new_pool(manager)
    manager.add_init_script(WATCHED)
    newest = f"{POOLS}?sort=-created_at&per_page=10"
    for place, limit in ((address, "6"), (newest, "7")):
        manager.goto(place)
        if place == newest:
            manager.get_by_role("row").nth(1).get_by_role("link", name="Edit").click()
        else:
            manager.get_by_role("link", name="Edit", exact=True).click()
        dialog = manager.get_by_role("dialog")
        dialog.get_by_label("Limit").fill(limit)
        manager.evaluate(SAID)
        # To read, to write and to read back: the sentence comes after three seconds.
        core_fault("latency=1.2")
        dialog.get_by_role("button", name="Save changes").click()
        # Over a row it would show what can be done there.
        manager.mouse.move(0, 0)
        expect(manager.locator("#outcome")).to_contain_text(f"→ {limit}", timeout=15_000)
        core_fault("")
        assert "Still waiting" in manager.evaluate("window.said")
        assert manager.evaluate("window.movers") == []
