"""One entry of the ledger. Its only way in is `pools.ledger.appending.append`."""

from typing import Any, NoReturn

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q

from pools.models.bounds import COMPANY_SLUG
from pools.models.stored import IdField, MomentField, StoredText, StoredWord
from pools.models.vocabulary import Kind


class SequenceField(models.BigIntegerField):  # type: ignore[type-arg]  # only in the stubs
    """A 64-bit key that we number ourselves, without gaps.

    On SQLite it is the rowid itself: with a `bigint` key the rowid would be a second
    way to name, and so to replace, a row.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "integer" if connection.vendor == "sqlite" else "bigint"


def _line_indexes(what: str, condition: Q, *told: str) -> list[models.Index]:
    """What the lists of changes and of events are read by, newest first.

    `told` are the columns that a page asks of the newest lines alone.
    """
    newest = ("-at", "-seq")
    by = {
        # With the action, so that counting by day reads nothing else.
        "time": (*newest, "action", *told),
        "company": ("company", *newest, "action", *told),
        "person": ("actor_name", *newest, "action"),
        "action": ("action", *newest),
    }
    return [
        models.Index(fields=fields, condition=condition, name=f"{what}_by_{name}")
        for name, fields in by.items()
    ]


class Entry(models.Model):
    """An insert-only line of the ledger, chained to the one before it by a keyed digest.

    It refers to nothing by key: names and ids are text, so that history stays readable
    whatever is deleted. Each entry repeats the facts needed to read it alone. `facts` is
    canonical JSON, kept as the very text that the digest covers. `version` names the form
    that was digested. Triggers in the database refuse anything but the next insert.
    """

    seq = SequenceField(primary_key=True)
    version = models.PositiveSmallIntegerField()
    at = MomentField()
    kind = StoredWord(max_length=10, choices=Kind.choices)
    change = IdField(null=True)
    form = IdField(null=True)
    batch = IdField(null=True)
    actor_id = StoredWord(max_length=40)
    actor_name = StoredText()
    company = StoredWord(max_length=COMPANY_SLUG)
    pool_id = StoredWord(max_length=40)
    pool_name = StoredText()
    action = StoredWord(max_length=40)
    outcome = StoredWord(max_length=20)
    reason = StoredText()
    facts = StoredText()
    key_id = StoredWord(max_length=32)
    previous = StoredWord(max_length=64)
    digest = StoredWord(max_length=64)

    class Meta:
        ordering = ["-seq"]
        verbose_name_plural = "entries"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["form"], condition=Q(form__isnull=False), name="one_change_per_form"
            ),
            models.UniqueConstraint(
                fields=["change"], condition=Q(kind=Kind.INTENT), name="one_intent_per_change"
            ),
            models.UniqueConstraint(
                fields=["change"], condition=Q(kind=Kind.OUTCOME), name="one_outcome_per_change"
            ),
            models.UniqueConstraint(
                fields=["change"], condition=Q(kind=Kind.SETTLED), name="one_verdict_per_change"
            ),
        ]
        indexes = [
            models.Index(
                fields=["change"], condition=Q(change__isnull=False), name="entry_of_change"
            ),
            models.Index(fields=["company", "pool_id", "-seq"], name="entry_of_pool"),
            models.Index(
                fields=["actor_id", "-seq"], condition=Q(kind=Kind.INTENT), name="change_of_actor"
            ),
            models.Index(
                fields=["actor_id", "-seq"], condition=Q(kind=Kind.EVENT), name="event_of_actor"
            ),
            # Who was recorded under which name: each pair is found by a seek of its own.
            models.Index(fields=["actor_name", "actor_id"], name="actor_of_name"),
            models.Index(
                fields=["batch", "seq"], condition=Q(batch__isnull=False), name="entry_of_batch"
            ),
            # With their names, for whom there is to choose from: 500 lines need not be read whole.
            *_line_indexes("change", Q(kind__in=[Kind.INTENT, Kind.DRIFT]), "actor_name"),
            models.Index(
                fields=["company", "action", "-at", "-seq"],
                condition=Q(kind__in=[Kind.INTENT, Kind.DRIFT]),
                name="change_by_company_and_action",
            ),
            *_line_indexes("event", Q(kind=Kind.EVENT)),
            # What no list would find: there is none but where an entry was altered.
            models.Index(
                fields=["-at", "-seq"], condition=~Q(kind__in=Kind.values), name="entry_of_no_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("entries are appended with pools.ledger.appending.append")

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("the ledger is insert-only")
