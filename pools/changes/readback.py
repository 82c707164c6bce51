"""Reading back: whether a pool shows the change that Core said it made.

A read that failed is no sign either way. Only a pool that was read and has other values
speaks against a change.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pools.changes.entries import Recorded
from pools.changes.entry_contents import said_by
from pools.changes.proposal import COMPARED, ProposedChange, Snapshot
from pools.changes.state import may_still_run
from pools.changes.verdicts import shows, unreadable_in
from pools.core.schema import LEAVE, Pool
from pools.ledger.appending import Actor, append
from pools.models import Entry
from pools.models.vocabulary import TRACELESS, UNREADABLE_VALUES, Action, Kind, Outcome, Readback

# What an entry says of a pool that was not there when it was read.
NOT_FOUND: Final = "not found"


def shown_by(
    action: Action, pool: Pool | None, wanted: Snapshot | None, sent: Iterable[str]
) -> Readback | None:
    """What a pool that was just read shows of a change; None: it is gone.

    `sent` are the fields that the change sent: the others say nothing about it. None for a
    clear, which leaves nothing to see.
    """
    if action in TRACELESS:
        return None
    if action is Action.DELETE:
        return Readback.SHOWN if pool is None else Readback.NOT_SHOWN
    if pool is None or wanted is None:
        return Readback.NOT_SHOWN
    as_wanted = shows(pool, wanted, sent)
    return {True: Readback.SHOWN, False: Readback.NOT_SHOWN, None: Readback.NOT_READ}[as_wanted]


def sent_by(change: ProposedChange) -> list[str]:
    """The fields that a change sends: of an edit those that it changes."""
    if change.changed is None:
        return list(COMPARED)
    return [field for field in COMPARED if getattr(change.changed, field) is not LEAVE]


def recorded(word: str, facts: Mapping[str, Any]) -> Readback:
    """What the entry of a reading back says that it showed: its word, and its facts."""
    if word:
        return Readback(word)
    # Entries that were made before it was a word of their own.
    if facts.get("verified"):
        return Readback.SHOWN
    return Readback.NOT_SHOWN if facts.get("problem") in {"", NOT_FOUND} else Readback.NOT_READ


def is_shown_late(entry: Recorded, pool: Pool | None) -> bool:
    """Whether a pool that was just read (None: it is gone) shows the change of its newest entry.

    That is, where Core had confirmed the change and nobody has seen it so far: it could not
    be read back, or Core still showed what was there before (a copy that lags behind, a
    change that it carries out later). That it does not show it now no longer says anything:
    others may have changed the pool since.
    """
    if entry.action in TRACELESS or not said_by(entry).readable:
        return False
    if entry.kind == Kind.READBACK:
        unseen = entry.outcome in {Readback.NOT_READ, Readback.NOT_SHOWN}
    else:
        done = entry.kind == Kind.OUTCOME and entry.outcome == Outcome.DONE
        unseen = done and not may_still_run(entry.at, entry.now)
    return unseen and _shown_since(entry, pool) is Readback.SHOWN


def record_late(entry: Recorded, pool: Pool | None, actor: Actor) -> Entry:
    """Adds what `is_shown_late` found, in the caller's transaction."""
    facts = said_by(entry).facts
    kept = {key: facts.get(key) for key in ("before", "wanted", "request_id")}
    return append(
        Kind.READBACK,
        entry.action,
        actor,
        company=entry.company,
        pool_id=entry.pool_id,
        pool_name=entry.pool_name,
        outcome=Readback.SHOWN,
        facts={
            **kept,
            "after": Snapshot.from_pool(pool).to_json() if pool else None,
            UNREADABLE_VALUES: unreadable_in(pool) if pool else [],
            "verified": True,
            "problem": "",
        },
        change=entry.change,
        batch=entry.batch,
    )


def _shown_since(entry: Recorded, pool: Pool | None) -> Readback | None:
    facts = said_by(entry).facts
    before, wanted = (
        Snapshot.of(facts[key]) if facts.get(key) else None for key in ("before", "wanted")
    )
    sent = [
        field
        for field in COMPARED
        if before is None or wanted is None or before.differs_in(field, wanted)
    ]
    return shown_by(Action(entry.action), pool, wanted, sent) if sent else None
