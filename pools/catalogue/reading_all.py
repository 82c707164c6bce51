"""Reading all pools of a company into the catalogue, a few pages at a time.

By its oldest pools first, so that a new one comes last. What the catalogue had and a complete
reading did not come across is dropped; a reading is complete only if nothing speaks against it:
pools that were deleted meanwhile let others slip past from one page to the one before.
"""

from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from pools.catalogue.keeping import RENEWED_AFTER, keep
from pools.core import CoreClient, Ending, Page, PoolQuery, RateLimited, Sort, ending_with
from pools.core.bounds import PER_PAGE
from pools.core.pacing import leaves_too_few
from pools.core.rate_limits import USUAL_PAUSE
from pools.database_faults import try_to_write
from pools.models import Company, Reading, SeenPool

PAGES_AT_ONCE: Final = 5
# Of the answer's time: with less left, the next page is left to the next request.
LEAST_SHARE: Final = 0.5
# Longer ago, the pools that are there are no longer those that the first pages showed.
LONGEST: Final = timedelta(hours=6)


def last_whole(company: Company) -> Reading | None:
    """The latest reading that came across all pools, where the company is now."""
    whole = Reading.objects.filter(company=company, origin=company.origin, ended_at__isnull=False)
    return whole.order_by("-ended_at").first()


def under_way(company: Company, user: User) -> Reading | None:
    """The reading that this person has begun and not ended."""
    begun = Reading.objects.filter(
        company=company,
        origin=company.origin,
        user=user,
        ended_at__isnull=True,
        began_at__gt=timezone.now() - LONGEST,
    )
    return begun.order_by("-began_at").first()


def begin(company: Company, user: User) -> Reading:
    """A new reading; those that were begun and given up are forgotten."""
    Reading.objects.filter(company=company, user=user, ended_at__isnull=True).delete()
    return Reading.objects.create(
        company=company,
        origin=company.origin,
        user=user,
        by=user.get_username(),
        began_at=timezone.now(),
    )


def go_on(core: CoreClient, reading: Reading) -> Ending | None:
    """Reads some more pages; why pools may be missing all the same, where it came to an end so.

    Nothing is asked before `paused_until`. Raises a CoreError, but not for a 429, which is a
    pause; what came until then is kept, and the reading can go on from there.
    """
    for _ in range(PAGES_AT_ONCE):
        if _is_paused(reading):
            return None
        query = PoolQuery(sort=Sort.CREATED, page=reading.next_page, per_page=PER_PAGE.largest)
        try:
            page = core.list_pools(query)
        except RateLimited as error:
            _pause(reading, error.retry_at)
            return None
        ending = _taken(reading, query, page)
        if ending is not None:
            return _end(reading, page, ending)
        if leaves_too_few(core.last_exchange):
            _pause(reading, None)
        if core.budget is not None and core.budget.share_left() < LEAST_SHARE:
            break
    return None


def _is_paused(reading: Reading) -> bool:
    return reading.paused_until is not None and reading.paused_until > timezone.now()


def _pause(reading: Reading, until: datetime | None) -> None:
    reading.paused_until = until or timezone.now() + USUAL_PAUSE
    reading.save(update_fields=["paused_until"])


def _taken(reading: Reading, query: PoolQuery, page: Page) -> Ending | None:
    """Keeps a page; how the list ends with it, if it does."""
    before = reading.pools
    known = keep(reading.company, page.pools, reading=reading.pk)
    reading.pools = SeenPool.objects.filter(
        company=reading.company, origin=reading.origin, reading=reading.pk
    ).count()
    if reading.total is None:
        reading.total = page.total
    new = [
        pool
        for pool in page.pools
        if pool.id is None or pool.id not in known or known[pool.id].reading != reading.pk
    ]
    counted = reading.total if page.total is None else page.total
    ending = ending_with(page, query, new=len(new), pools=reading.pools, counted=counted)
    if ending is None and reading.pools == before:
        ending = _why_fewer(page)  # nor would the next page bring more
    reading.next_page += 1
    reading.save(update_fields=["pools", "total", "next_page"])
    return ending


def _end(reading: Reading, last: Page, ending: Ending) -> Ending | None:
    """Ends a reading; where it may have missed some, it is forgotten, and why is told."""
    if ending is Ending.END and not _has_all(reading, last):
        ending = _why_fewer(last)
    if ending is Ending.END and not reading.pools and _knows_pools(reading.company):
        ending = Ending.NONE_LEFT
    if ending is not Ending.END:
        reading.delete()
        return ending
    with transaction.atomic():
        _in_place_of_others(reading, Q(reading__isnull=True) | ~Q(reading=reading.pk))
    return None


def _in_place_of_others(reading: Reading, lacking: Q) -> None:
    """Ends a reading that came across all pools; what it lacks, and is not newer, is dropped."""
    company = reading.company
    gone = Q(origin=reading.origin, seen_at__lt=reading.began_at) & lacking
    SeenPool.objects.filter(gone | ~Q(origin=reading.origin), company=company).delete()
    Reading.objects.filter(company=company, ended_at__isnull=False).exclude(pk=reading.pk).delete()
    reading.ended_at = timezone.now()
    reading.save()


def note_whole_list(
    core: CoreClient, company: Company, user: User, page: Page, last: datetime | None
) -> None:
    """Takes a list that shows all pools on one page for a reading of them all.

    `last` is when all were last read: that is noted again only after a while, as each pool is.
    """
    exchange, now = core.last_exchange, timezone.now()
    if exchange is None or (last is not None and now - last < RENEWED_AFTER):
        return
    ids = [pool.id for pool in page.pools]
    began = exchange.received_at - timedelta(seconds=exchange.took_seconds)
    try_to_write("that all pools were read", lambda: _note_whole(company, user, ids, began))


def _note_whole(company: Company, user: User, ids: list[int | None], began: datetime) -> None:
    if not ids and _knows_pools(company):
        return
    reading = begin(company, user)
    reading.began_at, reading.pools, reading.total = began, len(ids), len(ids)
    _in_place_of_others(reading, ~Q(pool_id__in=ids))


def _knows_pools(company: Company) -> bool:
    """Then a list without any is no reading of all: a token of another company, one that may see
    none any more, or a Core that is being restored, shows that.
    """
    return SeenPool.objects.filter(company=company, origin=company.origin).exists()


def _why_fewer(page: Page) -> Ending:
    """Why fewer pools were kept than Core has: what has no id can't be."""
    return Ending.WITHOUT_ID if any(pool.id is None for pool in page.pools) else Ending.MOVED


def _has_all(reading: Reading, last: Page) -> bool:
    """Whether as many came by as Core counts.

    Fewer pools at the end than at first: some were deleted, and those behind them slipped past.
    """
    if last.total is None:
        return reading.total is None
    return reading.pools >= last.total >= (reading.total or 0)
