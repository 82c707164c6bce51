"""The lock files hold what pyproject.toml asks for, without a network to ask."""

import tomllib
from importlib.metadata import version

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.locks import LOCKS, ROOT, pins

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
TOOLS = [Requirement(line) for line in PROJECT["dependency-groups"]["dev"]]


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


@pytest.mark.parametrize("file", LOCKS)
def test_every_pin_is_exact_and_hashed(file: str) -> None:
    assert [
        str(pin) for pin, hashes in pins(file) if not hashes or str(pin.specifier)[:2] != "=="
    ] == []


def test_panel_and_tools_agree_on_every_version() -> None:
    assert pinned("requirements.txt").items() <= pinned("requirements-dev.txt").items()


def test_django_61_is_tried_with_what_else_the_panel_runs_on() -> None:
    usual, newer = pinned("requirements-dev.txt"), pinned("requirements-django61.txt")
    assert {name for name in newer if newer[name] != usual.get(name)} == {"django"}
    assert newer["django"].startswith("6.1.")


def test_tests_run_on_the_pinned_versions() -> None:
    def differing(lock: str) -> list[str]:
        applying = [pin for pin, _ in pins(lock) if not pin.marker or pin.marker.evaluate()]
        return [str(pin) for pin in applying if not pin.specifier.contains(version(pin.name))]

    # Which of the two is up to the virtual environment: see .ci/versions.
    assert [] in [differing("requirements-dev.txt"), differing("requirements-django61.txt")]


def test_classifiers_name_both_pinned_djangos_and_begin_with_the_oldest_python() -> None:
    floor = PROJECT["project"]["requires-python"].removeprefix(">=")
    djangos = [pinned(name)["django"] for name in ("requirements.txt", "requirements-django61.txt")]
    assert PROJECT["project"]["classifiers"][:3] == [
        *(f"Framework :: Django :: {version.rpartition('.')[0]}" for version in djangos),
        f"Programming Language :: Python :: {floor}",
    ]


@pytest.mark.parametrize("file", LOCKS)
def test_no_download_address_is_written_down(file: str) -> None:
    assert "://" not in (ROOT / file).read_text()
