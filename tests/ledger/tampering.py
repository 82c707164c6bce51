"""Tampers with ledgers in every way we know, and counts what the proof makes of it.

    DATABASE_URL=… python -m tests.ledger.tampering 1000

For an empty, migrated database. Prints for every way at how many positions it was tried,
how often it was found, and how often the right entry was named first. Whoever tampers has
a connection of their own that may do anything: triggers and unique indexes are gone. What
only a defect of the panel could write is sealed with the panel's own keys. Ways that are
marked * are SQLite's: it keeps a value in the form that it is given.
"""

import base64
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID, uuid4

import psycopg

if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()

from django.conf import settings
from django.db import connection
from django.test import override_settings

from pools.ledger import chain
from pools.ledger.chain import COLUMNS, FIRST, digest_of
from pools.ledger.logged_checkpoints import Checkpoint
from pools.ledger.proof import Proof, prove
from pools.models import Entry, Lease
from pools.models.vocabulary import Kind
from pools.secret import Secret
from tests.fixtures.ledger_flush import undefended_ledger
from tests.fixtures.panel_process import database_url
from tests.ledger.telling import Panel

ENTRIES: Final = 50
SEQ, AT, KIND, CHANGE, OUTCOME, REASON, KEY_ID, PREVIOUS, DIGEST = (
    COLUMNS.index(name)
    for name in ["seq", "at", "kind", "change", "outcome", "reason", "key_id", "previous", "digest"]
)
EDITABLE: Final = [number for number in range(len(COLUMNS)) if number not in {SEQ, AT}]
GUESSED_KEY: Final = b"guessed!" * 4
SECOND_KEY: Final = base64.b64encode(b"second.." * 4).decode()

Row = list[Any]
# A lease: what it holds, for which change, and since when.
LEASE: Final = ("company", "pool_key", "change", "held_since")
COMPANY, POOL_KEY, HELD_CHANGE, HELD_SINCE = range(4)


class NotHere(Exception):
    """This ledger has no place for that."""


@dataclass
class Tampered:
    """A ledger tampered with, the entry to be named first, and checkpoints from before.

    `named` is None where a lease is to be named, and no entry.
    """

    rows: list[Row]
    named: int | None
    checkpoints: list[Checkpoint] = field(default_factory=list)
    leases: list[Row] | None = None


@dataclass(frozen=True)
class Ledger:
    """A ledger as the panel wrote it, and the changes that hold a pool."""

    rows: list[Row]
    leases: list[Row]

    @property
    def held(self) -> set[UUID]:
        """The changes that hold a pool."""
        return {lease[HELD_CHANGE] for lease in self.leases}

    def copy(self) -> list[Row]:
        return [list(row) for row in self.rows]

    def copy_leases(self) -> list[Row]:
        return [list(lease) for lease in self.leases]

    def intent_of(self, change: UUID) -> int:
        """The number of the intent of a change."""
        told = (row for row in self.rows if row[CHANGE] == change)
        return int(next(row[SEQ] for row in told if row[KIND] == Kind.INTENT))

    def any_of(self, dice: Random, kind: Kind, fits: Callable[[Row], bool] | None = None) -> int:
        """The index of some entry of a kind that fits."""
        found = [
            number
            for number, row in enumerate(self.rows)
            if row[KIND] == kind and (fits is None or fits(row))
        ]
        if not found:
            raise NotHere
        return dice.choice(found)

    def says_about(self, change: UUID) -> set[str]:
        """The kinds of the entries of a change."""
        return {row[KIND] for row in self.rows if row[CHANGE] == change}


WAYS: dict[str, Callable[[Random, Ledger], Tampered]] = {}


def way(name: str) -> Callable[[Callable[[Random, Ledger], Tampered]], None]:
    def keep(function: Callable[[Random, Ledger], Tampered]) -> None:
        WAYS[name] = function

    return keep


@way("field edited")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    row = dice.choice(rows)
    column = dice.choice(EDITABLE)
    row[column] = _another(row[column])
    return Tampered(rows, row[SEQ])


@way("time edited")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    row = dice.choice(rows)
    row[AT] += timedelta(**{dice.choice(["microseconds", "hours", "days"]): dice.choice([-1, 1])})
    return Tampered(rows, row[SEQ])


@way("deleted from the middle")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    first, end = sorted(dice.sample(range(1, len(rows)), 2))
    return Tampered(rows[:first] + rows[end:], first + 1)


@way("deleted from the middle, numbers closed")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    first, end = sorted(dice.sample(range(1, len(rows)), 2))
    return Tampered(_numbered(rows[:first] + rows[end:]), first + 1)


@way("end cut off")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    first = dice.randrange(len(rows))
    return Tampered(rows[:first], first + 1, [_noted(dice.choice(rows[first:]))])


@way("end cut off, and written on by the panel")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    first = dice.randrange(len(rows))
    noted = [_noted(row) for row in dice.sample(rows, 3)] + [_noted(rows[-1])]
    after = [list(dice.choice(ledger.rows)) for _ in range(dice.randrange(1, 60))]
    for row in after:
        row[KIND], row[AT] = Kind.EVENT, row[AT] + timedelta(hours=1)
    written = _sealed(rows[:first] + after)
    named = min(each.seq for each in noted if each.seq > first)
    return Tampered(written, min(named, len(written) + 1), noted)


@way("two swapped")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    one, other = sorted(dice.sample(range(len(rows)), 2))
    rows[one], rows[other] = rows[other], rows[one]
    return Tampered(_numbered(rows), one + 1)


@way("forged")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    place = dice.randrange(len(rows) + 1)
    rows = _numbered([*rows[:place], dice.choice(rows), *rows[place:]])
    forged = rows[place]
    forged[PREVIOUS] = rows[place - 1][DIGEST] if place else FIRST
    forged[DIGEST] = digest_of(tuple(forged), GUESSED_KEY)
    return Tampered(rows, place + 1)


@way("duplicated")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    place = dice.randrange(len(rows))
    return Tampered(_numbered([*rows[: place + 1], *rows[place:]]), place + 2)


@way("digests made again with another key")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    place = dice.randrange(len(rows))
    rows[place][REASON] += "."
    return Tampered(_sealed(rows, place, lambda row: GUESSED_KEY), place + 1)


@way("digests made again without a key")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    place = dice.randrange(len(rows))
    rows[place][REASON] += "."
    previous = rows[place][PREVIOUS]
    for row in rows[place:]:
        row[PREVIOUS] = previous
        row[DIGEST] = previous = digest_of(tuple(row), b"")
    return Tampered(rows, place + 1)


@way("wrong key id")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    row = dice.choice(rows)
    row[KEY_ID] = dice.choice([name for name in ("first", "second", "mine") if name != row[KEY_ID]])
    return Tampered(rows, row[SEQ])


@way("sealed with a key of one's own")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    place = dice.randrange(len(rows))
    for row in rows[place:]:
        row[KEY_ID] = "mine"
    return Tampered(_sealed(rows, place, lambda row: GUESSED_KEY), place + 1)


@way("gap in the numbers")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    place, width = dice.randrange(len(rows)), dice.randrange(1, 100)
    for row in rows[place:]:
        row[SEQ] += width
    return Tampered(rows, place + 1)


@way("first replaced")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    rows[0] = [1, *dice.choice(rows[1:])[1:]]
    if dice.random() < 0.5:
        rows[0][PREVIOUS] = FIRST
    return Tampered(rows, 1)


@way("first deleted")
def _(dice: Random, ledger: Ledger) -> Tampered:
    return Tampered(ledger.copy()[dice.randrange(1, ENTRIES) :], 1)


@way("put before the first")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    stray = list(dice.choice(rows))
    stray[SEQ] = -dice.randrange(100)
    return Tampered([stray, *rows], stray[SEQ])


@way("pool let go without a word")
def _(dice: Random, ledger: Ledger) -> Tampered:
    place = ledger.any_of(dice, Kind.INTENT, lambda row: row[CHANGE] in ledger.held)
    leases = [each for each in ledger.leases if each[HELD_CHANGE] != ledger.rows[place][CHANGE]]
    return Tampered(ledger.copy(), place + 1, leases=leases)


def _lease_altered(
    column: int, value: Callable[[Any], Any]
) -> Callable[[Random, Ledger], Tampered]:
    def tampered(dice: Random, ledger: Ledger) -> Tampered:
        if not ledger.leases:
            raise NotHere
        leases = ledger.copy_leases()
        lease = dice.choice(leases)
        intent = ledger.intent_of(lease[HELD_CHANGE])
        lease[column] = value(lease[column])
        return Tampered(ledger.copy(), intent, leases=leases)

    return tampered


way("lease moved to another pool")(_lease_altered(POOL_KEY, lambda key: f"{key}0"))
way("lease moved to another company")(_lease_altered(COMPANY, lambda slug: f"{slug}2"))
way("lease moved to another time")(
    _lease_altered(HELD_SINCE, lambda since: since + timedelta(microseconds=1))
)
way("lease moved to no change at all")(_lease_altered(HELD_CHANGE, lambda change: uuid4()))


@way("lease of no change at all")
def _(dice: Random, ledger: Ledger) -> Tampered:
    since = dice.choice(ledger.rows)[AT]
    stray = ["acme", "999", uuid4(), since]
    return Tampered(ledger.copy(), None, leases=[*ledger.copy_leases(), stray])


@way("lease kept after the end")
def _(dice: Random, ledger: Ledger) -> Tampered:
    place = ledger.any_of(dice, Kind.INTENT, lambda row: row[CHANGE] not in ledger.held)
    row = ledger.rows[place]
    kept = ["acme", "999", row[CHANGE], row[AT]]
    return Tampered(ledger.copy(), None, leases=[*ledger.copy_leases(), kept])


if connection.vendor == "sqlite":
    # PostgreSQL keeps a value in one form alone.

    def _other_form(how: Callable[[str], Any]) -> Callable[[Random, Ledger], Tampered]:
        def tampered(dice: Random, ledger: Ledger) -> Tampered:
            rows = ledger.copy()
            row = dice.choice(rows)
            row[AT] = how(_for_sqlite(row[AT]))
            return Tampered(rows, row[SEQ])

        return tampered

    way("time kept as bytes *")(_other_form(str.encode))
    way("time spelled with a T *")(_other_form(lambda text: text.replace(" ", "T")))

    @way("text kept as bytes *")
    def _(dice: Random, ledger: Ledger) -> Tampered:
        rows = ledger.copy()
        row = dice.choice(rows)
        column = dice.choice([n for n in EDITABLE if isinstance(_for_sqlite(row[n]), str)])
        row[column] = _for_sqlite(row[column]).encode()
        return Tampered(rows, row[SEQ])

    @way("lease kept as bytes *")
    def _(dice: Random, ledger: Ledger) -> Tampered:
        column = dice.randrange(len(LEASE))
        return _lease_altered(column, lambda value: _for_sqlite(value).encode())(dice, ledger)


@way("intent without outcome")
def _(dice: Random, ledger: Ledger) -> Tampered:
    place = ledger.any_of(dice, Kind.INTENT, lambda row: row[CHANGE] not in ledger.held)
    change = ledger.rows[place][CHANGE]
    rows = [row for row in ledger.copy() if row[CHANGE] != change or row[KIND] == Kind.INTENT]
    return Tampered(_sealed(rows), place + 1)


def _without_intent(kind: Kind) -> Callable[[Random, Ledger], Tampered]:
    def tampered(dice: Random, ledger: Ledger) -> Tampered:
        kept = ledger.rows[ledger.any_of(dice, kind)]
        change = kept[CHANGE]
        rows = [row for row in ledger.rows if row[CHANGE] != change or row is kept]
        return Tampered(_sealed([list(row) for row in rows]), rows.index(kept) + 1)

    return tampered


way("outcome without intent")(_without_intent(Kind.OUTCOME))
way("read-back without intent")(_without_intent(Kind.READBACK))
way("verdict without intent")(_without_intent(Kind.SETTLED))
way("release without intent")(_without_intent(Kind.RELEASED))


@way("outcome before intent")
def _(dice: Random, ledger: Ledger) -> Tampered:
    rows = ledger.copy()
    outcome = rows.pop(ledger.any_of(dice, Kind.OUTCOME))
    place = next(n for n, row in enumerate(rows) if row[CHANGE] == outcome[CHANGE])
    rows.insert(place, outcome)
    return Tampered(_sealed(rows), place + 1)


def _two_of(kind: Kind) -> Callable[[Random, Ledger], Tampered]:
    def tampered(dice: Random, ledger: Ledger) -> Tampered:
        rows, first = ledger.copy(), ledger.any_of(dice, kind)
        place = dice.randrange(first + 1, len(rows) + 1)
        second = list(rows[first])
        second[OUTCOME] = second[OUTCOME] and dice.choice(["done", "unknown", "applied"])
        rows.insert(place, second)
        return Tampered(_sealed(rows), place + 1)

    return tampered


way("two intents")(_two_of(Kind.INTENT))
way("two outcomes")(_two_of(Kind.OUTCOME))
way("two verdicts")(_two_of(Kind.SETTLED))
way("two releases")(_two_of(Kind.RELEASED))


@way("verdict on a change that had ended")
def _(dice: Random, ledger: Ledger) -> Tampered:
    def refused(row: Row) -> bool:
        ended = ledger.says_about(row[CHANGE]) & {Kind.SETTLED, Kind.RELEASED}
        return row[OUTCOME] == "refused" and not ended

    rows, first = ledger.copy(), ledger.any_of(dice, Kind.OUTCOME, refused)
    place = dice.randrange(first + 1, len(rows) + 1)
    verdict = list(rows[first])
    verdict[KIND], verdict[OUTCOME] = Kind.SETTLED, "applied"
    rows.insert(place, verdict)
    return Tampered(_sealed(rows), place + 1)


@dataclass
class Counts:
    """What was tried, by way, and what was proved of ledgers that nobody tampered with."""

    tried: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    named: Counter[str] = field(default_factory=Counter)
    clean: int = 0
    false_alarms: int = 0

    def table(self) -> str:
        lines = [
            "| tampered with | tried | found | right entry named |",
            "|---|---:|---:|---:|",
            *(
                f"| {name} | {self.tried[name]:,} | {self.found[name]:,} | {self.named[name]:,} |"
                for name in WAYS
            ),
            f"| nothing | {self.clean:,} | {self.false_alarms:,} | |",
        ]
        return "\n".join(lines)


def tamper_with_ledgers(tries: int, *, seed: int, per_ledger: int = 25) -> Counts:
    """Tries every way so often, so many times per ledger.

    The database must have an empty one, and has an empty one afterwards.
    """
    counts, dice = Counts(), Random(seed)
    second = ("second", Secret(SECOND_KEY))
    with (
        closing(_raw()) as raw,
        undefended_ledger(),
        override_settings(AUDIT_KEYS=(*settings.AUDIT_KEYS, second)),
    ):
        try:
            for tried in range(tries):
                if tried % per_ledger == 0:
                    ledger = _written(dice, raw)
                    _prove_clean(counts, dice, ledger)
                for name in WAYS:
                    _try(counts, name, dice, ledger, raw)
                _tidy(raw)
        finally:
            _store(raw, [], [])
    return counts


def _try(counts: Counts, name: str, dice: Random, ledger: Ledger, raw: Any) -> None:
    tampered = WAYS[name](dice, ledger)
    leases = ledger.leases if tampered.leases is None else tampered.leases
    _store(raw, tampered.rows, leases)
    proof = _proved(dice, tampered.checkpoints)
    counts.tried[name] += 1
    counts.found[name] += proof.misfit_count > 0 or bool(proof.of_nobody)
    first = proof.misfits[0].seq if proof.misfits else None
    counts.named[name] += first == tampered.named and (first is not None or bool(proof.of_nobody))


def _written(dice: Random, raw: Any) -> Ledger:
    """A ledger as the panel writes it, which has a place for every way to tamper with it."""
    while True:
        _store(raw, [], [])
        panel, before = Panel(dice), dice.randrange(1, ENTRIES)
        panel.write(before)
        # A new key is put first while it is in use.
        with override_settings(AUDIT_KEYS=settings.AUDIT_KEYS[::-1]):
            panel.write(ENTRIES - before)
        rows = [list(row) for row in Entry.objects.order_by("seq").values_list(*COLUMNS)]
        ledger = Ledger(rows, [list(lease) for lease in Lease.objects.values_list(*LEASE)])
        try:
            for tamper in WAYS.values():
                tamper(Random(0), ledger)
        except NotHere:
            continue
        return ledger


def _prove_clean(counts: Counts, dice: Random, ledger: Ledger) -> None:
    """From every entry on, with checkpoints."""
    noted = [_noted(row) for row in dice.sample(ledger.rows, 5)]
    for first in range(1, ENTRIES + 1):
        counts.clean += 1
        proof = _proved(dice, noted, first)
        counts.false_alarms += proof.misfit_count > 0 or bool(proof.of_nobody)


def _proved(dice: Random, checkpoints: list[Checkpoint], first: int = 1) -> Proof:
    with patch.object(chain, "CHUNK", dice.choice([3, 7, 20, 2000])):
        return prove(first, checkpoints)


def _numbered(rows: list[Row]) -> list[Row]:
    return [[number, *row[1:]] for number, row in enumerate(rows, 1)]


def _sealed(
    rows: list[Row], start: int = 0, key_of: Callable[[Row], bytes] | None = None
) -> list[Row]:
    """The rows numbered, and chained from one on; with the keys that they name, or others."""
    keys = dict(chain.keys())
    rows = _numbered(rows)
    previous = rows[start - 1][DIGEST] if start else FIRST
    for row in rows[start:]:
        key = key_of(row) if key_of else keys[row[KEY_ID]]
        row[PREVIOUS] = previous
        row[DIGEST] = previous = digest_of(tuple(row), key)
    return rows


def _noted(row: Row) -> Checkpoint:
    return Checkpoint(row[SEQ], row[DIGEST], row[AT])


def _another(value: Any) -> Any:
    if isinstance(value, int):
        return value + 1
    if value is None:
        return uuid4()
    if isinstance(value, UUID):
        return None
    return value[:-1] + ("y" if value[-1:] == "x" else "x")


def _raw() -> Any:
    if connection.vendor == "sqlite":
        raw: Any = sqlite3.connect(connection.settings_dict["NAME"])
        raw.execute("PRAGMA synchronous=OFF")
        return raw
    raw = psycopg.connect(database_url())
    raw.execute("SET synchronous_commit = off")
    return raw


def _store(raw: Any, rows: list[Row], leases: list[Row]) -> None:
    """Puts these entries and leases in the place of all others."""
    cursor = raw.cursor()
    cursor.execute("DELETE FROM pools_entry")
    cursor.execute("DELETE FROM pools_lease")
    _insert(cursor, "pools_entry", COLUMNS, rows)
    _insert(cursor, "pools_lease", LEASE, leases)
    raw.commit()


def _tidy(raw: Any) -> None:
    """PostgreSQL walks past all that was deleted, until it is told to forget it."""
    if connection.vendor == "postgresql":
        raw.autocommit = True
        raw.execute("VACUUM pools_entry, pools_lease, pools_indexterm")
        raw.autocommit = False


def _insert(cursor: Any, table: str, columns: Sequence[str], rows: list[Row]) -> None:
    names = ", ".join(columns)
    if connection.vendor == "postgresql":
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(columns))
    adapted = [[_for_sqlite(value) for value in row] for row in rows]
    cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", adapted)


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    return value.hex if isinstance(value, UUID) else value


if __name__ == "__main__":
    print(tamper_with_ledgers(int(sys.argv[1]), seed=4).table())
