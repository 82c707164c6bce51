"""A run on the database that DATABASE_URL names: an empty one, which is filled.

`python -m tests.proof.endurance` starts it; it prints the report as JSON, and what it is doing.
"""

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402

from pools.core import transport  # noqa: E402
from pools.ledger.proof import prove  # noqa: E402
from pools.models import Entry  # noqa: E402
from pools.models.vocabulary import (  # noqa: E402
    MADE_HERE,
    Action,
    Kind,
)
from tests.proof.endurance.cases import Case, Kill, Rehearsal, Series, Stage  # noqa: E402
from tests.proof.endurance.cast import COMPANIES, MAKER, Cast, Place  # noqa: E402
from tests.proof.endurance.core_process import CoreProcess, core_process  # noqa: E402
from tests.proof.endurance.jobs import making, rehearsed_settling  # noqa: E402
from tests.proof.endurance.ledger_failures import MODES  # noqa: E402
from tests.proof.endurance.moments import Plan  # noqa: E402
from tests.proof.endurance.mutations import MUTATIONS, Mutation  # noqa: E402
from tests.proof.endurance.processes import Job, together  # noqa: E402
from tests.proof.endurance.report import DOING, Report  # noqa: E402
from tests.proof.endurance.rounds import Round  # noqa: E402
from tests.proof.endurance.rules import Violation, violations  # noqa: E402
from tests.proof.endurance.truth import Seen, histories  # noqa: E402

ROUND: Final = 1000
# How often each mutation is tried.
TRIES: Final = 6
REHEARSING: Final = 0xFFFFFF00  # the first number of the cases that only count moments


def main() -> int:
    """Runs the cases asked for, prints the report; 1 if a rule was broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--mutations",
        nargs="*",
        metavar="NAME",
        help="these, or all: each where it shows, a few times",
    )
    parser.add_argument("--planted", choices=MUTATIONS, help="one of them, in every process")
    options = parser.parse_args()
    started = time.monotonic()
    prepare_database()
    with core_process(COMPANIES) as core:
        run = Run(core, options.seed, MUTATIONS.get(options.planted))
        last = options.first + options.cases
        cases = [run.series.case(number) for number in range(options.first, last)]
        if options.mutations is not None:
            # So long that who does not wait is early even where nothing is quick.
            settings.SETTLE_QUIET_SECONDS = 6.0
            cases = mutated(cases, options.mutations or MUTATIONS)
        for start in range(0, len(cases), ROUND):
            run.round(cases[start : start + ROUND])
            done = min(start + ROUND, len(cases))
            print(f"{connection.vendor}: {done} of {len(cases)}", file=sys.stderr, flush=True)
    run.report.seconds = time.monotonic() - started
    run.report.worked = sum(os.times()[:4])
    print(json.dumps(run.report.to_json()))
    return 0 if run.report.clean else 1


def prepare_database() -> None:
    """The tables; and what every process would have to load for itself, before any fork."""
    call_command("migrate", verbosity=0)
    transport._tls_context(None)


def mutated(cases: Sequence[Case], names: Iterable[str]) -> list[Case]:
    """For each of these mutations some of the cases that bring it up."""
    found: list[Case] = []
    for name in names:
        showing = [case for case in cases if MUTATIONS[name].shown_by(case)][:TRIES]
        found += [
            replace(case, number=len(found) + place, mutation=name)
            for place, case in enumerate(showing)
        ]
    return found


class Run:
    """Rounds on one database and one sandbox, and what they found."""

    def __init__(self, core: CoreProcess, seed: int, planted: Mutation | None = None) -> None:
        self.core = core
        self.seed = seed
        self.planted = planted
        self.cast = Cast(core)
        self.report = Report()
        self._last_seq = 0
        gc.collect()
        # Forked processes share what is never looked at again by the collector.
        gc.freeze()
        self.rehearsal = self._rehearse()
        for doing, calls in zip(
            DOING, (self.rehearsal.calls, self.rehearsal.settling_calls), strict=True
        ):
            self.report.rehearsed |= {f"{doing}|{action}": n for action, n in calls.items()}
        self.series = Series(seed, tuple(MODES[connection.vendor]), self.rehearsal)

    def round(self, cases: Sequence[Case]) -> None:
        """Makes some cases, and adds what became of them to the report."""
        places = self._places(cases)
        self.cast.enter_leavers(places.values())
        work = Round(self.cast, self.core, self.seed, self.rehearsal, places, self._last_seq)
        work.planted = self.planted
        if self.planted or any(case.mutation for case in cases):
            # Some of them are never settled.
            work.patience_seconds = 5.0
        seen = work.run()
        entries = list(Entry.objects.filter(seq__gt=self._last_seq).order_by("seq"))
        found, lost = histories(places, entries, seen)
        broken = [Violation(-1, "no intent", text) for text in lost]
        for history in found.values():
            broken += violations(history)
        broken += self._misfits(seen, entries) + self._chain()
        self.report.add_round(connection.vendor, found, seen.journal, broken, seen.looked_at_leases)
        for violation in broken:
            self.report.texts.append(self._told(violation, places))

    def _places(self, cases: Sequence[Case]) -> dict[int, Place]:
        """A pool of its own for each case, but for those that create one."""
        places = {case.number: Place(case, _company_of(case), None) for case in cases}
        with_pool = [place for place in places.values() if place.case.action is not Action.CREATE]
        ids = self.core.add_pools([(place.company, place.name) for place in with_pool])
        for place, pool_id in zip(with_pool, ids, strict=True):
            places[place.case.number] = replace(place, pool_id=pool_id)
        return places

    def _misfits(self, seen: Seen, entries: Sequence[Entry]) -> list[Violation]:
        names = {str(entry.change): entry.pool_name for entry in entries if entry.change}
        found = [
            (int(names.get(change, " -1").rpartition(" ")[2]), change, what)
            for change, what in sorted(seen.misfits)
        ]
        loud = [
            Violation(-1, "broken", str(ended.words))
            for ended in seen.settled.get(-1, ())
            if ended.words or ended.killed_by
        ]
        return loud + [
            Violation(number, "wrong lease", f"{change} is {what}")
            for number, change, what in found
        ]

    def _chain(self) -> list[Violation]:
        proof = prove(self._last_seq + 1)
        self._last_seq = proof.head.seq
        return [Violation(-1, "chain", f"{each.seq}: {each.reason}") for each in proof.misfits]

    def _told(self, violation: Violation, places: Mapping[int, Place]) -> str:
        place = places.get(violation.number)
        case = f"{place.case}" if place else ""
        again = f"make endurance SEED={self.seed} CASE={violation.number}" if place else ""
        return f"{violation.rule}: {violation.text}\n  {case}\n  again: {again}"

    def _rehearse(self) -> Rehearsal:
        """One change and one settling of each action, to count their moments."""
        cases = [Case(REHEARSING + place, action) for place, action in enumerate(MADE_HERE)]
        killed = [replace(case, number=case.number + 8, kill=Kill(Stage.K1, 0.0)) for case in cases]
        # What is noted every few minutes alone, as that a token works, is noted by these.
        earlier = [replace(case, number=case.number + 2 * len(COMPANIES)) for case in cases]
        places = self._places([*cases, *killed, *earlier])
        together([self._rehearsed(places[case.number], Plan()) for case in earlier])
        whole = together([self._rehearsed(places[case.number], Plan()) for case in cases])
        dying = Plan(kill_at=(Stage.K1, 0))
        together([self._rehearsed(places[case.number], dying) for case in killed])
        time.sleep(0.4)
        names = [places[case.number].name for case in killed]
        intents = Entry.objects.filter(kind=Kind.INTENT, pool_name__in=names)
        changes = {entry.action: entry.change for entry in intents if entry.change}
        settled = together([rehearsed_settling(changes[action]) for action in MADE_HERE])
        connections.close_all()
        self.core.take_journal()
        self._chain()
        return Rehearsal(
            {
                action: {**one.said("moments"), **other.said("moments")}
                for action, one, other in zip(MADE_HERE, whole, settled, strict=True)
            },
            {action: one.said("calls") for action, one in zip(MADE_HERE, whole, strict=True)},
            {action: one.said("calls") for action, one in zip(MADE_HERE, settled, strict=True)},
        )

    def _rehearsed(self, place: Place, plan: Plan) -> Job:
        return making(self.cast, self.seed, place, MAKER, plan, None)


def _company_of(case: Case) -> str:
    return COMPANIES[case.number % len(COMPANIES)]


if __name__ == "__main__":
    sys.exit(main())
