"""Reading the record of changes back, as people see it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from pools.changes.entries import NO_MARKS, Recorded, Sql, read, read_where
from pools.changes.entry_contents import Said, said_by
from pools.changes.proposal import (
    COMPARED,
    CONNECTORS,
    UNREADABLE,
    Difference,
    Snapshot,
    differences_in,
    differing,
    found_to_differ,
    kept_name,
)
from pools.changes.readback import recorded as recorded_readback
from pools.changes.state import ChangeState, outcome_at, readback_at, state_of
from pools.core.errors import reasons_in
from pools.models import Entry, IndexTerm
from pools.models.reference import FIRST_ORIGIN
from pools.models.stored import GarbledId
from pools.models.vocabulary import (
    TRACELESS,
    UNREADABLE_VALUES,
    Action,
    Kind,
    Outcome,
    Readback,
    Verdict,
    ends,
    leaves_open,
)

_FOUND: Final = (*COMPARED, CONNECTORS)


class Moved(NamedTuple):
    """Values before and after, and the fields in which they differ."""

    before: Snapshot
    after: Snapshot
    fields: list[str]


class HistoryItem(NamedTuple):
    """One change, with all that was recorded about it.

    `outcome` is None while the change is under way; an intent that has had no outcome
    for longer than a call may take is UNKNOWN. `after` is what was read back, or else
    what Core answered; `readback` is what reading back showed, of a change that is done,
    at this moment. `message` is Core's own text, `reasons` what it had against single
    fields; `problem` is the Reason of an error, `status` that of the answer. `released_by`
    is empty unless the pool was released by hand. `verdict` is what settling found, None
    unless the change was settled. `reverts` is the change that this one reverts,
    `reverted_by` the newest one that reverts this one. A change that was made outside
    the panel has no person and no
    outcome: `since` is when its pool was last known to be otherwise, `at` when it was
    seen to differ, `beside` the change made here in that time, which may be the
    cause. `wanted` are the values that a create or an edit asked for.
    `ended_at` is when its outcome was recorded, None while there is none. `settled_by`
    is empty where the panel settled by itself. `origin` is the one of its company's that
    `pool_id` belongs to. `unreadable` are the numbers of its entries that cannot be read:
    of such a change nothing is concluded, but that it holds its pool while it is open. `at`
    is None where that cannot be read; `lost`: neither can what became of it. `batch` is the list
    that it was an item of, if it was one.
    """

    change_id: UUID
    at: datetime | None
    actor_name: str
    action: Action
    outcome: Outcome | None
    reason: str
    pool_id: int | None
    pool_name: str
    before: Snapshot | None
    after: Snapshot | None
    readback: Readback | None
    released_by: str
    released_reason: str
    message: str
    request_id: str
    verdict: Verdict | None = None
    settled_at: datetime | None = None
    settled_by: str = ""
    reverts: UUID | None = None
    reverted_by: UUID | None = None
    since: datetime | None = None
    beside: UUID | None = None
    wanted: Snapshot | None = None
    ended_at: datetime | None = None
    reasons: tuple[str, ...] = ()
    problem: str = ""
    status: int | None = None
    origin: int = FIRST_ORIGIN
    unreadable: tuple[int, ...] = ()
    lost: bool = False
    batch: UUID | None = None

    @property
    def state(self) -> ChangeState:
        """What is known of it: the one thing to decide anything by."""
        if self.lost:
            return ChangeState.UNREADABLE
        return state_of(
            self.action,
            self.outcome,
            self.verdict,
            readback=self.readback,
            released=bool(self.released_by),
        )

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What an edit changed, or else tried to; or what was found changed."""
        return edited(self.action, self.before, self.after, self.wanted, self.readback)

    @property
    def moved(self) -> Moved | None:
        """The same as values, for who needs no texts."""
        return moved_by(self.action, self.before, self.after, self.wanted, self.readback)

    @property
    def has_page(self) -> bool:
        """Whether it can be found by its id."""
        return not isinstance(self.change_id, GarbledId)

    @property
    def verified(self) -> bool:
        """Reading back showed what was wanted; never of a clear."""
        return self.readback is Readback.SHOWN

    @property
    def took_effect(self) -> bool:
        return self.state.took_effect

    @property
    def kept_name(self) -> str | None:
        """The name that Core kept, where that is not quite the one that was sent."""
        return kept_name(self.before, self.wanted, self.after)

    @property
    def outside(self) -> bool:
        return self.state is ChangeState.OUTSIDE

    @property
    def gone(self) -> bool:
        """Whether the pool was deleted outside the panel."""
        return self.outside and self.after is None


def with_reverts(change_id: UUID) -> tuple[list[Recorded], list[HistoryItem]]:
    """The entries of a change, oldest first; and the change, then those that revert it, newest
    first. By one query.
    """
    terms = IndexTerm.objects.filter(term=f"reverts:{change_id}")
    reverts = Entry.objects.filter(seq__in=terms.values("seq")).order_by().values("change")
    this = Entry.objects.filter(change=change_id).order_by().values("change")
    # Not one or the other: PostgreSQL would read the whole ledger.
    entries = in_order(Entry.objects.filter(change__in=this.union(reverts, all=True)))
    own = [entry for entry in entries if entry.change == change_id]
    others = [entry for entry in entries if entry.change != change_id]
    return own, items_of(own) + items_of(others)


def changes_by_id(change_ids: Sequence[UUID]) -> list[HistoryItem]:
    """The changes with these ids, newest first."""
    return items_in(Entry.objects.filter(change__in=change_ids))


def changes_of_batch(batch: UUID) -> list[HistoryItem]:
    """The changes that were begun of a list, newest first; by one query."""
    return items_in(Entry.objects.filter(batch=batch))


def changes_at(
    numbers: Collection[int], marks: Mapping[str, Sql] = NO_MARKS
) -> dict[int, tuple[Recorded, HistoryItem]]:
    """The entries with these numbers, each with its change; by one query."""
    if not numbers:
        return {}
    seqs = ", ".join(["%s"] * len(numbers))
    changes = f"SELECT change FROM pools_entry WHERE seq IN ({seqs})"  # noqa: S608  # nosec
    entries = read_where((f"change IN ({changes})", list(numbers)), marks)
    items = {item.change_id: item for item in items_of(entries)}
    found = {entry.seq: entry for entry in entries}
    if lost := set(numbers) - found.keys():
        # Of one that lost its change's id, nothing else can be found.
        found |= {entry.seq: entry for entry in in_order(Entry.objects.filter(seq__in=lost))}
    return {
        number: (
            entry,
            items[entry.change] if entry.change in items else _item({entry.kind: entry}),
        )
        for number in numbers
        if (entry := found.get(number)) is not None
    }


def items_in(entries: QuerySet[Entry]) -> list[HistoryItem]:
    return items_of(in_order(entries))


def in_order(entries: QuerySet[Entry]) -> list[Recorded]:
    """Oldest first."""
    return read(entries.order_by("seq"))


def items_of(entries: Iterable[Recorded]) -> list[HistoryItem]:
    """The changes that entries, oldest first, are about, newest first; of each, all are there."""
    by_change: dict[UUID, dict[str, Recorded]] = {}
    for entry in entries:
        if entry.change is not None:
            by_change.setdefault(entry.change, {})[entry.kind] = entry
    return [_item(kinds) for kinds in reversed(by_change.values())]


def _item(kinds: Mapping[str, Recorded]) -> HistoryItem:
    """One change from its entries by kind. An outcome alone is enough to read it."""
    now = next(iter(kinds.values())).now
    all_said = {kind: said_by(entry) for kind, entry in kinds.items()}
    facts = {kind: said.facts for kind, said in all_said.items()}
    ended, settled = kinds.get(Kind.OUTCOME), kinds.get(Kind.SETTLED)
    released = kinds.get(Kind.RELEASED)
    begun = kinds.get(Kind.INTENT) or ended or next(iter(kinds.values()))
    about, at, pool = facts[begun.kind], all_said[begun.kind].at, all_said[begun.kind].pool
    for each in (ended, settled):
        # An intent to create one does not know its id.
        if each and (told := all_said[each.kind].pool).pool_id is not None:
            pool = told
            break
    answer = facts.get(Kind.OUTCOME, {})
    before, wanted = _before(about), _snapshot(about.get("wanted"))
    reverts = about.get("reverts")
    after = _snapshot(_after(facts))
    action = all_said[begun.kind].action
    unreadable, lost = _damage(kinds, all_said, begun)
    done = ended is not None and ended.outcome == Outcome.DONE
    readback = None
    if done and action not in TRACELESS and not unreadable:
        readback = _readback(kinds, facts, all_said[Kind.OUTCOME].at, now)
    return HistoryItem(
        change_id=begun.change or GarbledId(begun.seq),
        at=at,
        actor_name=begun.actor_name,
        action=action,
        outcome=None if lost else _outcome(now, at, action, ended),
        reason=begun.reason,
        pool_id=pool.pool_id,
        origin=pool.origin,
        pool_name=begun.pool_name,
        before=before,
        after=after,
        readback=readback,
        released_by=released.actor_name if released else "",
        released_reason=released.reason if released else "",
        message=answer.get("message", ""),
        request_id=about.get("request_id", ""),
        verdict=Verdict(settled.outcome) if settled and not unreadable else None,
        settled_at=all_said[Kind.SETTLED].at if settled else None,
        settled_by=settled.actor_name if settled else "",
        reverts=UUID(reverts) if reverts else None,
        beside=UUID(about["beside"]) if about.get("beside") else None,
        since=datetime.fromisoformat(about["since"]) if about.get("since") else None,
        wanted=wanted,
        ended_at=all_said[Kind.OUTCOME].at if ended else None,
        reasons=reasons_in(answer.get("fields", {})),
        problem=answer.get("problem", ""),
        status=answer.get("status"),
        unreadable=unreadable,
        lost=lost,
        batch=None if isinstance(begun.batch, GarbledId) else begun.batch,
    )


def _damage(
    kinds: Mapping[str, Recorded], all_said: Mapping[str, Said], begun: Recorded
) -> tuple[tuple[int, ...], bool]:
    """The entries that cannot be read, and whether the change is lost with them."""
    unreadable = [kinds[kind].seq for kind, said in all_said.items() if not said.readable]
    if not unreadable:
        return ((begun.seq,), True) if _lacks_intent(kinds) else ((), False)
    return tuple(sorted(unreadable)), not leaves_open(
        (each.kind, each.outcome) for each in kinds.values()
    )


def _readback(
    kinds: Mapping[str, Recorded],
    facts: Mapping[str, Mapping[str, Any]],
    done_at: datetime | None,
    now: datetime,
) -> Readback:
    entry = kinds.get(Kind.READBACK)
    shown = recorded_readback(entry.outcome, facts[Kind.READBACK]) if entry else None
    assert done_at is not None  # noqa: S101  (its outcome can be read)
    return readback_at(now, done_at, shown)


def _lacks_intent(kinds: Mapping[str, Recorded]) -> bool:
    """Whether what was changed is nowhere to be read, nor whether it was."""
    if Kind.INTENT in kinds or Kind.DRIFT in kinds:
        return False
    return not any(ends(each.kind, each.outcome) for each in kinds.values())


def _outcome(
    now: datetime, begun: datetime | None, action: Action, ended: Recorded | None
) -> Outcome | None:
    if action is Action.OUTSIDE:
        return None
    return outcome_at(now, begun, Outcome(ended.outcome) if ended else None)


def _after(facts: Mapping[str, Mapping[str, Any]]) -> Any:
    """What was last read of the pool; or else what Core answered."""
    for kind in (Kind.READBACK, Kind.SETTLED, Kind.DRIFT):
        if kind in facts and (kind is Kind.READBACK or facts[kind].get("after")):
            return facts[kind].get("after")
    return facts.get(Kind.OUTCOME, {}).get("after")


def _before(about: Mapping[str, Any]) -> Snapshot | None:
    """What a change found, without what nobody could read: of what it left alone nothing is said.

    A name that came as a number is none that may be given again. An older entry has none for what
    could not be read, and says only beside it which values that may be.
    """
    facts, changed = about.get("before"), about.get("changed")
    before = _snapshot(facts)
    if facts is None or before is None or changed is None:
        return before
    old, untold = UNREADABLE not in facts, about.get(UNREADABLE_VALUES, ())
    lost = {
        field
        for field in changed or COMPARED
        if field in untold and (old or getattr(before, field) is not None)
    }
    return before._replace(**dict.fromkeys(lost), unreadable=before.unreadable | lost)


def _snapshot(facts: Mapping[str, Any] | None) -> Snapshot | None:
    return None if facts is None else Snapshot.of(facts)


def edited(
    action: Action,
    before: Snapshot | None,
    after: Snapshot | None,
    wanted: Snapshot | None,
    readback: Readback | None,
) -> tuple[Difference, ...]:
    """What an edit changed; or, where reading back did not show it, what it was to change.

    Also what was changed outside the panel.
    """
    moved = moved_by(action, before, after, wanted, readback)
    return differences_in(*moved) if moved else ()


def moved_by(
    action: Action,
    before: Snapshot | None,
    after: Snapshot | None,
    wanted: Snapshot | None,
    readback: Readback | None,
) -> Moved | None:
    """The same as values, for who needs no texts."""
    shown = (after if readback is Readback.SHOWN else wanted) or after
    if before is None or shown is None:
        return None
    if action is Action.OUTSIDE:
        return Moved(before, shown, found_to_differ(before, shown, _FOUND))
    if action is not Action.EDIT:
        return None
    # What others did to the pool at the same time is not this change's.
    aimed = wanted or shown
    own = [field for field in COMPARED if before.differs_in(field, aimed)]
    return Moved(before, shown, differing(before, shown, own))
