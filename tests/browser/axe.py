"""What axe finds on a page that is at rest.

AXE names the release that looks: .ci/axe fetches it. Without it the one in the package does.
"""

import os
from pathlib import Path
from typing import Final

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Page

SCRIPT: Final = Path(os.environ.get("AXE") or AXE_FILE_PATH).read_text()
# What is fading in has the contrast of its last frame, not of the one that is looked at.
AT_REST = """() => Promise.all(document.getAnimations()
    .filter(each => each.effect.getComputedTiming().endTime !== Infinity)
    .map(each => each.finished))"""
# What style sheets say is read again for two rules alone: of sound that plays by itself, and a
# trial one that is off.
LOOK = """(rules) => axe
    .run({resultTypes: ["violations"], preload: false, ...rules})
    .then(({violations}) => violations.flatMap(({id, nodes}) =>
        nodes.map(({html}) => `${id}: ${html.slice(0, 120)}`)))"""
# The rules of axe that look at colours: all that can differ between two themes of one page.
COLOURS: Final[dict[str, object]] = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
}


def violations(page: Page) -> list[str]:
    return _look(page, {})


def violations_in_both_themes(page: Page) -> list[str]:
    """Every rule in the light. In the dark the page is the same but for its colours."""
    found = violations(page)
    page.emulate_media(color_scheme="dark")
    found += _look(page, COLOURS)
    page.emulate_media(color_scheme="light")
    return found


def _look(page: Page, rules: dict[str, object]) -> list[str]:
    page.evaluate(AT_REST)
    if page.evaluate("!window.axe"):
        page.evaluate(SCRIPT)
    found: list[str] = page.evaluate(LOOK, rules)
    return found
