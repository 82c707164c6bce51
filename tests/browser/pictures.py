"""`python -m tests.browser.pictures`: takes the pictures in docs/pictures, from a demo of its own.

Of each screen one file: on a laptop and on a phone, light and dark, under the same of before it was
redrawn, where that is kept in `before`. Names of screens take these alone.
"""

import base64
import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from tests.browser.conftest import ROOT, let_in, running_demo
from tests.browser.pools import POOLS, send

PICTURES: Final = ROOT / "docs" / "pictures"
LAPTOP: Final[ViewportSize] = {"width": 1440, "height": 900}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
Theme = Literal["light", "dark"]
LOOKS: Final[list[tuple[ViewportSize, Theme]]] = [
    *((LAPTOP, "light"), (LAPTOP, "dark"), (PHONE, "light"), (PHONE, "dark")),
]
QUALITY: Final[Mapping[str, Any]] = {"png": {}, "jpg": {"type": "jpeg", "quality": 70}}
SHEET: Final = """<style>
    body { margin: 0; padding: 16px; width: 2264px; background: #8b8e93; font: bold 20px sans-serif; color: white }
    p { margin: 0 0 4px } div { display: flex; gap: 12px; margin-bottom: 16px } div:last-child { margin: 0 }
    img { height: 540px; border-radius: 6px } img.before { width: 100%; height: auto; border-radius: 0 }
</style>"""  # noqa: E501
# Until what another theme or size has changed is on the screen.
DRAWN: Final = """() => new Promise((done) =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""
WHOLESALE: Final = f"{POOLS}?search=wholesale&sort=name"


class Alone(NamedTuple):
    """A picture of a screen by itself, on a laptop."""

    file: str
    theme: Theme = "light"


class Screen(NamedTuple):
    """Who looks at which address, and what they do there first; a picture of its own, if any."""

    address: str
    who: str = "manager"
    first: Callable[[Page], None] | None = None
    alone: Alone | None = None


def dialog(page: Page) -> None:
    """What is asked before a pool is cleared, over the list."""
    row = page.get_by_role("row", name=re.compile("^Shopify orders"))
    row.hover()
    row.get_by_role("link", name="Clear pool").click()
    page.get_by_role("button", name="Clear pending requests").wait_for()


def ticked(page: Page) -> None:
    for box in page.locator("#pool-table [name='pool']").all()[:5]:
        box.check()


def chosen(page: Page) -> None:
    page.locator("#pool-table [name='pool']").first.check()
    page.locator("[name='matching']").first.click()
    page.get_by_label("Set limit").check()
    page.get_by_label("Percent").fill("50")
    page.get_by_label("Reason").fill("ZD-4711: sale is over")


def previewed(page: Page) -> None:
    chosen(page)
    page.get_by_role("button", name="Preview").click()
    page.get_by_text("Nothing has been sent yet.").wait_for()


def reported(page: Page) -> None:
    previewed(page)
    number = re.search(r"\d+", page.get_by_role("button", name="Run").inner_text())
    assert number
    page.get_by_label(f"Type {number[0]} to run it").fill(number[0])
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text(f"{number[0]} of {number[0]}")).to_be_visible(timeout=60_000)


def newest_change(page: Page) -> None:
    page.locator("tbody a[href^='/changes/']").first.click()


def of_operator(page: Page) -> None:
    page.get_by_role("link", name="operator").click()


SCREENS: Final[Mapping[str, Screen]] = {
    "sign-in": Screen("/accounts/login/", ""),
    "home": Screen("/"),
    "find": Screen("/find/?q=shopify"),
    "pools": Screen(POOLS, alone=Alone("pools-light.png")),
    "choose": Screen(POOLS, first=ticked),
    "choose-form": Screen(WHOLESALE, first=chosen),
    "list": Screen(WHOLESALE, first=previewed, alone=Alone("screens/list-preview.jpg")),
    "list-done": Screen(WHOLESALE, first=reported, alone=Alone("screens/list-report.jpg")),
    "pool": Screen(f"{POOLS}2/", alone=Alone("pool-light.png")),
    "edit": Screen(f"{POOLS}1/edit/"),
    "clear": Screen(f"{POOLS}1/clear/"),
    "clear-dialog": Screen(POOLS, first=dialog, alone=Alone("clear-dark.png", "dark")),
    "changes": Screen("/c/acme/changes/", alone=Alone("changes-light.png")),
    "change": Screen("/c/acme/changes/", first=newest_change),
    "tokens": Screen("/tokens/"),
    "account": Screen("/account/"),
    "people": Screen("/people/", "admin"),
    "person": Screen("/people/", "admin", of_operator),
    "company": Screen("/companies/acme/", "admin"),
    "stuck": Screen("/help/stuck/"),
}


def tell_a_story(page: Page) -> None:
    """What an operator did: so that there is a history to see."""
    pool, ticket = f"{POOLS}2/", "ZD-4711"
    send(page, f"{pool}clear/", {"reason": f"{ticket}: orders stuck since noon"})
    send(page, f"{pool}edit/", {"limit": "14", "reason": ticket})
    page.goto(pool)
    page.get_by_role("link", name="Revert", exact=True).first.click()
    page.get_by_role("dialog").get_by_label("Reason").fill(f"{ticket}: solved, back to normal")
    page.get_by_role("dialog").get_by_role("button", name="Revert").click()
    page.locator("#outcome").get_by_text("Reverted the edit of").wait_for()
    send(page, f"{POOLS}9/edit/", {"limit": "40", "reason": "ZD-4720: sale weekend"})


def take(page: Page, name: str, screen: Screen) -> None:
    page.goto(screen.address)
    if screen.first:
        screen.first(page)
    page.wait_for_load_state("networkidle")
    page.mouse.move(0, 0)
    shots = []
    for size, theme in LOOKS:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.evaluate(DRAWN)
        shots.append(page.screenshot())
        if screen.alone and (size, theme) == (LAPTOP, screen.alone.theme):
            page.screenshot(path=PICTURES / screen.alone.file, **QUALITY[screen.alone.file[-3:]])
    # A page of its own: what is looked at may be asked about before it is left.
    drawing = page.context.new_page()
    draw(drawing, name, shots)
    drawing.close()
    page.close()


def draw(page: Page, name: str, shots: list[bytes]) -> None:
    """The four of a screen in a row, under those of before."""
    before, path = PICTURES / "before" / f"{name}.jpg", PICTURES / "screens" / f"{name}.jpg"
    now = "".join(image(shot, "png") for shot in shots)
    rows = f"<div>{now}</div>"
    if before.exists():
        was = image(before.read_bytes(), "jpeg", "before")
        rows = f"<p>before</p><div>{was}</div><p>now</p>{rows}"
    page.set_viewport_size({"width": 2296, "height": 100})
    page.set_content(SHEET + rows)
    page.screenshot(path=path, full_page=True, **QUALITY["jpg"])


def image(data: bytes, kind: str, name: str = "") -> str:
    url = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    return f'<img class="{name}" src="{url}">'


def main(names: list[str]) -> None:
    if unknown := {*names} - {*SCREENS}:
        sys.exit(f"There is no such screen: {', '.join(sorted(unknown))}.")
    wanted = {name: SCREENS[name] for name in names or SCREENS}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_demo(Path(folder)) as demo,
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium", args=["--no-sandbox"]
        ) as browser,
    ):
        for who in ("operator", *dict.fromkeys(screen.who for screen in wanted.values())):
            context = browser.new_context(base_url=demo.url, viewport=LAPTOP)
            with let_in(context, demo.url, who) if who else nullcontext():
                if who == "operator":
                    tell_a_story(context.new_page())
                    continue
                for name, screen in wanted.items():
                    if screen.who == who:
                        take(context.new_page(), name, screen)


if __name__ == "__main__":
    main(sys.argv[1:])
