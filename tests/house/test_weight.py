"""What a page weighs on its way to a browser: brotli, as whitenoise makes it at build time."""

from pathlib import Path

import brotli
import django_htmx
import pytest

from adminpanel.static_files import whole_sheet

STATIC = Path(__file__).resolve().parents[2] / "static"
HTMX = Path(django_htmx.__file__).parent / "static/django_htmx/htmx-2.min.js"
# What the pages need for paper, phones, keyboards of all scripts, lines that open by a click, what
# Find leads into (of near hits only to them), the server's own checks, Back after a refusal, and
# columns that stay while a long table arrives. Choosing several pools has a script of its own
# (1,860), which the list loads, and 500 of the style sheet.
CSS, PANEL_JS, ALL_JS = 10_360, 7_075, 11_700
# Bytes. A first page is these, the list's own page (tests/views/test_weight.py: 6,760) and no more.
WHOLE, PAGE = 42_500, 7_000


def weight(*files: Path) -> int:
    return sum(len(brotli.compress(file.read_bytes())) for file in files)


def weight_of_the_style_sheet() -> int:
    sheet = whole_sheet(lambda name: (STATIC / name).read_text())
    assert "@import" not in sheet
    return len(brotli.compress(sheet.encode()))


@pytest.mark.parametrize(("files", "most"), [("js/panel.js", PANEL_JS), ("js/*.js", ALL_JS)])
def test_our_own_scripts_stay_light(files: str, most: int) -> None:
    found = sorted(STATIC.glob(files))
    assert found
    assert weight(*found) <= most


def test_our_own_style_sheet_stays_light() -> None:
    assert weight_of_the_style_sheet() <= CSS


def test_a_first_page_leaves_room_for_its_list() -> None:
    loaded = [*STATIC.glob("*.svg"), STATIC / "js/panel.js", STATIC / "js/choose.js", HTMX]
    assert weight_of_the_style_sheet() + weight(*loaded) <= WHOLE - PAGE
