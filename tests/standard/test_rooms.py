"""The rooms: the rule in pyproject.toml, docs/architecture.md and the folders say the same."""

import ast
import pkgutil
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

import pools
from tests.standard.reading import DOCS, named, rows, section

ROOT: Final = DOCS.parent
# What a request, an answer and a template are made with. import-linter sees only `django` whole.
PAGES: Final = ("django.http", "django.shortcuts", "django.template", "django_htmx")
BELOW_PAGES: Final = (
    *("wording", "feed", "changes", "catalogue", "people", "tokens", "metrics"),
    *("ledger", "models", "core"),
    *("secret", "tickets", "zones"),
)


@cache
def contracts() -> dict[str, Any]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {each["name"]: each for each in settings["tool"]["importlinter"]["contracts"]}


def rule() -> list[set[str]]:
    """The layers from the roof down, each with the rooms that stand side by side in it."""
    layers = contracts()["A room imports only what stands below it"]["layers"]
    return [set(layer.split(" | ")) for layer in layers]


def module(place: str) -> str:
    """`pools/admin.py` → pools.admin, `pools/views/` → pools.views"""
    return place.removesuffix("/").removesuffix(".py").replace("/", ".")


def test_the_table_has_the_rooms_of_the_rule_in_its_order() -> None:
    table = rows(section("architecture.md", "Rooms"))
    told = [{module(place) for place in named(row[0])} for row in table if len(row) == 3]
    assert told == rule()


def test_every_package_and_module_of_the_panel_is_a_room() -> None:
    found = {f"pools.{each.name}" for each in pkgutil.iter_modules(pools.__path__)}
    # Without a module of its own, for Python: no `__init__.py` would be a room unseen.
    found |= {f"pools.{file.parent.name}" for file in ROOT.glob("pools/*/*.py")}
    assert set.union(*rule()) == found | {"adminpanel"}


def test_every_room_but_the_service_module_is_kept_from_http() -> None:
    kept = contracts()["Only the service module speaks HTTP to Core"]["source_modules"]
    assert len(kept) == len(set(kept))
    assert set(kept) == set.union(*rule()) - {"pools.core"}


def imported(file: Path) -> Iterator[str]:
    """What a module imports, each name with the module that it is of."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("room", BELOW_PAGES)
def test_a_room_below_pages_knows_no_request_and_no_template(room: str) -> None:
    files = [*ROOT.glob(f"pools/{room}.py"), *ROOT.glob(f"pools/{room}/**/*.py")]
    assert files
    found = {(file.name, name) for file in files for name in imported(file)}
    assert [each for each in found if f"{each[1]}.".startswith(tuple(f"{p}." for p in PAGES))] == []
