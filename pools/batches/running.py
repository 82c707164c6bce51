"""Running a list: a few items at a time, each a whole change, claimed by one worker alone.

A request claims a few items at a time, for as long as it works and a change can take: no call
begins later than that. The form of each item is on the ledger with its intent: whatever else
fails, nothing is sent twice.
"""

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import connections, transaction
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils import timezone

from pools.batches import calls_left
from pools.batches.locked_pools import BATCH_STARTED, BATCH_STOPPED
from pools.batches.patience import MOST_TROUBLES
from pools.batches.progress import Progress
from pools.batches.stored_items import after_in, changes_in, created_in, fields_in, seen_in
from pools.batches.unsent_items import ended_as
from pools.changes import ChangeResult, OutcomeUnwritten, ProposedChange, make_change
from pools.core import Budget, Busy, CoreClient, CoreError, RateLimited, Unauthenticated
from pools.core.rate_limits import USUAL_PAUSE
from pools.guidance.allowance_sums import weighed
from pools.guidance.gathering import kept_beside, kept_in
from pools.ledger import clock
from pools.ledger.appending import Actor, LedgerUnwritable, lock, record_event
from pools.models import Allowance, Batch, BatchItem, Company, Entry
from pools.models.vocabulary import Action, Kind, Outcome

# How long a request goes on taking items: what is in flight then still ends in it.
STEP_SECONDS: Final = 4.0
# So many items are claimed at a time for each that is made at the same time.
CLAIMED_AHEAD: Final = 3
# So many more work where Core is quick: while one records its change, another one's call runs.
MORE_WORKERS: Final = 2


class Why(StrEnum):
    """Why a list stopped by itself. By hand: no word."""

    REFUSED_TOKEN = "refused_token"  # noqa: S105  (a word for an event)
    NO_RIGHT = "no_right"
    NO_ANSWER = "no_answer"
    LEDGER = "ledger"


class NotRunnable(Exception):
    """The list can't be run; `why` says so. Nothing was sent."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(slots=True)
class Step:
    """What one request does of a list: shared by its workers, each in a thread of its own."""

    batch: Batch
    actor: Actor
    until: float
    waiting: deque[BatchItem]
    weighs: bool
    workers: int
    turns: threading.Semaphore
    claimed: deque[BatchItem] = field(default_factory=deque)
    why: Why | None = None
    busy: bool = False
    over: bool = False
    refused: CoreError | None = None
    answered: bool = False
    troubles: int = 0
    in_flight: int = 0
    failure: BaseException | None = None
    guard: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> BatchItem | None:
        """The next item for a worker; None where this request takes no more."""
        with self.guard:
            if self.over or self.why or time.monotonic() > self.until or not self._has_claimed():
                return None
            if not calls_left.allows(self.batch.company, self.in_flight + 1):
                self.pause(timezone.now() + USUAL_PAUSE)
                return None
            if not _still_runs(self.batch):
                self.over = True
                return None
            self.in_flight += 1
            return self.claimed.popleft()

    def _has_claimed(self) -> bool:
        """Whether there is an item that nobody else works on; claims some more if there is none."""
        while not self.claimed and self.waiting:
            ahead = min(len(self.waiting), CLAIMED_AHEAD * self.workers)
            self.claimed.extend(_claimed([self.waiting.popleft() for _ in range(ahead)]))
        return bool(self.claimed)

    def give_back(self) -> None:
        """What was claimed and not begun is for whoever comes next."""
        _put_back(*self.claimed)

    def landed(self) -> None:
        """A worker is done with its item."""
        with self.guard:
            self.in_flight -= 1

    def pause(self, until: Any) -> None:
        """Nothing more is sent before that, in whichever request."""
        self.over = True
        calls_left.forget(self.batch.company)
        Batch.objects.filter(pk=self.batch.pk).update(paused_until=until)
        self.batch.paused_until = until


def start(batch: Batch, actor: Actor, left: int) -> None:
    """Somebody has a list run. Raises LedgerUnwritable."""
    record_about(BATCH_STARTED, batch, actor, {"left": left})


def stop(batch: Batch, actor: Actor, why: Why | None = None, left: int = 0) -> None:
    """No more of a list is sent; what is in flight ends. Raises LedgerUnwritable."""
    record_about(BATCH_STOPPED, batch, actor, {"why": why or "", "left": left})


def workers(company: Company) -> int:
    """How many changes are in the making at a time, each in a thread of its own.

    Their calls to Core share BATCH_CALLS_AT_ONCE turns. Half of all that may be called at a time
    is left to people. One at a time means one after the other.
    """
    calls = settings.BATCH_CALLS_AT_ONCE
    if calls == 1 or not calls_left.is_quick(company):
        return calls
    return max(calls, min(calls + MORE_WORKERS, settings.CORE_LIMITS.calls_at_once // 2))


def run(
    progress: Progress,
    actor: Actor,
    may: Callable[[Action], bool],
    clients: Sequence[CoreClient],
) -> Step:
    """Makes some of the changes that are waiting, one client at work on each: see `workers`.

    What stops the list is on the ledger when this returns. Raises LedgerUnwritable where that
    can't be recorded, and what no worker expected.
    """
    waiting = [line.item for line in progress.lines if line.end == "waiting"]
    batch = progress.batch
    step = Step(
        batch=batch,
        actor=actor,
        until=time.monotonic() + STEP_SECONDS,
        waiting=deque(waiting),
        weighs=Allowance.objects.filter(company=batch.company).exists(),
        troubles=progress.troubles,
        workers=len(clients),
        turns=threading.BoundedSemaphore(settings.BATCH_CALLS_AT_ONCE),
    )
    if not all(may(Action(action)) for action in {item.action for item in waiting}):
        step.why = Why.NO_RIGHT
    elif not progress.paused_seconds:
        _work_together(step, clients[: len(waiting)])
        step.give_back()
    if step.failure is not None:
        raise step.failure
    if step.why is not None:
        stop(batch, actor, step.why, len(step.waiting) + len(step.claimed))
    return step


def _work_together(step: Step, clients: Sequence[CoreClient]) -> None:
    """The first worker is this thread. What Core allows is heard before others join it."""
    if not clients:
        return
    if not calls_left.is_known(step.batch.company):
        _work(step, clients[0], once=True)
    threads = [
        threading.Thread(
            target=contextvars.copy_context().run, args=(_in_thread, step, core), daemon=True
        )
        for core in clients[1:]
    ]
    for thread in threads:
        thread.start()
    _work(step, clients[0])
    for thread in threads:
        thread.join()


def _in_thread(step: Step, core: CoreClient) -> None:
    try:
        _work(step, core)
    finally:
        connections.close_all()


def _work(step: Step, core: CoreClient, *, once: bool = False) -> None:
    try:
        while (item := step.next()) is not None:
            try:
                _make(step, core.within(Budget(settings.CORE_LIMITS, step.turns)), item)
            finally:
                step.landed()
            if once:
                return
    except (LedgerUnwritable, OutcomeUnwritten, AnyDatabaseError):
        step.why = Why.LEDGER
    except BaseException as failure:  # noqa: BLE001  (told to whoever waits for the threads)
        step.failure = failure
        step.over = True


def _still_runs(batch: Batch) -> bool:
    """Whether nobody has stopped it or taken it over."""
    latest = Entry.objects.filter(batch=batch.pk, kind=Kind.EVENT).order_by("-seq")
    return latest.values_list("action", flat=True).first() == BATCH_STARTED


def _claimed(items: Sequence[BatchItem]) -> list[BatchItem]:
    """Those of these items that are this request's now: until no call of its own can run any more.

    Not those that another one has, or that ended otherwise.
    """
    with transaction.atomic():
        now = clock.now()
        free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
        mine = BatchItem.objects.filter(
            free, pk__in=[item.pk for item in items], stopped="", left_out=""
        )
        kept = set(mine.select_for_update(of=("self",)).values_list("pk", flat=True))
        until = now + timedelta(seconds=STEP_SECONDS) + settings.CORE_LIMITS.longest_change
        BatchItem.objects.filter(pk__in=kept).update(claimed_until=until)
    return [item for item in items if item.pk in kept]


def _make(step: Step, core: CoreClient, item: BatchItem) -> None:
    """One item: its change; or why there is none."""
    try:
        result = make_change(core, _proposed(step, item))
    except RateLimited as error:
        _put_back(item)
        step.pause(error.retry_at or timezone.now() + USUAL_PAUSE)
    except Busy:
        # Other people's calls have all places: the next request goes on.
        _put_back(item)
        step.busy = step.over = True
    except Unauthenticated as error:
        _put_back(item)
        step.why, step.refused = Why.REFUSED_TOKEN, error
    except OutcomeUnwritten:
        raise
    except Exception as error:
        end = ended_as(error)
        if end is None:
            _put_back(item)
            raise
        word, says = end
        BatchItem.objects.filter(pk=item.pk).update(
            stopped=word, stopped_says=says, stopped_at=clock.now(), claimed_until=None
        )
        _count_trouble(step, trouble=isinstance(error, CoreError) and word == "not_sent")
    else:
        _after(step, result)
    finally:
        calls_left.heard(step.batch.company, core.last_exchange)


def _after(step: Step, result: ChangeResult) -> None:
    step.answered = step.answered or result.read is not None
    _count_trouble(step, trouble=result.outcome in {Outcome.UNKNOWN, Outcome.NOT_SENT})
    if isinstance(result.error, RateLimited):
        step.pause(result.error.retry_at or timezone.now() + USUAL_PAUSE)
    elif isinstance(result.error, Unauthenticated):
        step.why, step.refused = Why.REFUSED_TOKEN, result.error


def _count_trouble(step: Step, *, trouble: bool) -> None:
    with step.guard:
        step.troubles = step.troubles + 1 if trouble else 0
        if step.troubles >= MOST_TROUBLES:
            step.why = step.why or Why.NO_ANSWER


def _put_back(*items: BatchItem) -> None:
    """Whoever comes next may have them; where one was sent, the ledger says so."""
    if items:
        BatchItem.objects.filter(pk__in=[each.pk for each in items]).update(claimed_until=None)


def _proposed(step: Step, item: BatchItem) -> ProposedChange:
    batch = step.batch
    return ProposedChange(
        company=batch.company,
        action=item.kind,
        pool_id=item.pool_id,
        seen=seen_in(item) if item.kind is not Action.CREATE else None,
        fields=fields_in(item),
        changed=changes_in(item),
        reason=batch.reason,
        form_id=item.form,
        actor=step.actor,
        reverts=item.reverts,
        weighed=_weighed(step, item),
        batch=batch.pk,
        created_at=created_in(item),
    )


def _weighed(step: Step, item: BatchItem) -> list[dict[str, Any]]:
    """What the record keeps of the sums: by the allowances and the pools as they are now."""
    seen, after = seen_in(item), after_in(item)
    if not step.weighs or item.pool_id is None or seen is None or after is None:
        return []
    if after.limit == seen.limit:
        return []
    company = Company.objects.filter(pk=step.batch.company_id)
    sql, given = kept_beside(item.pool_id)
    found = company.annotate(beside=RawSQL(sql, given))  # noqa: S611  # nosec B611
    beside = found.values_list("beside", flat=True).get()
    return weighed(kept_in(beside).shares(None, seen.limit), after.limit)


def record_about(action: str, batch: Batch, actor: Actor, facts: Mapping[str, Any]) -> None:
    try:
        with transaction.atomic(durable=True):
            lock()
            record_event(action, actor, company=batch.company.slug, facts=facts, batch=batch.pk)
    except AnyDatabaseError as failure:
        raise LedgerUnwritable("the list could not be recorded") from failure
