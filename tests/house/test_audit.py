"""That an audit which could not be made is never taken for a good one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLEAN = {"name": "django", "version": "5.2.19", "vulns": []}
FLAWED = {"name": "requests", "version": "2.0", "vulns": [{"id": "PYSEC-1"}]}
LEFT_OUT = {"name": "brotli", "skip_reason": "not found"}
# In the place of pip-audit: what it answers with --strict, and what without.
IN_ITS_PLACE = """
import sys
strict = "--strict" in sys.argv
sys.stdout.write({answer!r} if not strict else "")
sys.stderr.write({words!r})
sys.exit({strict_status} if strict else {status})
"""


def audit(
    folder: Path, *, strict_status: int, answer: list[dict[str, Any]] | None, words: str = ""
) -> int:
    text = json.dumps({"dependencies": answer}) if answer is not None else ""
    fields = {"answer": text, "words": words, "strict_status": strict_status, "status": 1}
    (folder / "pip_audit.py").write_text(IN_ITS_PLACE.format(**fields))
    return subprocess.run(
        [sys.executable, ROOT / ".ci/audit.py", "requirements.txt"],
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
