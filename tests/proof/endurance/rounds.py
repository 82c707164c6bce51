"""A round: many cases at once, settled while others are still being made."""

import http.client
import json
import multiprocessing
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, connections

from pools.changes.settling import due
from pools.changes.settling_times import quiet_time
from pools.ledger.appending import LedgerUnwritable
from pools.models import Entry, Lease
from pools.models.vocabulary import Kind
from tests.proof.endurance.cases import (
    Again,
    Case,
    Kill,
    Looked,
    Other,
    Rehearsal,
    Stage,
    number_of,
)
from tests.proof.endurance.cast import COLLEAGUE, MAKER, Cast, Place
from tests.proof.endurance.core_process import BY_OUTSIDERS, CoreProcess
from tests.proof.endurance.jobs import (
    leaving,
    looking,
    looking_at_all,
    making,
    reading_pages,
    settling,
    settling_all,
)
from tests.proof.endurance.moments import Plan
from tests.proof.endurance.mutations import MUTATIONS, Mutation
from tests.proof.endurance.processes import Ended, together
from tests.proof.endurance.truth import Seen

# Each of them waits most of the time: for answers that do not come.
MAKERS: Final = 10
SETTLERS: Final = 3
SETTLED_TOGETHER: Final = 12
SPECIAL_AT_ONCE: Final = 6
# Seconds before what could not be settled is tried again.
PAUSE: Final = 0.7
_forking: Final = multiprocessing.get_context("fork")
# Changes that the ledger says are over and the leases hold, and the other way round; in
# one statement, so that both are seen at the same moment.
LEASES_THAT_DO_NOT_FIT: Final = """
WITH closed AS (
  SELECT change FROM pools_entry WHERE change IS NOT NULL AND seq > %s
   AND (kind IN ('settled', 'released') OR (kind = 'outcome' AND outcome <> 'unknown')))
SELECT change, 'not held' FROM pools_entry WHERE kind = 'intent' AND seq > %s
   AND change NOT IN (SELECT change FROM closed)
   AND change NOT IN (SELECT change FROM pools_lease)
UNION ALL SELECT change, 'still held' FROM pools_lease WHERE change IN (SELECT change FROM closed)
UNION ALL SELECT change, 'held without an intent' FROM pools_lease
   WHERE change NOT IN (SELECT change FROM pools_entry WHERE kind = 'intent')
"""


@dataclass
class Round:
    """Cases to be made at once, each at a place of its own."""

    cast: Cast
    core: CoreProcess
    seed: int
    rehearsal: Rehearsal
    places: Mapping[int, Place]
    after: int  # the ledger's last entry before the round
    patience_seconds: float = 20.0  # beyond the quiet time, without one being settled
    planted: Mutation | None = None  # in every process

    def run(self) -> Seen:
        """Makes and settles them all. The caller has one thread."""
        connections.close_all()
        seen = Seen()
        numbers = list(self.places)
        makers = [
            Worker.start(self._make_all, numbers[start::MAKERS])
            for start in range(min(MAKERS, len(numbers)))
        ]
        stop = _forking.Event()
        settlers = [Worker.start(self._settle_all, stop, place) for place in range(SETTLERS)]
        for made in _results(makers, lambda: self._look_at_leases(seen)):
            seen.made.update(made)
        self._wait_until_settled(seen)
        stop.set()
        for settled in _results(settlers, lambda: None):
            for number, ended in settled.items():
                seen.settled[number] += ended
        seen.settled[-1] += together([looking_at_all(self.cast, self.places.values())])
        self._read_pages(seen)
        self._look_at_leases(seen)
        seen.journal = self.core.take_journal()
        return seen

    def _read_pages(self, seen: Seen) -> None:
        """What the pages say of each change; of some what those of a defective panel say."""
        seen.pages |= self._pages(seen, self.planted)
        made = Entry.objects.filter(seq__gt=self.after, kind=Kind.INTENT)
        cases = {
            str(change): self.places[number_of(form)].case
            for change, form in made.values_list("change", "form")
            if form
        }
        for name in {case.mutation for case in cases.values() if case.mutation}:
            if (mutation := MUTATIONS[name]).in_pages:
                pages = self._pages(seen, mutation)
                mine = {change for change, case in cases.items() if case.mutation == name}
                seen.pages |= {change: pages[change] for change in mine & pages.keys()}

    def _pages(self, seen: Seen, mutation: Mutation | None) -> dict[str, str]:
        mutate = mutation.apply if mutation else None
        (read,) = together([reading_pages(self.cast, self.after, mutate)])
        connections.close_all()
        found: dict[str, str] = {}
        for word in read.words:
            found |= word.pop("page", {})
        seen.settled[-1].append(Ended(read.killed_by, [word for word in read.words if word]))
        return found

    # Making

    def _make_all(self, numbers: Sequence[int]) -> dict[int, list[Ended]]:
        return {number: self._make(self.places[number]) for number in numbers}

    def _make(self, place: Place) -> list[Ended]:
        case = place.case
        mutation = self.planted or MUTATIONS.get(case.mutation)
        mutate = mutation.apply if mutation and not mutation.settles else None

        def job(whose: int, plan: Plan) -> Any:
            return making(self.cast, self.seed, place, whose, plan, mutate)

        if case.other is Other.EARLIER:
            self._outside(place, limit=4)
        first, again = job(MAKER, self._plan(case)), job(MAKER, self._plan_again(case))
        at_once = [first, *([again] if case.again is Again.AT_ONCE else [])]
        if case.looked_at is Looked.MEANWHILE:
            at_once.append(looking(self.cast, place, mutate))
        ended = together(at_once)
        if case.again is Again.AFTER:
            ended += together([again])
        if case.other is Other.COLLEAGUE:
            ended += together([job(COLLEAGUE, Plan())])
        if case.other is Other.OUTSIDER:
            self._outside(place, timeout=77)
        if case.looked_at is Looked.AFTERWARDS:
            ended += together([looking(self.cast, place, mutate)])
        if case.leaves:
            ended += together([leaving(self.cast, place)])
        if mutation and mutation.at_once:
            ended += self._settled_at_once(ended[0].said("change"), mutation)
        return ended

    def _settled_at_once(self, change: str | None, mutation: Mutation) -> list[Ended]:
        return together([settling(UUID(change), Plan(), mutation.apply)]) if change else []

    def _plan(self, case: Case) -> Plan:
        failure = case.ledger if case.ledger and not case.ledger.settling else None
        moments = self.rehearsal.moments[case.action]
        return replace(
            self._plan_again(case),
            kill_at=_moment_of(case.kill, moments),
            from_outside=case.kill is not None and case.kill.from_outside,
            failure=None if failure is None else (failure.call, failure.mode),
        )

    def _plan_again(self, case: Case) -> Plan:
        return Plan(
            fault_of_writes=case.fault,
            fault_of_reads=case.fault_of_reads,
            fault_of_readback=case.fault_of_readback,
            refusing_port=self.core.refusing_port,
        )

    def _outside(self, place: Place, **values: int) -> None:
        """Somebody changes the pool past the panel; or makes another one of the same name."""
        address = urlsplit(self.core.url)
        line = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
        path = "/api/v1/connection-pools"
        body: dict[str, Any] = {"name": place.name, "limit": 3}
        method = "POST"
        if place.pool_id is not None:
            method, path, body = "PUT", f"{path}/{place.pool_id}", values
        headers = {
            "Authorization": self.core.keys[place.company],
            "Accept": "application/json",
            "Content-Type": "application/json",
            "X-Request-ID": f"{BY_OUTSIDERS}{place.case.number}",
        }
        line.request(method, path, json.dumps(body), headers)
        line.getresponse().read()
        line.close()

    # Settling

    def _settle_all(self, stop: Any, place: int) -> dict[int, list[Ended]]:
        """Settles what is due, again and again, as `tend` does; a special one at first alone."""
        found: dict[int, list[Ended]] = defaultdict(list)
        tried: dict[UUID, float] = {}
        while not stop.is_set():
            todo = [
                each
                for each in _due()
                if each[0] in self.places and time.monotonic() - tried.get(each[1], 0.0) > PAUSE
            ]
            mine = [each for each in todo if each[0] % SETTLERS == place]
            special = [
                (number, change)
                for number, change in mine
                if number not in found and self.places[number].case.special_settling
            ][:SPECIAL_AT_ONCE]
            jobs = [self._special(self.places[number].case, change) for number, change in special]
            for (number, _), ended in zip(special, together(jobs), strict=True):
                found[number].append(ended)
            # What is ordinary may be settled by several at once.
            plain = [
                change
                for number, change in (todo if len(todo) % 5 == place else mine)
                if number in found or not self.places[number].case.special_settling
            ][:SETTLED_TOGETHER]
            if plain:
                mutate = self.planted.apply if self.planted else None
                (ended,) = together([settling_all(plain, mutate)])
                self._share_out(ended, {change: number for number, change in todo}, found)
            tried |= dict.fromkeys([c for _, c in special] + plain, time.monotonic())
            if not special and not plain:
                time.sleep(0.3)
        return dict(found)

    def _share_out(
        self, ended: Ended, numbers: Mapping[UUID, int], found: dict[int, list[Ended]]
    ) -> None:
        """What was said about each of several changes, to its own case."""
        loud = [word for word in ended.words if not word.keys() & {"settled", "raised"}]
        if loud or ended.killed_by:
            found[-1].append(Ended(ended.killed_by, loud))
        for word in ended.words:
            if "settled" in word:
                found[numbers[UUID(word["settled"])]].append(Ended(0, [word]))

    def _special(self, case: Case, change: UUID) -> Any:
        mutation = self.planted or MUTATIONS.get(case.mutation)
        failure = case.ledger if case.ledger and case.ledger.settling else None
        calls = {"K5": self.rehearsal.moments[case.action]["K5"]}
        plan = Plan(
            kill_at=_moment_of(case.kill_settling, calls),
            failure=None if failure is None else (failure.call, failure.mode),
            fault_of_reads=case.fault_of_settling,
        )
        settles = mutation and (mutation.settles or self.planted)
        mutate = mutation.apply if mutation and settles else None
        return settling(change, plan, mutate, alone=bool(case.number % 2))

    def _wait_until_settled(self, seen: Seen) -> None:
        """Until only those are open whose person is gone, or none was closed for too long."""
        longest = settings.CORE_LIMITS.deadline_seconds + quiet_time().total_seconds()
        until, fewest = time.monotonic() + longest + self.patience_seconds, len(self.places) + 1
        all_due = time.monotonic() + longest + 2 * PAUSE
        while True:
            self._look_at_leases(seen)
            held = list(Lease.objects.values_list("change", flat=True))
            left = Entry.objects.filter(change__in=held, kind=Kind.INTENT)
            open_now = {number_of(form) for form in left.values_list("form", flat=True) if form}
            waits = any(n in self.places and not self.places[n].case.leaves for n in open_now)
            # That somebody has left is told when their change is due.
            if not open_now or (not waits and time.monotonic() > all_due):
                return
            if len(open_now) < fewest:
                fewest = len(open_now)
                until = max(until, time.monotonic() + self.patience_seconds)
            elif time.monotonic() > until:
                return
            time.sleep(0.3)

    def _look_at_leases(self, seen: Seen) -> None:
        """Whether each open change holds its pool, and nothing else does."""
        # A writer may hold the lock for a moment; at the end, when nobody does, it is looked at.
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute(LEASES_THAT_DO_NOT_FIT, [self.after, self.after])
            seen.misfits |= {(str(UUID(str(row[0]))), row[1]) for row in cursor.fetchall()}
            seen.looked_at_leases += 1


def _due() -> list[tuple[int, UUID]]:
    """Which changes are due, with the numbers of their cases."""
    try:
        changes = due()
        intents = Entry.objects.filter(change__in=changes, kind=Kind.INTENT)
        return [
            (number_of(form), change)
            for form, change in intents.values_list("form", "change")
            if form is not None and change is not None
        ]
    except (DatabaseError, LedgerUnwritable):
        connections.close_all()
        return []


def _moment_of(kill: Kill | None, moments: Mapping[str, int]) -> tuple[Stage, int] | None:
    if kill is None:
        return None
    return kill.stage, int(kill.share * moments.get(kill.stage, 1))


@dataclass(frozen=True, slots=True)
class Worker:
    """A process at work, and the line on which it hands over what it has at its end."""

    process: Any
    line: Connection

    @classmethod
    def start(cls, work: Callable[..., Any], *arguments: Any) -> "Worker":
        here, there = _forking.Pipe(duplex=False)

        def run() -> None:
            # Ctrl-C is for the one who waits for all of them.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            there.send(work(*arguments))
            os._exit(0)

        process = _forking.Process(target=run, daemon=True)
        process.start()
        there.close()
        return cls(process, here)

    def result(self) -> Any:
        """What it handed over; EOFError if it broke down."""
        found = self.line.recv()
        self.process.join()
        return found


def _results(workers: Sequence[Worker], meanwhile: Callable[[], None]) -> Iterator[Any]:
    """What each of them hands over, as they come."""
    left = {worker.line: worker for worker in workers}
    while left:
        meanwhile()
        ready = wait(list(left), timeout=0.5)
        for line in [line for line in left if line in ready]:
            yield left.pop(line).result()
