"""A new list from an earlier one: what it didn't do, what it did, what it has not come to."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q

from pools.batches.chosen_pools import read_ticked
from pools.batches.freezing import Order, Wish, freeze
from pools.batches.locked_pools import BATCH_TAKEN_OVER
from pools.batches.progress import End, Line, Progress, first_list
from pools.batches.stored_items import changes_in, fields_in
from pools.changes import HistoryItem, Snapshot
from pools.changes.reverting import CannotRevert, MovedOn, NothingToRevert, Undo
from pools.core import CoreClient, Pool, PoolFields
from pools.ledger import clock
from pools.ledger.appending import Actor, record_event
from pools.models import Batch, BatchItem, Entry, IndexTerm
from pools.models.batch import LeftOut, Operation, Source, Stopped
from pools.models.vocabulary import Action

# A line of the earlier list, and its pool as it is now: what is wanted of it.
_Wanted = Callable[[Line, Pool | None], Wish]


_FAILED: Final = frozenset({End.REFUSED, End.NOT_SENT, End.NOT_HAPPENED})


def failed(progress: Progress) -> list[Line]:
    """What is known not to have been done: neither by this list nor by one that tried it again."""
    done = _retries(progress)
    return [line for line in _failed(progress) if line.item.pk not in done]


def retried(progress: Progress) -> dict[int, UUID]:
    """Of what failed, by its item: the other list that has done it, or may have, or will."""
    return {pk: line.item.batch_id for pk, line in _retries(progress).items()}


def _retries(progress: Progress) -> dict[int, Line]:
    """The same, by the line of that list."""
    taken = {_deed(each.item): each for each in progress.others if _is_taken(each)}
    failures = {line.item.pk: _deed(line.item) for line in _failed(progress)}
    return {pk: taken[deed] for pk, deed in failures.items() if deed in taken}


def _failed(progress: Progress) -> list[Line]:
    """What is known not to have been done here, and is on nobody else's list."""
    return [
        line
        for line in progress.lines
        if line.end in _FAILED and line.item.stopped != Stopped.TAKEN_OVER
    ]


def _deed(item: BatchItem) -> tuple[Any, ...]:
    """What an item is to do, on whichever list: a pool is once on each."""
    if item.pool_id is not None:
        return item.action, item.pool_id, item.reverts
    return item.action, item.wanted, item.line, item.reverts


def _is_taken(line: Line) -> bool:
    """Whether trying it once more could do it twice. An edit that waits would meet a conflict."""
    if line.end is End.WAITING:
        return line.item.kind is Action.CREATE
    taken = {End.DONE, End.UNKNOWN, End.HAPPENED, End.UNDER_WAY}
    return line.end in taken or line.item.stopped == Stopped.TAKEN_OVER


def revertible(progress: Progress) -> list[tuple[Line, Undo]]:
    """What took effect and can be put back, each with what that means, but for what was.

    What failed here and a retry has done belongs to it: all of the list is put back.
    """
    origin, done = progress.batch.company.origin, reverted(progress)
    return [
        (line, undo)
        for line in _with_retries(progress)
        if line.item.pk not in done
        and line.change is not None
        and (undo := _undo(line.change, origin))
    ]


def reverted(progress: Progress) -> dict[int, UUID]:
    """Of what took effect, by its item: the other list that has put it back, or may have."""
    taken = {each.item.reverts: each.item.batch_id for each in progress.others if _is_taken(each)}
    return {
        line.item.pk: taken[line.change.change_id]
        for line in _with_retries(progress)
        if line.change is not None and line.change.change_id in taken
    }


def _with_retries(progress: Progress) -> list[Line]:
    return [*progress.lines, *_retries(progress).values()]


def retry(core: CoreClient, progress: Progress, actor: Actor, user: User) -> Batch:
    """A list of what failed: the same values for the pools as they are now.

    Raises what freezing does.
    """
    lines = failed(progress)
    seen = _read(core, lines)
    wishes = [_same(line) for line in lines]
    return freeze(
        core, progress.batch.company, actor, user, _order(progress, Source.RETRY), wishes, seen
    )


def revert(core: CoreClient, progress: Progress, actor: Actor, user: User) -> Batch:
    """A list that puts back what this one changed, where nobody has changed it since."""
    found = revertible(progress)
    seen = _read(core, [line for line, _ in found])
    done = _reverted([undo.item.change_id for _, undo in found])
    wishes = [_undoing(undo, seen.get(line.item.pool_id or 0), done) for line, undo in found]
    order = Order(
        Operation.APPLY, {}, progress.batch.reason, Source.REVERT, source_batch=progress.batch.pk
    )
    return freeze(core, progress.batch.company, actor, user, order, wishes, seen)


def take_over(core: CoreClient, progress: Progress, actor: Actor, user: User) -> Batch:
    """A list of one's own of what another has not come to, which sends none of it any more."""
    lines = [line for line in progress.lines if line.end is End.WAITING]
    seen = _read(core, lines)
    wishes = {line.item.pk: _same(line) for line in lines}

    def taken(new: UUID) -> list[Wish]:
        """Those that nobody works on by now, under the ledger's lock: they are this list's."""
        mine = _free(progress.batch)
        BatchItem.objects.filter(pk__in=mine).update(
            stopped=Stopped.TAKEN_OVER, stopped_at=clock.now()
        )
        facts = {"to_list": str(new), "pools": len(mine)}
        company = progress.batch.company.slug
        record_event(BATCH_TAKEN_OVER, actor, company=company, facts=facts, batch=progress.batch.pk)
        return [wish for pk, wish in wishes.items() if pk in mine]

    order = _order(progress, Source.TAKEN_OVER)
    return freeze(
        core, progress.batch.company, actor, user, order, list(wishes.values()), seen, taken
    )


def _free(batch: Batch) -> set[int]:
    sent = Entry.objects.filter(form=OuterRef("form"))
    unclaimed = Q(claimed_until__isnull=True) | Q(claimed_until__lte=clock.now())
    left = BatchItem.objects.filter(unclaimed, ~Exists(sent), batch=batch, left_out="", stopped="")
    return set(left.values_list("pk", flat=True))


def _order(progress: Progress, source: Source) -> Order:
    batch = progress.batch
    operation = Operation(batch.operation)
    first = first_list(batch) if source is Source.RETRY else batch.pk
    return Order(operation, batch.aim, batch.reason, source, source_batch=first)


def _read(core: CoreClient, lines: list[Line]) -> dict[int, Pool]:
    return read_ticked(core, [each.item.pool_id for each in lines if each.item.pool_id is not None])


def _same(line: Line) -> Wish:
    """The same once more: 90 % of what it was then. Reckoned again, it would be less each time."""
    item = line.item
    return Wish(
        item.kind,
        item.pool_id,
        changed=changes_in(item),
        fields=fields_in(item),
        line=item.line,
        reverts=item.reverts,
    )


def _undo(item: HistoryItem, origin: int) -> Undo | None:
    try:
        undo = Undo.of(item, origin)
    except CannotRevert:
        return None
    before = undo.before
    known = before.name is not None and before.limit is not None and not before.unreadable
    return undo if item.action is Action.EDIT or known else None


def _undoing(undo: Undo, pool: Pool | None, reverted: set[UUID]) -> Wish:
    change, before = undo.item.change_id, undo.before
    if undo.item.action is Action.DELETE:
        fields = PoolFields(before.name or "", before.limit or 1, before.timeout)
        again = LeftOut.NOTHING_TO_DO if change in reverted else None
        return Wish(Action.CREATE, None, fields=fields, left_out=again, reverts=change)
    if pool is None:
        return Wish(Action.EDIT, undo.item.pool_id, left_out=LeftOut.GONE, reverts=change)
    now = Snapshot.from_pool(pool)
    obstacle = {
        MovedOn: LeftOut.MOVED_ON,
        NothingToRevert: LeftOut.NOTHING_TO_DO,
        type(None): None,
    }[type(undo.obstacle(now))]
    return Wish(
        Action.EDIT,
        undo.item.pool_id,
        changed=undo.changes(now),
        left_out=obstacle,
        reverts=change,
    )


def _reverted(changes: list[UUID]) -> set[UUID]:
    """Those that somebody has reverted already, or tried to."""
    terms = {f"reverts:{change}": change for change in changes}
    found = IndexTerm.objects.filter(term__in=list(terms)).values_list("term", flat=True)
    return {terms[term] for term in found}
