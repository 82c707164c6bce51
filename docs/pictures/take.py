"""Takes the README's pictures from a running demo: `python docs/pictures/take.py ADDRESS`.

It edits, reverts and clears pools of the demo first, so that there is a history to see.
"""

import os
import re
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parent
POOLS = "/c/acme/pools/"


def sign_in(page: Page, name: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("User name or e-mail").fill(name)
    page.get_by_label("Password").fill("pools-demo")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


def change(page: Page, pool: int, limit: str, reason: str) -> None:
    page.goto(f"{POOLS}{pool}/edit/")
    page.get_by_label("Limit").fill(limit)
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Save changes").click()
    page.wait_for_url(re.compile(rf"/{pool}/$"))


def clear(page: Page, pool: int, reason: str) -> None:
    page.goto(f"{POOLS}{pool}/clear/")
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Clear pending requests").click()
    page.wait_for_url(re.compile(rf"/{pool}/$"))


def revert_last(page: Page, pool: int, reason: str) -> None:
    page.goto(f"{POOLS}{pool}/")
    page.get_by_role("link", name="Revert", exact=True).first.click()
    page.get_by_role("dialog").get_by_label("Reason").fill(reason)
    page.get_by_role("dialog").get_by_role("button", name="Revert").click()
    page.get_by_text("Reverted the edit of").wait_for()


def take(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=FOLDER / f"{name}.png")


def main(base_url: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        view = {"width": 1440, "height": 900}
        light = browser.new_page(base_url=base_url, viewport=view, color_scheme="light")
        sign_in(light, "operator")
        clear(light, 2, "TICKET-4711: orders stuck since noon")
        change(light, 2, "14", "TICKET-4711")
        revert_last(light, 2, "TICKET-4711: solved, back to normal")
        change(light, 9, "40", "TICKET-4720: sale weekend")
        take(light, POOLS, "pools-light")
        take(light, f"{POOLS}2/", "pool-light")
        take(light, "/c/acme/changes/", "changes-light")
        # Without motion, or the dialog is photographed while it still fades in.
        dark = browser.new_page(
            base_url=base_url, viewport=view, color_scheme="dark", reduced_motion="reduce"
        )
        sign_in(dark, "manager")
        dark.goto(POOLS)
        row = dark.get_by_role("row", name=re.compile("^Shopify orders"))
        row.hover()
        row.get_by_role("link", name="Clear pool").click()
        dark.get_by_role("button", name="Clear pending requests").wait_for()
        dark.screenshot(path=FOLDER / "clear-dark.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
