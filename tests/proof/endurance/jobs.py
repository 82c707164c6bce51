"""What a process does: make a change, settle some, or look how many moments that takes."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.db import OperationalError

from pools.changes import (
    Conflict,
    FormReused,
    LedgerUnwritable,
    OutcomeUnwritten,
    PoolHeld,
    make_change,
)
from pools.changes.drift import read_page, read_pool
from pools.changes.settling import Settling, settle, settle_all
from pools.core import CoreError, PoolQuery
from tests.endurance.cases import Stage
from tests.endurance.cast import COLLEAGUE, Cast, Place
from tests.endurance.moments import Moments, Plan
from tests.endurance.processes import Job, Say

# All that `make_change` may raise; of everything else somebody would see a broken page.
NOTHING_SENT = (CoreError, Conflict, PoolHeld, LedgerUnwritable, FormReused)


def making(
    cast: Cast, seed: int, place: Place, whose: int, plan: Plan, mutate: Callable[[], None] | None
) -> Job:
    """Makes a case's change, under a plan; says what its person is told."""

    def job(say: Say) -> None:
        core, change = cast.open(place, whose), cast.propose(seed, place, whose)
        moments = Moments(plan, say)
        moments.watch()
        if mutate is not None:
            mutate()
        try:
            result = make_change(core, change)
        except OutcomeUnwritten as unwritten:
            moments.last()
            say(raised="OutcomeUnwritten", change=unwritten.change_id, outcome=unwritten.outcome)
        except NOTHING_SENT as error:
            moments.last()
            say(raised=type(error).__name__)
        else:
            moments.moment("told")
            moments.last()
            say(outcome=result.outcome, repeated=result.repeated, verified=result.verified)
            say(change=result.change_id)
        say(moments=moments.seen, calls=moments.calls, struck=moments.struck)

    return job


def settling(
    change: UUID, plan: Plan, mutate: Callable[[], None] | None = None, *, alone: bool = True
) -> Job:
    """Settles one change, under a plan, alone or as one of several; says what was found."""

    def job(say: Say) -> None:
        moments = Moments(replace(plan, stage=Stage.K5), say)
        moments.watch()
        if mutate is not None:
            mutate()
        try:
            found = settle(change) if alone else next(settle_all([change]))
            moments.moment("told")
            moments.last()
            _say_found(say, found)
        except LedgerUnwritable:
            moments.last()
            say(raised="LedgerUnwritable")
        say(moments=moments.seen, calls=moments.calls, struck=moments.struck)

    return job


def settling_all(changes: Sequence[UUID]) -> Job:
    """Settles changes together, as `tend` does: one wait between the two reads of all."""

    def job(say: Say) -> None:
        try:
            for found in settle_all(changes):
                _say_found(say, found)
        except LedgerUnwritable:
            # Somebody holds its lock for too long; what was not settled stays due.
            say(raised="LedgerUnwritable")

    return job


def rehearsed_settling(change: UUID) -> Job:
    """Settles a change whose process is known to be dead, without waiting."""

    def at_once() -> None:
        settings.SETTLE_QUIET_SECONDS = 0
        settings.CORE_LIMITS = replace(settings.CORE_LIMITS, deadline_seconds=0.3)

    return settling(change, Plan(), at_once)


def looking(cast: Cast, place: Place, mutate: Callable[[], None] | None) -> Job:
    """Looks at the case's pool, as its page does."""

    def job(say: Say) -> None:
        if mutate is not None:
            mutate()
        if place.pool_id is not None:
            core, company = cast.open(place, COLLEAGUE), cast.companies[place.company]
            with suppress(CoreError):
                read_pool(core, company, place.pool_id)

    return job


def looking_at_all(cast: Cast, places: Iterable[Place]) -> Job:
    """Looks at the lists of all companies, one page after the other."""

    def job(say: Say) -> None:
        for place in {place.company: place for place in places}.values():
            core, company = cast.open(place, COLLEAGUE), cast.companies[place.company]
            query, last = PoolQuery(per_page=100), 1
            while query.page <= last:
                # A busy machine may be late; who looks at a list tries again.
                with suppress(CoreError):
                    last = read_page(core, company, query).last_page or 1
                    query = replace(query, page=query.page + 1)

    return job


def leaving(cast: Cast, place: Place) -> Job:
    """The case's person leaves."""

    def job(say: Say) -> None:
        left = False
        while not left:
            # Other cases may hold the lock for longer than one waits.
            with suppress(OperationalError):
                cast.leave(place)
                left = True

    return job


def _say_found(say: Say, found: Settling) -> None:
    say(settled=found.change_id, state=found.state, verdict=found.verdict)
