"""`manage.py newkeys`: what it makes starts a panel, and nothing is needed to run it."""

import os
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import Protocol

import pytest

from tests.fixtures.nursery import Ended, Nursery
from tests.house.processes import ALL_IS_WELL, LINUX_ONLY

NOTHING = {"PATH": os.environ["PATH"]}


class Manage(Protocol):
    def __call__(self, *command: str, **environment: str) -> Ended: ...


@pytest.fixture
def manage(nursery: Nursery) -> Manage:
    """Runs manage.py with this environment alone."""

    def run(*command: str, **environment: str) -> Ended:
        return nursery.run("manage.py", *command, environment=NOTHING | environment)

    return run


def as_environment(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_what_it_prints_is_all_that_a_panel_needs(manage: Manage, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/panel.sqlite3"
    made = manage("newkeys", "--host", "panel.example", "--database", database)
    assert (made.returncode, made.stderr) == (0, "")
    settings = as_environment(made.stdout)
    assert manage("migrate", "-v0", **settings).returncode == 0
    (made_by_migrate,) = tmp_path.glob("*.sqlite3")
    assert made_by_migrate.stat().st_mode & 0o777 == 0o600
    checked = manage("check", "--deploy", "--fail-level", "WARNING", **settings)
    assert checked == Ended(0, ALL_IS_WELL, "")


def test_what_is_left_to_fill_in_is_asked_for(manage: Manage, tmp_path: Path) -> None:
    refused = manage("check", **as_environment(manage("newkeys").stdout))
    assert (refused.returncode, refused.stderr) == (
        1,
        (
            "The panel does not start: ALLOWED_HOSTS is not set. Name the host that people type, "
            "such as panel.example.com.\n"
        ),
    )


def test_a_shell_reads_it_as_it_is_meant(manage: Manage, tmp_path: Path) -> None:
    printed = manage("newkeys", "--host", "panel.example").stdout
    (tmp_path / "panel.env").write_text(printed)
    read = subprocess.run(
        ["sh", "-c", "set -a; . ./panel.env; env"],
        cwd=tmp_path,
        env=NOTHING,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert as_environment(printed).items() <= as_environment(read).items()


def test_no_two_panels_get_the_same(manage: Manage) -> None:
    one, other = (as_environment(manage("newkeys").stdout) for _ in range(2))
    assert {name for name in one if one[name] == other[name]} == {
        "ALLOWED_HOSTS",
        "DATABASE_URL",
        "TIME_ZONE",
        "TRUSTED_PROXY_COUNT",
    }


def test_one_key_alone_has_the_id_that_was_asked_for(manage: Manage) -> None:
    one, other = (manage("newkeys", "--key-id", "2027a").stdout for _ in range(2))
    (line,) = one.splitlines()
    key_id, _, key = line.partition(":")
    assert (key_id, len(b64decode(key, validate=True))) == ("2027a", 32)
    assert one != other


def test_an_id_that_no_key_can_have_is_refused(manage: Manage) -> None:
    for key_id in ("2027_A", "", "a:b"):
        refused = manage("newkeys", "--key-id", key_id)
        assert (refused.returncode, refused.stdout, refused.stderr) == (
            1,
            "",
            "CommandError: A key's id must be 1 to 32 characters of a-z, 0-9 and -.\n",
        )


def test_each_secret_is_a_file_for_its_owner_alone(manage: Manage, tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    made = manage("newkeys", "--secrets", str(folder))
    assert made.returncode == 0
    modes = {path.name: path.stat().st_mode & 0o777 for path in [folder, *folder.iterdir()]}
    assert modes.pop("secrets") == 0o700
    assert (len(modes), set(modes.values())) == (9, {0o600})
    said = made.stdout + made.stderr
    assert [path.name for path in folder.iterdir() if path.read_text().strip() in said] == []


def test_a_file_that_is_there_is_kept_and_nothing_is_written(
    manage: Manage, tmp_path: Path
) -> None:
    (tmp_path / "token_keys").write_text("precious")
    refused = manage("newkeys", "--secrets", str(tmp_path))
    assert refused.returncode == 1
    assert refused.stderr.startswith(
        f"CommandError: {tmp_path}/token_keys already exists, so nothing was written:"
    )
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
        ("token_keys", "precious")
    ]


def test_a_link_to_elsewhere_is_not_followed(manage: Manage, tmp_path: Path) -> None:
    (tmp_path / "audit_keys").symlink_to(tmp_path / "elsewhere")
    assert manage("newkeys", "--secrets", str(tmp_path)).returncode == 1
    assert not (tmp_path / "elsewhere").exists()


@LINUX_ONLY
def test_a_folder_that_cannot_be_made_is_one_sentence(manage: Manage) -> None:
    refused = manage("newkeys", "--secrets", "/proc/secrets")
    assert (refused.returncode, refused.stderr) == (
        1,
        (
            "CommandError: /proc/secrets cannot be written: No such file or directory. "
            "Name a folder that you can write to.\n"
        ),
    )
