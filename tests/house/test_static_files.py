"""What pages link to: whole, and without what browsers have no use for."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import FileSystemStorage

from adminpanel.static_files import StaticFiles

STATIC = settings.BASE_DIR / "static"
SOURCES = sorted(str(file.relative_to(STATIC)) for file in STATIC.glob("[cj]s*/*"))


@pytest.fixture
def collected(tmp_path: Path) -> dict[str, str]:
    """By the name of its source, what is served."""
    source, storage = FileSystemStorage(STATIC), StaticFiles(tmp_path)
    list(storage.post_process({name: (source, name) for name in SOURCES}))
    return {name: (tmp_path / storage.stored_name(name)).read_text() for name in SOURCES}


def bare(text: str) -> str:
    """Without comments and blanks of any kind."""
    return re.sub(r"/\*.*?\*/|^\s*//[^\n]*|\s", "", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        (
            "css/panel.css",
            ["css/variables.css", "css/page.css", "css/components.css", "css/print.css"],
        ),
        ("js/panel.js", ["js/choose.js"]),
    ],
)
def test_what_pages_link_to_holds_what_it_imports(
    collected: dict[str, str], whole: str, parts: list[str]
) -> None:
    served = collected[whole]
    assert not re.search(r"^@?import ", served, re.MULTILINE)
    places = [served.find(collected[part]) for part in parts]
    assert places == sorted(places)
    assert min(places) >= 0


def test_the_order_of_the_layers_is_said_before_any_of_them(collected: dict[str, str]) -> None:
    served = collected["css/panel.css"]
    assert served.index("@layer tokens,base") < served.index("@layer components")


def test_what_is_served_has_neither_comment_nor_indentation_and_all_else(
    collected: dict[str, str],
) -> None:
    for name, served in collected.items():
        assert not re.search(r"^\s|^//|/\*", served, re.MULTILINE), name
        if "panel" not in name:
            assert bare(served) == bare((STATIC / name).read_text()), name


def test_what_stands_in_quotes_in_a_style_sheet_keeps_its_blanks(collected: dict[str, str]) -> None:
    quoted = r'"[^"]*"'
    for name in filter(lambda each: each.endswith(".css") and "panel" not in each, SOURCES):
        source = re.sub(r"/\*.*?\*/", "", (STATIC / name).read_text(), flags=re.DOTALL)
        assert re.findall(quoted, collected[name]) == re.findall(quoted, source), name
        unquoted = re.sub(quoted, "#", collected[name])
        assert not re.search(r"\s[{};,]|[{};,]\s", unquoted), name


def test_no_text_of_a_script_has_a_second_line() -> None:
    """Its indentation, or what looks like a comment in it, would be left out."""
    for name in SOURCES:
        for line in (STATIC / name).read_text().splitlines():
            assert line.count("`") % 2 == 0, (name, line)
            assert not line.endswith("\\"), (name, line)
