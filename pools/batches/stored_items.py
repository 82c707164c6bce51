"""Items as they are stored: what was seen and what is wanted, as JSON and back."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final

from pools.changes.proposal import COMPARED, Snapshot
from pools.core.schema import LEAVE, PoolChanges, PoolFields
from pools.ledger.canonical import canonical_json
from pools.models.batch import BatchItem
from pools.models.vocabulary import Action

# What of an item the digest covers: all that decides what is sent.
_DIGESTED: Final = (
    *("position", "action", "pool_id", "name", "seen", "systems", "note"),
    *("wanted", "line", "left_out"),
)


def written(wanted: PoolChanges | PoolFields | None) -> str:
    """Empty for a clear and a delete, which want no values."""
    if wanted is None:
        return ""
    values = {field: getattr(wanted, field) for field in COMPARED}
    return _json({field: value for field, value in values.items() if value is not LEAVE})


def digest_of(items: Iterable[BatchItem]) -> str:
    """A list in one text: any other list, or the same under other forms, has another one."""
    rows = [
        [
            *(getattr(item, name) for name in _DIGESTED),
            item.form.hex if item.form else "",
            item.reverts.hex if item.reverts else "",
        ]
        for item in items
    ]
    return hashlib.sha256(canonical_json(rows).encode()).hexdigest()


def seen_in(item: BatchItem) -> Snapshot | None:
    """The pool as the list has it; None for a pool that is to be made."""
    return Snapshot.from_json(json.loads(item.seen)) if item.seen else None


def changes_in(item: BatchItem) -> PoolChanges | None:
    """What an edit is to send."""
    if item.kind is not Action.EDIT or not item.wanted:
        return None
    return PoolChanges(**json.loads(item.wanted))


def fields_in(item: BatchItem) -> PoolFields | None:
    """What a new pool is to be made from."""
    return PoolFields(**json.loads(item.wanted)) if item.kind is Action.CREATE else None


def after_in(item: BatchItem) -> Snapshot | None:
    """The values that the pool is to have; None for a clear and a delete."""
    if fields := fields_in(item):
        return Snapshot(fields.name, fields.limit, fields.timeout)
    seen, changes = seen_in(item), changes_in(item)
    return seen.changed_by(changes) if seen and changes else None


def seen_written(seen: Snapshot | None) -> str:
    return _json(seen.to_json()) if seen else ""


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
