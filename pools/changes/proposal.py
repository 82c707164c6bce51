"""A change as a person proposes it, and what can become of the proposal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from pools.changes.state import ChangeState, state_of
from pools.changes.telling_apart import told_apart
from pools.core.comparing import same_moment, same_value
from pools.core.errors import CoreError
from pools.core.schema import Leave, Pool, PoolChanges, PoolFields
from pools.ledger.appending import Actor
from pools.models import Company
from pools.models.lease import pool_key_of
from pools.models.vocabulary import MADE_HERE, Action, Outcome, Readback

COMPARED: Final = ("name", "limit", "timeout")
CONNECTORS: Final = "connector_ids"
# What stands for a value that Core sent and that can't be read; and what lists those, as JSON.
UNREADABLE: Final = "unreadable"
_LABELS: Final = {CONNECTORS: "connectors"}
_NUMBER: Final = (int, type(None))
# Of a name, a limit and a timeout together.
_KINDS_OF_VALUES: Final = frozenset(product((str, type(None)), _NUMBER, _NUMBER))
_WHOLE_NUMBERS: Final = {int}
ALL_READ: Final[frozenset[str]] = frozenset()


class Snapshot(NamedTuple):
    """A pool's values at one moment.

    `connector_ids` is None when Core did not say: also of connectors of which none has an id.
    `unreadable` are the values that Core did say and that can't be read: None here, and not
    known to be none.
    """

    name: str | None
    limit: int | None
    timeout: int | None
    connector_ids: tuple[int, ...] | None = None
    unreadable: frozenset[str] = ALL_READ

    @classmethod
    def from_pool(cls, pool: Pool) -> Self:
        ids = sorted([c.id for c in pool.connectors or () if c.id is not None])
        told = pool.connectors is not None and (ids or not pool.connectors)
        lost = pool.unreadable and pool.unreadable.intersection(COMPARED)
        return cls(pool.name, pool.limit, pool.timeout, tuple(ids) if told else None, lost)

    @classmethod
    def from_fields(cls, fields: PoolFields) -> Self:
        """As a new pool is to be."""
        return cls(name=fields.name, limit=fields.limit, timeout=fields.timeout)

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Self:
        """From what `to_json` gave. Raises ValueError for anything else."""
        try:
            fits = cls.fits(facts)
        except LookupError as error:
            raise ValueError(f"{error.args[0]} is missing") from None
        if not fits:
            raise ValueError("a value is not of its kind")
        return cls.of(facts)

    @staticmethod
    def fits(facts: Mapping[str, Any]) -> bool:
        """Whether each value is of its kind. LookupError where one is missing."""
        ids = facts.get("connector_ids")
        kinds = type(facts["name"]), type(facts["limit"]), type(facts["timeout"])
        if kinds not in _KINDS_OF_VALUES or (ids and {*map(type, ids)} != _WHOLE_NUMBERS):
            return False
        return UNREADABLE not in facts or all(
            each in COMPARED and facts[each] is None for each in facts[UNREADABLE]
        )

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """The same as `from_json`, from facts that fit: a page has hundreds, all looked at once."""
        ids, lost = facts.get("connector_ids"), facts.get(UNREADABLE)
        told = None if ids is None else tuple(ids)
        unreadable = frozenset(lost) if lost else ALL_READ
        return cls(facts["name"], facts["limit"], facts["timeout"], told, unreadable)

    def to_json(self) -> dict[str, Any]:
        ids = self.connector_ids
        return {
            "name": self.name,
            "limit": self.limit,
            "timeout": self.timeout,
            "connector_ids": None if ids is None else list(ids),
            **({UNREADABLE: sorted(self.unreadable)} if self.unreadable else {}),
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
            unreadable=frozenset(
                field for field in self.unreadable if isinstance(getattr(changes, field), Leave)
            ),
        )

    def with_these(self, fields: Sequence[str], other: "Snapshot") -> "Snapshot":
        """The same, with another one's values in these fields."""
        return self._replace(
            **{field: getattr(other, field) for field in fields},
            unreadable=self.unreadable.difference(fields) | other.unreadable.intersection(fields),
        )

    def differs_in(self, field: str, other: "Snapshot") -> bool:
        """Whether a field is not exactly the same: what can't be read is not none."""
        if (field in self.unreadable) is not (field in other.unreadable):
            return True
        return bool(getattr(self, field) != getattr(other, field))

    def looks_same_in(self, field: str, other: "Snapshot") -> bool:
        """Whether it is the same as far as can be seen."""
        readable = (field in self.unreadable) is (field in other.unreadable)
        return readable and same_value(getattr(self, field), getattr(other, field))

    def told(self, field: str) -> bool:
        """Whether there is something to say of a field: a timeout may be none."""
        known = field == "timeout" or getattr(self, field) is not None
        return known or field in self.unreadable

    def shown(self, field: str) -> str:
        """A value as pages have it."""
        if field in self.unreadable:
            return UNREADABLE
        value: str | int | tuple[int, ...] | None = getattr(self, field)
        if type(value) is tuple:
            return ", ".join(map(str, value)) or "none"
        return "none" if value is None else str(value)

    def exported(self, field: str) -> Any:
        """A value as files have it."""
        if field in self.unreadable:
            return UNREADABLE
        value = getattr(self, field)
        return list(value) if isinstance(value, tuple) else value

    def same_values(self, other: "Snapshot") -> bool:
        """Whether name, limit and timeout are the same, as far as can be seen."""
        return all(self.looks_same_in(field, other) for field in COMPARED)


class Difference(NamedTuple):
    """One field before and after, as people read it: values that look alike have marks."""

    field: str
    before: str
    after: str


def differences(
    before: Snapshot, after: Snapshot, fields: Sequence[str] = COMPARED
) -> tuple[Difference, ...]:
    """What differs between two snapshots, in the order of `fields`.

    What Core did not tell (None, but for a timeout) differs from nothing.
    """
    return differences_in(before, after, differing(before, after, fields))


def found_differences(
    before: Snapshot, now: Snapshot, fields: Sequence[str] = COMPARED
) -> tuple[Difference, ...]:
    """The same of what was found, where only what can be seen to differ does.

    What somebody wants may differ in characters that nobody sees.
    """
    return differences_in(before, now, found_to_differ(before, now, fields))


def differing(before: Snapshot, after: Snapshot, fields: Sequence[str] = COMPARED) -> list[str]:
    """The fields that `differences` has."""
    return [
        field
        for field in fields
        if before.differs_in(field, after) and before.told(field) and after.told(field)
    ]


def found_to_differ(before: Snapshot, now: Snapshot, fields: Sequence[str] = COMPARED) -> list[str]:
    """The fields that `found_differences` has."""
    return [
        field
        for field in fields
        if not before.looks_same_in(field, now) and before.told(field) and now.told(field)
    ]


def differences_in(
    before: Snapshot, after: Snapshot, fields: Sequence[str]
) -> tuple[Difference, ...]:
    """These fields, before and after."""
    found = []
    for each in fields:
        texts = before.shown(each), after.shown(each)
        shown = told_apart(*texts) if each == "name" else texts
        found.append(Difference(_LABELS.get(each, each), *shown))
    return tuple(found)


def kept_name(
    before: Snapshot | None, wanted: Snapshot | None, after: Snapshot | None
) -> str | None:
    """The name that Core kept, where it looks like the one that was sent and is not quite it.

    None where no name was sent, where it was kept as it was sent, or is another by now.
    """
    sent, kept = (each.name if each else None for each in (wanted, after))
    if sent is None or kept is None or (before is not None and before.name == sent):
        return None
    return kept if kept != sent and same_value(kept, sent) else None


@dataclass(frozen=True, slots=True)
class ProposedChange:
    """What a person wants: `fields` for a create, `changed` for an edit, neither otherwise.

    `seen` is the pool as the person saw it (None only for a create). `form_id` was made
    when the form was rendered: it tells a second submit from a second change. `reverts`
    is the change that this one reverts, if it was proposed as that. `created_at` is when
    the pool was made that the person saw, as far as Core said: an id may be given again.
    `weighed` is what was known of allowances when a limit was chosen, for the record. `batch` is
    the list that it is an item of, if it is one.
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
    weighed: Sequence[Mapping[str, Any]] = ()
    batch: UUID | None = None
    created_at: datetime | None = None

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

    @property
    def reference(self) -> str:
        """The pool as the ledger names it: without an id for a create, which has none yet."""
        return self.company.reference(self.pool_id)

    def is_of_another(self, now: Pool) -> bool | None:
        """Whether the pool that has the id now is another one than was seen, by when it was made.

        None: Core did not say of both.
        """
        same = same_moment(self.created_at, now.created_at)
        return None if same is None else not same

    @property
    def pool_key(self) -> str:
        """What its lease holds: the pool, or the name of a new one."""
        return pool_key_of(self.reference, self.fields.name if self.fields else "")


@dataclass(frozen=True, slots=True)
class Reading:
    """A pool as it was read, when that was, and how long Core took."""

    pool: Pool
    at: datetime
    took_seconds: float


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """How a change ended.

    `repeated`: the form had been sent before; this is the first one's outcome, and
    nothing was sent now. `differences` are those of an edit: as read back, or else as
    wanted. `readback` is what reading back showed, of a change that is done; None for a
    clear. `beside` is what an edit did not ask for and is different all the same: Core may
    have changed it with the edit, or somebody else at the same time. `kept_name` is the name
    that Core kept where that is not quite the one sent. `read` is the pool whole, as it was
    before the call, and `reading` as it was read back: neither need be read again. The latter
    is None where it does not show the change, which may still come.
    """

    change_id: UUID
    action: Action
    outcome: Outcome
    pool_id: int | None
    pool_name: str
    before: Snapshot | None
    after: Snapshot | None
    readback: Readback | None
    error: CoreError | None
    repeated: bool
    differences: tuple[Difference, ...] = ()
    beside: tuple[Difference, ...] = ()
    kept_name: str | None = None
    read: Pool | None = field(default=None, compare=False, repr=False)
    reading: Reading | None = field(default=None, compare=False, repr=False)

    @property
    def state(self) -> ChangeState:
        return state_of(self.action, self.outcome, readback=self.readback)

    @property
    def verified(self) -> bool:
        """Reading back showed what was wanted; never of a clear."""
        return self.readback is Readback.SHOWN

    @property
    def not_made(self) -> bool:
        """Whether it is certain that nothing was changed."""
        return self.outcome in {Outcome.REFUSED, Outcome.NOT_SENT}


class Conflict(Exception):
    """The pool is no longer as the person saw it. Nothing was sent, nothing recorded.

    `another`: it is another pool, which was given its id.
    """

    def __init__(self, now: Pool, change: ProposedChange, *, another: bool = False) -> None:
        super().__init__("the pool is no longer as it was seen")
        self.now = now
        self.change = change
        self.another = another


class PoolHeld(Exception):
    """A change under way, or one of unknown outcome, holds the pool. Nothing was sent.

    `under_way`: its call may still run. `of_nobody`: a lease holds it that names a change
    which is not open, or isn't one. `of_name`: it is the name of a new pool that is held.
    """

    def __init__(
        self,
        change_id: UUID,
        actor_name: str,
        since: datetime | None,
        *,
        under_way: bool = False,
        of_nobody: bool = False,
        of_name: bool = False,
    ) -> None:
        super().__init__("another change holds the pool")
        self.change_id = change_id
        self.actor_name = actor_name
        self.since = since
        self.under_way = under_way
        self.of_nobody = of_nobody
        self.of_name = of_name


class OutcomeUnwritten(Exception):
    """The call was made, and how it ended could not be recorded: the intent stays open."""

    def __init__(self, change_id: UUID, outcome: Outcome) -> None:
        super().__init__("the outcome could not be written")
        self.change_id = change_id
        self.outcome = outcome
