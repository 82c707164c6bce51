"""The one way to change a pool, and the record of what was changed.

Propose, read, record the intent, send once, record the outcome, read back. What cannot
be recorded is not sent; what was sent and not clearly answered is unknown, until settling
has checked what became of it. What was changed elsewhere is noticed when a pool is read.
"""

from pools.changes.history import HistoryItem, changes_of_batch
from pools.changes.holding import releasable, release_lease
from pools.changes.outcome import outcome_of
from pools.changes.pool_records import (
    AlreadyDeleted,
    PoolGone,
    PoolVanished,
    gone_pool,
    history_of,
    open_changes,
)
from pools.changes.proposal import (
    ChangeResult,
    Conflict,
    Difference,
    OutcomeUnwritten,
    PoolHeld,
    ProposedChange,
    Reading,
    Snapshot,
    differences,
)
from pools.changes.repeated import FormReused, FormSentOtherwise
from pools.changes.sending import make_change
from pools.changes.settling import (
    Settling,
    SettlingState,
    due,
    settle,
    settle_all,
)
from pools.changes.settling_times import quiet_until

__all__ = [
    "AlreadyDeleted",
    "ChangeResult",
    "Conflict",
    "Difference",
    "FormReused",
    "FormSentOtherwise",
    "HistoryItem",
    "OutcomeUnwritten",
    "PoolGone",
    "PoolHeld",
    "PoolVanished",
    "ProposedChange",
    "Reading",
    "Settling",
    "SettlingState",
    "Snapshot",
    "changes_of_batch",
    "differences",
    "due",
    "gone_pool",
    "history_of",
    "make_change",
    "open_changes",
    "outcome_of",
    "quiet_until",
    "releasable",
    "release_lease",
    "settle",
    "settle_all",
]
