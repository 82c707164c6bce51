"""Lists whose processes are killed at any moment: started, gone on with, and held against Core.

`python -m tests.proof.endurance.batches --kills N` on an empty database (DATABASE_URL): as many
lists as it takes until so many processes were killed. It prints what it found as JSON.
"""

import argparse
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import Group, User  # noqa: E402

from pools.batches import running  # noqa: E402
from pools.batches.freezing import Order, Wish, freeze  # noqa: E402
from pools.batches.progress import End, Line, Phase, Progress, items_in, progress_of  # noqa: E402
from pools.core import Pool, PoolChanges, PoolFields  # noqa: E402
from pools.ledger.appending import Actor  # noqa: E402
from pools.ledger.proof import prove  # noqa: E402
from pools.models import Batch, Entry  # noqa: E402
from pools.models.batch import Operation, Source  # noqa: E402
from pools.models.vocabulary import Action, Kind  # noqa: E402
from tests.proof.endurance.cases import Case  # noqa: E402
from tests.proof.endurance.cast import COMPANIES, MAKER, Cast, Place  # noqa: E402
from tests.proof.endurance.core_process import CoreProcess, Journal, core_process  # noqa: E402
from tests.proof.endurance.moments import Moments, Plan  # noqa: E402
from tests.proof.endurance.one_database import prepare_database  # noqa: E402
from tests.proof.endurance.processes import Ended, Job, Say, together  # noqa: E402

ROUND: Final = 96
AT_ONCE: Final = 4
# About as many moments as a list of four has.
LONGEST: Final = 130
# What Core's answer to a call may be; most are as they should be.
FAULTS: Final = (
    *("", "", "", "", "", "reset=before", "apply-then-fail", "apply-then-fail;status=500"),
    *("status=500", "status=422", "cut=40", "rate-limit=1"),
)


@dataclass(frozen=True, slots=True)
class Trial:
    """One list; `deaths` are the moments at which its processes die, None for one that lives."""

    number: int
    batch: Batch
    deaths: Sequence[int | None]
    fault: str


@dataclass
class Found:
    """What the runs came to."""

    cases: int = 0
    killed: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


class Dying(Moments):
    """Dies at the n-th moment of all, whichever item it is of."""

    def __init__(self, at: int | None, fault: str, say: Say) -> None:
        super().__init__(Plan(fault_of_writes=fault), say)
        self.left = at

    def moment(self, name: str) -> None:
        self.seen[self.stage] += 1
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self._say(died=str(self.stage), at=name)
            os.kill(os.getpid(), signal.SIGKILL)


class Lists:
    """Their maker, at one Core."""

    def __init__(self, core: CoreProcess, seed: int) -> None:
        self.core, self.seed = core, seed
        self.cast = Cast(core)
        self.user = User.objects.get(username="ada")
        self.user.groups.add(Group.objects.get(name="Manager"))
        self.actor = Actor(self.user.pk, "ada")
        self.found = Found()

    def round(self, first: int, count: int) -> None:
        """Freezes so many lists, has their processes die, goes on with each, and looks."""
        trials = self._frozen(range(first, first + count))
        for chosen in _few(trials):
            self._note(together([self._tab(each, 0) for each in chosen]))
        for chosen in _few(trials):
            # Two at once: whatever the first one left is claimed by one of them.
            self._note(together([self._tab(each, tab) for each in chosen for tab in (1, 2)]))
        # Whoever had claimed an item and died can no longer have a call under way.
        time.sleep(running.STEP_SECONDS + settings.CORE_LIMITS.deadline_seconds + 0.6)
        for chosen in _few(trials):
            self._note(together([self._last(each) for each in chosen]))
        time.sleep(settings.CORE_LIMITS.deadline_seconds + 0.1)
        self._judge(trials, self.core.take_journal())

    def _frozen(self, numbers: range) -> list[Trial]:
        place = [
            (COMPANIES[n % len(COMPANIES)], f"Pool {n}-{k}") for n in numbers for k in range(3)
        ]
        ids = self.core.add_pools(place)
        return [self._trial(number, ids[at * 3 : at * 3 + 3]) for at, number in enumerate(numbers)]

    def _trial(self, number: int, ids: Sequence[int]) -> Trial:
        chance = Random(f"{self.seed}/{number}")
        company = self.cast.companies[COMPANIES[number % len(COMPANIES)]]
        seen = {each: _as_read(each, f"Pool {number}-{k}") for k, each in enumerate(ids)}
        wishes = [
            Wish(Action.EDIT, ids[0], changed=PoolChanges(limit=9)),
            Wish(Action.CLEAR, ids[1]),
            Wish(Action.DELETE, ids[2]),
            Wish(Action.CREATE, None, fields=PoolFields(f"New {number}", 3, 30)),
        ]
        chance.shuffle(wishes)
        order = Order(Operation.APPLY, {}, "T-1", Source.FILE)
        batch = freeze(None, company, self.actor, self.user, order, wishes, seen)
        running.start(batch, self.actor, len(wishes))
        # The first always dies, of the two that follow each in half of the cases.
        deaths = [
            chance.randrange(LONGEST) if tab == 0 or chance.random() < 0.5 else None
            for tab in range(3)
        ]
        return Trial(number, batch, deaths, chance.choice(FAULTS))

    def _tab(self, trial: Trial, number: int) -> Job:
        """One request of a page."""
        return self._working(trial, trial.deaths[number], trial.fault)

    def _last(self, trial: Trial) -> Job:
        """Somebody comes back, and goes on until nothing is left to do."""
        return self._working(trial, None, "", whole=True)

    def _working(self, trial: Trial, at: int | None, fault: str, *, whole: bool = False) -> Job:
        place = Place(Case(trial.number, Action.EDIT), trial.batch.company.slug, None)
        batch = trial.batch.pk

        def job(say: Say) -> None:
            core = self.cast.open(place, MAKER)
            Dying(at, fault, say).watch()
            for _ in range(9 if whole else 1):
                progress = progress_of(items_in(batch))
                if progress.phase is Phase.STOPPED:
                    running.start(progress.batch, self.actor, progress.left)
                    progress = progress_of(items_in(batch))
                if progress.phase is not Phase.RUNNING:
                    break
                Batch.objects.filter(pk=batch).update(paused_until=None)
                progress.batch.paused_until = None
                running.run(progress, self.actor, lambda action: True, [core])

        return job

    def _note(self, ended: Sequence[Ended]) -> None:
        for each in ended:
            self.found.killed += bool(each.killed_by)
            if unexpected := each.said("unexpected"):
                self.found.broken.append(f"a process ended with {unexpected}")

    def _judge(self, trials: Sequence[Trial], journal: Journal) -> None:
        calls = Counter(write.request_id for write in journal.writes)
        made = Counter(each.request_id for each in journal.applied)
        for trial in trials:
            self.found.cases += 1
            self._judge_one(trial, progress_of(items_in(trial.batch.pk)), calls, made)
        # Each pool is on one list, once.
        about = Counter(write.pool_id or write.name for write in journal.writes)
        if twice := [each for each, number in about.items() if number > 1]:
            self.found.broken.append(f"pools that were sent more than once: {twice[:3]}")
        of_lists = Entry.objects.filter(kind=Kind.INTENT, batch__isnull=False)
        intended = {str(each) for each in of_lists.values_list("change", flat=True)}
        if stray := [each for each in calls if each not in intended]:
            self.found.broken.append(f"calls without an intent: {stray[:3]}")

    def _judge_one(
        self, trial: Trial, progress: Progress, calls: Counter[str], made: Counter[str]
    ) -> None:
        def broken(rule: str) -> None:
            self.found.broken.append(f"list {trial.number}: {rule}")

        if not progress.intact:
            broken("it is not the one that was frozen")
        for line in progress.lines:
            self.found.ends[str(line.end)] += 1
            change = "" if line.change is None else str(line.change.change_id)
            for rule in _broken_by(line, calls[change], made[change]):
                broken(f"{line.item.action} {line.item.pool_id}, {line.end}: {rule}")
        if Counter(line.item.form for line in progress.lines).most_common(1)[0][1] > 1:
            broken("two items have one form")
        intents = Entry.objects.filter(batch=trial.batch.pk, kind=Kind.INTENT).count()
        begun = sum(line.change is not None for line in progress.lines)
        if intents != begun:
            broken(f"{intents} intents for {begun} items")


def _as_read(pool_id: int, name: str) -> Pool:
    raw = {"id": pool_id, "name": name, "limit": 5, "timeout": None}
    return Pool(pool_id, name, 5, None, None, None, (), frozenset(), raw)


def _broken_by(line: Line, calls: int, made: int) -> Iterator[str]:
    """What is not true of an item, by how often Core was asked for it and did it."""
    if calls > 1 or made > 1:
        yield "sent more than once"
    if line.end in {End.WAITING, End.UNDER_WAY, End.LEFT_OUT}:
        yield "nobody goes on with it"
    if line.end is End.DONE and not made:
        yield "said to be done, and Core did nothing"
    if line.end in {End.NOT_SENT, End.REFUSED} and made:
        yield "said not to be done, and Core did it"


def _few(trials: Sequence[Trial]) -> Iterator[Sequence[Trial]]:
    for begin in range(0, len(trials), AT_ONCE):
        yield trials[begin : begin + AT_ONCE]


def main() -> int:
    """Runs so many lists, prints what was found; 1 if a rule was broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.monotonic()
    prepare_database()
    running.STEP_SECONDS = 1.0  # type: ignore[misc]  # a claim is over the sooner
    with core_process(COMPANIES) as core:
        lists = Lists(core, options.seed)
        while lists.found.killed < options.kills and not lists.found.broken:
            # Of each list, hardly more than one process dies.
            lists.round(lists.found.cases, min(ROUND, options.kills - lists.found.killed))
            print(f"{lists.found.killed} of {options.kills}", file=sys.stderr, flush=True)
    found = lists.found
    proof = prove()
    if proof.broken or proof.misfits:
        found.broken.append(f"the ledger does not fit: {proof.misfits[:3]}")
    report: dict[str, Any] = {
        "cases": found.cases,
        "killed": found.killed,
        "ends": dict(found.ends),
        "broken": found.broken[:20],
        "seconds": round(time.monotonic() - started),
    }
    print(json.dumps(report))
    return 1 if found.broken else 0


if __name__ == "__main__":
    sys.exit(main())
