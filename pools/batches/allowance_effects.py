"""What a list makes of the sums that allowances are kept of: before it, and after all of it."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import Any

from django.db.models import Count, F, Sum

from pools.batches.stored_items import after_in, seen_in
from pools.catalogue import connectors
from pools.catalogue.keeping import seen_pools
from pools.catalogue.reading_all import last_whole
from pools.core.schema import Pool
from pools.models import Allowance, BatchItem, Company, SeenPool, SeenSystem
from pools.models.vocabulary import Action


class Unweighed(Enum):
    """Why nobody can say what a list makes of an allowance."""

    CONNECTORS_UNTOLD = auto()
    NO_ALLOWANCE = auto()


def weigh(
    company: Company, items: Sequence[BatchItem], seen: Mapping[int, Pool]
) -> list[dict[str, Any]]:
    """Of each system with an allowance that a pool whose limit is to change has a connector of.

    `at_least`: there may be more, as not every pool of the company was read, or a limit is not
    known. A pool that is to be made has no connectors yet.
    """
    to_send = [each for each in items if not each.left_out and _changes_limit(each)]
    allowed = {each.key: each for each in Allowance.objects.filter(company=company)}
    if not allowed or not to_send:
        return []
    keys = _systems_of(company, to_send, seen)
    touched = {key for of_pool in keys.values() for key in of_pool} & allowed.keys()
    others, unknown = _others(company, touched, list(keys))
    before, after = Counter(others), Counter(others)
    for item in to_send:
        now = seen_in(item)
        limit = now.limit if now else None
        then = None if item.action == Action.DELETE else after_in(item)
        for key in keys.get(item.pool_id or 0, frozenset()) & touched:
            before[key] += limit or 0
            after[key] += (then.limit or 0) if then else 0
            unknown[key] += limit is None
    complete = _is_complete(company)
    return [
        {
            "system": allowed[key].system,
            "allowance": allowed[key].number,
            "before": before[key],
            "after": after[key],
            "at_least": bool(unknown[key]) or not complete,
        }
        for key in sorted(touched)
    ]


def unweighed(items: Iterable[BatchItem]) -> Unweighed | None:
    """Why nothing is said of sums of these, although limits go up; None where none does, or where
    it is plain: pools without connectors take nothing.
    """
    raised = [each for each in items if not each.left_out and _raises_limit(each)]
    if any(json.loads(each.systems) is None for each in raised):
        return Unweighed.CONNECTORS_UNTOLD
    if any(json.loads(each.systems) for each in raised):
        return Unweighed.NO_ALLOWANCE
    return None


def _raises_limit(item: BatchItem) -> bool:
    seen, then = seen_in(item), after_in(item)
    if seen is None or then is None or then.limit is None:
        return False
    return seen.limit is None or then.limit > seen.limit


def _changes_limit(item: BatchItem) -> bool:
    """Whether it can change a sum: a timeout, a name and what waits in a pool don't."""
    if item.action != Action.EDIT:
        return item.action != Action.CLEAR
    seen, then = seen_in(item), after_in(item)
    return seen is None or then is None or then.limit != seen.limit


def _systems_of(
    company: Company, items: Sequence[BatchItem], seen: Mapping[int, Pool]
) -> dict[int, frozenset[str]]:
    """By pool the keys of its systems: as Core has just told them, or else as last seen."""
    ids = [each.pool_id for each in items if each.pool_id is not None]
    kept = seen_pools(company, ids)
    found = {}
    for pool_id in ids:
        told = seen[pool_id].connectors if pool_id in seen else None
        if told is None and pool_id in kept:
            told = connectors.read(kept[pool_id].connectors)
        found[pool_id] = frozenset(connectors.systems(told))
    return found


def _others(
    company: Company, keys: set[str], but: Sequence[int]
) -> tuple[dict[str, int], Counter[str]]:
    """What the company's other pools take of each system; and of how many the limit is unknown."""
    rows = (
        SeenSystem.objects.filter(
            pool__company=company, pool__origin=company.origin, key__in=sorted(keys)
        )
        .exclude(pool__pool_id__in=but)
        .order_by()
        .values("key")
        .annotate(given=Sum(F("pool__limit")), known=Count("pool__limit"), all=Count("pk"))
    )
    sums, unknown = {}, Counter[str]()
    for row in rows:
        sums[row["key"]] = int(row["given"] or 0)
        unknown[row["key"]] = row["all"] - row["known"]
    return sums, unknown


def _is_complete(company: Company) -> bool:
    untold = SeenPool.objects.filter(company=company, origin=company.origin, connectors="")
    return last_whole(company) is not None and not untold.exists()
