"""The lock files hold what pyproject.toml asks for, without a network to ask."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
TOOLS = [Requirement(line) for line in PROJECT["dependency-groups"]["dev"]]


def pins(name: str) -> Iterator[tuple[Requirement, int]]:
    """Each pinned package of a lock file, and the number of its hashes."""
    for block in re.split(r"\n(?=\S)", (ROOT / name).read_text()):
        pin, *hashes = block.replace("\\\n", "").split("--hash=sha256:")
        yield Requirement(pin.strip()), len(hashes)


def pinned(name: str) -> dict[str, str]:
    return {canonicalize_name(pin.name): str(pin.specifier)[2:] for pin, _ in pins(name)}


@pytest.mark.parametrize(
    ("file", "wanted"), [("requirements.txt", RUNTIME), ("requirements-dev.txt", RUNTIME + TOOLS)]
)
def test_every_dependency_is_pinned_within_its_range(file: str, wanted: list[Requirement]) -> None:
    found = pinned(file)
    assert [
        str(need)
        for need in wanted
        if not need.specifier.contains(found.get(canonicalize_name(need.name), "0"))
    ] == []


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_pin_is_exact_and_hashed(file: str) -> None:
    assert [
        str(pin) for pin, hashes in pins(file) if not hashes or str(pin.specifier)[:2] != "=="
    ] == []


def test_panel_and_tools_agree_on_every_version() -> None:
    assert pinned("requirements.txt").items() <= pinned("requirements-dev.txt").items()


def test_tests_run_on_the_pinned_versions() -> None:
    applying = [
        pin for pin, _ in pins("requirements-dev.txt") if not pin.marker or pin.marker.evaluate()
    ]
    assert [str(pin) for pin in applying if not pin.specifier.contains(version(pin.name))] == []


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_no_download_address_is_written_down(file: str) -> None:
    assert "://" not in (ROOT / file).read_text()
