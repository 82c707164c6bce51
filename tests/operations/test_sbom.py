"""The bill of materials and the licence texts: what is pinned and installed, and nothing else."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement

from tests.house.locks import ROOT, pins

# Those that each machine has, and those that some other Python alone needs: tools may bring them.
EVERY_NAME = {pin.name for pin, _ in pins("requirements.txt")}
NAMES = {pin.name for pin, _ in pins("requirements.txt") if not pin.marker or pin.marker.evaluate()}


def run(tool: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / ".ci" / tool, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def text() -> str:
    return run("sbom.py").stdout


@pytest.fixture(scope="module")
def bill(text: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(text)
    return told


@pytest.fixture(scope="module")
def sbom() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sbom", ROOT / ".ci/sbom.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_is_valid_in_every_detail_and_the_same_each_time(
    text: str, bill: dict[str, Any], sbom: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = JsonStrictValidator(SchemaVersion.V1_6)
    assert schema.validate_str(text.replace("library", "book"))
    assert sbom.bill_of_materials(ROOT, of_image=False) == bill
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    timed = sbom.bill_of_materials(ROOT, of_image=False)
    assert timed["metadata"]["timestamp"] == "2026-01-01T00:00:00+00:00"
    assert schema.validate_str(json.dumps(timed)) is None


def test_it_has_each_package_that_the_panel_runs_on_with_a_licence(bill: dict[str, Any]) -> None:
    libraries = [each for each in bill["components"] if each["type"] == "library"]
    assert NAMES <= {each["name"] for each in libraries} <= EVERY_NAME
    assert all(each["licenses"] for each in libraries)
    pinned = {
        f"pkg:pypi/{pin.name}@{str(pin.specifier)[2:]}" for pin, _ in pins("requirements.txt")
    }
    assert {each["purl"] for each in libraries} <= pinned


def test_it_has_what_wheels_carry_inside_them(bill: dict[str, Any]) -> None:
    inside = {
        part["name"]
        for each in bill["components"]
        if each["name"] in {"cryptography", "psycopg-binary"}
        for part in each["components"]
    }
    assert "openssl" in inside
    assert any(name.startswith("libpq-") for name in inside)
    assert len(inside) > 10
    assert "download_url" not in json.dumps(bill)


def test_it_says_who_needs_whom(bill: dict[str, Any]) -> None:
    needs = {each["ref"]: set(each["dependsOn"]) for each in bill["dependencies"]}
    names = {each["bom-ref"]: each["name"] for each in bill["components"]}
    asked = Path(ROOT / "pyproject.toml").read_text().split("[dependency-groups]")[0]
    direct = {names[each] for each in needs["pools-panel"]}
    assert direct == {name for name in NAMES if f'"{name}' in asked}
    (django,) = [ref for ref in needs if ref.startswith("pkg:pypi/django@")]
    assert {names[each] for each in needs[django]} >= {"asgiref", "sqlparse"}


def test_what_is_not_pinned_or_otherwise_is_refused(sbom: ModuleType, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text((ROOT / "requirements.txt").read_text())
    with pytest.raises(sbom.Wrong, match=r"^Installed, and not pinned: .*\bpytest\b"):
        sbom.installed(lock, nothing_else=True)
    lock.write_text("django==1.0 \\\n")
    with pytest.raises(sbom.Wrong, match=r"in another version than the pinned one: django\."):
        sbom.installed(lock)


def test_the_packages_of_a_debian_base_are_on_it(sbom: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "status").write_text(
        "Package: libstdc++6\nStatus: install ok installed\nArchitecture: amd64\n"
        "Version: 1:12.2.0-14+deb12u1\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n"
    )
    (found,) = sbom.debian(tmp_path / "status")
    assert found["purl"] == "pkg:deb/debian/libstdc%2B%2B6@1%3A12.2.0-14%2Bdeb12u1?arch=amd64"
    assert list(sbom.debian(tmp_path / "none")) == []


def test_each_package_has_its_licence_text(tmp_path: Path) -> None:
    done = run("licences.py", tmp_path / "licences")
    assert (done.returncode, done.stderr) == (0, "")
    texts = {file.stem: file.read_text() for file in (tmp_path / "licences").iterdir()}
    assert NAMES <= texts.keys() - {"pools-panel"} <= EVERY_NAME
    assert "pools-panel" in texts
    assert "brings no text" not in done.stdout
    assert all(len(text) > 500 for text in texts.values())
    assert texts["pools-panel"] == (ROOT / "LICENSE").read_text()
    assert "Copyright (c) Django Software Foundation" in texts["django"]
    assert Requirement(texts["django"].split("\n")[0].replace(" ", "==")).name == "Django"
