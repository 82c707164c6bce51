"""What axe cannot see: zoom, motion, colours of the reader's own, and what moves by itself."""

from collections.abc import Callable, Sequence
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Fault

POOLS: Final = "/c/acme/pools/"
SCREENS: Final = [
    *("/", "/find/?q=netsuite", POOLS, f"{POOLS}1/", f"{POOLS}1/edit/", f"{POOLS}1/clear/"),
    *("/changes/", "/help/stuck/", "/account/", "/tokens/"),
]
# Chromium tells of each move that nobody's input caused; 0 is a page on which nothing moved.
WATCHED: Final = """
    window.moved = 0;
    new PerformanceObserver((list) => {
      for (const each of list.getEntries()) if (!each.hadRecentInput) window.moved += each.value;
    }).observe({ type: "layout-shift", buffered: true });
"""
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
    reader's own colours what can be pressed has an edge, and where the focus is can be seen."""
    manager.set_viewport_size({"width": 720, "height": 450})
    manager.emulate_media(reduced_motion="reduce", forced_colors="active")

    def found(page: Page) -> list[str]:
        seen: list[str] = [*page.evaluate(FADING), *page.evaluate(EDGELESS)]
        beyond = page.evaluate(WIDER)
        page.keyboard.press("Tab")
        unseen = page.evaluate(UNSEEN)
        return [*seen, *(["beyond the page"] if beyond else []), *(["no focus"] if unseen else [])]

    assert each_screen(manager, found) == {}
    manager.goto(f"{POOLS}1/")
    manager.get_by_role("link", name="Edit", exact=True).click()
    expect(manager.get_by_role("dialog")).to_be_visible()
    assert manager.evaluate(FADING) == []


def test_no_page_moves_while_it_is_read(manager: Page) -> None:
    manager.add_init_script(WATCHED)

    def moved(page: Page) -> float:
        page.wait_for_load_state("networkidle")
        total: float = page.evaluate("window.moved")
        return total

    # Not held of Changes: a long table comes in pieces, and widens with its rows.
    screens = [address for address in SCREENS if address != "/changes/"]
    assert each_screen(manager, moved, screens) == {}


@pytest.mark.parametrize("address", [POOLS, f"{POOLS}1/"])
def test_nothing_moves_where_the_frame_comes_first(
    manager: Page, core_fault: Fault, address: str
) -> None:
    manager.add_init_script(WATCHED)
    core_fault("latency=1.2;only=reads")
    manager.goto(address)
    expect(manager.locator(".asof")).to_be_visible()
    assert manager.evaluate("window.moved") == 0
