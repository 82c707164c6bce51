"""From a SQLite file to another database: everything is there and fits, or nothing is."""

import json
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.deployment import Deployment, copy_of, new_key
from tests.proof.procedures.conftest import Filled

STATE = "import json; from tests.proof.procedures.filled import state; print(json.dumps(state()))"
ARRIVED = """
import json
from tests.fixtures.ledger_chain import verify_chain
from tests.proof.procedures.filled import new_rows_fit, secrets_open, state, still_signed_in
print(json.dumps([state(), secrets_open(), still_signed_in(sys.argv[1])]))
new_rows_fit()
assert verify_chain() is None
"""
RUN_AGAIN = """
from django.core.management import call_command
from tests.proof.procedures.filled import state
rows = state()
print("nobody and nothing" if rows["auth_user"][0] == rows["pools_entry"][0] == 0 else rows)
call_command("copy_from_sqlite", sys.argv[1])
"""
# Ends itself once the first entries of the ledger have been copied.
DYING = """
import os, signal
from django.core.management import call_command
from pools.upkeep import moving

def dying(table, *rest, insert=moving._insert):
    insert(table, *rest)
    if table == "pools_entry":
        os.kill(os.getpid(), signal.SIGKILL)

moving._insert = dying
call_command("copy_from_sqlite", sys.argv[1])
"""

REFUSED = """
import json
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

def refused(file):
    try:
        call_command("copy_from_sqlite", file, stdout=sys.stderr)
    except CommandError as reason:
        return str(reason), User.objects.count()

print(json.dumps([refused(file) for file in sys.argv[1:]]))
"""
# Signs a ledger that has a tile by then; prints what was signed.
SIGN = """
from tests.fixtures.ledger import append_events
from pools.ledger.signed_checkpoints import sign_checkpoint
from pools.models import TreeTile
append_events(int(sys.argv[1]))
print(sign_checkpoint(), TreeTile.objects.count())
"""
# What is done to the file, and why it is refused then.
TAMPERED = {
    "altered": (
        "UPDATE pools_entry SET reason = 'mine' WHERE seq = 7",
        "Entry 7 of the ledger does not fit. Its digest does not fit what it says.",
    ),
    "cut": (
        "DELETE FROM pools_entry WHERE seq = 7",
        "Nothing was copied. A database refused: the ledger takes only its next entry",
    ),
    "old": (
        "DELETE FROM django_migrations WHERE app = 'pools' AND name LIKE '0006%'",
        "The file lacks 1 migration. Run `manage.py migrate` on it",
    ),
    "new": (
        "INSERT INTO django_migrations (app, name, applied) VALUES ('pools', '9999', 0)",
        "A newer version of the panel than this one has used the file.",
    ),
    "of a lost key": (
        "UPDATE pools_token SET sealed = replace(sealed, 'v2:one:', 'v2:lost:')",
        "TOKEN_KEYS is missing key lost. Stored tokens encrypted with it: 1.",
    ),
}


def state_of(panel: Deployment) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(panel.python(STATE))
    return found


def edit(file: Path, *statements: str) -> None:
    """Changes a panel's file behind its back, past the ledger's triggers."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        for name, sql in database.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f"DROP TRIGGER {name}")
            statements = (*statements, sql)
        for statement in statements:
            database.execute(statement)


def test_everything_is_there_and_fits(old_panel: Filled, panel: Deployment) -> None:
    said = panel.procedure("move-to-postgresql", SQLITE_FILE=old_panel.panel.file)
    assert said.count(f"Head: {old_panel.head}") == 2
    arrived = json.loads(panel.python(ARRIVED, old_panel.session))
    assert arrived == [old_panel.state, True, True]
    assert old_panel.state["pools_entry"][0] == 41


def test_what_was_signed_goes_along_and_signing_goes_on(
    old_panel: Filled, panel: Deployment, tmp_path: Path
) -> None:
    file = tmp_path / "signed.sqlite3"
    shutil.copy(old_panel.panel.file, file)
    key = new_key("signs")
    old = old_panel.panel.at(f"sqlite:///{file}").having(SIGNING_KEYS=key)
    signed = old.python(SIGN, "300")
    assert signed.endswith(" 1\n")
    new = panel.having(SIGNING_KEYS=key)
    said = new.procedure("move-to-postgresql", SQLITE_FILE=file)
    assert "Entries 1 to 342 are as 1 signed checkpoint had them." in said
    assert new.python(SIGN, "0") == signed
    assert "\n343\n" in new.python(SIGN, "1")


def test_killed_in_the_middle_nothing_is_there_and_it_can_be_run_again(
    old_panel: Filled, panel: Deployment
) -> None:
    process = panel.start(DYING, str(old_panel.panel.file))
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    said = panel.python(RUN_AGAIN, str(old_panel.panel.file))
    assert said.startswith("nobody and nothing\n")
    assert f"Head: {old_panel.head}" in said


@pytest.fixture(scope="module")
def refusals(
    filled_file: Filled, migrated: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Any]]:
    """What is said to each file that was tampered with, and how many people are there then.

    One process for all: starting one takes longer than refusing.
    """
    folder = tmp_path_factory.mktemp("tampered")
    for name, (statement, _) in TAMPERED.items():
        shutil.copy(filled_file.panel.file, folder / name)
        edit(folder / name, statement)
    before = {name: (folder / name).read_bytes() for name in TAMPERED}
    with copy_of(migrated.url, folder) as url:
        said = migrated.at(url).python(REFUSED, *(str(folder / name) for name in TAMPERED))
    assert {name: (folder / name).read_bytes() for name in TAMPERED} == before
    return dict(zip(TAMPERED, json.loads(said), strict=True))


@pytest.mark.parametrize("name", TAMPERED)
def test_what_does_not_fit_is_not_copied(refusals: dict[str, list[Any]], name: str) -> None:
    reason, people = refusals[name]
    assert TAMPERED[name][1] in reason
    assert people == 0


def test_a_database_in_use_is_not_copied_into(old_panel: Filled, filled: Filled) -> None:
    said = filled.panel.manage("copy_from_sqlite", str(old_panel.panel.file), code=1)
    assert "This database is not empty: it has rows in " in said
    assert {"pools_company", "pools_keycanary"} <= set(said.rstrip(".\n").replace(",", "").split())
    assert state_of(filled.panel) == filled.state


def test_a_file_that_is_written_to_or_not_there_is_not_copied(
    old_panel: Filled, migrated: Deployment, tmp_path: Path
) -> None:
    file, nowhere = str(old_panel.panel.file), f"{tmp_path}/none.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        (written_to, _), (not_there, _) = json.loads(migrated.python(REFUSED, file, nowhere))
    assert written_to == f"{file} is in use. Stop the panel first."
    assert not_there == f"There is no file {nowhere}."
    assert not Path(nowhere).exists()
