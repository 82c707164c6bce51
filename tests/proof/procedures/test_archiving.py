"""Archiving as the document has it, a look into the archive, and moving what is left."""

import json
import shutil
from pathlib import Path

import pytest
from django.db import connection

from tests.fixtures.deployment import Deployment, empty_database, new_key

FILL = """
from tests.fixtures.archiving import append_old
from tests.fixtures.ledger import append_events
from pools.ledger.signed_checkpoints import sign_checkpoint
append_old(700)
append_events(20)
print(sign_checkpoint())
"""
LOOK = """
import json
from pools.changes import lines
from pools.changes.filtering import Filters
from pools.models import Entry
found = lines.page(Filters(events=True, words="reason 300"), 50)
print(json.dumps([Entry.objects.count(), len(found.lines)]))
"""
APPEND = """
from tests.fixtures.ledger import append_events
append_events(3)
"""


# More than twenty commands, each a process of its own.
@pytest.mark.timeout(400)
def test_what_is_old_is_archived_looked_into_and_the_rest_goes_on(
    panel: Deployment, tmp_path: Path
) -> None:
    archive, kept = tmp_path / "archive.txt", tmp_path / "kept.txt"
    panel = panel.having(SIGNING_KEYS=new_key("signs"))
    kept.write_text(panel.python(FILL))
    said = panel.procedure("archive", YEARS="3", ARCHIVE=archive)
    assert "Entries 1 to 512 would be taken out: 2020-05-01 to 2020-05-01.\n" in said
    assert f"{archive}: entries 1 to 512 are as they were recorded.\n" in said
    assert "There is nothing to take out." in panel.manage(
        "archive", "--older-than", "3", "--to", f"{archive}2", code=3
    )
    assert "Entries 1 to 722 are as " in panel.manage("verify_audit", "--checkpoint", str(kept))
    with empty_database(tmp_path) as url:
        said = panel.procedure("look-into-archive", LOOK_DATABASE_URL=url, ARCHIVE=archive)
        assert "Entries 1 to 512 are here, as they were recorded.\n" in said
        assert "Entries 1 to 512 fit." in said
        assert json.loads(panel.at(url).python(LOOK)) == [512, 1]


def test_a_panel_whose_oldest_entries_are_archived_can_be_moved(
    panel: Deployment, tmp_path: Path
) -> None:
    settings = {"SIGNING_KEYS": new_key("signs")}
    archive, file = tmp_path / "archive.txt", tmp_path / "old.sqlite3"
    old = panel.at(f"sqlite:///{file}").having(**settings)
    if connection.vendor == "sqlite":
        shutil.copy(panel.file, file)
    else:
        old.manage("migrate", "--verbosity", "0")
    old.python(FILL)
    old.manage("archive", "--older-than", "3", "--to", str(archive))
    new = panel.having(**settings)
    said = new.procedure("move-to-postgresql", SQLITE_FILE=file)
    assert said.count("Head: 722 ") == 2
    assert "Entries 513 to 722 fit." in said
    new.python(APPEND)
    assert f"{archive}: entries 1 to 512 are as" in new.manage(
        "verify_audit", "--archive", str(archive)
    )


def test_a_ledger_without_its_beginning_cannot_be_moved(panel: Deployment, tmp_path: Path) -> None:
    file = tmp_path / "old.sqlite3"
    old = panel.at(f"sqlite:///{file}")
    if connection.vendor == "sqlite":
        shutil.copy(panel.file, file)
    else:
        old.manage("migrate", "--verbosity", "0")
    old.python(
        "from tests.fixtures.ledger import append_events, tamper\n"
        "append_events(9)\n"
        "tamper('DELETE FROM pools_entry WHERE seq < 5')"
    )
    said = panel.manage("copy_from_sqlite", str(file), code=1)
    assert "Entry 1 of the ledger does not fit. It is missing: entry 5 follows entry 0." in said
    assert panel.python("from pools.models import Entry; print(Entry.objects.count())") == "0\n"
