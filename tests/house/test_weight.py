"""What a page weighs on its way to a browser: brotli, as whitenoise makes it at build time."""

from pathlib import Path

import brotli
import django_htmx

from adminpanel.static_files import served

STATIC = Path(__file__).resolve().parents[2] / "static"
HTMX = Path(django_htmx.__file__).parent / "static/django_htmx/htmx-2.min.js"
OURS = served(
    (str(file.relative_to(STATIC)) for file in STATIC.glob("[cj]s*/*")),
    lambda name: (STATIC / name).read_text(),
)
# What the pages need for paper, phones, keyboards of all scripts, lines that open by a click, what
# Find leads into (of near hits only to them), the server's own checks, Back after a refusal, and
# columns that stay while a long table arrives. Choosing several pools is 1,250 of the script and
# 500 of the style sheet; 300 of it are shapes that every line of a list has. That what a list is
# asked for last wins, with all that was asked before, is 190 of the script.
CSS, PANEL_JS, ALL_JS = 9_760, 7_070, 9_400
# Bytes. A first page is these, the list's own page (tests/views/test_weight.py) and no more.
WHOLE, PAGE = 40_000, 6_000


def packed(text: bytes) -> int:
    return len(brotli.compress(text))


def weight(start: str) -> int:
    found = [text for name, text in OURS.items() if name.startswith(start)]
    assert found
    return sum(packed(text.encode()) for text in found)


def test_our_own_scripts_stay_light() -> None:
    assert weight("js/panel.js") <= PANEL_JS
    # What panel.js imports is in it.
    assert weight("js/") - weight("js/choose.js") <= ALL_JS


def test_our_own_style_sheet_stays_light() -> None:
    assert weight("css/panel.css") <= CSS


def test_a_first_page_is_at_most_40_kb() -> None:
    foreign = [HTMX, *STATIC.glob("*.svg")]
    files = sum(packed(file.read_bytes()) for file in foreign)
    assert files + weight("css/panel.css") + weight("js/panel.js") <= WHOLE - PAGE
