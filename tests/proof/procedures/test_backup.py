"""Backup under load, restore, and what is known afterwards of the time in between."""

import contextlib
import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from sandbox.running import RunningSandbox, running_sandbox
from tests.fixtures.deployment import Deployment, empty_database, lose

APPENDING = "from tests.proof.procedures.filled import keep_appending; keep_appending()"
APPEND = """
from django.db import transaction
from pools.ledger.appending import Actor, record_event
with transaction.atomic(): record_event("tested", Actor(1, "ada"))
"""
COMPANY = """
from pools.models import Company
Company.objects.create(name="Acme", slug="acme", base_url=sys.argv[1])
"""
# Sets the limit of pool 1, and notes the ledger's head in the log.
CHANGING = """
from tests.proof.procedures.filled import set_limit
from pools.ledger.logged_checkpoints import log_checkpoint
set_limit(*sys.argv[1:])
log_checkpoint()
"""
LOOKING = """
import json
from pools.changes import history_of
from pools.changes.drift import read_pool
from pools.models import Company
from tests.fixtures.ledger_chain import verify_chain
from tests.proof.procedures.filled import core_at
company = Company.objects.get()
read_pool(core_at(*sys.argv[1:]), company, 1)
found = [(item.outside, item.before.limit, item.after.limit) for item in history_of(company, 1)]
print(json.dumps([found, verify_chain()]))
"""


@pytest.fixture
def core() -> Iterator[RunningSandbox]:
    with running_sandbox() as core:
        yield core


@contextlib.contextmanager
def under_load(panel: Deployment) -> Iterator[subprocess.Popen[str]]:
    """Somebody appends to the ledger all the time; their lines of output are its height."""
    process = panel.start(APPENDING)
    try:
        assert process.stdout
        assert process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def restored(panel: Deployment, backup: Path, log: Path) -> Iterator[tuple[Deployment, str]]:
    """The panel as it is after the procedure, and what that said."""
    if connection.vendor == "sqlite":
        aside = backup.with_name("aside")
        said = panel.procedure(
            "restore-sqlite", 1, SQLITE_FILE=panel.file, BACKUP=backup, LOG=log, ASIDE=aside
        )
        yield panel, said
        return
    with empty_database(backup.parent) as url:
        said = panel.procedure(
            "restore-postgresql", 1, NEW_DATABASE_URL=url, BACKUP=backup, LOG=log
        )
        yield panel.at(url), said


def test_what_happened_after_a_backup_is_told_after_its_restore(
    panel: Deployment, core: RunningSandbox, tmp_path: Path
) -> None:
    backup, log = tmp_path / "backup", tmp_path / "panel.log"
    key = core.keys["acme"]["full"]
    panel.python(COMPANY, core.url)
    panel.said(CHANGING, core.url, key, "11")
    with under_load(panel):
        panel.procedure(f"backup-{connection.vendor}", BACKUP=backup)
    assert backup.stat().st_mode & 0o777 == 0o600
    log.write_text(panel.said(CHANGING, core.url, key, "12"))
    noted = json.loads(log.read_text().splitlines()[-1])

    with restored(panel, backup, log) as (again, said):
        assert f"It is missing: a checkpoint notes entry {noted['seq']}" in said
        assert panel_refuses_to_forget(again)
        changes, misfit = json.loads(again.python(LOOKING, core.url, key))
        assert misfit is None
        # Newest first: what the lost change did at Core, then the one in the backup.
        assert [outside for outside, _, _ in changes] == [True, False]
        assert changes[0][1:] == [11, 12]


def panel_refuses_to_forget(panel: Deployment) -> bool:
    """Whether the ledger's triggers came back with it."""
    said = panel.python(
        "from django.db import DatabaseError\n"
        "from pools.models import Entry\n"
        "try: Entry.objects.filter(seq=1).update(reason='mine')\n"
        "except DatabaseError as error: print(error)"
    )
    return "the ledger takes only inserts" in said


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a backup of SQLite")
def test_a_backup_is_whole_and_its_owners_alone(panel: Deployment, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    panel.manage("backup_sqlite", str(backup))
    assert backup.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert "already exists." in panel.manage("backup_sqlite", str(backup), code=1)
    assert not list(tmp_path.glob("*.unfinished"))


# Runs what is meant for a container right here, in the test's database instead of `panel`.
DOCKER = """
docker() {
  case "$*" in
    "compose exec -T database "*)
      shift 4
      local here=("${@/--username=owner/--username=$OWNER}")
      "${here[@]//panel/$NAME}" ;;
    "compose run --rm -T migrate "*) shift 5; "$@" ;;
    "compose logs --no-log-prefix --no-color panel tend") cat "$CONTAINERS_LOG" ;;
    "compose stop proxy panel tend") ;;
    "compose up --detach --wait") python manage.py migrate --verbosity 0 ;;
    *) echo "no such container: $*"; return 1 ;;
  esac
}
"""


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="compose.yaml has PostgreSQL")
def test_with_compose_the_database_is_put_in_place_of_the_one_before(
    panel: Deployment, tmp_path: Path
) -> None:
    place, name = connection.settings_dict, panel.url.rpartition("/")[2]
    log = tmp_path / "containers.log"
    here = panel.having(
        DOCKER=DOCKER,
        NAME=name,
        OWNER=place["USER"],
        PGHOST=place["HOST"],
        PGPORT=str(place["PORT"]),
        PGPASSWORD=place["PASSWORD"],
        BACKUP=str(tmp_path / "backup"),
        LOG=str(tmp_path / "log"),
        CONTAINERS_LOG=str(log),
    )
    panel.python(APPEND)
    here.procedure("backup-compose")
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600
    log.write_text(
        panel.said(f"{APPEND}from pools.ledger.logged_checkpoints import *\nlog_checkpoint()")
    )
    try:
        said = here.procedure("restore-compose", 1)
        assert "It is missing: a checkpoint notes entry 2" in said
        assert "Head: 1 " in said
        assert holds(f"{name}_before") == 2
    finally:
        lose(f"{panel.url}_before")


def holds(database: str) -> int:
    """How many entries the ledger has in another database of the server."""
    place = connection.settings_dict
    address = {"host": place["HOST"], "port": place["PORT"], "user": place["USER"]}
    with psycopg.connect(dbname=database, password=place["PASSWORD"], **address) as other:
        (count,) = other.execute("SELECT count(*) FROM pools_entry").fetchone() or (0,)
    return int(count)
