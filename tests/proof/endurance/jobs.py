"""What a process does: make a change, settle some, or look how many moments that takes."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urljoin
from uuid import UUID

from django.conf import settings
from django.db import OperationalError
from django.test import Client
from selectolax.lexbor import LexborHTMLParser, LexborNode

from pools.changes import (
    ChangeResult,
    Conflict,
    FormReused,
    OutcomeUnwritten,
    PoolHeld,
    ProposedChange,
    make_change,
)
from pools.changes.drift import as_of, read_pool, record_differences
from pools.changes.settling import Settling, settle, settle_all
from pools.core import CoreError, PoolQuery
from pools.ledger.appending import LedgerUnwritable
from pools.models import Entry
from pools.models.vocabulary import Kind
from pools.wording.messages import OutcomeMessage, answer_for
from pools.wording.situations import Situation
from tests.proof.endurance.cases import Stage
from tests.proof.endurance.cast import COLLEAGUE, Cast, Place
from tests.proof.endurance.moments import Moments, Plan
from tests.proof.endurance.processes import Job, Say

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
            say(change=result.change_id, read=_read_by_its_person(result, change))
        say(moments=moments.seen, calls=moments.calls, struck=moments.struck)

    return job


def _read_by_its_person(result: ChangeResult, change: ProposedChange) -> str:
    """What they read of it at once: a success, a warning, or a problem."""
    answer = answer_for(result, Situation(change.company, "/", change.action))
    return answer.level if isinstance(answer, OutcomeMessage) else "problem"


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


def settling_all(changes: Sequence[UUID], mutate: Callable[[], None] | None) -> Job:
    """Settles changes together, as `tend` does: one wait between the two reads of all."""

    def job(say: Say) -> None:
        if mutate is not None:
            mutate()
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
                before = as_of()
                with suppress(CoreError):
                    page = core.list_pools(query)
                    record_differences(company, page.pools, before)
                    last = page.last_page or 1
                    query = replace(query, page=query.page + 1)

    return job


def reading_pages(cast: Cast, after: int, mutate: Callable[[], None] | None) -> Job:
    """Reads the list of changes as an auditor does, back to entry `after`; says how each stands."""

    def job(say: Say) -> None:
        if mutate is not None:
            mutate()
        browser = Client()
        browser.force_login(cast.auditor)
        made = Entry.objects.filter(seq__gt=after, kind=Kind.INTENT)
        left = {str(change) for change in made.values_list("change", flat=True)}
        address = "/changes/"
        while left and address:
            page = LexborHTMLParser(browser.get(address).content)
            rows = [row for row in page.css("table.record tbody tr") if row.css_first(".chip")]
            told = {_change_in(row): _word_in(row) for row in rows}
            say(page={change: word for change, word in told.items() if change in left})
            left -= told.keys()
            address = _next_of(page)

    return job


def _change_in(row: LexborNode) -> str:
    links = (str(link.attributes["href"]) for link in row.css(".opens"))
    return next(links).strip("/").rpartition("/")[2]


def _word_in(row: LexborNode) -> str:
    chip = row.css_first(".chip")
    return "" if chip is None else " ".join(chip.text().split())


def _next_of(page: LexborHTMLParser) -> str:
    link = page.css_first("#page-right")
    return urljoin("/changes/", str(link.attributes["href"])) if link else ""


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
