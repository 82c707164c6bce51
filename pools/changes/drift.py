"""Noticing that a pool was changed outside the panel: it differs from what was last recorded.

Whenever a pool is read, its values and its connectors are compared with the last ones on the
ledger. What differs is recorded there, attributed to nobody, with the time since which it may
have happened; so is a pool that is gone. Where the last values are not known (a change is
under way, unknown, or was released by hand) nothing is, and neither where the read may be
older than the record. What a read shows of a change that is done and could not be read back
is recorded as well.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

from pools.catalogue.keeping import forget, keep
from pools.changes import foreign_tokens, readback
from pools.changes.entries import Recorded, first
from pools.changes.entry_contents import said_by
from pools.changes.pool_records import (
    PoolRecord,
    newest_entries,
    newest_entry_about,
    record_of_pool,
)
from pools.changes.proposal import ALL_READ, COMPARED, CONNECTORS, Snapshot
from pools.changes.settling_times import quiet_time
from pools.changes.verdicts import has_value, is_readable, shows, unreadable_in
from pools.core import CoreClient, CoreError, NotFound, Pool
from pools.database_faults import try_to_write
from pools.ledger.appending import NOBODY, append, lock
from pools.models import Company, Entry
from pools.models.vocabulary import TRACELESS, UNREADABLE_VALUES, Action, Kind, Outcome, Readback

# Of a change that was made, and was not seen to be missing.
_MADE: Final = frozenset({Outcome.DONE, Readback.SHOWN, Readback.NOT_READ})


class LastKnown(NamedTuple):
    """The values that a pool had when it was last recorded, as far as they are known.

    `since` is when they were read. `or_else` are values that it may have come to by itself
    since: those of a change that Core had accepted and did not show yet. `beside` is the
    change made here that nobody has read the pool after: Core may have changed more with it.
    """

    values: Snapshot
    since: datetime
    unreadable: frozenset[str] = frozenset()
    or_else: Snapshot | None = None
    beside: UUID | None = None

    def differing(self, pool: Pool) -> list[str]:
        """What is known, could be read, and is no longer the same: fields, connectors."""
        now = Snapshot.from_pool(pool)
        # Mostly all is as it was.
        if now == self.values:
            return []
        moved = [CONNECTORS] if self._has_other_connectors(pool, now) else []
        expected = self.expected_in(pool)
        return [
            field
            for field in COMPARED
            if self.knows(field)
            and is_readable(pool, field)
            and has_value(pool, field, getattr(expected, field)) is False
        ] + moved

    def expected_in(self, pool: Pool) -> Snapshot:
        """The values that it had, or has come to by itself as a pool that was just read shows."""
        late = self.or_else
        if late is None:
            return self.values
        come = [each for each in COMPARED if has_value(pool, each, getattr(late, each))]
        return self.values.with_these(come, late)

    def _has_other_connectors(self, pool: Pool, now: Snapshot) -> bool:
        before, after = self.values.connector_ids, now.connector_ids
        readable = CONNECTORS not in {*self.unreadable, *unreadable_in(pool)}
        return readable and None not in (before, after) and before != after

    def knows(self, field: str) -> bool:
        """A name or a limit that is None could not be read."""
        there = field == "timeout" or getattr(self.values, field) is not None
        return there and field not in self.unreadable | self.values.unreadable


def read_pool(core: CoreClient, company: Company, pool_id: int, reader: int | None = None) -> Pool:
    """A pool at Core, recording whether it was changed, or deleted, outside. Raises CoreError.

    `reader` is whose token reads it (a user's id). A pool that is not there was deleted
    only where that token is known to be this company's.
    """
    return notice(core, company, pool_id, as_of(), lambda: core.get_pool(pool_id), reader)


def notice(
    core: CoreClient,
    company: Company,
    pool_id: int,
    as_of: int,
    read: Callable[[], Pool],
    reader: int | None = None,
) -> Pool:
    """The same of a pool that is being read already: since `as_of`, by `read`."""
    pool = _read_or_gone(core, company, pool_id, as_of, read, reader)
    record_differences(company, [pool], as_of)
    return pool


def notice_on_page(
    core: CoreClient,
    company: Company,
    pool_id: int,
    as_of: int,
    read: Callable[[], Pool],
    reader: int | None = None,
) -> tuple[Pool, PoolRecord]:
    """The same for the pool's own page: with what the record says of it then."""
    pool = _read_or_gone(core, company, pool_id, as_of, read, reader)
    record = record_of_pool(company, pool_id)
    noticed = record_differences(company, [pool], as_of, known=record.newest)
    return pool, record if noticed is None else record_of_pool(company, pool_id)


def _read_or_gone(
    core: CoreClient,
    company: Company,
    pool_id: int,
    as_of: int,
    read: Callable[[], Pool],
    reader: int | None,
) -> Pool:
    try:
        pool = read()
    except NotFound:
        record_absence(core, company, pool_id, as_of, reader)
        forget(company, pool_id)
        raise
    keep(company, [pool])
    return pool


def as_of() -> int:
    """The newest entry of the ledger: what a read that begins now can be compared with."""
    return Entry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


def record_differences(
    company: Company,
    pools: Iterable[Pool],
    as_of: int,
    *,
    at_once: bool = False,
    known: Mapping[str, Recorded] | None = None,
) -> int | None:
    """Records which of the pools just read were changed outside the panel, or show a change.

    `as_of` was asked for before they were read. `at_once`: nobody will read them again before
    they are changed, so what may be late is recorded as well. `known` are the newest entries
    about them, by reference, where they were just read. Returns the newest entry made,
    if any. Where the ledger cannot be written nothing is recorded now; the next read will
    notice it. A pool that an answer has twice was not changed: the answer contradicts itself.
    """
    pools = tuple(pools)
    times = Counter(pool.id for pool in pools)
    times[None] = 0
    read = {company.reference(pool.id): pool for pool in pools if times[pool.id] == 1}
    newest = {
        entry.pool_id: entry.seq
        for entry in (newest_entries(company, read) if known is None else known.values())
        if entry.seq <= as_of
        and entry.pool_id in read
        and _is_telling(entry, read[entry.pool_id], at_once=at_once)
    }
    return _recorded(company, {reference: read[reference] for reference in newest}, newest)


def record_beside(company: Company, pool: Pool, newest: Recorded | None, as_of: int) -> None:
    """The same of a pool that was just read after a change, in the caller's transaction.

    `newest` is the newest entry about it, read under the lock. That the pool shows the change is
    for the caller to record, however late that is.
    """
    if newest is not None and newest.seq <= as_of and _is_otherwise(newest, pool):
        _record(company, newest.pool_id, pool, newest.seq, also_shown=False)


def record_absence(
    core: CoreClient, company: Company, pool_id: int, as_of: int, reader: int | None = None
) -> int | None:
    """Records that a pool which was just not found was deleted outside, or by a change.

    Not where the token may be another company's: there, each pool of this one is missing.
    """
    entry = newest_entry_about(company, company.reference(pool_id))
    if entry is None or entry.seq > as_of or not tells_of_absence(entry):
        return None
    try:
        if not foreign_tokens.is_companys_own(core, company, pool_id, reader):
            return None
    except CoreError:
        return None
    return record_gone(company, entry)


def record_gone(company: Company, entry: Recorded) -> int | None:
    """Records that a pool is gone, unless there is a newer entry than this one about it."""
    return _recorded(company, {entry.pool_id: None}, {entry.pool_id: entry.seq})


def tells_of_absence(entry: Recorded) -> bool:
    """Whether a pool's being gone says more than its newest entry."""
    return _is_telling(entry, None)


def _is_telling(entry: Recorded, pool: Pool | None, *, at_once: bool = False) -> bool:
    """Whether a pool that was just read (None: it is gone) says more than its newest entry."""
    return readback.is_shown_late(entry, pool) or _is_otherwise(entry, pool, at_once=at_once)


def _is_otherwise(entry: Recorded, pool: Pool | None, *, at_once: bool = False) -> bool:
    """Whether it is not as that entry has it, and not for being late."""
    last = _last_known(entry)
    if last is None:
        return False
    differs = bool(last.differing(pool)) if pool else not _may_be_gone(entry)
    return differs and (at_once or not _may_be_late(entry, pool))


def _may_be_late(entry: Recorded, pool: Pool | None) -> bool:
    """Whether what was read may be from before a change that was made a moment ago.

    A copy that Core reads from can lag behind: then all is as it was before. What stays so
    is recorded after the quiet time. One that has just been seen to lag may show anything that
    the pool was meanwhile: what an earlier change gave it, say.
    """
    if pool and (entry.kind, entry.outcome) == (Kind.READBACK, Readback.NOT_SHOWN):
        return bool(entry.now < entry.at + quiet_time())
    if entry.kind not in {Kind.OUTCOME, Kind.READBACK} or entry.outcome not in _MADE:
        return False
    if pool is None and entry.action != Action.CREATE:
        return False
    before = said_by(entry).facts.get("before") if entry.action == Action.EDIT else None
    if pool and (before is None or not shows(pool, Snapshot.of(before))):
        return False
    return bool(entry.now < entry.at + quiet_time())


def _may_be_gone(entry: Recorded) -> bool:
    """Whether a pool may be missing by itself: Core had deleted it, and still showed it; or it
    had created it, and did not show it yet.
    """
    if entry.kind != Kind.READBACK:
        return False
    created = entry.action == Action.CREATE and entry.outcome == Readback.NOT_SHOWN
    return bool(created or entry.action == Action.DELETE)


def _recorded(
    company: Company, read: Mapping[str, Pool | None], newest: Mapping[str, int]
) -> int | None:
    if not read:
        return None
    made: list[Entry] = []

    def record() -> None:
        lock()
        for reference, pool in read.items():
            made.extend(_record(company, reference, pool, newest[reference]))

    if not try_to_write("changes made outside the panel", record, durable=True):
        return None
    return max((entry.seq for entry in made), default=None)


def _record(
    company: Company, reference: str, pool: Pool | None, newest: int, *, also_shown: bool = True
) -> list[Entry]:
    """Under the lock: the entries, unless something was recorded about the pool since."""
    entry = newest_entry_about(company, reference)
    if entry is None or entry.seq != newest:
        return []
    intent = first(Entry.objects.filter(change=entry.change, kind=Kind.INTENT))
    if intent is not None and _came_late(entry, intent):
        return []
    made = []
    if also_shown and readback.is_shown_late(entry, pool):
        made.append(readback.record_late(entry, pool, NOBODY))
    last = _last_known(entry, intent)
    if last is None or (pool is None and _may_be_gone(entry)):
        return made
    fields = last.differing(pool) if pool else []
    if pool is None or fields:
        made.append(_record_outside(company, entry, last, pool, fields))
    return made


def _record_outside(
    company: Company, entry: Recorded, last: LastKnown, pool: Pool | None, fields: list[str]
) -> Entry:
    """What was changed outside the panel; `pool` is None where it was deleted."""
    before = last.expected_in(pool) if pool else last.values
    now = Snapshot.from_pool(pool) if pool else before
    unread = (pool is None or now.connector_ids is None) or CONNECTORS in unreadable_in(pool)
    unreadable = [each for each in COMPARED if not last.knows(each)]
    unreadable += [CONNECTORS] if unread and CONNECTORS in last.unreadable else []
    moved = [each for each in COMPARED if each in fields]
    after = before.with_these(moved, now)
    if not unread:
        after = after._replace(connector_ids=now.connector_ids)
    return append(
        Kind.DRIFT,
        Action.OUTSIDE,
        NOBODY,
        company=company.slug,
        pool_id=entry.pool_id,
        pool_name=before.name or now.name or "",
        facts={
            "before": before.to_json(),
            "after": after.to_json() if pool else None,
            UNREADABLE_VALUES: unreadable,
            "since": last.since.isoformat(),
            **({"beside": str(last.beside)} if last.beside else {}),
        },
        change=uuid4(),
    )


def _came_late(entry: Recorded, intent: Recorded) -> bool:
    """Whether its change was given up before, or another one followed.

    Which of the two Core carried out last is not known then.
    """
    if entry.kind == Kind.SETTLED:
        return False
    since = Entry.objects.filter(seq__gt=intent.seq, seq__lt=entry.seq)
    given_up = since.filter(change=entry.change, kind__in=[Kind.SETTLED, Kind.RELEASED])
    followed = since.filter(company=entry.company, pool_id=entry.pool_id, kind=Kind.INTENT)
    return given_up.exists() or followed.exists()


def _last_known(entry: Recorded, intent: Recorded | None = None) -> LastKnown | None:
    """What a pool's newest entry says of its values; None where they are not known.

    What was read before the change counts from its intent, whose own facts tell what could
    not be read then. Without it the answer is good enough for a first look.
    """
    said, begun = said_by(entry), said_by(intent or entry)
    if not (said.readable and begun.readable):
        return None
    facts, since = said.facts, (intent or entry).at
    unreadable = frozenset(begun.facts.get(UNREADABLE_VALUES, ())) if intent else ALL_READ
    match entry.kind:
        case Kind.DRIFT if facts.get("after"):
            return _read(facts, entry)
        case Kind.SETTLED if facts.get("after"):
            return _read(facts, entry)
        case Kind.SETTLED if entry.action in TRACELESS:
            return _at(facts.get("before"), since, unreadable)
        case Kind.READBACK if facts.get("after") and not facts.get("problem"):
            return _read(facts, entry)
        case Kind.READBACK:
            return _at(_once_done(entry, facts), since, unreadable, _beside(entry))
        case Kind.OUTCOME if entry.outcome == Outcome.DONE:
            return _at(_once_done(entry, facts), since, unreadable, _beside(entry))
        case Kind.OUTCOME if entry.outcome != Outcome.UNKNOWN:
            return _at(facts.get("before"), since, unreadable)
    return None


def _read(facts: Mapping[str, Any], entry: Recorded) -> LastKnown:
    """What an entry says was read when it was made."""
    late = facts.get("wanted") if facts.get("verified") is False else None
    return LastKnown(
        Snapshot.of(facts["after"]),
        entry.at,
        frozenset(facts.get(UNREADABLE_VALUES, ())),
        Snapshot.of(late) if late else None,
        _beside(entry) if late else None,
    )


def _beside(entry: Recorded) -> UUID | None:
    """A change whose call may have changed more of its pool than was asked for."""
    return entry.change if entry.action in {Action.CREATE, Action.EDIT} else None


def _once_done(entry: Recorded, facts: Mapping[str, Any]) -> Any:
    """The values once Core had said that it was done: as wanted; none after a delete."""
    return facts.get("before" if entry.action in TRACELESS else "wanted")


def _at(
    values: Any, since: datetime, unreadable: frozenset[str], beside: UUID | None = None
) -> LastKnown | None:
    if not values:
        return None
    return LastKnown(Snapshot.of(values), since, unreadable, beside=beside)
