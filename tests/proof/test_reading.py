"""Reading all pools where there are 100,000."""

import time

import pytest
from django.test import Client

from pools.catalogue.finding import find_pools
from pools.models import Company, Reading, SeenPool
from sandbox.running import RunningSandbox
from tests.fixtures.panel import told
from tests.fixtures.sampling import share_of

pytestmark = pytest.mark.proof
LOST = share_of(77_123)
READ = "/c/acme/pools/read/"
POOLS = share_of(100_000)


def test_a_hundred_thousand_pools_are_read_and_found(
    manager: Client,
    acme: Company,
    core: RunningSandbox,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In requests that each stay within what a page may take; what was measured is printed."""
    at_core = core.company("acme")
    for number in range(POOLS - len(at_core.pools())):
        at_core.add_pool(f"Lane {number}", 5)
    begun, slowest, requests = time.monotonic(), 0.0, 0
    while not Reading.objects.filter(ended_at__isnull=False).exists():
        asked = time.monotonic()
        answer = manager.post(READ)
        slowest, requests = max(slowest, time.monotonic() - asked), requests + 1
        assert answer.status_code in {200, 302}, told(answer)
    took = time.monotonic() - begun
    assert SeenPool.objects.count() == POOLS
    assert f"All {POOLS:,} pools were read" in told(manager.get(READ))
    asked = time.monotonic()
    # Another has it as its id.
    both = find_pools([acme], f"lane {LOST}", 20).pools
    searched = time.monotonic() - asked
    found = next(each for each in both if each.name == f"Lane {LOST}")
    asked = time.monotonic()
    assert manager.get(f"/c/acme/pools/{found.pool_id}/edit/").status_code == 200
    opened = time.monotonic() - asked
    with capsys.disabled():
        print(
            f"\n{POOLS:,} pools: {took:.0f} s in {requests} requests, the slowest {slowest:.2f} s; "
            f"found in {searched * 1000:.0f} ms; Edit opened in {opened * 1000:.0f} ms"
        )
