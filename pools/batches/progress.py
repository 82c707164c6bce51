"""What became of a list so far, read from the ledger: of each item, and of the whole."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from pools.batches.expiry import IDLE, RUN_WITHIN
from pools.batches.locked_pools import BATCH_STARTED, BATCH_STOPPED, BATCH_TAKEN_OVER
from pools.batches.stored_items import digest_of
from pools.changes.entries import Recorded, read
from pools.changes.entry_contents import said_by
from pools.changes.history import HistoryItem, items_of
from pools.changes.state import ChangeState
from pools.ledger import clock
from pools.models import Batch, BatchItem, Entry
from pools.models.batch import Source
from pools.models.vocabulary import Kind, Outcome

# Before so many have ended, nobody can say how long the rest takes.
TOLD_AFTER: Final = 3
_TURNS: Final = frozenset({BATCH_STARTED, BATCH_STOPPED, BATCH_TAKEN_OVER})
# What ended so shortly before a page was last told is told once more.
NEWS_OVERLAP: Final = timedelta(seconds=1)


class End(StrEnum):
    """What is known of an item. Four of them are the outcomes of any change."""

    DONE = "done"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    HAPPENED = "happened"  # unknown at first, and settling found that
    NOT_HAPPENED = "not_happened"  # the same
    UNDER_WAY = "under_way"
    WAITING = "waiting"
    LEFT_OUT = "left_out"


# A finding that waits for nobody is counted by itself; any other is for somebody to look at.
FOUND: Final = {
    ChangeState.APPLIED: End.HAPPENED,
    ChangeState.NOT_APPLIED: End.NOT_HAPPENED,
}


class Phase(StrEnum):
    """Where a list is."""

    FROZEN = "frozen"  # nobody has started it
    RUNNING = "running"
    STOPPED = "stopped"
    TAKEN_OVER = "taken_over"  # what was left is on another list
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Line:
    """An item and its change, if there is one on the ledger.

    `weighed` is what that makes of allowances which were others in the preview.
    """

    item: BatchItem
    change: HistoryItem | None
    end: End
    weighed: tuple[Mapping[str, Any], ...] = ()

    @property
    def ended_at(self) -> datetime | None:
        if self.change is not None:
            return self.change.ended_at or self.change.at
        return self.item.stopped_at

    def is_news(self, since: datetime) -> bool:
        """Whether it is otherwise than it was then, as far as it shows."""
        ended = self.ended_at
        return self.end is End.UNDER_WAY or (ended is not None and ended >= since - NEWS_OVERLAP)


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody started the list, or it was stopped; `why` is a word, empty where by hand."""

    action: str
    by: str
    by_id: str
    at: datetime | None
    why: str
    to_list: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """A list with all its lines. `now` is by the database's clock.

    `others` are the lines of other lists that retry the same, or revert it.
    """

    batch: Batch
    lines: tuple[Line, ...]
    turns: tuple[Turn, ...]
    frozen_digest: str
    now: datetime
    others: tuple[Line, ...] = ()

    @property
    def phase(self) -> Phase:
        if any(turn.action == BATCH_TAKEN_OVER for turn in self.turns):
            return Phase.TAKEN_OVER
        if not self.left and not self.counts[End.UNDER_WAY]:
            return Phase.ENDED
        if not self.turns:
            return Phase.FROZEN
        return Phase.RUNNING if self.turns[-1].action == BATCH_STARTED else Phase.STOPPED

    @property
    def counts(self) -> Counter[End]:
        return Counter(line.end for line in self.lines)

    @property
    def left(self) -> int:
        """How many are still to be sent."""
        return self.counts[End.WAITING]

    @property
    def to_send(self) -> int:
        """How many there are, without those that were left out from the first."""
        return len(self.lines) - self.counts[End.LEFT_OUT]

    @property
    def ended(self) -> int:
        return self.to_send - self.left - self.counts[End.UNDER_WAY]

    @property
    def stopped_for(self) -> str:
        """Why it stopped by itself; empty where somebody stopped it, or nothing did."""
        return self.turns[-1].why if self.phase is Phase.STOPPED else ""

    @property
    def is_alive(self) -> bool:
        """Whether it was worked on just now: a page that is opened goes on with it by itself."""
        ends = [line.ended_at for line in self.lines if line.ended_at]
        latest = max([*ends, *(turn.at for turn in self.turns if turn.at)], default=None)
        return latest is not None and self.now - latest < IDLE

    @property
    def too_old(self) -> bool:
        """Whether the pools may long be otherwise than the list has them."""
        return self.now - self.batch.made_at > RUN_WITHIN

    @property
    def moved(self) -> bool:
        """Whether the company's pools are others now."""
        return self.batch.origin != self.batch.company.origin

    @property
    def intact(self) -> bool:
        """Whether the list is the one that the ledger says was frozen."""
        return digest_of(line.item for line in self.lines) == self.frozen_digest

    @property
    def paused_seconds(self) -> int:
        """How long nothing is sent from now on, as Patchworks allows only so many calls."""
        until = self.batch.paused_until
        return (
            0
            if until is None or until <= self.now
            else round((until - self.now).total_seconds()) + 1
        )

    @property
    def time_left(self) -> timedelta | None:
        """How long the rest takes at the pace so far; None where that can't be said."""
        if self.phase is not Phase.RUNNING or self.turns[-1].at is None:
            return None
        began = self.turns[-1].at
        since = [line for line in self.lines if line.ended_at and line.ended_at >= began]
        if len(since) < TOLD_AFTER:
            return None
        return (self.now - began) / len(since) * (self.left + self.counts[End.UNDER_WAY])

    @property
    def troubles(self) -> int:
        """How many of those that were tried last in this turn had no answer, one after another."""
        began = self.turns[-1].at if self.turns else None
        tried = [
            (at, is_trouble(line))
            for line in self.lines
            if began and (at := line.ended_at) and at >= began
        ]
        latest = sorted(tried, key=lambda each: each[0], reverse=True)
        return sum(1 for _ in takewhile(lambda each: each[1], latest))


def is_trouble(line: Line) -> bool:
    """Whether Patchworks gave no answer to it."""
    if line.change is not None:
        return line.change.outcome in {Outcome.UNKNOWN, Outcome.NOT_SENT}
    return line.item.stopped == "not_sent"


def progress_of(items: Sequence[BatchItem]) -> Progress:
    """All that is known of a list, by one query; `items` are what `items_in` gives."""
    batch = items[0].batch
    lists = {item.batch_id for item in items}
    entries = read(Entry.objects.filter(batch__in=lists).order_by("seq"))
    now = entries[-1].now if entries else clock.now()
    events = [each for each in entries if each.kind == Kind.EVENT and each.batch == batch.pk]
    lines = _lines(items, entries, now)
    frozen = next((said_by(e).facts for e in events if e.action == "batch_frozen"), {})
    return Progress(
        batch=batch,
        lines=tuple(line for line in lines if line.item.batch_id == batch.pk),
        others=tuple(line for line in lines if line.item.batch_id != batch.pk),
        turns=tuple(_turn(entry) for entry in events if entry.action in _TURNS),
        frozen_digest=str(frozen.get("digest", "")),
        now=now,
    )


def items_in(batch: UUID) -> list[BatchItem]:
    """All items of a list, each with its batch, which is one object for all of them.

    After them those of other lists that retry the same, or revert it, if there are any.
    """
    root = Batch.objects.filter(pk=batch, source=Source.RETRY).values("source_batch")
    same = Q(source_batch=batch) | Q(source_batch__in=root)
    retries = Batch.objects.filter(same, source=Source.RETRY).values("pk")
    # What a retry did is put back with the list that it retries, or by itself: either is known.
    reverts = Q(source=Source.REVERT) & (same | Q(source_batch__in=retries))
    same |= Q(source_batch__in=Batch.objects.filter(reverts).values("pk"))
    family = Batch.objects.filter(Q(pk=batch) | reverts | Q(source=Source.RETRY) & same)
    found = BatchItem.objects.filter(batch__in=family.values("pk"))
    items = sorted(found.select_related("batch__company"), key=lambda each: each.batch_id != batch)
    if not items or items[0].batch_id != batch:
        return []
    for item in items:
        if item.batch_id == batch:
            item.batch = items[0].batch
    return items


def first_list(batch: Batch) -> UUID:
    """The list whose failures are tried again: all that retry them are kept as from this one."""
    return (batch.source == Source.RETRY and batch.source_batch) or batch.pk


def _turn(entry: Recorded) -> Turn:
    facts: Any = said_by(entry).facts
    at = entry.at if isinstance(entry.at, datetime) else None
    why, to = str(facts.get("why", "")), str(facts.get("to_list", ""))
    return Turn(entry.action, entry.actor_name, entry.actor_id, at, why, to)


def _lines(
    items: Sequence[BatchItem], entries: Sequence[Recorded], now: datetime
) -> tuple[Line, ...]:
    changes = {item.change_id: item for item in items_of(entries)}
    of_form = {
        entry.form: (changes[entry.change], said_by(entry).facts.get("allowances", ()))
        for entry in entries
        if entry.kind == Kind.INTENT and entry.form and entry.change in changes
    }
    shown = {(each["system"], each["allowance"]) for each in items[0].batch.sums}
    lines = []
    for item in items:
        change, weighed = of_form.get(item.form, (None, ()))
        news = tuple(each for each in weighed if (each["system"], each["allowance"]) not in shown)
        lines.append(Line(item, change, _end(item, change, now), news))
    return tuple(lines)


def _end(item: BatchItem, change: HistoryItem | None, now: datetime) -> End:
    if change is not None:
        return _end_of(change)
    if item.left_out:
        return End.LEFT_OUT
    if item.stopped:
        return End.NOT_SENT
    claimed = item.claimed_until is not None and item.claimed_until > now
    return End.UNDER_WAY if claimed else End.WAITING


def _end_of(change: HistoryItem) -> End:
    if change.lost or change.unreadable:
        return End.UNKNOWN
    if change.state is ChangeState.UNDER_WAY:
        return End.UNDER_WAY
    return FOUND.get(change.state) or (End(change.outcome) if change.outcome else End.UNKNOWN)
