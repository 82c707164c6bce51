"""Items as they are stored: what was seen and what is wanted, as JSON and back."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from pools.changes.proposal import COMPARED, Snapshot
from pools.core.decoding import read_time
from pools.core.schema import LEAVE, Pool, PoolChanges, PoolFields
from pools.ledger.canonical import canonical_json
from pools.models.batch import BatchItem
from pools.models.vocabulary import Action

_CREATED: Final = "created_at"
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


def created_in(item: BatchItem) -> datetime | None:
    """When the pool of the list was made; None where Core did not say."""
    return read_time(json.loads(item.seen).get(_CREATED)) if item.seen else None


def seen_written(pool: Pool | None) -> str:
    """A pool as a list has it; empty for one that is to be made, or is gone."""
    if pool is None:
        return ""
    created = {_CREATED: pool.created_at.isoformat()} if pool.created_at else {}
    return _json(Snapshot.from_pool(pool).to_json() | created)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
