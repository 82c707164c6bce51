"""A database that does not do what it is asked: why, and what may then be left for later.

Reading must go on while nothing can be written. So what is only noted on the way of a page
goes through `try_to_write`; everything else raises, and `cause_of` says why.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import structlog
from django.db import Error as AnyDatabaseError
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

# How long PostgreSQL lets a statement run, ...
STATEMENT_SECONDS: Final = 5.0
# ... and how much later a server that says nothing at all is taken for frozen.
_SILENCE_SECONDS: Final = 1.0
# The longest that a statement may take here; None: as long as it wants.
longest_statement: ContextVar[float | None] = ContextVar(
    "longest_statement", default=STATEMENT_SECONDS
)
# How long what a page only notes waits for somebody else's lock, ...
NOTE_SECONDS: Final = 0.5
# ... and how long nothing else is tried then: a page waits once, however much it would note.
_NOT_TRIED_FOR_SECONDS: Final = 1.0
_waited_at: ContextVar[float] = ContextVar("waited_at", default=float("-inf"))
log = structlog.get_logger("panel.database")


class Cause(StrEnum):
    """Why a database does not do what it is asked."""

    READ_ONLY = "read-only"
    FULL = "full"
    LOCKED = "locked"
    SLOW = "slow"
    GONE = "gone"


# What is waited for; any other refusal comes at once.
_WAITED_FOR: Final = {Cause.LOCKED, Cause.SLOW}
# A result's own code, or else its primary one: https://sqlite.org/rescode.html
_SQLITE: Final = {
    3: Cause.READ_ONLY,  # SQLITE_PERM
    5: Cause.LOCKED,  # SQLITE_BUSY
    6: Cause.LOCKED,  # SQLITE_LOCKED
    8: Cause.READ_ONLY,  # SQLITE_READONLY
    10: Cause.GONE,  # SQLITE_IOERR
    11: Cause.GONE,  # SQLITE_CORRUPT
    13: Cause.FULL,  # SQLITE_FULL
    14: Cause.GONE,  # SQLITE_CANTOPEN
    26: Cause.GONE,  # SQLITE_NOTADB
    1032: Cause.GONE,  # SQLITE_READONLY_DBMOVED: removed while it was open
}
# By SQLSTATE, or by its class: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL: Final = {
    "25006": Cause.READ_ONLY,
    "42501": Cause.READ_ONLY,  # a role without the right
    "42P01": Cause.GONE,  # no such table
    "53300": Cause.GONE,  # too many connections
    "53": Cause.FULL,
    "55P03": Cause.LOCKED,
    "40P01": Cause.LOCKED,  # a deadlock
    "57014": Cause.SLOW,
    "57P": Cause.GONE,  # shutting down, starting
    "08": Cause.GONE,
    "58": Cause.GONE,
}
_UNANSWERED: Final = {"InterfaceError", "OperationalError"}


def cause_of(error: BaseException | None) -> Cause | None:
    """Why the database refused, if that is what an error comes of; None for any other."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if cause := _cause_in(error):
            return cause
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None


def _cause_in(error: BaseException) -> Cause | None:
    """What a driver's own error says. Neither driver need be loaded."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        # A file that was removed is made again, empty, by whoever opens it.
        lost = code == 1 and "no such table" in str(error)
        return Cause.GONE if lost else _SQLITE.get(code) or _SQLITE.get(code & 0xFF)
    if not type(error).__module__.startswith("psycopg"):
        return None
    state = getattr(error, "sqlstate", None)
    if state is None:
        # The server did not answer at all, or the connection is closed.
        names = {kind.__name__ for kind in type(error).__mro__}
        return Cause.GONE if names & _UNANSWERED else None
    return next((_POSTGRESQL[state[:n]] for n in (5, 3, 2) if state[:n] in _POSTGRESQL), None)


def try_to_write(what: str, write: Callable[[], Any], *, durable: bool = False) -> bool:
    """Writes in one transaction what a page only notes; whether it is written now.

    `what` goes to the log if the database refuses it. A lock is waited for half a second, and
    after that nothing is tried for a moment. Whatever is left out here must be made
    up for by a later page.
    """
    if time.monotonic() - _waited_at.get() < _NOT_TRIED_FOR_SECONDS:
        return False
    try:
        with patience(NOTE_SECONDS, durable=durable):
            write()
    except AnyDatabaseError as error:
        cause = cause_of(error)
        if cause in _WAITED_FOR:
            _waited_at.set(time.monotonic())
        log.warning("not written", what=what, error=type(error).__name__, cause=cause)
        return False
    return True


def end_silence(sender: object, connection: BaseDatabaseWrapper, **_: object) -> None:
    """Has a new connection to PostgreSQL wait for no answer that never comes.

    A process that is frozen, or a proxy that passes nothing on, cannot end its own statements,
    and its kernel goes on saying that all is received: no option of the connection notices.
    """
    if connection.vendor != "postgresql":
        return
    from psycopg import OperationalError
    from psycopg.pq import TransactionStatus

    raw: Any = connection.connection
    wait = raw.wait

    def wait_for_a_while(generator: Any, *given: Any, **named: Any) -> Any:
        longest = longest_statement.get()
        if longest is not None:
            named["timeout"] = longest + _SILENCE_SECONDS
        try:
            return wait(generator, *given, **named)
        except OperationalError:
            if raw.info.transaction_status is TransactionStatus.ACTIVE:
                # The answer may still come, and would be taken for that to what is asked next.
                raw.close()
            raise

    raw.wait = wait_for_a_while


def notice_removal(sender: object, connection: BaseDatabaseWrapper, **_: object) -> None:
    """Has a connection to SQLite that is kept notice that its file was removed, or replaced.

    It would go on reading and writing what nobody will ever find again.
    """
    if connection.vendor != "sqlite":
        return
    name = connection.settings_dict["NAME"]
    opened = _file_at(name)
    connection.is_usable = lambda: _file_at(name) == opened  # type: ignore[method-assign]


def _file_at(name: str) -> tuple[int, int] | None:
    """Which file is there; while it is open, no other one is the same."""
    try:
        found = Path(name).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def long_statements(seconds: float | None, *, durable: bool = False) -> Iterator[None]:
    """A transaction in which PostgreSQL ends a statement after this time; None: after no time."""
    token = longest_statement.set(seconds)
    try:
        with transaction.atomic(durable=durable):
            if connection.vendor == "postgresql":
                _set_for_transaction("statement_timeout", seconds or 0)
            yield
    finally:
        longest_statement.reset(token)


@contextmanager
def patience(seconds: float, *, durable: bool = False) -> Iterator[None]:
    """A transaction that waits for somebody else's lock no longer than this."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        usual = connection.settings_dict["OPTIONS"]["timeout"]
        _wait_for_lock(seconds)
        try:
            with transaction.atomic(durable=durable):
                yield
        finally:
            _wait_for_lock(usual)
        return
    with transaction.atomic(durable=durable):
        # Within a transaction, SQLite has its one lock already.
        if connection.vendor == "postgresql":
            _set_for_transaction("lock_timeout", seconds)
        yield


def _wait_for_lock(seconds: float) -> None:
    milliseconds = round(seconds * 1000)
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {milliseconds}")


def _set_for_transaction(name: str, seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, f"{seconds * 1000:.0f}"])
