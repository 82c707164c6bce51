"""Whether the database still keeps the ledger from being altered, and whether it was emptied.

The chain shows what was altered; these questions show that it could be, unseen until then.
"""

from collections.abc import Mapping
from importlib import import_module
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
# O fires but for a session that claims to be a replica, A for every session. Not asked: D, R.
_FOUND: Final = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'pools_entry'",
    "postgresql": (
        "SELECT tgname FROM pg_trigger"
        " WHERE tgrelid = to_regclass('pools_entry') AND tgenabled IN ('O', 'A')"
    ),
}


def missing_triggers() -> list[str]:
    """The ledger's triggers that are not there or switched off. Raises django.db.Error.

    One short query, of the catalogue alone. It sees that they are there, not what they do.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FOUND[connection.vendor])
        found = {name for (name,) in cursor.fetchall()}
    return [name for name in TRIGGERS[connection.vendor] if name not in found]


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
        "or has it switched off; find out who did that, run `manage.py verify_audit`, then "
        "`manage.py guard_ledger` puts it back."
    )
    return [sentence]


def put_back() -> None:
    """Makes the triggers anew, all of them or none. Raises django.db.Error.

    Only the owner of the tables may.
    """
    first = import_module("pools.migrations.0002_ledger_takes_only_inserts")
    later = import_module("pools.migrations.0007_one_verdict_per_change")
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            anew = first.POSTGRESQL.replace("CREATE ", "CREATE OR REPLACE ")
            cursor.execute(anew)
            return
        for trigger in TRIGGERS["sqlite"]:
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        # What the later migration puts in the place of the first one's is not made twice.
        for statement in first.SQLITE.split("END;")[:2]:
            cursor.execute(f"{statement} END")
        only_next = later.SQLITE
        cursor.execute(only_next)


def was_emptied() -> bool:
    """Whether there is no entry, and yet something that never is without one.

    What is searched by, a pool that is held, and a token in use are each written in one
    transaction with an entry. People and companies are not counted: a person may be made
    past the panel. What the role may not read shows nothing.
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
                    # Asked last: the first entry may be written just now.
                    return not Entry.objects.exists()
        except ProgrammingError:
            continue
    return False
