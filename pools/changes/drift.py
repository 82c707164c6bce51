"""Noticing that a pool was changed outside the panel: it differs from what was last recorded.

Whenever a pool is read, its values are compared with the last ones on the ledger. What
differs is recorded there, attributed to nobody, with the time since which it may have
happened. Where the last values are not known (a change is under way, unknown, or was
released by hand) nothing is, and neither where the read may be older than the record.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from django.db import Error as AnyDatabaseError
from django.db import transaction

from pools.changes.history import newest_entries
from pools.changes.outcome import Action, Outcome
from pools.changes.proposal import COMPARED, Snapshot
from pools.changes.verdicts import has_value, is_told, shows
from pools.core import CoreClient, Page, Pool, PoolQuery
from pools.models import Company, Entry, Kind
from pools.models.ledger import Actor, append, lock

NOBODY: Final = Actor(id=0, name="")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """The values that a pool had when it was last recorded, as far as they are known.

    `since` is when they were read. `or_else` are values that it may have come to by itself
    meanwhile: those of a change that Core had accepted and did not show yet.
    """

    values: Snapshot
    since: datetime
    untold: frozenset[str] = frozenset()
    or_else: Snapshot | None = None

    def differing(self, pool: Pool) -> list[str]:
        """The fields that are known, could be read, and are no longer the same."""
        if self.or_else is not None and shows(pool, self.or_else):
            return []
        return [
            field
            for field in COMPARED
            if self.knows(field)
            and is_told(pool, field)
            and not has_value(pool, field, getattr(self.values, field))
        ]

    def knows(self, field: str) -> bool:
        """A name or a limit that is none is one that could not be read."""
        known = field == "timeout" or getattr(self.values, field) is not None
        return known and field not in self.untold


def read_page(core: CoreClient, company: Company, query: PoolQuery) -> Page:
    """A page of Core's list, noting what was changed outside. Raises CoreError."""
    before = as_of()
    page = core.list_pools(query)
    note(company, page.pools, before)
    return page


def read_pool(core: CoreClient, company: Company, pool_id: int) -> Pool:
    """A pool at Core, noting whether it was changed outside. Raises CoreError."""
    before = as_of()
    pool = core.get_pool(pool_id)
    note(company, [pool], before)
    return pool


def as_of() -> int:
    """The newest entry of the ledger: what a read that begins now can be compared with."""
    return Entry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


def note(company: Company, pools: Iterable[Pool], as_of: int) -> int | None:
    """Records which of the pools just read were changed outside the panel.

    `as_of` was asked for before they were read. Returns the newest entry made, if any. Where
    the ledger cannot be written nothing is recorded now; the next read will notice it.
    """
    read = {str(pool.id): pool for pool in pools if pool.id is not None}
    differing = {
        entry.pool_id: entry.seq
        for entry in newest_entries(company, read)
        if entry.seq <= as_of and (known := _known(entry)) and known.differing(read[entry.pool_id])
    }
    if not differing:
        return None
    try:
        with transaction.atomic(durable=True):
            lock()
            made = [
                _record(company, read[pool_id], newest) for pool_id, newest in differing.items()
            ]
    except AnyDatabaseError:
        _log.warning("changes made outside the panel could not be recorded", exc_info=True)
        return None
    return max((entry.seq for entry in made if entry), default=None)


def _record(company: Company, pool: Pool, newest: int) -> Entry | None:
    """Under the lock: the entry, unless something was recorded about the pool meanwhile."""
    pool_id = str(pool.id)
    entry = next(iter(newest_entries(company, [pool_id])), None)
    if entry is None or entry.seq != newest:
        return None
    intent = Entry.objects.filter(change=entry.change, kind=Kind.INTENT).first()
    known = None if intent and _came_late(entry, intent) else _known(entry, intent)
    if known is None or not (fields := known.differing(pool)):
        return None
    before = known.values
    after = Snapshot.from_pool(pool)
    now = {field: getattr(after if field in fields else before, field) for field in COMPARED}
    return append(
        Kind.DRIFT,
        Action.OUTSIDE,
        NOBODY,
        company=company.slug,
        pool_id=pool_id,
        pool_name=before.name or after.name or "",
        facts={
            "before": before.to_json(),
            "after": Snapshot(**now, connector_ids=after.connector_ids).to_json(),
            "untold": [field for field in COMPARED if not known.knows(field)],
            "since": known.since.isoformat(),
        },
        change=uuid4(),
    )


def _came_late(entry: Entry, intent: Entry) -> bool:
    """Whether it tells of a change that was given up before, or that another one followed.

    Which of the two Core carried out last is not known then.
    """
    if entry.kind == Kind.SETTLED:
        return False
    since = Entry.objects.filter(seq__gt=intent.seq, seq__lt=entry.seq)
    given_up = since.filter(change=entry.change, kind__in=[Kind.SETTLED, Kind.RELEASED])
    followed = since.filter(company=entry.company, pool_id=entry.pool_id, kind=Kind.INTENT)
    return given_up.exists() or followed.exists()


def _known(entry: Entry, intent: Entry | None = None) -> Known | None:
    """What a pool's newest entry says of its values; None where they are not known.

    What was read before the change counts from its intent, whose own facts tell what could
    not be read then. Without it the answer is good enough for a first look.
    """
    facts = json.loads(entry.facts)
    since = intent.at if intent else entry.at
    untold = frozenset(json.loads(intent.facts).get("untold", ()) if intent else ())
    match entry.kind:
        case Kind.DRIFT:
            return _read(facts, entry)
        case Kind.SETTLED if facts.get("after"):
            return _read(facts, entry)
        case Kind.SETTLED if entry.action == Action.CLEAR:
            return _at(facts.get("before"), since, untold)
        case Kind.READBACK if facts.get("after") and not facts.get("problem"):
            return _read(facts, entry)
        case Kind.READBACK:
            return _at(_once_done(entry, facts), since, untold)
        case Kind.OUTCOME if entry.outcome == Outcome.DONE:
            return _at(_once_done(entry, facts), since, untold)
        case Kind.OUTCOME if entry.outcome != Outcome.UNKNOWN:
            return _at(facts.get("before"), since, untold)
    return None


def _read(facts: Mapping[str, Any], entry: Entry) -> Known:
    """What an entry says was read when it was made."""
    late = facts.get("wanted") if facts.get("verified") is False else None
    return Known(
        Snapshot.from_json(facts["after"]),
        entry.at,
        frozenset(facts.get("untold", ())),
        Snapshot.from_json(late) if late else None,
    )


def _once_done(entry: Entry, facts: Mapping[str, Any]) -> Any:
    """The values once Core had said that it was done: as wanted; none after a delete."""
    return facts.get("before" if entry.action == Action.CLEAR else "wanted")


def _at(values: Any, since: datetime, untold: frozenset[str]) -> Known | None:
    return Known(Snapshot.from_json(values), since, untold) if values else None
