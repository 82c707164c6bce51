"""That an audit which could not be made is never taken for a good one."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.house.locks import LOCKS, ROOT, pins

CLEAN = {"name": "django", "version": "5.2.19", "vulns": []}
FLAWED = {"name": "requests", "version": "2.0", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"]}]}
LEFT_OUT = {"name": "brotli", "skip_reason": "not found"}
# In the place of pip-audit: what it answers with --strict, and what without.
IN_ITS_PLACE = """
import sys
strict = "--strict" in sys.argv
sys.stdout.write({answer!r} if not strict else "")
sys.stderr.write({words!r})
sys.exit({strict_status} if strict else {status})
"""


EXCUSED = {
    "vulnerability": {"name": "CVE-1"},
    "products": [
        {
            "@id": "pkg:oci/pools-panel",
            "subcomponents": [{"@id": "pkg:pypi/requests@2.0"}],
        }
    ],
    "status": "not_affected",
    "justification": "vulnerable_code_not_in_execute_path",
    "impact_statement": "Only reading .netrc is affected, and the panel has that switched off.",
}
DOCUMENT = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "@id": "pools-panel-cve-1",
    "author": "The maintainers",
    "timestamp": "2026-11-30T06:00:00Z",
    "version": 1,
}


def audit(
    folder: Path,
    *,
    strict_status: int,
    answer: list[dict[str, Any]] | None,
    words: str = "",
    said: list[dict[str, Any]] | None = None,
) -> int:
    text = json.dumps({"dependencies": answer}) if answer is not None else ""
    fields = {"answer": text, "words": words, "strict_status": strict_status, "status": 1}
    if said is not None:
        (folder / "one.json").write_text(json.dumps({**DOCUMENT, "statements": said}))
    (folder / "pip_audit.py").write_text(IN_ITS_PLACE.format(**fields))
    return subprocess.run(
        [sys.executable, ROOT / ".ci/audit.py", "requirements.txt", folder],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        check=False,
    ).returncode


def test_all_looked_up_and_none_known_is_good(tmp_path: Path) -> None:
    assert audit(tmp_path, strict_status=0, answer=[CLEAN]) == 0


@pytest.mark.parametrize("packages", [[CLEAN, FLAWED], [FLAWED, LEFT_OUT], [CLEAN, LEFT_OUT]])
def test_a_finding_or_a_package_left_out_is_a_failure(
    tmp_path: Path, packages: list[dict[str, Any]]
) -> None:
    assert audit(tmp_path, strict_status=1, answer=packages) == 1


def test_every_package_left_out_is_no_audit(tmp_path: Path) -> None:
    assert audit(tmp_path, strict_status=1, answer=[LEFT_OUT, LEFT_OUT]) == 2


@pytest.mark.parametrize(
    "words",
    [
        "requests.exceptions.ConnectionError: Max retries exceeded",
        "requests.exceptions.ProxyError: Unable to connect to proxy",
        "ERROR: Could not connect to the vulnerability feed",
    ],
)
def test_a_service_out_of_reach_is_no_audit(tmp_path: Path, words: str) -> None:
    assert audit(tmp_path, strict_status=1, answer=None, words=words) == 2


def test_any_other_end_is_a_failure(tmp_path: Path) -> None:
    words = "ERROR: requirements.txt: a hash is missing"
    assert audit(tmp_path, strict_status=1, answer=None, words=words) == 1


def test_a_finding_that_is_said_not_to_affect_the_panel_is_excused(tmp_path: Path) -> None:
    assert audit(tmp_path, strict_status=1, answer=[CLEAN, FLAWED], said=[EXCUSED]) == 0


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({**EXCUSED, "vulnerability": {"name": "CVE-2"}}, [FLAWED]),
        ({**EXCUSED, "products": [{"@id": "pkg:pypi/requests@2.1"}]}, [FLAWED]),
        ({**EXCUSED, "status": "under_investigation"}, [FLAWED]),
        ({**EXCUSED, "status": "affected"}, [FLAWED]),
        ({**EXCUSED, "status": "fine"}, [CLEAN]),
        ({**EXCUSED, "justification": "we think so"}, [FLAWED]),
        ({**EXCUSED, "impact_statement": ""}, [FLAWED]),
        ({"status": "not_affected"}, [FLAWED]),
        (EXCUSED, [FLAWED, LEFT_OUT]),
    ],
)
def test_nothing_else_is(
    tmp_path: Path, said: dict[str, Any], answer: list[dict[str, Any]]
) -> None:
    assert audit(tmp_path, strict_status=1, answer=answer, said=[said]) == 1


def test_a_statement_that_is_no_longer_needed_is_a_failure(tmp_path: Path) -> None:
    assert audit(tmp_path, strict_status=0, answer=[CLEAN], said=[EXCUSED]) == 1
    assert audit(tmp_path, strict_status=1, answer=[CLEAN, FLAWED], said=[EXCUSED]) == 0


def test_an_audit_that_could_not_be_made_is_none_whatever_is_said(tmp_path: Path) -> None:
    words = "requests.exceptions.ConnectionError: Max retries exceeded"
    assert audit(tmp_path, strict_status=1, answer=None, words=words, said=[EXCUSED]) == 2


@pytest.mark.parametrize("text", ["", "[]", '{"statements": []}', json.dumps(DOCUMENT)])
def test_what_is_no_statement_is_a_failure(tmp_path: Path, text: str) -> None:
    (tmp_path / "one.json").write_text(text)
    assert audit(tmp_path, strict_status=0, answer=[CLEAN]) == 1


def test_those_of_the_repository_can_be_read() -> None:
    """Each says something of a package that is pinned, in the version that is pinned."""
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci/audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["audit"] = module
    try:
        spec.loader.exec_module(module)
        said = {each.package for each in module.statements(ROOT / "docs/vex")}
    finally:
        del sys.modules["audit"]
    pinned = {f"pkg:pypi/{pin.name}@{str(pin.specifier)[2:]}" for pin, _ in pins(LOCKS[1])}
    assert said - pinned == set()
