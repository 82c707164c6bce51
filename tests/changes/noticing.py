"""Reading pools as pages do, and what was noticed of them then."""

import json
from collections.abc import Callable
from typing import Any

from pools.changes import Snapshot, drift, drift_on_lists
from pools.core import CoreClient, Pool, PoolQuery
from pools.ledger.proof import prove
from pools.models import Company, Entry
from pools.models.vocabulary import Kind
from tests.fixtures.place import Place


def look(place: Place, pool: int | None = None) -> Pool:
    return drift.read_pool(place.client(), place.company, pool or place.pool)


def list_all(place: Place, reader: int | None = None) -> None:
    read_list(place.client(), place.company, PoolQuery(per_page=100), reader)


def read_list(
    core: CoreClient, company: Company, query: PoolQuery, reader: int | None = None
) -> None:
    before = drift.as_of()
    drift_on_lists.record_page(core, company, query, core.list_pools(query), before, reader)


READS: list[Callable[[Place], object]] = [look, list_all]


def noticed() -> list[tuple[Snapshot, Snapshot]]:
    """What was noticed, oldest first: before and after."""
    assert prove().misfits == ()
    facts = [json.loads(entry.facts) for entry in drifts()]
    return [
        (Snapshot.from_json(each["before"]), Snapshot.from_json(each["after"])) for each in facts
    ]


def drifts() -> list[Entry]:
    return list(Entry.objects.filter(kind=Kind.DRIFT).order_by("seq"))


def outside(place: Place, **fields: Any) -> None:
    place.at_core.change_pool(place.pool, **fields)
