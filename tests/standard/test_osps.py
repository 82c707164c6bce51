"""docs/osps.md: each item of level 1 and 2 once, and what it says of this repository."""

import csv
import gzip
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from adminpanel import VERSION
from tests.standard.reading import DOCS, TEST, known_tests, rows

ROOT: Final = DOCS.parent
FILE: Final = re.compile(r"`([\w./-]+\.\w+|LICENSE|\.ci/\w+)`")
MOST_EXCEPTIONS: Final = 3
EXCUSES: Final = ("**Host.** ", "**Exception.** ")
# Pictures, and a list of passwords that a test reads.
BINARIES: Final = re.compile(r"docs/pictures/.+\.(png|jpg)|pools/accounts/.+\.txt\.gz")
CHOSEN_BY_OTHERS: Final = re.compile(
    r"GITHUB_|GITLAB_|CI_(?!MINUTES)|BUILD_|BRANCH|COMMIT|AUTHOR|_REF\b"
)
CREDENTIALS: Final = re.compile(r"TOKEN|PASSWORD|SECRET|CREDENTIAL")


def asked() -> dict[str, str]:
    """Item → level, of the Baseline itself."""
    with Path(__file__).with_name("osps-2026-08-28.csv").open() as file:
        return {row["id"]: row["level"] for row in csv.DictReader(file)}


def lines() -> list[list[str]]:
    """Item, level, what it asks, what shows it."""
    return rows((DOCS / "osps.md").read_text())


def files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return listed.stdout.splitlines()


def variables() -> set[str]:
    """What the pipeline reads of its environment."""
    found: set[str] = set()
    for file in (ROOT / ".ci").iterdir():
        if file.is_file():
            found |= set(
                re.findall(r'(?:\$\{?|environ(?:\.get)?[(\[]")([A-Z][A-Z_]+)', file.read_text())
            )
    return found


def test_the_baseline_has_43_items_of_these_levels_and_each_is_there_once_with_its_level() -> None:
    assert Counter(asked().values()) == {"1": 24, "2": 19}
    assert sorted((line[0], line[1]) for line in lines()) == sorted(asked().items())


def test_every_item_is_shown_or_says_why_not() -> None:
    for item, _, demand, shown in lines():
        tests, named = TEST.findall(shown), FILE.findall(shown)
        excused = shown.startswith(EXCUSES)
        assert demand, item
        assert excused or tests or named, item
        assert not excused or len(shown) > 70, item
        assert [test for test in tests if test not in known_tests()] == [], item
        assert [name for name in named if not (ROOT / name).exists()] == [], item


def test_there_are_three_exceptions_at_most() -> None:
    excused = [line[0] for line in lines() if line[3].startswith("**Exception.** ")]
    assert len(excused) <= MOST_EXCEPTIONS


def test_the_pipeline_takes_nothing_that_the_author_of_a_change_chooses() -> None:
    assert {"CI_MINUTES", "POSTGRES_URL"} <= variables()
    assert [name for name in variables() if CHOSEN_BY_OTHERS.search(name)] == []


def test_the_pipeline_needs_no_credential() -> None:
    assert [name for name in variables() if CREDENTIALS.search(name)] == []


def test_every_address_of_others_in_the_documents_is_https() -> None:
    documents = [file for file in files() if file.endswith((".md", ".toml", ".yaml"))]
    text = "\n".join((ROOT / file).read_text() for file in documents)
    plain = set(re.findall(r"\bhttp://([\w.-]+)", text))
    assert len(re.findall(r"\bhttps://", text)) > 20
    assert {host for host in plain if "." in host and host != "127.0.0.1"} == set()


def test_a_private_key_would_not_get_past_the_pipeline(tmp_path: Path) -> None:
    script = (ROOT / ".ci/run").read_text()
    step = script[script.index("forbidden_content() {") : script.index("# A clone of")]
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    for key, status in (("", 0), ("-----BEGIN RSA " + "PRIVATE KEY-----\n", 1)):
        (tmp_path / "notes.txt").write_text(f"some text\n{key}")
        subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
        done = subprocess.run(
            ["bash", "-c", f"{step}\nforbidden_content"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert done.returncode == status


def test_the_changelog_has_a_section_for_each_version() -> None:
    """Unreleased first; then each release once, the newest first, and this one when it is made."""
    found = re.findall(r"(?m)^## (.+)$", (ROOT / "CHANGELOG.md").read_text())
    assert found[0] == "Unreleased"
    released = [
        re.fullmatch(r"(\d+)\.(\d+)\.(\d+) - \d{4}-\d\d-\d\d", title) for title in found[1:]
    ]
    assert all(released)
    numbers = [tuple(map(int, each.groups())) for each in released if each]
    assert numbers == sorted(set(numbers), reverse=True)
    assert not numbers or ".".join(map(str, numbers[0])) == VERSION


def test_the_repository_holds_no_program_and_no_binary_that_nobody_can_read() -> None:
    binary = [file for file in files() if b"\0" in (ROOT / file).read_bytes()]
    assert [file for file in binary if not BINARIES.fullmatch(file)] == []
    (packed,) = [file for file in binary if file.endswith(".gz")]
    assert gzip.decompress((ROOT / packed).read_bytes()).decode().count("\n") > 1000


@pytest.mark.parametrize(
    "said",
    [
        r"Report it privately, and not in a public issue",
        r"(?m)^\| within 3 working days \|",
        r"(?m)^\| within 90 days, otherwise \|",
        r"(?m)^\| the latest release \| yes \|",
        r"after 90 days at the latest \| an advisory is published",
    ],
)
def test_the_security_policy_has_times_versions_and_a_private_way(said: str) -> None:
    text = (ROOT / "SECURITY.md").read_text()
    assert re.search(said, text)
    assert not re.search(r"\S@\S", text)
