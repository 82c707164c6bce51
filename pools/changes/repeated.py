"""A form that was sent before: what became of it the first time, and nothing is sent."""

import time
from typing import Final
from uuid import UUID

from django.core.exceptions import SuspiciousOperation

from pools.changes.history import HistoryItem, changes_by_id
from pools.changes.proposal import ChangeResult, ProposedChange, Snapshot
from pools.changes.state import ChangeState, may_still_run
from pools.ledger import clock
from pools.models import Entry
from pools.models.vocabulary import Outcome

ASK_AGAIN_SECONDS: Final = 0.2


class FormReused(SuspiciousOperation):
    """A form's id came back with another change, person or company: a forged form."""


class FormSentOtherwise(Exception):
    """The form was sent before and asked for something else then. Nothing was sent now.

    A browser shows a form once more as it was left, by its way back. What is typed then is
    another change, and no second submit of `change_id`.
    """

    def __init__(self, change_id: UUID) -> None:
        super().__init__("the form was sent before, with other entries")
        self.change_id = change_id


def first_outcome(change: ProposedChange, intent: Entry) -> ChangeResult:
    """The first submit's outcome, waited for until it must be there; then it is unknown.

    What the first one reads back is waited for as well, for no longer than that. Raises
    FormReused and FormSentOtherwise.
    """
    mine = (change.actor.id, change.company.slug, change.action)
    reference = change.company.reference(change.pool_id)
    if (intent.actor_id, intent.company, intent.action, intent.pool_id) != (
        *map(str, mine),
        reference,
    ):
        raise FormReused("this form belongs to another change")
    assert intent.change is not None  # noqa: S101  (every intent has one)
    item = changes_by_id([intent.change])[0]
    if not _asks_for_the_same(change, item):
        raise FormSentOtherwise(intent.change)
    while item.state is ChangeState.UNDER_WAY or (
        item.state is ChangeState.READING_BACK and may_still_run(intent.at, clock.now())
    ):
        time.sleep(ASK_AGAIN_SECONDS)
        item = changes_by_id([intent.change])[0]
    return ChangeResult(
        change_id=intent.change,
        action=change.action,
        outcome=item.outcome or Outcome.UNKNOWN,
        pool_id=item.pool_id,
        pool_name=(item.after and item.after.name) or item.pool_name,
        before=item.before,
        after=item.after,
        readback=item.readback,
        error=None,
        repeated=True,
        differences=item.differences,
        kept_name=item.kept_name,
    )


def _asks_for_the_same(change: ProposedChange, sent: HistoryItem) -> bool:
    """Whether a form asks for what it asked for when it was sent; as far as that can be read."""
    if sent.unreadable:
        return True
    wanted = None if change.fields is None else Snapshot.from_fields(change.fields)
    if change.changed is not None and sent.before is not None:
        wanted = sent.before.changed_by(change.changed)
    return (wanted, change.reason) == (sent.wanted, sent.reason)
