"""What runs beside the panel: settles what is due, verifies the ledger, logs its head.

One process, without any state that matters: it may be killed at any moment, and none or
several may run. A change that cannot be settled, and a Core that does not answer, are
tried again ever less often, and hold up nobody else.
"""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import close_old_connections, connections

from pools.changes.settling import (
    EntryUnreadable,
    Settling,
    SettlingState,
    due,
    is_away,
    settle_all,
    unread,
)
from pools.ledger import clock, publishing, standing, verifying
from pools.ledger.appending import LedgerUnwritable
from pools.ledger.chain import log_altered_keys, wrong_audit_keys
from pools.ledger.leases import log_unfit
from pools.ledger.logged_checkpoints import log_checkpoint
from pools.ledger.signed_checkpoints import NotSigned, sign_checkpoint, sign_if_due
from pools.models import Lease
from pools.models.vocabulary import Verdict
from pools.people.leaving import destroy_tokens_of_leavers
from pools.tokens.vault import wrong_token_keys

INTERVAL_SECONDS: Final = 1.0
# So much of a company's work before it is another's turn.
AT_ONCE: Final = 10
FIRST_DELAY_SECONDS: Final = 5.0
LONGEST_DELAY_SECONDS: Final = 300.0
LONGEST_AWAY_SECONDS: Final = 10.0

# What is tried again later; the rest is settled, or has a time of its own.
STAYS_OPEN: Final = frozenset(
    {
        SettlingState.NO_TOKEN,
        SettlingState.NOT_READ,
        SettlingState.DISAGREE,
        SettlingState.MOVED,
        SettlingState.NOT_SEEN,
        SettlingState.UNREADABLE,
    }
)
# What shows that Core answers; a clear is settled without asking it.
ANSWERED: Final = STAYS_OPEN - {SettlingState.NO_TOKEN, SettlingState.UNREADABLE} | {
    SettlingState.SETTLED,
    SettlingState.SEEN,
}

log = structlog.get_logger("panel.settling")


class Job(Enum):
    """What is done now and then."""

    CHECKPOINT = "log the ledger's head"
    UNREAD = "look for changes that are done and could not be read back"
    SIGNING = "sign a checkpoint where one is due, and copy it"
    LEAVERS = "destroy stored tokens of people who left"
    VERIFICATION = "verify the ledger where nobody has lately"


# The whole ledger is verified this often, by whoever does it first.
VERIFIED_EVERY: Final = timedelta(hours=24)
# The seconds from one turn of a job to its next; the first is at once.
EVERY: Final = {
    Job.CHECKPOINT: 3600.0,
    Job.UNREAD: 60.0,
    Job.SIGNING: 5.0,
    Job.LEAVERS: 600.0,
    Job.VERIFICATION: 600.0,  # at the latest so long after it is due
}


class WrongKeys(Exception):
    """TOKEN_KEYS or AUDIT_KEYS do not fit what is stored; the text says which."""


def refuse_wrong_keys() -> None:
    """Raises WrongKeys, or a database error where there is no telling."""
    Lease.objects.exists()
    if reasons := [*wrong_token_keys(), *wrong_audit_keys()]:
        raise WrongKeys(" ".join(reasons))


@dataclass
class Delay:
    """When something that did not work is tried again; ever later."""

    until: float = 0.0
    seconds: float = FIRST_DELAY_SECONDS
    logged: str = ""

    def lengthen(self, now: float) -> None:
        self.until = now + self.seconds
        self.seconds = min(self.seconds * 2, LONGEST_DELAY_SECONDS)


class Tending:
    """Settles what is due, round by round. `clock` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._delays: dict[UUID | str, Delay] = {}
        self._away_seconds = 0.0
        self._next = dict.fromkeys(Job, clock())
        self._copies: dict[str, Delay] = {}
        # Changes that are done and could not be read back, and their companies.
        self._unread: dict[UUID, str] = {}
        self._keys_fit = False

    def round(self) -> float:
        """One round of bounded work. Returns the seconds to wait before the next one.

        Raises WrongKeys, once the database answers.
        """
        try:
            if self._is_turn_of(Job.CHECKPOINT):
                log_checkpoint()
                log_unfit()
                log_altered_keys()
            close_old_connections()
            if not self._keys_fit:
                refuse_wrong_keys()
                self._keys_fit = True
            more = self._settle()
            if self._is_turn_of(Job.SIGNING):
                self._sign()
            if self._is_turn_of(Job.LEAVERS):
                destroy_tokens_of_leavers()
            due = not more and self._is_turn_of(Job.VERIFICATION)
            if due and verifying.is_due(VERIFIED_EVERY):
                verifying.verify_whole()
        except (AnyDatabaseError, LedgerUnwritable) as error:
            return self._database_away(error)
        if self._away_seconds:
            log.warning("the database is back")
            self._away_seconds = 0.0
        return 0.0 if more else INTERVAL_SECONDS

    def _is_turn_of(self, job: Job) -> bool:
        """Whether a job is to be done now; if so, its next turn is set however it ends."""
        now = self._clock()
        if now < self._next[job]:
            return False
        self._next[job] = now + EVERY[job]
        return True

    def end(self) -> None:
        """The last words: the ledger's head, read over a connection of its own."""
        connections.close_all()
        log_checkpoint()
        self._sign_the_last()
        connections.close_all()

    def _sign(self) -> None:
        """Signs what is due, and copies it; a place that refuses is asked ever less often."""
        sign_if_due()
        for name in publishing.due():
            delay = self._copies.get(name)
            if delay is not None and delay.until > self._clock():
                continue
            if publishing.copy_to(name):
                self._copies.pop(name, None)
            else:
                self._copies.setdefault(name, Delay()).lengthen(self._clock())

    def _sign_the_last(self) -> None:
        """What came since the last checkpoint; the file alone is quick enough for the end."""
        if not settings.SIGNING_KEYS or not self._keys_fit:
            return
        try:
            sign_checkpoint()
            if standing.FILE in publishing.due():
                publishing.copy_to(standing.FILE)
        except (NotSigned, AnyDatabaseError, LedgerUnwritable) as error:
            log.warning("no signed checkpoint at the end", error=type(error).__name__)

    def _settle(self) -> bool:
        """Settles some of what is due. Whether there is more to do at once."""
        companies = dict(Lease.objects.values_list("change", "company"))
        waiting = due() if companies else []
        if self._is_turn_of(Job.UNREAD):
            self._unread = unread(clock.now())
        companies |= self._unread
        waiting += self._unread
        self._forget_all_but({*waiting, *companies.values()})
        ready = [change for change in waiting if self._is_ready(change, companies.get(change, ""))]
        turns = _turns(ready, companies)
        for settling in settle_all(turns):
            self._note(settling, companies.get(settling.change_id, ""))
        return len(turns) < len(ready)

    def _is_ready(self, change: UUID, company: str) -> bool:
        delays = (self._delays.get(key) for key in (change, company))
        return all(delay is None or delay.until <= self._clock() for delay in delays)

    def _note(self, settling: Settling, company: str) -> None:
        """Says what was found, and delays what did not work: the change, or its company."""
        if settling.state not in STAYS_OPEN:
            self._unread.pop(settling.change_id, None)
        if settling.state is SettlingState.SETTLED:
            log.info(
                "a change is settled",
                change=str(settling.change_id),
                company=company,
                verdict=str(settling.verdict),
            )
        if is_away(settling.error):
            self._delay(company, "Core does not answer", settling, company)
            return
        if settling.state in ANSWERED and settling.verdict is not Verdict.UNKNOWABLE:
            self._delays.pop(company, None)
        if settling.state in STAYS_OPEN:
            self._delay(settling.change_id, "a change stays open", settling, company)

    def _delay(self, key: UUID | str, event: str, settling: Settling, company: str) -> None:
        delay = self._delays.setdefault(key, Delay())
        now = self._clock()
        if delay.until <= now:
            delay.lengthen(now)
        why = f"{settling.state}: {type(settling.error).__name__}"
        if isinstance(settling.error, EntryUnreadable):
            why = f"{settling.error} cannot be read: run manage.py verify_audit"
        if delay.logged != why:
            delay.logged = why
            log.warning(event, change=str(settling.change_id), company=company, why=why)

    def _forget_all_but(self, keys: set[UUID | str]) -> None:
        self._delays = {key: delay for key, delay in self._delays.items() if key in keys}

    def _database_away(self, error: Exception) -> float:
        connections.close_all()
        if not self._away_seconds:
            log.warning("the database is away", error=type(error.__cause__ or error).__name__)
        self._away_seconds = min(self._away_seconds * 2 or INTERVAL_SECONDS, LONGEST_AWAY_SECONDS)
        return self._away_seconds


def _turns(ready: Iterable[UUID], companies: Mapping[UUID, str]) -> list[UUID]:
    """The oldest of what is ready, a few of each company."""
    taken: Counter[str] = Counter()
    turns = []
    for change in ready:
        company = companies.get(change, "")
        if taken[company] < AT_ONCE:
            taken[company] += 1
            turns.append(change)
    return turns


class Stopped(BaseException):
    """Somebody asked for the end. No Exception: nothing on the way may take it for its own."""


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """The first SIGTERM or SIGINT raises Stopped inside the block, wherever it is.

    What is being recorded is undone with its transaction; a read is given up. Later
    signals change nothing until the block is left.
    """
    stopping = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            raise Stopped

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
