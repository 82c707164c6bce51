"""Whether the leases are as the ledger says: every open change holds its pool, and no other does.

A lease keeps a second change from being sent while the first is open. No digest covers it,
and anyone who can write to the database can move it; but the ledger says what it must be.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import structlog
from django.db import Error as AnyDatabaseError
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from pools.database_faults import long_statements
from pools.ledger.appending import NOBODY, lock, record_event
from pools.ledger.chain import MOMENT, Misfit, Row, entries_of, fetched
from pools.models.entry import Entry
from pools.models.lease import Lease, pool_key_of, reference_in
from pools.models.stored import read_id, read_text, text_or_bytes
from pools.models.vocabulary import ENDS, ENDS_SQL, Action, Kind, ends

log = structlog.get_logger("panel.ledger")
# The event of a lease that was put right by an administrator.
PUT_RIGHT: Final = "lease_put_right"
# SQLite keeps writers waiting while it is read: many short questions instead of one.
CHUNK: Final = 50_000
# PostgreSQL does not: one question, which may take longer than a page would wait.
LONGEST_SECONDS: Final = 60
# The open changes of a pool, newest first. As a text: a query that is put together for each
# change, twice, costs more than all that is asked.
_OPEN: Final = f"""
SELECT change, pool_name FROM pools_entry AS intent
WHERE company = %s AND pool_id = %s AND kind = '{Kind.INTENT}' AND change IS NOT NULL
AND (%s = '' OR action = %s)
AND NOT EXISTS (
  SELECT 1 FROM pools_entry WHERE change = intent.change AND {ENDS_SQL}
) ORDER BY seq DESC
"""  # noqa: S608  # nosec B608
_ID: Final = re.compile(r"[0-9a-f]{32}")
_CHANGE: Final = {"sqlite": "change", "postgresql": "replace(change::text, '-', '')"}


class Held(NamedTuple):
    """A lease as it is stored: texts, as they are digested; anything else is no lease of ours."""

    pk: int
    company: Any
    pool_key: Any
    change: Any
    held_since: Any

    def __str__(self) -> str:
        return f"pool {self.pool_key} of {self.company}, for the change {self.change}"


class Unfit(NamedTuple):
    """Leases that do not fit: those of open changes, with their intent; and all others."""

    altered: list[tuple[Held, Row]]
    of_nobody: list[Held]

    @property
    def misfits(self) -> list[Misfit]:
        return [Misfit(intent[0], _difference(lease, intent)) for lease, intent in self.altered]

    @property
    def sentences(self) -> list[str]:
        return [f"No open change holds {lease}." for lease in self.of_nobody]


def read() -> list[Held]:
    """The leases as they are stored."""
    moment = MOMENT[connection.vendor].format("held_since")
    columns = f"id, company, pool_key, {_CHANGE[connection.vendor]}, {moment}"
    return [Held(*row) for row in fetched(f"SELECT {columns} FROM pools_lease", [])]  # noqa: S608  # nosec B608


def unfit() -> Unfit:
    """The leases that do not fit the ledger as it is now."""
    held = read()
    intents = _open_intents(lease.change for lease in held)
    result = Unfit([], [])
    for lease in held:
        intent = intents.get(lease.change)
        if intent is None:
            result.of_nobody.append(lease)
        elif lease != (_lease_of(intent, lease.pk) or lease):
            result.altered.append((lease, intent))
    if result.of_nobody:
        # A change that ends releases its lease in the same transaction.
        still_there = set(read())
        result.of_nobody[:] = [lease for lease in result.of_nobody if lease in still_there]
    return result


def open_changes_sql(company: str, pool_key: str) -> tuple[str, list[str]]:
    """The open changes that may hold what a key names, as SQL and what goes into it."""
    reference = reference_in(pool_key)
    # Of an id, any change; of a name, creates alone.
    action = "" if reference == pool_key else Action.CREATE
    return _OPEN, [company, reference, action, action]


def open_change(company: str, pool_key: str) -> UUID | None:
    """The open change that must hold what a key names, as the ledger has it."""
    reference = reference_in(pool_key)
    candidates = fetched(*open_changes_sql(company, pool_key), damaged=text_or_bytes)
    holding = (
        read_id(change)
        for change, name in candidates
        if pool_key_of(reference, read_text(name)) == pool_key
    )
    return next(holding, None)


def reasons_against_leases() -> list[str]:
    """Why the leases do not fit the ledger, a sentence each. Raises django.db.Error."""
    unheld, wrong = _unheld(), unfit()
    return [
        *(f"The change of entry {row[0]} is open and holds no pool." for row in unheld.values()),
        *(f"The change of entry {each.seq} is open. {each.reason}" for each in wrong.misfits),
        *wrong.sentences,
    ]


def log_unfit() -> None:
    """Logs what does not fit, if anything does not: as an error, for somebody to look at."""
    try:
        reasons = reasons_against_leases()
    except AnyDatabaseError:
        return  # told elsewhere
    if reasons:
        log.error("leases do not fit the ledger", reasons=reasons)


def put_right() -> list[str]:
    """Makes the leases what the ledger says, and records each that was not, as an event.

    In the caller's transaction. Returns the same sentences as `reasons_against_leases`.
    """
    lock()
    reasons, wrong, unheld = reasons_against_leases(), unfit(), _unheld()
    misplaced = [*wrong.of_nobody, *(lease for lease, _ in wrong.altered)]
    Lease.objects.filter(pk__in=[lease.pk for lease in misplaced]).delete()
    for intent in [*unheld.values(), *(intent for _, intent in wrong.altered)]:
        if (lease := _lease_of(intent, 0)) is None:
            continue  # nobody can tell what it holds; the walk along the chain names it
        at = datetime.fromisoformat(lease.held_since)
        Lease.objects.create(
            company=lease.company, pool_key=lease.pool_key, change=lease.change, held_since=at
        )
    for reason in reasons:
        record_event(PUT_RIGHT, NOBODY, reason=reason)
    return reasons


def _unheld() -> dict[str, Row]:
    """The intents of open changes that hold no pool."""
    begun = list(_all_open())
    held = {lease.change for lease in read()}
    return _open_intents(change.hex for change in begun if change.hex not in held)


def _all_open() -> Iterator[UUID]:
    last = Entry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    if connection.vendor == "sqlite":
        for first in range(1, last + 1, CHUNK):
            yield from _open_among(first, first + CHUNK)
        return
    with long_statements(LONGEST_SECONDS):
        changes = _open_among(1, last + 1)
    yield from changes


def _open_among(first: int, end: int) -> list[UUID]:
    intents = Entry.objects.filter(kind=Kind.INTENT, seq__gte=first, seq__lt=end)
    return [change for change in _still_open(intents).values_list("change", flat=True) if change]


def _still_open(intents: QuerySet[Entry]) -> QuerySet[Entry]:
    return intents.filter(~Exists(Entry.objects.filter(ENDS, change=OuterRef("change"))))


def _open_intents(changes: Iterable[Any]) -> dict[str, Row]:
    """The intents of those changes that are open, by change, as the ledger has them."""
    ids = {each for each in changes if isinstance(each, str) and _ID.fullmatch(each)}
    intents: dict[str, Row] = {}
    ended = set()
    for row in entries_of(ids) if ids else ():
        kind, change, outcome = row[3], row[4], row[13]
        if kind == Kind.INTENT:
            intents[change] = row
        elif ends(kind, outcome):
            ended.add(change)
    return {change: row for change, row in intents.items() if change not in ended}


def _lease_of(intent: Row, pk: int) -> Held | None:
    """The lease that was taken with an intent; None where it cannot be read what it holds."""
    texts = (intent[2], intent[9], intent[10], intent[11])
    if not all(isinstance(each, str) for each in texts):
        return None
    try:
        datetime.fromisoformat(intent[2])
        pool_key_of(intent[10], intent[11])
    except ValueError:
        return None
    return Held(pk, intent[9], pool_key_of(intent[10], intent[11]), intent[4], intent[2])


def _difference(lease: Held, intent: Row) -> str:
    taken = _lease_of(intent, lease.pk) or lease
    differences = (
        f"{name} is {is_now!r} and was {was!r}"
        for name, is_now, was in zip(Held._fields, lease, taken, strict=True)
        if is_now != was
    )
    return f"Its lease was altered: {', '.join(differences)}."
