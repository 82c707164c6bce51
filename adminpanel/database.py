"""The database: how it is opened, and what must hold of it before the panel starts."""

import os
import sqlite3
import warnings
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from environ import Env

from pools.database_faults import STATEMENT_SECONDS

# No page waits longer than this for somebody else. It may have to twice, for what it does and
# for its session: both together stay below what one statement may take.
LOCK_MILLISECONDS: Final = 2000
_ENGINES: Final = ("django.db.backends.sqlite3", "django.db.backends.postgresql")
_OLDEST_POSTGRESQL: Final = 14
_FORMS: Final = "DATABASE_URL must be sqlite:////folder/file or postgres://user:password@host/name"


class ExistingFile(sqlite3.Connection):
    """SQLite makes a file that is not there, empty; this opens what is there, or fails.

    A database that was removed, or whose disk is not mounted, is gone: nobody is to go on
    with an empty one. Only `migrate` makes it.
    """

    def __init__(self, database: str, *given: Any, **named: Any) -> None:
        address = f"{Path(database).absolute().as_uri()}?mode=rw"
        super().__init__(address, *given, **{**named, "uri": True})


def database_settings(url: str) -> dict[str, Any]:
    """Django's settings for a DATABASE_URL; one that cannot be read is refused, unquoted."""
    try:
        with warnings.catch_warnings(action="ignore"):
            # A plus sign is itself: there it would become a blank in the name of a file.
            address, mark, options = url.partition("?")
            plain = f"{address.replace('+', '%2B')}{mark}{options}"
            database: dict[str, Any] = Env.db_url_config(plain)
        supported = database.get("ENGINE") in _ENGINES and bool(urlsplit(url))
    except (ValueError, KeyError):
        supported = False
    if not supported:
        raise ImproperlyConfigured(
            f"{_FORMS}. In a password, write : / ? # [ ] @ as %3A and so on."
        )
    if database["NAME"] in ("", ":memory:"):
        raise ImproperlyConfigured(f"{_FORMS}. This one names a database that is not stored.")
    # A change's record must be committed before the call: never one transaction per request.
    database["ATOMIC_REQUESTS"] = False
    # Whether a connection that was kept is still good is looked at before each request.
    database |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    if database["ENGINE"] == _ENGINES[0]:
        database["OPTIONS"] = _sqlite_options()
    else:
        database["OPTIONS"] = _postgresql_options(database.get("OPTIONS", {}))
    return database


def _sqlite_options() -> dict[str, Any]:
    return {
        # A deferred read-then-write fails at once with "database is locked".
        "transaction_mode": "IMMEDIATE",
        "timeout": LOCK_MILLISECONDS / 1000,
        "factory": ExistingFile,
        # Those of a few pages: each thread keeps its own, 11 kB apiece, and its driver 128 of them.
        "cached_statements": 32,
        "init_command": (
            f"PRAGMA journal_mode={sqlite_journal()};"
            "PRAGMA synchronous=FULL;"
            # Without it REPLACE overwrites a row and no DELETE trigger runs.
            "PRAGMA recursive_triggers=ON;"
            # In kB. SQLite's own 2 MB would be kept by each thread; the kernel has the pages too.
            "PRAGMA cache_size=-256;"
        ),
    }


def _postgresql_options(given: dict[str, Any]) -> dict[str, Any]:
    """`given`: those in the address itself."""
    return {
        # A host that swallows packets would hold a request for minutes.
        "connect_timeout": 2,
        **given,
        "options": (
            f"-c lock_timeout={LOCK_MILLISECONDS} "
            f"-c statement_timeout={STATEMENT_SECONDS * 1000:.0f} "
            # Every query here is short: both would cost more time than they save.
            "-c jit=off -c max_parallel_workers_per_gather=0"
        ),
    }


def sqlite_journal() -> str:
    """WAL only where SQLite no longer has the WAL-reset bug: it can lose a commit."""
    version = sqlite3.sqlite_version_info
    fixed = (
        version >= (3, 51, 3)
        or (3, 50, 7) <= version < (3, 51)
        or (version[:2] == (3, 44) and version >= (3, 44, 6))
    )
    return "WAL" if fixed else "DELETE"


def reasons_against_the_database() -> list[str]:
    """Why the panel cannot start on it, each in one sentence. Opens a connection."""
    try:
        return reasons_against_its_state() or _missing_migrations()
    except Error as error:
        return [cannot_be_used(error)]


def reasons_against_its_state() -> list[str]:
    """The same, of a database that need not be migrated. Raises django.db.Error."""
    return _sqlite_reasons() if connection.vendor == "sqlite" else _postgresql_reasons()


def cannot_be_used(error: Error) -> str:
    """The first line of what the driver says; it quotes no password."""
    first = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
    advice = "Check DATABASE_URL, and that the server is running."
    if "unable to open" in first:
        if missing := _missing_folder():
            return missing
        advice = "Check DATABASE_URL. If there is no database yet, run `manage.py migrate`."
    if "locked" in first:
        advice = "Close every other program that has it open."
    return f"The database cannot be used: {first}. {advice}"


def _missing_folder() -> str:
    """SQLite makes a file, and no folder for it; empty where there is one."""
    folder = Path(connection.settings_dict["NAME"]).parent
    if folder.is_dir():
        return ""
    return f"The folder {folder} does not exist. Create it, or change DATABASE_URL."


def _sqlite_reasons() -> list[str]:
    file = Path(connection.settings_dict["NAME"])
    if missing := _missing_folder():
        return [missing]
    if not file.exists():
        return [f"There is no database at {file}. Run `manage.py migrate` to make one."]
    for path in (file.parent, file):
        # The folder too: SQLite keeps its journal beside the file.
        if not os.access(path, os.W_OK):
            return [
                (
                    f"The user that the panel runs as cannot write to {path}. "
                    "Change its owner or its permissions."
                )
            ]
    # Also sets the mode that this SQLite is safe in, which fails where others hold another.
    connection.ensure_connection()
    return []


def _postgresql_reasons() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version_num')::int / 10000,"
            " current_setting('transaction_isolation'),"
            " current_setting('transaction_read_only') = 'on',"
            " (SELECT setting FROM pg_settings WHERE name = 'lock_timeout')"
        )
        version, isolation, read_only, lock_timeout = cursor.fetchone()
    reasons = []
    if version < _OLDEST_POSTGRESQL:
        reasons.append(
            f"The server is PostgreSQL {version}; {_OLDEST_POSTGRESQL} or newer is needed."
        )
    if isolation != "read committed":
        reasons.append(
            f"The database's default isolation is {isolation}, under which the record cannot be "
            "written. Reset default_transaction_isolation for the database and the role."
        )
    if read_only:
        reasons.append("The database is read-only. Name the primary server in DATABASE_URL.")
    if lock_timeout != str(LOCK_MILLISECONDS):
        reasons.append(
            "The server ignores the timeouts that the panel sets for its session. Connect "
            "without a pooler."
        )
    return reasons


def _missing_migrations() -> list[str]:
    loader = MigrationLoader(connection)
    missing = loader.graph.nodes.keys() - loader.applied_migrations.keys()
    if not missing:
        return []
    migrations = f"{len(missing)} migrations" if len(missing) > 1 else "a migration"
    return [f"The database is missing {migrations}. Run `manage.py migrate` first."]
