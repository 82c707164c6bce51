"""What axe finds on a page that is at rest.

AXE names the release that looks: .ci/axe fetches it. Without it the one in the package does.
"""

import os
from pathlib import Path
from typing import Final

from axe_playwright_python.base import AXE_FILE_PATH
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RELEASE: Final = Path(os.environ.get("AXE") or AXE_FILE_PATH)
# What is fading in has the contrast of its last frame, not of the one that is looked at.
AT_REST = """() => Promise.all(document.getAnimations()
    .filter(each => each.effect.getComputedTiming().endTime !== Infinity)
    .map(each => each.finished))"""


def violations(page: Page) -> list[str]:
    page.evaluate(AT_REST)
    found = Axe.from_file(RELEASE).run(page).response["violations"]
    return [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]
