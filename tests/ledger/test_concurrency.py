"""Many append at once, from threads and from processes: one chain without gaps."""

import threading

import pytest
from django.db import connection

from pools.models import Entry
from tests.fixtures.ledger import append_events
from tests.fixtures.ledger_chain import verify_chain
from tests.fixtures.nursery import PanelFork

pytestmark = pytest.mark.django_db(transaction=True)
APPENDING = """
import sys
from django.db import transaction
from pools.ledger.appending import Actor, record_event
for number in range(int(sys.argv[1])):
    with transaction.atomic(durable=True):
        record_event("deed", Actor(1, "Ada"))
"""


def test_threads_keep_the_chain_whole() -> None:
    def append_some() -> None:
        try:
            for _ in range(10):
                append_events(1)
        finally:
            connection.close()

    threads = [threading.Thread(target=append_some) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Entry.objects.count() == 60
    assert verify_chain() is None


def test_processes_keep_the_chain_whole(panel_fork: PanelFork) -> None:
    processes = [panel_fork(APPENDING, "20") for _ in range(3)]
    endings = [(process.communicate(timeout=60)[1], process.returncode) for process in processes]
    assert endings == [("", 0)] * 3
    assert Entry.objects.count() == 60
    assert verify_chain() is None
