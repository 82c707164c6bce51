"""Whether the panel can do its work: what `/readyz` answers. Core is not asked."""

import threading
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

import structlog
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from pools.database_faults import cause_of, patience

# A probe a second from each of ten machines is to cost the database one look.
KEPT_SECONDS: Final = 5
# How long the ledger's lock is waited for; an append takes milliseconds.
LOCK_SECONDS: Final = 2
# The check, the exception's name, its text, and the cause where the database refused.
Failure = tuple[str, str, str, str | None]
log = structlog.get_logger("panel.readiness")


class State(StrEnum):
    """What a check came to."""

    OK = "ok"
    FAILED = "failed"
    UNCHECKED = "not checked"  # what it needs has failed already


class NotReady(Exception):
    """Why a check failed: for the log, not for the visitor."""


def readiness() -> Mapping[str, State]:
    """Every check's state, at most KEPT_SECONDS old in this process."""
    with _last.lock:
        if not _last.states or time.monotonic() - _last.at > KEPT_SECONDS:
            _last.states, _last.at = _look(), time.monotonic()
        return _last.states


def ledger_verified() -> Mapping[str, Any] | None:
    """What the last walk along the ledger found, as old as the states; None: nothing is known.

    It decides nothing: a ledger that does not fit can still be written and read.
    """
    readiness()
    return _last.verified


def checkpoints() -> Mapping[str, Any]:
    """How it stands with signed checkpoints and their copies, as old as the states.

    It decides nothing either: what cannot be copied keeps nobody from working.
    """
    readiness()
    return _last.checkpoints


def forget() -> None:
    """The next one asks again."""
    _last.states = {}


class _Last:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.at = 0.0
        self.states: Mapping[str, State] = {}
        self.failure: Failure | None = None
        self.verified: Mapping[str, Any] | None = None
        self.checkpoints: Mapping[str, Any] = {}


_last = _Last()


def _look() -> Mapping[str, State]:
    """One check after the other: each needs those before it."""
    states = dict.fromkeys(_CHECKS, State.UNCHECKED)
    failure: Failure | None = None
    for name, check in _CHECKS.items():
        try:
            check()
        except Exception as error:  # noqa: BLE001  (whatever it is: not ready)
            states[name] = State.FAILED
            failure = name, type(error).__name__, str(error), cause_of(error)
            break
        states[name] = State.OK
    _last.verified = _verified() if failure is None else None
    _last.checkpoints = _checkpoints() if failure is None else {}
    _tell(failure)
    return states


def _verified() -> Mapping[str, Any] | None:
    # Imported late, as below.
    from pools.ledger.verifying import latest

    if (last := latest()) is None:
        return None
    return {"last": last.whole.last, "at": last.whole.at.isoformat(), "fits": not last.findings}


def _checkpoints() -> Mapping[str, Any]:
    """Why one fails is in the log, and for auditors on their page."""
    from pools.ledger.standing import read_wanted

    return {
        name: {
            "size": each.size,
            "at": each.at and each.at.isoformat(),
            "failing_since": each.failing_since and each.failing_since.isoformat(),
        }
        for name, each in read_wanted().items()
    }


def _tell(failure: Failure | None) -> None:
    """One line in the log for each change, not for each look."""
    if failure == _last.failure:
        return
    _last.failure = failure
    if failure is None:
        log.warning("ready again")
        return
    name, error, reason, cause = failure
    log.warning("not ready", check=name, error=error, reason=reason, cause=cause)


def _database_answers() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _migrations_are_applied() -> None:
    loader = MigrationLoader(connection)
    if missing := loader.graph.nodes.keys() - loader.applied_migrations.keys():
        names = sorted(f"{app}.{name}" for app, name in missing)
        raise NotReady(f"unapplied migrations: {', '.join(names)}")


def _keys_fit() -> None:
    # Imported late: the keys' rooms need the models.
    from pools.ledger.chain import wrong_audit_keys
    from pools.tokens.vault import wrong_token_keys

    if reasons := [*wrong_token_keys(), *wrong_audit_keys()]:
        raise NotReady(" ".join(reasons))


def _ledger_is_writable() -> None:
    """Takes the ledger's lock and goes as far as a write can go without leaving a trace.

    Nothing should be written to a ledger that could be altered.
    """
    from pools.ledger.guarding import reasons_against_its_guard

    if reasons := reasons_against_its_guard():
        raise NotReady(" ".join(reasons))
    if connection.vendor == "sqlite":
        _append_and_roll_back()
    else:
        _insert_nothing()


def _append_and_roll_back() -> None:
    """The next entry, rolled back: the lock, the file, its folder and the triggers allow it."""
    from pools.ledger.appending import NOBODY, append
    from pools.models.vocabulary import Kind

    with patience(LOCK_SECONDS):
        append(Kind.EVENT, "readiness", NOBODY)
        transaction.set_rollback(True)


def _insert_nothing() -> None:
    """No row at all: a row that is rolled back would stay in the table until it is vacuumed.

    PostgreSQL refuses it like any other insert: without the right, on a replica, in a
    read-only database.
    """
    from pools.ledger.appending import lock

    with patience(LOCK_SECONDS), connection.cursor() as cursor:
        lock()
        cursor.execute("INSERT INTO pools_entry SELECT * FROM pools_entry WHERE false")
        transaction.set_rollback(True)


_CHECKS: Final[Mapping[str, Callable[[], None]]] = {
    "database": _database_answers,
    "migrations": _migrations_are_applied,
    "keys": _keys_fit,
    "ledger": _ledger_is_writable,
}
