"""The one way to change a pool, and the record of what was changed.

Propose, read, record the intent, send once, record the outcome, read back. What cannot
be recorded is not sent; what was sent and not clearly answered is unknown, until settling
has found out what became of it. What was changed elsewhere is noticed when a pool is read.
"""

from pools.changes.history import (
    HistoryItem,
    history_of,
    last_changes,
    open_changes,
    release_lease,
)
from pools.changes.outcome import MADE_HERE, Action, Outcome, Verdict, outcome_of
from pools.changes.proposal import (
    ChangeResult,
    Conflict,
    Difference,
    OutcomeUnwritten,
    PoolHeld,
    ProposedChange,
    Snapshot,
    differences,
)
from pools.changes.sending import FormReused, make_change
from pools.changes.settling import (
    PANEL,
    Settling,
    SettlingState,
    due,
    quiet_until,
    settle,
    settle_all,
)
from pools.models.ledger import Actor, LedgerUnwritable

__all__ = [
    "MADE_HERE",
    "PANEL",
    "Action",
    "Actor",
    "ChangeResult",
    "Conflict",
    "Difference",
    "FormReused",
    "HistoryItem",
    "LedgerUnwritable",
    "Outcome",
    "OutcomeUnwritten",
    "PoolHeld",
    "ProposedChange",
    "Settling",
    "SettlingState",
    "Snapshot",
    "Verdict",
    "differences",
    "due",
    "history_of",
    "last_changes",
    "make_change",
    "open_changes",
    "outcome_of",
    "quiet_until",
    "release_lease",
    "settle",
    "settle_all",
]
