"""How fast lists are run: 200 clears, in four lists, by a page that asks again and again.

`python -m tests.proof.endurance.batch_pace` on an empty database (DATABASE_URL). It prints how
long that took, and how long it would take if only Core took any time.
"""

import json
import sys
import time
from typing import Final
from uuid import UUID

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402

from pools.batches.chosen_pools import read_ticked  # noqa: E402
from pools.batches.freezing import Order, Wish, freeze  # noqa: E402
from pools.batches.progress import End, items_in, progress_of  # noqa: E402
from pools.models.batch import Operation, Source  # noqa: E402
from pools.models.vocabulary import Action  # noqa: E402
from tests.proof.endurance.batches import Lists  # noqa: E402
from tests.proof.endurance.cases import Case  # noqa: E402
from tests.proof.endurance.cast import COMPANIES, MAKER, Place  # noqa: E402
from tests.proof.endurance.core_process import core_process  # noqa: E402
from tests.proof.endurance.one_database import prepare_database  # noqa: E402

LISTS, POOLS = 4, 50
CORE_SECONDS: Final = 0.05
# A clear reads the pool, clears it, and reads it once more.
CALLS: Final = 3
HEADERS: Final = {"HX-Request": "true", "HX-Target": "batch-progress"}


def main() -> None:
    """Freezes the lists, runs them one after the other, prints the two times."""
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.BATCH_CALLS_AT_ONCE = 3
    prepare_database()
    with core_process(COMPANIES) as core:
        lists = Lists(core, 1)
        client = Client()
        client.force_login(lists.user)
        addresses = [_frozen(lists, number) for number in range(LISTS)]
        for address in addresses:
            # As a preview: whoever presses Run has it in front of them.
            client.get(address)
        core.take_its_time(CORE_SECONDS)
        steps, began, worked = 0, time.monotonic(), time.process_time()
        for address in addresses:
            steps += _run(client, address)
        took = time.monotonic() - began
    # As if there were nothing to do but waiting for Core, in each of the turns at a time.
    ideal = LISTS * POOLS * CALLS * CORE_SECONDS / settings.BATCH_CALLS_AT_ONCE
    report = {
        "seconds": round(took, 2),
        "ideal": round(ideal, 2),
        "times": round(took / ideal, 2),
        "requests": steps,
        "at_once": settings.BATCH_CALLS_AT_ONCE,
        "processor_seconds": round(time.process_time() - worked, 2),
    }
    print(json.dumps(report))


def _frozen(lists: Lists, number: int) -> str:
    company = lists.cast.companies[COMPANIES[0]]
    names = [(COMPANIES[0], f"Pool {number}-{k}") for k in range(POOLS)]
    ids = lists.core.add_pools(names)
    core = lists.cast.open(Place(Case(number, Action.CLEAR), COMPANIES[0], None), MAKER)
    wishes = [Wish(Action.CLEAR, each) for each in ids]
    order = Order(Operation.CLEAR, {}, "T-1", Source.TICKED)
    seen = read_ticked(core, ids)
    batch = freeze(core, company, lists.actor, lists.user, order, wishes, seen)
    return f"/c/{company.slug}/batches/{batch.pk}/"


def _run(client: Client, address: str) -> int:
    """As its page does: the button, and then again and again."""
    typed = {"start": "1", "number": str(POOLS)}
    for number in range(1, 200):
        answer = client.post(f"{address}run/", typed, headers=HEADERS)
        typed = {}
        if "HX-Retarget" in answer:
            ends = progress_of(items_in(UUID(address.split("/")[-2]))).counts
            if ends[End.DONE] != POOLS:
                sys.exit(f"not all were done: {ends}")
            return number
    sys.exit("it came to no end")


if __name__ == "__main__":
    main()
