"""How an item ends for which nothing was sent: a word, and what a sentence about it needs."""

import json
from typing import Any

from pools.changes import Conflict, PoolHeld, Snapshot
from pools.changes.proposal import COMPARED, CONNECTORS, found_differences
from pools.changes.readback import sent_by
from pools.core import CoreError, NotFound
from pools.core.bounds import LONGEST_SAID
from pools.models.batch import Stopped
from pools.models.vocabulary import Action


def ended_as(error: Exception) -> tuple[str, str] | None:
    """The word and its facts as JSON; None for what is not an end of an item."""
    match error:
        case Conflict():
            another = {"another": True} if error.another else {}
            return Stopped.CONFLICT, _json(differences=_differences(error), **another)
        case PoolHeld():
            return Stopped.LOCKED, _json(change=str(error.change_id), by=error.actor_name)
        case NotFound():
            return Stopped.GONE, ""
        case CoreError():
            said = {"problem": str(error.reason)[:LONGEST_SAID], "status": error.status}
            return Stopped.NOT_SENT, _json(**said, message=error.detail)
    return None


def _differences(error: Conflict) -> list[list[str]]:
    """What is no longer as the list has it, of what the change depends on."""
    change, seen = error.change, error.change.seen
    assert seen is not None  # noqa: S101  (a create meets no conflict)
    now = Snapshot.from_pool(error.now)
    depends = {"name", *sent_by(change), *([CONNECTORS] if change.action is Action.DELETE else [])}
    fields = [field for field in (*COMPARED, CONNECTORS) if field in depends]
    return [[each.field, each.before, each.after] for each in found_differences(seen, now, fields)]


def _json(**facts: Any) -> str:
    return json.dumps(facts, ensure_ascii=False)
