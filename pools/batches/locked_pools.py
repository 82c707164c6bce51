"""Which pools can't go on a list: those that are locked, or on a list that is being run."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef

from pools.batches.expiry import IDLE, RUN_WITHIN
from pools.ledger import clock
from pools.models import Batch, BatchItem, Company, Entry, Lease
from pools.models.vocabulary import Kind

BATCH_STARTED: Final = "batch_started"
BATCH_STOPPED: Final = "batch_stopped"
BATCH_TAKEN_OVER: Final = "batch_taken_over"


def locked(company: Company, pool_ids: Collection[int]) -> set[int]:
    """Those that an open change holds."""
    keys = {company.reference(pool_id): pool_id for pool_id in pool_ids}
    held = Lease.objects.filter(company=company.slug, pool_key__in=list(keys))
    return {keys[key] for key in held.values_list("pool_key", flat=True)}


def in_other_batches(company: Company, pool_ids: Collection[int]) -> set[int]:
    """Those that a list which is being run has not come to yet."""
    running = running_batches(company)
    if not running:
        return set()
    sent = Entry.objects.filter(form=OuterRef("form"))
    waiting = BatchItem.objects.filter(
        ~Exists(sent), batch__in=running, left_out="", stopped="", pool_id__in=list(pool_ids)
    )
    return {each for each in waiting.values_list("pool_id", flat=True) if each is not None}


def running_batches(company: Company) -> list[UUID]:
    """The company's lists that somebody has started, not stopped, and worked on just now."""
    now = clock.now()
    events = Entry.objects.filter(
        kind=Kind.EVENT,
        company=company.slug,
        action__in=[BATCH_STARTED, BATCH_STOPPED, BATCH_TAKEN_OVER],
        at__gt=now - RUN_WITHIN,
    )
    latest = dict(events.order_by("seq").values_list("batch", "action"))
    started = [batch for batch, action in latest.items() if batch and action == BATCH_STARTED]
    worked_on = Entry.objects.filter(batch=OuterRef("pk"), at__gt=now - IDLE)
    here = Batch.objects.filter(
        Exists(worked_on), pk__in=started, company=company, origin=company.origin
    )
    return list(here.values_list("pk", flat=True))
