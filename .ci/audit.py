"""Looks up known vulnerabilities of every pinned package, and tells three ends apart.

0: all were looked up and none is known. 1: findings, or some packages were left out.
2: the vulnerability service could not be reached, so nothing is known either way.
pip-audit alone answers the last two alike, and without --strict the last one with 0.
"""

import json
import subprocess
import sys
from typing import Any, Final

UNREACHABLE: Final = (
    "ConnectionError",
    "Could not connect",
    "HTTPError",
    "ProxyError",
    "SSLError",
    "Timeout",
)


def pip_audit(requirements: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit", "--progress-spinner", "off"),
            *("--require-hashes", "--disable-pip", "--requirement", requirements, *options),
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def audit(requirements: str) -> int:
    strict = pip_audit(requirements, "--strict")
    if strict.returncode == 0:
        print(strict.stderr.strip())
        return 0
    lenient = pip_audit(requirements, "--format", "json")
    try:
        packages: list[dict[str, Any]] = json.loads(lenient.stdout)["dependencies"]
    except (ValueError, KeyError):
        return _no_answer(lenient.stderr)
    looked_up = [package for package in packages if "skip_reason" not in package]
    if not looked_up:
        return _no_answer("ConnectionError: none of the packages could be looked up")
    print(strict.stdout + strict.stderr)
    return 1


def _no_answer(words: str) -> int:
    last = words.strip().splitlines()[-1] if words.strip() else "no words"
    print(f"pip-audit: {last}")
    return 2 if any(sign in words for sign in UNREACHABLE) else 1


if __name__ == "__main__":
    sys.exit(audit(sys.argv[1]))
