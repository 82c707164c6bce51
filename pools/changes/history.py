"""Reading the record of changes back, as people see it; and releasing a pool by hand."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from pools.changes.outcome import Action, Outcome, Verdict
from pools.changes.proposal import Difference, Snapshot, differences
from pools.changes.recording import held_by
from pools.models import Company, Entry, IndexTerm, Kind, Lease
from pools.models.ledger import Actor, LedgerUnwritable, append, lock


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One change, with all that was recorded about it.

    `outcome` is None while the change is under way; an intent that has had no outcome
    for longer than a call may take is UNKNOWN. `after` is what was read back, or else
    what Core answered. `differences` are those of an edit: made, or else attempted.
    `message` is Core's own text. `released_by` is empty unless the pool was released
    by hand. `verdict` is what settling found, None unless the change was settled.
    `reverts` is the change that this one takes back, `reverted_by` the newest one that
    takes this one back. A change that was made outside the panel has no person and no
    outcome: `since` is when its pool was last known to be otherwise, `at` when it was
    seen to differ. `wanted` are the values that a create or an edit asked for.
    `ended_at` is when its outcome was recorded, None while there is none. `settled_by`
    is empty where the panel settled by itself.
    """

    change_id: UUID
    at: datetime
    actor_name: str
    action: Action
    outcome: Outcome | None
    reason: str
    pool_id: int | None
    pool_name: str
    before: Snapshot | None
    after: Snapshot | None
    differences: tuple[Difference, ...]
    verified: bool
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
    wanted: Snapshot | None = None
    ended_at: datetime | None = None

    @property
    def took_effect(self) -> bool:
        """Whether Core did it, as it said; or, where it did not say, as settling found."""
        if self.outcome in (None, Outcome.UNKNOWN):
            return self.verdict is Verdict.APPLIED
        return self.outcome is Outcome.DONE

    @property
    def unseen(self) -> bool:
        """Whether Core said that it did it, and nothing that was read afterwards shows it.

        Of a clear nothing can be seen.
        """
        return (
            self.outcome is Outcome.DONE
            and self.action is not Action.CLEAR
            and not self.verified
            and self.verdict is not Verdict.APPLIED
        )

    @property
    def outside(self) -> bool:
        return self.action is Action.OUTSIDE


def history_of(company: Company, pool_id: int, limit: int = 50) -> list[HistoryItem]:
    """The latest changes of a pool, newest first, by one query."""
    # One entry of each change: a create's intent does not know the pool's id yet.
    ended = Q(kind__in=[Kind.OUTCOME, Kind.SETTLED], action=Action.CREATE)
    one_each = Q(kind__in=[Kind.INTENT, Kind.DRIFT]) | ended
    latest = (
        Entry.objects.filter(one_each, company=company.slug, pool_id=str(pool_id))
        .order_by("-seq")
        .values("change")[:limit]
    )
    items = _items(Entry.objects.filter(change__in=latest))
    # What takes a change of a pool back is a later change of the same pool: it is here too.
    reverting = {
        item.reverts: item.change_id for item in items[::-1] if item.took_effect and not item.unseen
    }
    return [replace(item, reverted_by=reverting.get(item.change_id)) for item in items]


def revert_of(change_id: UUID) -> UUID | None:
    """The newest change that took this one back, if one did."""
    terms = IndexTerm.objects.filter(term=f"reverts:{change_id}")
    reverts = Entry.objects.filter(seq__in=terms.values("seq")).values("change")
    items = _items(Entry.objects.filter(change__in=reverts))
    return next((item.change_id for item in items if item.took_effect and not item.unseen), None)


def last_changes(company: Company, pool_ids: Iterable[int]) -> dict[int, HistoryItem]:
    """The latest change of each pool, by one query. Pools without any are left out."""
    wanted = [str(pool_id) for pool_id in pool_ids]
    if not wanted:
        return {}
    latest = newest_entries(company, wanted).order_by().values("change")
    items = _items(Entry.objects.filter(change__in=latest))
    return {item.pool_id: item for item in items if item.pool_id is not None}


def newest_entries(company: Company, pool_ids: Iterable[str]) -> QuerySet[Entry]:
    """The newest entry about each pool, of those that there are any about."""
    wanted = list(pool_ids)
    if not wanted:
        return Entry.objects.none()
    # Each pool's newest entry is found by a seek of its own: grouping would read all of
    # what ever happened to the pools of a page. Only placeholders are put into the text.
    newest = RawSQL(  # noqa: S611  # nosec B611
        f"WITH ids(pool_id) AS (VALUES {', '.join(['(%s)'] * len(wanted))}) "  # noqa: S608  # nosec
        "SELECT (SELECT MAX(seq) FROM pools_entry WHERE company = %s"
        " AND pool_id = ids.pool_id AND change IS NOT NULL) FROM ids",
        [*wanted, company.slug],
    )
    return Entry.objects.filter(seq__in=newest)


def open_changes(company: Company, pool_id: int | None = None) -> list[HistoryItem]:
    """Changes whose outcome is unknown and that hold their pool; of one pool, or of all.

    Those of all include creates, which have no pool yet. Newest first, by one query.
    """
    leases = Lease.objects.filter(company=company.slug)
    if pool_id is not None:
        leases = leases.filter(pool_key=str(pool_id))
    held = _items(Entry.objects.filter(change__in=leases.values("change")))
    return [item for item in held if item.outcome is Outcome.UNKNOWN]


def changes_by_id(change_ids: Sequence[UUID]) -> list[HistoryItem]:
    """The changes with these ids, newest first."""
    return _items(Entry.objects.filter(change__in=change_ids))


def release_lease(change_id: UUID, actor: Actor, reason: str) -> None:
    """Gives up the hold of a change whose outcome is unknown, for a stated reason.

    An event on the ledger. A hold that is gone already stays gone. Raises PoolHeld for a
    change that is still under way, LedgerUnwritable, and ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("releasing a pool needs a reason")
    try:
        with transaction.atomic(durable=True):
            lock()
            lease = Lease.objects.filter(change=change_id).first()
            if lease is not None:
                _release(lease, actor, reason)
    except AnyDatabaseError as failure:
        raise LedgerUnwritable("the release could not be recorded") from failure


def _release(lease: Lease, actor: Actor, reason: str) -> None:
    (item,) = changes_by_id([lease.change])
    if item.outcome is None:
        raise held_by(lease)
    append(
        Kind.RELEASED,
        item.action,
        actor,
        company=lease.company,
        pool_id="" if item.pool_id is None else str(item.pool_id),
        pool_name=item.pool_name,
        reason=reason,
        facts={"held_since": lease.held_since.isoformat()},
        change=lease.change,
    )
    lease.delete()


def _items(entries: QuerySet[Entry]) -> list[HistoryItem]:
    now = timezone.now()
    by_change: dict[UUID, dict[str, Entry]] = {}
    for entry in entries.order_by("seq"):
        if entry.change is not None:
            by_change.setdefault(entry.change, {})[entry.kind] = entry
    newest_first = sorted(
        by_change.values(), key=lambda kinds: min(e.seq for e in kinds.values()), reverse=True
    )
    return [_item(kinds, now) for kinds in newest_first]


def _item(kinds: Mapping[str, Entry], now: datetime) -> HistoryItem:
    """One change from its entries by kind. An outcome alone is enough to read it."""
    facts = {kind: json.loads(entry.facts) for kind, entry in kinds.items()}
    ended, settled = kinds.get(Kind.OUTCOME), kinds.get(Kind.SETTLED)
    released = kinds.get(Kind.RELEASED)
    begun = kinds.get(Kind.INTENT) or ended or next(iter(kinds.values()))
    pool_ids = (entry.pool_id for entry in (ended, settled, begun) if entry)
    pool_id = next(filter(None, pool_ids), "")
    about = facts.get(begun.kind) or {}
    told, read = facts.get(Kind.OUTCOME, {}), facts.get(Kind.READBACK, {})
    before, wanted = _snapshot(about.get("before")), _snapshot(about.get("wanted"))
    reverts = about.get("reverts")
    after = _snapshot(_after(facts))
    action, verified = Action(begun.action), bool(read.get("verified"))
    return HistoryItem(
        change_id=begun.change,  # type: ignore[arg-type]  # only entries of a change come here
        at=begun.at,
        actor_name=begun.actor_name,
        action=action,
        outcome=None if action is Action.OUTSIDE else _outcome(begun, ended, now),
        reason=begun.reason,
        pool_id=int(pool_id) if pool_id else None,
        pool_name=begun.pool_name,
        before=before,
        after=after,
        differences=edited(action, before, after, wanted, verified),
        verified=verified,
        released_by=released.actor_name if released else "",
        released_reason=released.reason if released else "",
        message=told.get("message", ""),
        request_id=about.get("request_id", ""),
        verdict=Verdict(settled.outcome) if settled else None,
        settled_at=settled.at if settled else None,
        settled_by=settled.actor_name if settled else "",
        reverts=UUID(reverts) if reverts else None,
        since=datetime.fromisoformat(about["since"]) if about.get("since") else None,
        wanted=wanted,
        ended_at=ended.at if ended else None,
    )


def _after(facts: Mapping[str, Mapping[str, Any]]) -> Any:
    """What was last read of the pool; or else what Core answered."""
    for kind in (Kind.READBACK, Kind.SETTLED, Kind.DRIFT):
        if kind in facts and (kind is Kind.READBACK or facts[kind].get("after")):
            return facts[kind]["after"]
    return facts.get(Kind.OUTCOME, {}).get("after")


def _outcome(begun: Entry, ended: Entry | None, now: datetime) -> Outcome | None:
    if ended is not None:
        return Outcome(ended.outcome)
    longest = timedelta(seconds=settings.CORE_LIMITS.deadline_seconds)
    return None if now - begun.at < longest else Outcome.UNKNOWN


def _snapshot(facts: Mapping[str, Any] | None) -> Snapshot | None:
    return None if facts is None else Snapshot.from_json(facts)


def edited(
    action: Action,
    before: Snapshot | None,
    after: Snapshot | None,
    wanted: Snapshot | None,
    verified: bool,
) -> tuple[Difference, ...]:
    """What an edit changed; or, where reading back did not show it, what it was to change.

    Also what was changed outside the panel.
    """
    shown = (after if verified else wanted) or after
    if action not in {Action.EDIT, Action.OUTSIDE} or before is None or shown is None:
        return ()
    return differences(before, shown)
