"""A batch: a list of changes that was frozen before any of it was sent, and its items.

What becomes of an item is on the ledger, under the item's form and the batch's id. Here stands
only what was wanted, and why an item ended without a change.
"""

import json
import uuid
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from django.conf import settings
from django.db import models

from pools.models.bounds import USERNAME
from pools.models.company import Company
from pools.models.stored import IdField
from pools.models.vocabulary import Action

_WORD: Final = 20


class Operation(StrEnum):
    """What a batch does."""

    LIMIT = "limit"
    TIMEOUT = "timeout"
    CLEAR = "clear"
    DELETE = "delete"
    APPLY = "apply"  # a file: each line its own change


class Source(StrEnum):
    """Where the list came from."""

    TICKED = "ticked"
    MATCHING = "matching"  # all that a list's search and filter showed
    FILE = "file"
    RETRY = "retry"  # what an earlier batch did not do: `source_batch` is the very first of them
    REVERT = "revert"  # what an earlier batch did
    TAKEN_OVER = "taken_over"  # what an earlier batch had not come to
    COMMAND = "command"


class LeftOut(StrEnum):
    """Why an item of the list is not sent; known when it is frozen."""

    LOCKED = "locked"  # an open change holds the pool
    NOTHING_TO_DO = "nothing_to_do"
    GONE = "gone"
    CHANGED_SINCE = "changed_since"  # the file that wants it was made of other values
    ANOTHER = "another"  # the file that wants it was made of another pool with its id
    OTHER_BATCH = "other_batch"  # one that is running has the pool on its list
    UNREADABLE = "unreadable"  # Core did not tell the value that is to be changed
    MOVED_ON = "moved_on"  # changed again since the change that is to be reverted


class Stopped(StrEnum):
    """Why an item ended without a change on the ledger: nothing was sent for it."""

    CONFLICT = "conflict"  # the pool is no longer as the list has it
    GONE = "gone"
    LOCKED = "locked"
    NOT_SENT = "not_sent"  # the pool could not be read
    TAKEN_OVER = "taken_over"  # somebody else has it on their own list


class Batch(models.Model):
    """A frozen list. Nothing but `paused_until` changes once it is made.

    Ids of pools belong to `origin`. `how` is what the operation does with each pool, `weighed`
    what the list makes of the sums that allowances are kept of, both as JSON. `digest` covers
    the items and stands on the ledger, too. `query` is the list's own, where "all that match"
    was meant. Until `paused_until` nothing is sent, as Core allows only so many calls.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    origin = models.PositiveIntegerField()
    operation = models.CharField(max_length=_WORD)
    how = models.TextField()
    reason = models.TextField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    made_by_name = models.CharField(max_length=USERNAME)
    made_at = models.DateTimeField()
    source = models.CharField(max_length=_WORD)
    source_batch = models.UUIDField(null=True)
    query = models.TextField(default="")
    weighed = models.TextField()
    digest = models.CharField(max_length=64)
    paused_until = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        verbose_name_plural = "batches"
        indexes = [models.Index(fields=["company", "-made_at"], name="batch_of_company")]

    def __str__(self) -> str:
        return f"{self.operation} {self.id}"

    @property
    def aim(self) -> Mapping[str, Any]:
        """What `how` says: for instance `{"to": 5}`, `{"by": -2}`, `{"percent": 50}`."""
        aim: dict[str, Any] = json.loads(self.how)
        return aim

    @property
    def sums(self) -> list[dict[str, Any]]:
        """What `weighed` says: of each system its allowance, and the sums before and after."""
        sums: list[dict[str, Any]] = json.loads(self.weighed)
        return sums


class BatchItem(models.Model):
    """One line of a frozen list.

    `seen` is the pool as it was then and `wanted` what is to be sent, as JSON; `systems` its
    connectors by system, null where Core did not tell them. `form` becomes
    the form of the change, which the ledger takes once; `reverts` is the change that it undoes,
    if it does. Nobody else works on it until `claimed_until`.
    """

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    action = models.CharField(max_length=_WORD)
    pool_id = models.BigIntegerField(null=True)
    name = models.TextField()
    seen = models.TextField(default="")
    systems = models.TextField(default="{}")
    note = models.TextField(default="")
    wanted = models.TextField(default="")
    form = IdField(unique=True)
    reverts = IdField(null=True)
    line = models.PositiveIntegerField(null=True)
    left_out = models.CharField(max_length=_WORD, default="")
    stopped = models.CharField(max_length=_WORD, default="")
    stopped_says = models.TextField(default="")
    stopped_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="one_item_per_position"),
        ]
        indexes = [models.Index(fields=["pool_id", "batch"], name="item_of_pool")]

    def __str__(self) -> str:
        return f"{self.action} {self.pool_id or self.name}"

    @property
    def kind(self) -> Action:
        return Action(self.action)
