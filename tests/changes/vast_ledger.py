"""Fills a ledger with a great many changes, and measures what is done with it at that size.

    DATABASE_URL=… python -m tests.changes.vast_ledger fill 1000000
    DATABASE_URL=… python -m tests.changes.vast_ledger measure
    DATABASE_URL=… python -m tests.changes.vast_ledger verify 1000000
    DATABASE_URL=… python -m tests.changes.vast_ledger tree
    DATABASE_URL=… python -m tests.changes.vast_ledger feed
    DATABASE_URL=… python -m tests.changes.vast_ledger append 20

For an empty, migrated database that is thrown away afterwards. `measure` times the pages
of changes, `verify` the proof of the newest entries, `tree` how long it takes to make the tree
of all entries from nothing, and a proof from it, `feed` how long it takes to read them all for a
SIEM, `append` what one more costs, with signed checkpoints and without. What is rare lies at
the far end: a colleague, a company and a ticket of the first days, an action and an outcome that
no longer happen.
"""

import base64
import itertools
import json
import os
import random
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import attrgetter
from pathlib import Path
from statistics import fmean
from typing import Any, Final, cast

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
# The same at every run: what one has filled, another verifies.
os.environ.setdefault("AUDIT_KEYS", f"vast:{base64.b64encode(bytes(32)).decode()}")
django.setup()

from django.db import connection, transaction  # noqa: E402
from django.test import override_settings  # noqa: E402

from pools.changes import lines  # noqa: E402
from pools.changes.filtering import Filters  # noqa: E402
from pools.database_faults import longest_statement  # noqa: E402
from pools.feed.lines import Cursor, lines_after  # noqa: E402
from pools.ledger import tree  # noqa: E402
from pools.ledger.appending import NOBODY, head, record_event  # noqa: E402
from pools.ledger.chain import FIRST, digest_of, writing_key  # noqa: E402
from pools.ledger.hashes import check_consistency, check_inclusion  # noqa: E402
from pools.ledger.proof import prove  # noqa: E402
from pools.ledger.signed_checkpoints import ENTRIES  # noqa: E402
from pools.models import Entry, Lease  # noqa: E402
from pools.models.index_term import terms_of  # noqa: E402
from pools.models.vocabulary import (  # noqa: E402
    Action,
    Kind,
    Outcome,
    Verdict,
)
from tests.fixtures.ledger_flush import unguarded_ledger  # noqa: E402
from tests.fixtures.signing import SIGNING_KEYS  # noqa: E402

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
    """An entry as it is stored; its place in the chain comes last."""

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
    key_id: str = ""
    previous: str = FIRST
    digest: str = ""


def rows_of(count: int) -> Iterator[tuple[Row, tuple[datetime, int]]]:
    """The entries of `count` changes and a fifth as many events, each with its line's place.

    One change in 5,000 is unknown; most of those are settled. One in 1,000 is made outside.
    """
    dice, numbers = random.Random(4), itertools.count(1)
    step = timedelta(days=DAYS) / count
    for number in range(count):
        old = number < count // 50
        at, soon = (FIRST_DAY + number * step + each for each in (timedelta(), ANSWERED))
        about = _change(dice, number, old=old)
        outcome = _outcome(dice, number, old=old)
        verdict = _verdict(number) if outcome is Outcome.UNKNOWN else None
        unnamed = {"pool_id": ""} if about["action"] == "create" else {}
        line = Row(next(numbers), at, Kind.INTENT, FACTS, **about | unnamed)
        place = at, line.seq
        yield line, place
        yield Row(next(numbers), soon, Kind.OUTCOME, FACTS, outcome, **about), place
        if outcome == Outcome.DONE:
            yield Row(next(numbers), soon, Kind.READBACK, FACTS, **about), place
        if verdict is not None:
            yield Row(next(numbers), soon, Kind.SETTLED, FACTS, verdict, **about), place
        if number % 1000 == 500:
            seen = Row(next(numbers), soon, Kind.DRIFT, FACTS, **about | _outside(dice))
            yield seen, (soon, seen.seq)
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


def _verdict(number: int) -> Verdict | None:
    """Each in turn, and then one that is not settled yet."""
    verdicts: list[Verdict | None] = [*Verdict, None]
    return verdicts[number // 5_000 % len(verdicts)]


def _outside(dice: random.Random) -> dict[str, Any]:
    change = uuid.UUID(int=dice.getrandbits(128), version=4)
    nobody = {"actor_id": "0", "actor_name": "", "reason": ""}
    return {"action": Action.OUTSIDE, "change": change, **nobody}


def fill(count: int) -> None:
    if Entry.objects.exists():
        sys.exit("The ledger has entries: this is for an empty database.")
    if connection.vendor == "postgresql":
        longest_statement.set(None)
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
    started, made = time.monotonic(), _chained(rows_of(count))
    with unguarded_ledger():
        while batch := list(itertools.islice(made, BATCH)):
            terms = {(term, *place) for row, place in batch for term in terms_of(cast(Entry, row))}
            with transaction.atomic():
                _store("pools_entry", COLUMNS, [ROW(row) for row, _ in batch])
                _take_leases([row for row, _ in batch])
                _store("pools_indexterm", ("term", "at", "seq"), sorted(terms))
            print(f"\r{batch[-1][0].seq:,} entries", end="", flush=True)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(f"\r{count:,} changes in {time.monotonic() - started:.0f} s        ")


def _chained(
    rows: Iterator[tuple[Row, tuple[datetime, int]]],
) -> Iterator[tuple[Row, tuple[datetime, int]]]:
    key_id, key = writing_key()
    previous = FIRST
    for row, place in rows:
        row.key_id, row.previous = key_id, previous
        row.digest = previous = digest_of(ROW(row), key)
        yield row, place


def _take_leases(rows: Sequence[Row]) -> None:
    """For what is unknown and not settled."""
    settled = {row.change for row in rows if row.kind is Kind.SETTLED}
    unknown = [row for row in rows if row.outcome == Outcome.UNKNOWN]
    for row in unknown:
        if row.change is not None and row.change not in settled:
            key = f"{row.pool_id}:{row.seq}"
            Lease.objects.create(
                company=row.company, pool_key=key, change=row.change, held_since=row.at
            )


def verify(count: int) -> None:
    """How long the proof of the newest entries takes, and how much memory the process."""
    last = head()
    first = max(1, last.seq - count + 1)
    before, started, worked = _peak_megabytes(), time.perf_counter(), time.process_time()
    proof = prove(first)
    took, worked = time.perf_counter() - started, time.process_time() - worked
    print(
        f"{connection.vendor}: {proof.head.seq - first + 1:,} entries in {took:.1f} s "
        f"({worked:.1f} s of work), "
        f"{_peak_megabytes():.0f} MB ({before:.0f} MB before), "
        f"{proof.open_changes} open, {proof.misfit_count} misfits"
    )


def grow() -> dict[str, float]:
    """How long the tree takes from nothing, how much memory that needs, and a proof of an entry."""
    tree.forget_tiles()
    before, started, worked = _peak_megabytes(), time.perf_counter(), time.process_time()
    newest = tree.Newest()
    for _ in newest.chunks():
        pass
    root = tree.Tree(newest.size, newest.hashes).root()
    figures = {
        "entries": newest.size,
        "seconds": time.perf_counter() - started,
        "seconds of work": time.process_time() - worked,
        "MB": _peak_megabytes(),
        "MB before": before,
    }
    dice, proofs, longest = random.Random(5), [], 0
    for _ in range(200):
        index = dice.randrange(newest.size)
        old = dice.randrange(1, newest.size)
        began = time.perf_counter()
        inclusion = tree.inclusion_proof(index, newest.size)
        proofs.append(time.perf_counter() - began)
        leaf = tree.Tree(newest.size).leaf(index)
        check_inclusion(index, newest.size, leaf, inclusion, root)
        began = time.perf_counter()
        growth = tree.consistency_proof(old, newest.size)
        proofs.append(time.perf_counter() - began)
        check_consistency(old, newest.size, tree.root_at(old), root, growth)
        longest = max(longest, len(inclusion), len(growth))
    figures["hashes of the longest proof"] = longest
    figures["ms of a proof, in the middle"] = 1000 * sorted(proofs)[len(proofs) // 2]
    figures["ms of the slowest proof"] = 1000 * max(proofs)
    print(json.dumps({name: round(value, 1) for name, value in figures.items()}))
    return figures


def append(turns: int) -> dict[str, float]:
    """What an entry costs with signed checkpoints and without, in turns that have one each."""
    took: dict[str, list[float]] = {"signing": [], "not signing": []}
    for _ in range(1 + turns):
        for name, keys in (("signing", SIGNING_KEYS), ("not signing", ())):
            with override_settings(SIGNING_KEYS=keys):
                took[name] += [_one_more() for _ in range(ENTRIES)]
    figures = {}
    for name, each in took.items():
        # The first turn signs for the first time, and makes the tree of what is new.
        milliseconds = sorted(each[ENTRIES:])
        figures[f"{name}, mean"] = fmean(milliseconds)
        figures[f"{name}, 98 of 100 within"] = milliseconds[len(milliseconds) * 98 // 100]
        figures[f"{name}, slowest"] = milliseconds[-1]
    return {name: round(value, 2) for name, value in figures.items()}


def _one_more() -> float:
    began = time.perf_counter()
    with transaction.atomic(durable=True):
        record_event("note_pinned", NOBODY, company="acme", facts={"note": "x" * 300})
    return 1000 * (time.perf_counter() - began)


def drain() -> dict[str, float]:
    """What reading all of it takes, a page after the other, as a SIEM asks for it."""
    cursor, entries, characters, started = Cursor(), 0, 0, time.perf_counter()
    while lines := [*lines_after(cursor, version="0", values=False)]:
        cursor, entries = lines[-1].cursor, entries + len(lines)
        characters += sum(len(line.text) for line in lines)
    took = time.perf_counter() - started
    return {"entries": entries, "seconds": round(took, 1), "MB": round(characters / 1e6)}


def _peak_megabytes() -> float:
    # Not getrusage's: that begins with what the process had that started this one.
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024  # type: ignore[index]


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
        **{f"verdict {verdict}": Filters(outcome=verdict) for verdict in Verdict},
        "outside": Filters(action=Action.OUTSIDE),
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
        *("verdict applied", "verdict unknowable", "outside", "word, once", "to, in the middle"),
    ):
        cases[f"acme, {name}"] = replace(cases[name], companies=frozenset({"acme"}))
    print(f"{connection.vendor}: {last.seq:,} entries; milliseconds: page, deep page, chart")
    for name, filters in cases.items():
        times = [
            _fastest(partial(lines.page, filters, 50)),
            _fastest(partial(lines.page, filters, 50, before=last.seq // 2)),
            _fastest(partial(lines.by_day, filters, UTC, last.at)),
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
    if number % 5_000 == 1:
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
    asked, count = sys.argv[1], int(sys.argv[2]) if sys.argv[2:] else 1_000_000
    if asked == "measure":
        measure()
    elif asked == "tree":
        grow()
    elif asked == "feed":
        print(json.dumps(drain()))
    elif asked == "append":
        print(json.dumps(append(count)))
    else:
        {"fill": fill, "verify": verify}[asked](count)
