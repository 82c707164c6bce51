"""Reading the documents that are checked against the code."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final

from adminpanel.settings import BASE_DIR

TESTS: Final = Path(__file__).parents[1]
DOCS: Final = TESTS.parent / "docs"
# How a document names a test that shows something.
TEST: Final = re.compile(r"`([\w/]+\.py::test_\w+)`")


@cache
def section(document: str, title: str) -> str:
    """The text under a heading of a document, up to the next heading of its level or above."""
    found: list[str] = []
    depth = 0
    for line in (DOCS / document).read_text().splitlines():
        level = len(line) - len(line.lstrip("#")) if line.startswith("#") else 0
        if depth and level and level <= depth:
            break
        if depth:
            found.append(line)
        elif level and line.lstrip("# ") == title:
            depth = level
    assert depth, f"{document} has no section {title!r}"
    return "\n".join(found)


def rows(text: str) -> list[list[str]]:
    """The cells of the tables in it, headings left out."""
    lines = [line.strip() for line in text.splitlines()]
    found = []
    for before, line in zip(["", *lines], lines, strict=False):
        ruler = line.startswith("|") and not line.strip("|-: ")
        head = not before.startswith("|")
        if line.startswith("|") and not ruler and not head:
            found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def named(text: str) -> set[str]:
    """What stands between backticks."""
    return set(re.findall(r"`([^`]+)`", text))


@cache
def known_tests() -> frozenset[str]:
    """Every test function there is, as `house/test_headers.py::test_name`."""
    found = set()
    for file in TESTS.rglob("test_*.py"):
        place = file.relative_to(TESTS).as_posix()
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found.add(f"{place}::{node.name}")
    return frozenset(found)


def inventory(title: str) -> list[list[str]]:
    """A table of docs/inventories.md."""
    return rows(section("inventories.md", title))


# The demo starts processes; it is in no image.
FILES: Final = sorted(
    file
    for room in ("adminpanel", "pools")
    for file in (BASE_DIR / room).rglob("*.py")
    if file.name != "demo.py"
)


@cache
def nodes() -> list[tuple[Path, ast.AST]]:
    return [(file, node) for file in FILES for node in ast.walk(ast.parse(file.read_text()))]


@cache
def calls() -> list[tuple[str, str, ast.Call]]:
    """Every call in the code: file, what is called (its last name), the call."""
    found = []
    for file, node in nodes():
        if isinstance(node, ast.Call):
            name = node.func
            called = name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")
            found.append((str(file.relative_to(BASE_DIR)), called, node))
    return found
