"""The ways in which a database can fail at one call of a process.

Where it can be, the failure is the database's own: no room (SQLite's limit of pages), a
session that may only read, a lock that another connection holds, a role without grants, a
connection that the server ends. What cannot be had so is raised as the driver raises it.
"""

import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import psycopg
from django.db import OperationalError

from pools.ledger import appending

UNHEARD: Final = "unheard"
# A lock holds up all other cases: it is held no longer than the call that it is meant for.
LOCKED_SECONDS: Final = 0.2
SHORTEST_WAIT_MILLISECONDS: Final = 30


class Duration(Enum):
    """How long a failure lasts, once it began."""

    BY_ITSELF = "what was done to the connection stays done"
    EVERY_CALL = "every later call fails, too"
    ONE_CALL = "the next call works again"


@dataclass(frozen=True, slots=True)
class Mode:
    """A way to fail: what to do to the connection, before the call that shall fail."""

    strike: Callable[[Any], None]
    duration: Duration

    def strike_at(self, connection: Any, *, struck: bool) -> bool:
        """Strikes, unless it has already and that is enough; whether it has by now.

        Raises the failure, or lets the database raise it at the call itself. What is done
        to a connection waits until there is one.
        """
        if struck and self.duration is not Duration.EVERY_CALL:
            return True
        if connection.connection is None and self.duration is Duration.BY_ITSELF:
            return False
        with connection.wrap_database_errors:
            self.strike(connection)
        return True


def _full(connection: Any) -> None:
    (pages,) = connection.connection.execute("PRAGMA page_count").fetchone()
    connection.connection.execute(f"PRAGMA max_page_count={pages}")


def _query_only(connection: Any) -> None:
    connection.connection.execute("PRAGMA query_only=ON")


def _locked_file(connection: Any) -> None:
    connection.connection.execute(f"PRAGMA busy_timeout={SHORTEST_WAIT_MILLISECONDS}")
    name = connection.settings_dict["NAME"]
    other = sqlite3.connect(name, isolation_level=None, timeout=0, check_same_thread=False)
    try:
        other.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        # In the middle of a transaction of our own there is nothing left to be locked.
        raise OperationalError("database is locked") from None
    _let_go_soon(other)


def _let_go_soon(other: Any) -> None:
    timer = threading.Timer(LOCKED_SECONDS, other.close)
    timer.daemon = True
    timer.start()


def _raises(text: str) -> Callable[[Any], None]:
    def strike(connection: Any) -> None:
        raise OperationalError(text)

    return strike


def _elsewhere(connection: Any) -> Any:
    """Another connection to the same database, in autocommit."""
    place = connection.settings_dict
    named = {
        "dbname": "NAME",
        "user": "USER",
        "password": "PASSWORD",
        "host": "HOST",
        "port": "PORT",
    }
    given = {name: place[key] for name, key in named.items() if place[key]}
    return psycopg.connect(**given, autocommit=True)


def _terminated(connection: Any) -> None:
    backend = connection.connection.info.backend_pid
    with _elsewhere(connection) as other:
        # Waits until the backend is gone.
        other.execute("SELECT pg_terminate_backend(%s, 2000)", [backend])


def _without_grants(connection: Any) -> None:
    # A role of PostgreSQL's own, which may read everything and write nothing.
    connection.connection.execute("SET ROLE pg_read_all_data")


def _session_read_only(connection: Any) -> None:
    connection.connection.execute("SET transaction_read_only = on")
    connection.connection.execute("SET default_transaction_read_only = on")


def _locked_ledger(connection: Any) -> None:
    connection.connection.execute(f"SET lock_timeout = {SHORTEST_WAIT_MILLISECONDS}")
    other = _elsewhere(connection)
    _let_go_soon(other)
    taken = other.execute(f"SELECT pg_try_advisory_lock({appending._ADVISORY_LOCK})").fetchone()
    if taken != (True,):
        raise OperationalError("canceling statement due to lock timeout")


MODES: Final[Mapping[str, Mapping[str, Mode]]] = {
    "sqlite": {
        "full": Mode(_full, Duration.BY_ITSELF),
        "read-only": Mode(_query_only, Duration.BY_ITSELF),
        "locked": Mode(_locked_file, Duration.BY_ITSELF),
        "disk error": Mode(_raises("disk I/O error"), Duration.ONE_CALL),
        "gone": Mode(_raises("unable to open database file"), Duration.EVERY_CALL),
        # Committed, and the answer was lost on its way back.
        UNHEARD: Mode(_raises("disk I/O error"), Duration.ONE_CALL),
    },
    "postgresql": {
        "terminated": Mode(_terminated, Duration.BY_ITSELF),
        "no grants": Mode(_without_grants, Duration.BY_ITSELF),
        "read-only": Mode(_session_read_only, Duration.BY_ITSELF),
        "locked": Mode(_locked_ledger, Duration.BY_ITSELF),
        "full": Mode(_raises("could not extend file: No space left"), Duration.EVERY_CALL),
        "timeout": Mode(_raises("canceling statement due to timeout"), Duration.ONE_CALL),
        "restarting": Mode(_raises("the database system is shutting down"), Duration.EVERY_CALL),
        UNHEARD: Mode(_raises("server closed the connection"), Duration.ONE_CALL),
    },
}
