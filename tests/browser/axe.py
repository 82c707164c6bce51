"""What axe finds on a page that is at rest.

AXE names the release that looks: .ci/axe fetches it. Without it the one in the package does.
"""

import os
from pathlib import Path
from typing import Final, Literal

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Page, ViewportSize

from tests.fixtures.sampling import PROOF

SCRIPT: Final = Path(os.environ.get("AXE") or AXE_FILE_PATH).read_text()
# What is fading in has the contrast of its last frame, not of the one that is looked at. What
# ends before, as it is replaced, has none.
AT_REST = """() => Promise.allSettled(document.getAnimations()
    .filter(each => each.effect.getComputedTiming().endTime !== Infinity)
    .map(each => each.finished))"""
# What style sheets say is read again for two rules alone: of sound that plays by itself, and a
# trial one that is off. How an element could be found again is not told.
LOOK = """(rules) => axe
    .run({resultTypes: ["violations"], preload: false, selectors: false, ...rules})
    .then(({violations}) => violations.flatMap(({id, nodes}) =>
        nodes.map(({html}) => `${id}: ${html.slice(0, 120)}`)))"""
# The rules of axe that look at colours: all that can differ between two themes of one page.
COLOURS: Final[dict[str, object]] = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
}

WIDE: Final[ViewportSize] = {"width": 1440, "height": 900}
NARROW: Final[ViewportSize] = {"width": 320, "height": 800}
WIDTH: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


# Only colours depend on the theme, and only the layout on the width: each run looks at both at
# once, and `make proof` also at the other two.
Look = tuple[Literal["light", "dark"], ViewportSize]
LOOKS: Final[list[Look]] = [("light", WIDE), ("dark", NARROW)]
OTHER_LOOKS: Final[list[Look]] = [("light", NARROW), ("dark", WIDE)]


def nothing_is_wrong(page: Page) -> None:
    """In light and dark, where it is wide and where it is narrow."""
    for theme, size in [*LOOKS, *(OTHER_LOOKS if PROOF else [])]:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=theme)
        assert violations(page) == []
        assert page.evaluate(WIDTH) == 0
    page.emulate_media(color_scheme="light")


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
