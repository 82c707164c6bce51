"""Whether the database still keeps the ledger from being altered, and whether it was emptied.

The chain shows what was altered; these questions show that it could be, unseen until then.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Final

from django.db import DatabaseError, ProgrammingError, connection, transaction

from pools.models.entry import Entry
from pools.models.index_term import IndexTerm
from pools.models.lease import Lease
from pools.models.token import Token

# As migrations 0002 and 0007 make them.
TRIGGERS: Final[Mapping[str, tuple[str, ...]]] = {
    "sqlite": ("pools_entry_no_update", "pools_entry_no_delete", "pools_entry_only_next"),
    "postgresql": ("pools_entry_no_change", "pools_entry_no_truncate", "pools_entry_only_next"),
}
ONLY_NEXT: Final = "pools_entry_only_next"
NO_DELETE: Final[Mapping[str, str]] = {
    vendor: "pools_entry_no_delete" if vendor == "sqlite" else "pools_entry_no_change"
    for vendor in TRIGGERS
}
# O fires but for a session that claims to be a replica, A for every session. Not asked: D, R.
# What each trigger does: on SQLite its text; on PostgreSQL the bits of when it fires, that it
# fires always, and the body of its function.
_PRESENT: Final = {
    "sqlite": (
        "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'pools_entry'"
        " AND (type = 'trigger' OR name = 'one_verdict_per_change')"
    ),
    "postgresql": (
        "SELECT tgname, tgtype || ' ' || prosrc FROM pg_trigger"
        " JOIN pg_proc ON pg_proc.oid = tgfoid JOIN pg_language ON pg_language.oid = prolang"
        " WHERE tgrelid = to_regclass('pools_entry') AND tgenabled IN ('O', 'A')"
        " AND tgqual IS NULL AND tgattr::text = '' AND lanname = 'plpgsql' AND proconfig IS NULL"
    ),
}
_FUNCTION: Final = re.compile(r"CREATE FUNCTION (\w+)\(\).*?\$\$(.*?)\$\$", re.DOTALL)
# pg_trigger.tgtype: row 1, before 2, insert 4, delete 8, update 16, truncate 32.
_FIRES: Final = {
    "pools_entry_no_change": (2 | 8 | 16, "pools_entry_refuse"),
    "pools_entry_no_truncate": (2 | 32, "pools_entry_refuse"),
    "pools_entry_only_next": (1 | 2 | 4, "pools_entry_only_next"),
}


def missing_triggers() -> list[str]:
    """The ledger's triggers that are not there, switched off, or not as the migrations make them.

    One short query, of the catalogue alone. Raises django.db.Error.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PRESENT[connection.vendor])
        present = {name: _squeezed(text) for name, text in cursor.fetchall()}
    # Migration 0007 made this index, and one of the triggers again.
    made = _as_made(connection.vendor, later="one_verdict_per_change" in present)
    return [name for name in made if present.get(name) != made[name]]


@cache
def _as_made(vendor: str, *, later: bool) -> Mapping[str, str]:
    """What each trigger does, as the migrations made it, in the form of _PRESENT.

    `later`: migration 0007 has been applied.
    """
    first, last = _migrations()
    if vendor == "postgresql":
        bodies = dict(_FUNCTION.findall(first.POSTGRESQL))
        return {
            name: _squeezed(f"{fires} {bodies[function]}")
            for name, (fires, function) in _FIRES.items()
        }
    statements = first.SQLITE.split("END;")
    if later:
        statements[2] = last.SQLITE.strip().removesuffix("END")
    return {
        name: _squeezed(f"{statements[number]} END")
        for number, name in enumerate(TRIGGERS["sqlite"])
    }


def _squeezed(text: str) -> str:
    """Without what only lays it out, and the quotes that SQLite adds where a table was renamed."""
    return " ".join(text.replace('"pools_entry"', "pools_entry").split())


def _migrations() -> tuple[ModuleType, ModuleType]:
    """Those that make the triggers: the later one puts the last of them in another's place."""
    return (
        import_module("pools.migrations.0002_ledger_takes_only_inserts"),
        import_module("pools.migrations.0007_one_verdict_per_change"),
    )


def reasons_against_its_guard() -> list[str]:
    """Why nobody should write to the ledger as it is: a sentence, or none.

    None either when the database does not answer: that is told elsewhere.
    """
    try:
        missing = missing_triggers()
    except DatabaseError:
        return []
    if not missing:
        return []
    sentence = (
        f"Nothing keeps the ledger from being altered: the database lacks {', '.join(missing)}, "
        "or has it switched off or altered. Find out who did that, run "
        "`manage.py verify_audit`, then `manage.py guard_ledger` to put it back."
    )
    return [sentence]


def put_back() -> None:
    """Makes the triggers again, all of them or none. Raises django.db.Error.

    Only the owner of the tables may.
    """
    first, later = _migrations()
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            again = first.POSTGRESQL.replace("CREATE ", "CREATE OR REPLACE ")
            cursor.execute(again)
            return
        for trigger in TRIGGERS["sqlite"]:
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        # What the later migration puts in the place of the first one's is not made twice.
        for statement in first.SQLITE.split("END;")[:2]:
            cursor.execute(f"{statement} END")
        only_next = later.SQLITE
        cursor.execute(only_next)


@contextmanager
def lifted(trigger: str) -> Iterator[None]:
    """In the caller's transaction, whose other end has the trigger again, or none of this.

    Only the owner of the tables may. Raises django.db.Error.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ALTER TABLE pools_entry DISABLE TRIGGER {trigger}")
        else:
            cursor.execute(f"DROP TRIGGER {trigger}")
    yield
    put_back()


def was_emptied() -> bool:
    """Whether there is no entry, and yet something that never is without one.

    What is searched by, a pool that is held, and a token in use are each written in one
    transaction with an entry. People and companies are not counted: a person may be
    created without the panel. What the role may not read shows nothing.
    """
    signs = (
        IndexTerm.objects.all(),
        Lease.objects.all(),
        Token.objects.filter(confirmed_at__isnull=False),
    )
    for sign in signs:
        try:
            with transaction.atomic():
                if sign.exists():
                    # Asked last: the first entry may be written at this moment.
                    return not Entry.objects.exists()
        except ProgrammingError:
            continue
    return False
