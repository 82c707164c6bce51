"""Lists of a place's pools, frozen as pages freeze them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.contrib.auth.models import User

from pools.batches.freezing import Order, Wish, freeze
from pools.batches.new_values import ACTIONS, changes_for
from pools.batches.progress import Phase, Progress, items_in, progress_of
from pools.batches.running import Step, run, start
from pools.core import Pool, PoolQuery
from pools.models import Batch
from pools.models.batch import Operation, Source
from pools.models.vocabulary import Action
from tests.fixtures.panel import actor
from tests.fixtures.place import Place

TO_NINE: Final = {"to": 9}


def add_pools(place: Place, count: int, limit: int = 5, **facts: Any) -> list[int]:
    """More pools at Core: the place's own, and so many others."""
    others = [place.at_core.add_pool(f"Pool {n:03}", limit, **facts).id for n in range(count)]
    return [place.pool, *others]


def with_connectors(place: Place, name: str, limit: int = 5, **systems: int) -> int:
    """A pool with so many connectors of each system."""
    pool = place.at_core.add_pool(name, limit)
    for system, count in systems.items():
        for number in range(count):
            place.at_core.add_connector(
                pool.id, name=f"{system} {number}", system={"id": 1, "name": system}
            )
    return pool.id


def read(place: Place, ids: Sequence[int] | None = None) -> dict[int, Pool]:
    """These pools of the place, or all, as a list page of Core shows them."""
    found: dict[int, Pool] = {}
    number = 1
    while True:
        page = place.client().list_pools(PoolQuery(page=number, per_page=100))
        found |= {
            pool.id: pool
            for pool in page.pools
            if pool.id is not None and (ids is None or pool.id in ids)
        }
        if page.is_last or (ids is not None and found.keys() >= set(ids)):
            return found
        number += 1


def wishes(
    operation: Operation, how: Mapping[str, Any], seen: Mapping[int, Pool], ids: Sequence[int]
) -> list[Wish]:
    action = ACTIONS[operation]
    return [
        Wish(action, each, changed=changes_for(operation, how, seen[each]))
        if action is Action.EDIT and each in seen
        else Wish(action, each)
        for each in ids
    ]


def frozen(
    place: Place,
    user: User,
    operation: Operation = Operation.LIMIT,
    how: Mapping[str, Any] = TO_NINE,
    ids: Sequence[int] | None = None,
) -> Batch:
    """A frozen list of these pools, or of all; what was read for it is forgotten at Core."""
    seen = read(place, ids)
    order = Order(operation, how, "ZD-4711", Source.TICKED)
    listed = wishes(operation, how, seen, list(seen) if ids is None else ids)
    batch = freeze(place.client(), place.company, actor(user), user, order, listed, seen)
    place.sandbox.reset()
    return batch


def progress(batch: Batch) -> Progress:
    return progress_of(items_in(batch.pk))


def step(place: Place, user: User, batch: Batch, *, workers: int = 1, may: bool = True) -> Step:
    """What one request of its page does."""
    clients = [place.client() for _ in range(workers)]
    return run(progress(batch), actor(user), lambda action: may, clients)


def begun(place: Place, user: User, batch: Batch) -> Batch:
    start(batch, actor(user), progress(batch).left)
    return batch


def run_through(place: Place, user: User, batch: Batch, *, workers: int = 1) -> Progress:
    """Started, and run until nothing is left to do."""
    begun(place, user, batch)
    for _ in range(9):
        if (now := progress(batch)).phase is not Phase.RUNNING:
            return now
        step(place, user, batch, workers=workers)
    raise AssertionError(f"still running: {ends(batch)}")


def ends(batch: Batch) -> list[str]:
    return [str(line.end) for line in progress(batch).lines]
