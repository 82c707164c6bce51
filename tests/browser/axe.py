"""What axe finds on a page that is at rest.

AXE names the release that looks: .ci/axe fetches it. Without it the one in the package does.
"""

import os
from collections.abc import Iterable
from itertools import cycle
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


# Only colours depend on the theme, and only the layout on the width: a daily run looks at each page
# once, by turns in light where it is wide and in dark where it is narrow. `make proof` looks at
# each in all four.
Look = tuple[Literal["light", "dark"], ViewportSize]
LIGHT_AND_WIDE: Final[Look] = ("light", WIDE)
DARK_AND_NARROW: Final[Look] = ("dark", NARROW)
LOOKS: Final[list[Look]] = [LIGHT_AND_WIDE, DARK_AND_NARROW]
OTHER_LOOKS: Final[list[Look]] = [("light", NARROW), ("dark", WIDE)]


def by_turns(pages: Iterable[str]) -> list[tuple[str, Look]]:
    """Each page with the look that a daily run has of it."""
    return list(zip(pages, cycle(LOOKS), strict=False))


def nothing_is_wrong(page: Page, look: Look) -> None:
    """In this look; and neither where it is wide nor where it is narrow it goes beyond the page."""
    others = [each for each in [*LOOKS, *OTHER_LOOKS] if each != look] if PROOF else []
    for theme, size in [*others, look]:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size(size)
        assert (page.url, theme, size, violations(page)) == (page.url, theme, size, [])
        for each in (size, NARROW if size == WIDE else WIDE):
            page.set_viewport_size(each)
            assert (page.url, each, page.evaluate(WIDTH)) == (page.url, each, 0)


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
