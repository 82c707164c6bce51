"""A change as a person proposes it, and what can become of the proposal."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pools.changes.outcome import MADE_HERE, Action, Outcome
from pools.core.errors import CoreError
from pools.core.schema import Leave, Pool, PoolChanges, PoolFields
from pools.models import Company
from pools.models.ledger import Actor

COMPARED = ("name", "limit", "timeout")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A pool's values at one moment. `connector_ids` is None when Core did not say."""

    name: str | None
    limit: int | None
    timeout: int | None
    connector_ids: tuple[int, ...] | None = None

    @classmethod
    def from_pool(cls, pool: Pool) -> Self:
        connectors = pool.connectors
        return cls(
            name=pool.name,
            limit=pool.limit,
            timeout=pool.timeout,
            connector_ids=None
            if connectors is None
            else tuple(sorted(c.id for c in connectors if c.id is not None)),
        )

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Self:
        """From what `to_json` gave. Raises ValueError for anything else."""
        ids = facts.get("connector_ids")
        found = cls(
            name=_typed(facts, "name", str),
            limit=_typed(facts, "limit", int),
            timeout=_typed(facts, "timeout", int),
            connector_ids=None if ids is None else tuple(ids),
        )
        if not all(type(each) is int for each in found.connector_ids or ()):
            raise ValueError("connector ids are whole numbers")
        return found

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "connector_ids": None if self.connector_ids is None else list(self.connector_ids)
        }

    def changed_by(self, changes: PoolChanges) -> "Snapshot":
        """The values that the pool should have after `changes`."""

        def after(wanted: Any, now: Any) -> Any:
            return now if isinstance(wanted, Leave) else wanted

        return Snapshot(
            name=after(changes.name, self.name),
            limit=after(changes.limit, self.limit),
            timeout=after(changes.timeout, self.timeout),
            connector_ids=self.connector_ids,
        )

    def same_values(self, other: "Snapshot") -> bool:
        """Whether name, limit and timeout are equal."""
        return all(getattr(self, field) == getattr(other, field) for field in COMPARED)


@dataclass(frozen=True, slots=True)
class Difference:
    """One field before and after, as people read it."""

    field: str
    before: str
    after: str


def differences(before: Snapshot, after: Snapshot) -> tuple[Difference, ...]:
    """What differs between two snapshots, in the order name, limit, timeout."""
    return tuple(
        Difference(field, _read(getattr(before, field)), _read(getattr(after, field)))
        for field in COMPARED
        if getattr(before, field) != getattr(after, field)
    )


@dataclass(frozen=True, slots=True)
class ProposedChange:
    """What a person wants: `fields` for a create, `changed` for an edit, neither otherwise.

    `seen` is the pool as the person saw it (None only for a create). `form_id` was made
    when the form was rendered: it tells a second submit from a second change. `reverts`
    is the change that this one takes back, if it was proposed as that.
    """

    company: Company
    action: Action
    pool_id: int | None
    seen: Snapshot | None
    fields: PoolFields | None
    changed: PoolChanges | None
    reason: str
    form_id: UUID
    actor: Actor
    reverts: UUID | None = None

    def __post_init__(self) -> None:
        if self.action not in MADE_HERE:
            raise ValueError(f"{self.action} is seen, not made")
        creating = self.action is Action.CREATE
        if creating is not (self.pool_id is None) or creating is not (self.seen is None):
            raise ValueError("every change but a create has a pool, and how it was seen")
        if creating is not (self.fields is not None):
            raise ValueError("a create, and only a create, has fields")
        if (self.action is Action.EDIT) is not (self.changed is not None):
            raise ValueError("an edit, and only an edit, has changed fields")


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """How a change ended.

    `repeated`: the form had been sent before; this is the first one's outcome, and
    nothing was sent now. `differences` are those of an edit: as read back, or else as
    wanted. `verified`: reading back showed what was wanted; never true
    for a clear, whose effect Core does not show.
    """

    change_id: UUID
    action: Action
    outcome: Outcome
    pool_id: int | None
    pool_name: str
    before: Snapshot | None
    after: Snapshot | None
    verified: bool
    error: CoreError | None
    repeated: bool
    differences: tuple[Difference, ...] = ()


class Conflict(Exception):
    """The pool is no longer as the person saw it. Nothing was sent, nothing recorded."""

    def __init__(self, now: Pool) -> None:
        super().__init__("the pool is no longer as it was seen")
        self.now = now


class PoolHeld(Exception):
    """A change under way, or one of unknown outcome, holds the pool. Nothing was sent.

    `under_way`: its call may still run.
    """

    def __init__(
        self, change_id: UUID, actor_name: str, since: datetime, *, under_way: bool = False
    ) -> None:
        super().__init__("another change holds the pool")
        self.change_id = change_id
        self.actor_name = actor_name
        self.since = since
        self.under_way = under_way


class OutcomeUnwritten(Exception):
    """The call was made, and how it ended could not be recorded: the intent stays open."""

    def __init__(self, change_id: UUID, outcome: Outcome) -> None:
        super().__init__("the outcome could not be written")
        self.change_id = change_id
        self.outcome = outcome


def _typed(facts: Mapping[str, Any], field: str, kind: type) -> Any:
    value = facts[field] if field in facts else _absent(field)
    if value is not None and type(value) is not kind:
        raise ValueError(f"{field} is not {kind.__name__}")
    return value


def _absent(field: str) -> Any:
    raise ValueError(f"{field} is missing")


def _read(value: str | int | None) -> str:
    return "none" if value is None else str(value)
