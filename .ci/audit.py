"""Looks up known vulnerabilities of every pinned package, and tells three ends apart.

0: all were looked up, and none is known but those that a statement in docs/vex says do not
affect the panel. 1: findings, packages left out, or a statement that is not one or no longer
about a finding. 2: the vulnerability service could not be reached, so nothing is known either way.
pip-audit alone answers the last two alike, and without --strict the last one with 0.

`audit.py REQUIREMENTS [FOLDER]`: FOLDER has the statements.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

STATEMENTS: Final = Path(__file__).resolve().parent.parent / "docs/vex"
# OpenVEX 0.2.0: these need a justification, and no other status excuses a finding.
EXCUSES: Final = "not_affected"
JUSTIFICATIONS: Final = frozenset(
    {
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
    }
)
OPEN: Final = frozenset({"affected", "fixed", "under_investigation"})

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


class NoStatement(Exception):
    """A file in docs/vex that says nothing which can be relied on: a sentence."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What we say of one advisory and one pin."""

    advisory: str
    names: frozenset[str]
    package: str
    excuses: bool

    def is_about(self, package: dict[str, Any], finding: dict[str, Any]) -> bool:
        known_as = {finding["id"], *finding.get("aliases", ())}
        pin = f"pkg:pypi/{package['name']}@{package.get('version')}"
        return self.package == pin and bool(self.names & known_as)


def statements(folder: Path) -> Iterator[Statement]:
    """Raises NoStatement."""
    for file in sorted(folder.glob("*.json")):
        try:
            told = json.loads(file.read_text())
            lines = told["statements"]
            whole = told["@context"].startswith("https://openvex.dev/ns/") and lines
            whole = whole and all(told[key] for key in ("@id", "author", "timestamp", "version"))
            found = [each for line in lines for each in _statements(line)]
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise NoStatement(f"{file.name} is no OpenVEX document: {error!r}") from None
        if not whole or not found:
            raise NoStatement(f"{file.name} is no whole OpenVEX document.")
        yield from found


def _statements(line: dict[str, Any]) -> Iterator[Statement]:
    status, about = line["status"], line["vulnerability"]
    if status == EXCUSES:
        if line["justification"] not in JUSTIFICATIONS or len(line["impact_statement"]) < 40:
            raise ValueError(f"{about['name']} is excused without a justification and its reason")
    elif status not in OPEN:
        raise ValueError(f"{about['name']} has no known status")
    names = frozenset({about["name"], *about.get("aliases", ())})
    for product in line["products"]:
        for part in product.get("subcomponents", [product]):
            yield Statement(about["name"], names, part["@id"], status == EXCUSES)


def audit(requirements: str, folder: Path = STATEMENTS) -> int:
    try:
        said = list(statements(folder))
    except NoStatement as reason:
        print(reason)
        return 1
    strict = pip_audit(requirements, "--strict")
    if strict.returncode == 0 and not said:
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
    if len(looked_up) < len(packages):
        print(strict.stdout + strict.stderr)
        return 1
    return _judged(looked_up, said)


def _judged(packages: list[dict[str, Any]], said: list[Statement]) -> int:
    """Each finding, and what we say of it; each statement that is about none."""
    status, used = 0, set()
    for package in packages:
        for finding in package["vulns"]:
            about = [each for each in said if each.is_about(package, finding)]
            used.update(about)
            excused = any(each.excuses for each in about)
            status = status if excused else 1
            word = "does not affect the panel: see docs/vex" if excused else "FOUND"
            print(f"{package['name']} {package['version']}: {finding['id']} {word}")
    for each in said:
        if each.excuses and each not in used:
            print(f"{each.advisory} is no longer known of {each.package}: remove its statement.")
            status = 1
    return status


def _no_answer(words: str) -> int:
    last = words.strip().splitlines()[-1] if words.strip() else "no words"
    print(f"pip-audit: {last}")
    return 2 if any(sign in words for sign in UNREACHABLE) else 1


if __name__ == "__main__":
    sys.exit(audit(sys.argv[1], *map(Path, sys.argv[2:])))
