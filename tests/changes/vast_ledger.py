"""Fills a ledger with a great many changes, and measures the pages of changes on it.

    DATABASE_URL=… python -m tests.changes.vast_ledger fill 1000000
    DATABASE_URL=… python -m tests.changes.vast_ledger measure

For an empty, migrated database that is thrown away afterwards: the chain's digests are
made up. What is rare lies at the far end: a colleague, a company and a ticket of the
first days, an action and an outcome that no longer happen.
"""

import itertools
import os
import random
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import Any, Final, cast

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402

from pools.changes import reading  # noqa: E402
from pools.changes.browsing import Filters  # noqa: E402
from pools.changes.outcome import Outcome  # noqa: E402
from pools.models import Entry, Kind  # noqa: E402
from pools.models.index_term import terms_of  # noqa: E402
from tests.ledger_flush import unguarded_ledger  # noqa: E402

FIRST_DAY: Final = datetime(2024, 11, 1, tzinfo=UTC)
DAYS: Final = 730
COMPANIES: Final = {"acme": 55, "northwind": 20, "contoso": 15, "globex": 7, "initech": 3}
PEOPLE: Final = [f"person{number:02}" for number in range(40)]
ACTIONS: Final = {"edit": 62, "clear": 30, "create": 8}
SYSTEMS: Final = ("NetSuite", "Shopify", "Magento", "SAP", "Klaviyo", "Zendesk")
WORDS: Final = ("orders", "returns", "stock", "stuck", "refunds", "sync", "nightly", "backlog")
SNAPSHOT: Final = '{"connector_ids":[7,8],"limit":%d,"name":"Some pool","timeout":null}'
FACTS: Final = (
    f'{{"address":"192.0.2.7","after":{SNAPSHOT % 10},"before":{SNAPSHOT % 5},"message":"",'
    f'"request_id":"5b0b8c1e-0000-4000-8000-000000000000","status":200,"took_milliseconds":80,'
    f'"verified":true,"wanted":{SNAPSHOT % 10}}}'
)
ANSWERED: Final = timedelta(milliseconds=90)
BATCH: Final = 20_000
ROUNDS: Final = 5
COLUMNS: Final = [str(field.column) for field in Entry._meta.concrete_fields]
ROW: Final = attrgetter(*COLUMNS)


@dataclass(slots=True)
class Row:
    """An entry as it is stored. Its digest is made up: the pages read none."""

    seq: int
    at: datetime
    kind: Kind
    facts: str
    outcome: str = ""
    change: uuid.UUID | None = None
    actor_id: str = "1"
    actor_name: str = ""
    company: str = ""
    pool_id: str = ""
    pool_name: str = ""
    action: str = "signed_in"
    reason: str = ""
    version: int = 1
    form: None = None
    batch: None = None
    key_id: str = "none"
    previous: str = "0" * 64
    digest: str = "0" * 64


def rows_of(count: int) -> Iterator[tuple[Row, tuple[datetime, int]]]:
    """The entries of `count` changes and a fifth as many events, each with its line's place."""
    dice, numbers = random.Random(4), itertools.count(1)
    step = timedelta(days=DAYS) / count
    for number in range(count):
        old = number < count // 50
        at, soon = (FIRST_DAY + number * step + each for each in (timedelta(), ANSWERED))
        about = _change(dice, number, old=old)
        outcome = _outcome(dice, number, old=old)
        unnamed = {"pool_id": ""} if about["action"] == "create" else {}
        line = Row(next(numbers), at, Kind.INTENT, FACTS, **about | unnamed)
        place = at, line.seq
        yield line, place
        yield Row(next(numbers), soon, Kind.OUTCOME, FACTS, outcome, **about), place
        if outcome == Outcome.DONE:
            yield Row(next(numbers), soon, Kind.READBACK, FACTS, **about), place
        if number % 5 == 0:
            name = about["actor_name"]
            event = Row(next(numbers), soon, Kind.EVENT, '{"address":""}', actor_name=name)
            yield event, (soon, event.seq)


def _change(dice: random.Random, number: int, *, old: bool) -> dict[str, Any]:
    pool, bygone = dice.randrange(1, 5000), old and number % 499 == 0
    reason = f"SUP-{number}: {dice.choice(WORDS)} {dice.choice(WORDS)} again"
    return {
        "change": uuid.UUID(int=dice.getrandbits(128), version=4),
        "actor_name": "founder" if old and number % 997 == 0 else dice.choice(PEOPLE),
        "company": "bygone" if bygone else _pick(dice, COMPANIES),
        "pool_id": str(pool),
        "pool_name": f"{SYSTEMS[pool % 6]} {WORDS[pool % 8]} {pool}",
        "action": "delete" if old and number % 10 == 0 else _pick(dice, ACTIONS),
        "reason": f"{reason} unrepeatable" if bygone else reason,
    }


def fill(count: int) -> None:
    if Entry.objects.exists():
        sys.exit("The ledger has entries: this is for an empty database.")
    started, made = time.monotonic(), rows_of(count)
    with unguarded_ledger():
        while batch := list(itertools.islice(made, BATCH)):
            terms = {(term, *place) for row, place in batch for term in terms_of(cast(Entry, row))}
            with transaction.atomic():
                _store("pools_entry", COLUMNS, [ROW(row) for row, _ in batch])
                _store("pools_indexterm", ("term", "at", "seq"), sorted(terms))
            print(f"\r{batch[-1][0].seq:,} entries", end="", flush=True)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(f"\r{count:,} changes in {time.monotonic() - started:.0f} s        ")


def measure() -> None:
    """The time that the database takes for a page and its chart, by filter."""
    last = Entry.objects.latest("seq")
    middle, end = FIRST_DAY + timedelta(days=DAYS // 2), last.at
    cases = {
        "all": Filters(),
        "company, large": Filters(companies=frozenset({"acme"})),
        "company, gone": Filters(companies=frozenset({"bygone"})),
        "three companies": Filters(companies=frozenset({"acme", "initech", "bygone"})),
        "who": Filters(who="person07"),
        "who, long gone": Filters(who="founder"),
        "who, nobody": Filters(who="nobody"),
        "action, frequent": Filters(action="edit"),
        "action, long ago": Filters(action="delete"),
        "outcome done": Filters(outcome=Outcome.DONE),
        "outcome refused": Filters(outcome=Outcome.REFUSED),
        "outcome not sent, long ago": Filters(outcome=Outcome.NOT_SENT),
        "outcome unknown": Filters(outcome=Outcome.UNKNOWN),
        "pool by id": Filters(pool="17"),
        "pool by a word": Filters(pool="netsuite"),
        "pool by words": Filters(pool="NetSuite 4242"),
        "from": Filters(begin=end - timedelta(days=3)),
        "to, in the middle": Filters(end=middle),
        "from and to": Filters(begin=middle, end=middle + timedelta(days=1)),
        "word, frequent": Filters(words="again"),
        "word, once": Filters(words="unrepeatable"),
        "words, one rare": Filters(words=f"SUP-{last.seq // 7}"),
        "words, none": Filters(words="nothing like it"),
        "events": Filters(events=True),
        "events, who": Filters(events=True, who="person07"),
    }
    for name in (
        *("who", "action, long ago", "outcome refused", "outcome unknown"),
        *("word, once", "to, in the middle"),
    ):
        cases[f"acme, {name}"] = replace(cases[name], companies=frozenset({"acme"}))
    print(f"{connection.vendor}: {last.seq:,} entries; milliseconds: page, deep page, chart")
    for name, filters in cases.items():
        times = [
            _fastest(partial(reading.page, filters, 50)),
            _fastest(partial(reading.page, filters, 50, before=last.seq // 2)),
            _fastest(partial(reading.by_day, filters, UTC, last.at)),
        ]
        print(f"{name:<28}", *(f"{each:8.1f}" for each in times))


def _fastest(read: Callable[[], object]) -> float:
    """Of several runs: what the others took longer was for something else on the machine."""
    return min(_database_milliseconds(read) for _ in range(ROUNDS))


def _database_milliseconds(read: Callable[[], object]) -> float:
    """What the queries of `read` take when they are run again and fetched whole."""
    statements: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        read()
    with connection.cursor() as cursor:
        started = time.perf_counter()
        for sql, params in statements:
            cursor.execute(sql, params)
            cursor.fetchall()
        return (time.perf_counter() - started) * 1000


def _outcome(dice: random.Random, number: int, *, old: bool) -> Outcome:
    if number % 25_000 == 1:
        return Outcome.UNKNOWN
    if old and number % 7 == 0:
        return Outcome.NOT_SENT
    return Outcome.REFUSED if dice.random() < 0.02 else Outcome.DONE


def _pick(dice: random.Random, shares: dict[str, int]) -> str:
    return dice.choices(list(shares), list(shares.values()))[0]


def _store(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["?"] * len(columns))
        adapted = ([_for_sqlite(value) for value in row] for row in rows)
        connection.connection.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({marks})", adapted
        )


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    return value.hex if isinstance(value, uuid.UUID) else value


if __name__ == "__main__":
    fill(int(sys.argv[2])) if sys.argv[1:2] == ["fill"] else measure()
