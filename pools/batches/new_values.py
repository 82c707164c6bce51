"""What an operation does with one pool: its new limit, its new timeout.

The one place where that is reckoned, for the preview and for what is sent.
"""

from collections.abc import Mapping
from typing import Any, Final

from pools.core.bounds import LIMIT
from pools.core.schema import Pool, PoolChanges
from pools.models.batch import Operation
from pools.models.vocabulary import Action

ACTIONS: Final = {
    Operation.LIMIT: Action.EDIT,
    Operation.TIMEOUT: Action.EDIT,
    Operation.CLEAR: Action.CLEAR,
    Operation.DELETE: Action.DELETE,
}


def limit_after(how: Mapping[str, Any], now: int) -> int:
    """The limit that a pool is to get: `to` one number, `by` so many, or a `percent` of it.

    A half is rounded up, and no limit goes below 1 or above what Core takes.
    """
    if "to" in how:
        return int(how["to"])
    after = now + int(how["by"]) if "by" in how else (now * int(how["percent"]) * 2 + 100) // 200
    return max(LIMIT.least, min(LIMIT.largest, after))


def changes_for(operation: Operation, how: Mapping[str, Any], pool: Pool) -> PoolChanges | None:
    """What is to be sent to a pool; None where its own value is needed and can't be read."""
    if operation is Operation.TIMEOUT:
        return PoolChanges(timeout=how["to"])
    if pool.limit is None:
        return None
    return PoolChanges(limit=limit_after(how, pool.limit))
