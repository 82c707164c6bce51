"""Reading all pools of a company: what it keeps, drops and asks, and where it stops."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from pools.catalogue import reading_all
from pools.catalogue.keeping import keep
from pools.core import Pool, PoolQuery, Sort
from pools.core.bounds import PER_PAGE
from pools.models import Company, Reading, SeenPool
from sandbox.running import RunningSandbox
from tests.fixtures.panel import SignIn, give_token, make_company, person_of, told

READ = "/c/acme/pools/read/"
POOLS = 257


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """26 pages instead of three."""
    monkeypatch.setattr(reading_all, "PER_PAGE", replace(PER_PAGE, largest=10))


def post(client: Client) -> str:
    return told(client.post(READ, follow=True))


def remember(company: Company, pool_id: int, *, days_ago: float) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=days_ago)):
        keep(company, [Pool(pool_id, "Gone", 5, None, None, None, (), frozenset(), {})])


def is_known(pool_id: int) -> bool:
    return SeenPool.objects.filter(pool_id=pool_id).exists()


def test_all_pools_are_known_afterwards_and_those_that_are_gone_no_longer(
    manager: Client, core: RunningSandbox, acme: Company
) -> None:
    remember(acme, 99_999, days_ago=1)
    core.reset()
    assert "All 257 pools were read seconds ago by manager" in post(manager)
    assert SeenPool.objects.count() == POOLS
    assert not is_known(99_999)
    assert len(core.journal) == 3


def test_what_is_seen_while_it_is_read_stays(
    manager: Client, acme: Company, small_pages: None
) -> None:
    post(manager)
    remember(acme, 99_999, days_ago=-0.001)
    for _ in range(5):
        post(manager)
    assert is_known(99_999)
    assert SeenPool.objects.count() == POOLS + 1


def test_it_goes_on_from_where_it_was(
    manager: Client, core: RunningSandbox, small_pages: None
) -> None:
    core.reset()
    assert "50 of 257 pools read" in post(manager)
    assert "Continue" in told(manager.get(READ))
    assert "100 of 257 pools read" in post(manager)
    assert len(core.journal) == 10
    for _ in range(4):
        said = post(manager)
    assert "All 257 pools were read" in said


def test_looking_at_the_page_asks_and_changes_nothing(
    manager: Client, core: RunningSandbox
) -> None:
    core.reset()
    assert "The panel knows 0 pools so far" in told(manager.get(READ))
    assert core.journal == []
    assert not Reading.objects.exists()


def test_a_fifth_of_the_calls_is_left_to_people(
    manager: Client, core: RunningSandbox, small_pages: None
) -> None:
    core.switch(rate_limit_per_minute=10)
    core.reset()
    post(manager)
    said = post(manager)
    assert "80 of 257 pools read" in said
    assert "Paused until" in said
    assert len(core.journal) == 8
    post(manager)
    assert len(core.journal) == 8


def test_a_429_is_a_pause_until_core_says(
    manager: Client, core: RunningSandbox, small_pages: None
) -> None:
    post(manager)
    core.set_fault("rate-limit=90")
    said = post(manager)
    assert "50 of 257 pools read" in said
    assert "Paused until" in said
    until = Reading.objects.get().paused_until
    assert until is not None
    assert 80 < (until - timezone.now()).total_seconds() <= 90
    core.set_fault(None)
    with time_machine.travel(until + timedelta(seconds=1)):
        assert "100 of 257 pools read" in post(manager)


def test_a_core_that_fails_is_told_and_what_came_is_kept(
    manager: Client, core: RunningSandbox, small_pages: None
) -> None:
    post(manager)
    core.set_fault("status=500")
    answer = manager.post(READ)
    assert answer.status_code >= 500
    assert "50 of 257 pools read" in told(answer)
    core.set_fault(None)
    assert "100 of 257 pools read" in post(manager)


def test_a_core_that_hangs_costs_one_answer_and_nothing_that_came(
    manager: Client, core: RunningSandbox, small_pages: None, settings: Any
) -> None:
    settings.CORE_LIMITS = replace(settings.CORE_LIMITS, deadline_seconds=1.0, read_retries=0)
    post(manager)
    before = len(core.journal)
    core.set_fault("latency=30")
    answer = manager.post(READ)
    assert len(core.journal) == before + 1
    assert "50 of 257 pools read" in told(answer)
    assert answer.status_code >= 500
    core.set_fault(None)
    assert "100 of 257 pools read" in post(manager)


def test_an_order_that_changes_between_pages_makes_no_complete_reading(
    manager: Client, acme: Company, monkeypatch: pytest.MonkeyPatch, small_pages: None
) -> None:
    """Some pools come twice, and others not at all."""
    remember(acme, 99_999, days_ago=1)
    asked = 0

    def turned(**query: Any) -> PoolQuery:
        nonlocal asked
        asked += 1
        order = Sort.CREATED if asked % 2 else Sort.CREATED_DESCENDING
        return PoolQuery(**query | {"sort": order})

    monkeypatch.setattr(reading_all, "PoolQuery", turned)
    said = ""
    for _ in range(7):
        said = told(manager.post(READ, follow=True))
        if "some may be missing" in said:
            break
    assert "some may be missing" in said
    assert is_known(99_999)
    assert not Reading.objects.exists()


def test_pools_that_slip_past_make_no_complete_reading(
    manager: Client, core: RunningSandbox, acme: Company, small_pages: None
) -> None:
    remember(acme, 99_999, days_ago=1)
    post(manager)
    core.company("acme").delete_pool(1)
    said = ""
    for _ in range(5):
        said = told(manager.post(READ))
    assert "some may be missing" in said
    assert is_known(99_999)
    assert not Reading.objects.exists()


def test_a_core_that_gives_the_same_page_again_ends_it(
    manager: Client, core: RunningSandbox, monkeypatch: pytest.MonkeyPatch, acme: Company
) -> None:
    monkeypatch.setattr(reading_all, "PoolQuery", lambda **asked: PoolQuery(**asked | {"page": 1}))
    core.reset()
    assert "Patchworks keeps giving the same page. Some pools may" in told(manager.post(READ))
    assert len(core.journal) == 2


@pytest.fixture
def small(manager: Client, core: RunningSandbox) -> Company:
    """A company with three pools, which one page shows."""
    company = make_company(core, "northwind", "Northwind")
    give_token(person_of(manager), company, core.keys["northwind"]["full"])
    return company


def test_a_list_that_shows_all_pools_is_a_reading_of_all(
    manager: Client, small: Company, core: RunningSandbox
) -> None:
    remember(small, 99_999, days_ago=1)
    for address in ("?search=o", "?per_page=2"):
        manager.get(f"/c/northwind/pools/{address}")
    assert not Reading.objects.exists()
    assert is_known(99_999)
    manager.get("/c/northwind/pools/")
    whole = reading_all.last_whole(small)
    assert whole is not None
    assert (whole.by, whole.pools, is_known(99_999)) == ("manager", 3, False)
    assert "All 3 pools were read" in told(manager.get("/c/northwind/pools/read/"))
    assert "Read all pools of Northwind" not in told(manager.get("/find/"))


def test_that_a_list_showed_all_is_noted_every_quarter_of_an_hour(
    manager: Client, small: Company
) -> None:
    manager.get("/c/northwind/pools/")
    first = Reading.objects.get()
    manager.get("/c/northwind/pools/")
    assert Reading.objects.get() == first
    Reading.objects.update(ended_at=timezone.now() - timedelta(minutes=16))
    manager.get("/c/northwind/pools/")
    assert Reading.objects.get() != first


def test_an_empty_list_drops_nothing_that_is_known(
    manager: Client, small: Company, core: RunningSandbox
) -> None:
    manager.get("/c/northwind/pools/")
    Reading.objects.all().delete()
    for pool in list(SeenPool.objects.values_list("pool_id", flat=True)):
        core.company("northwind").delete_pool(pool)
    remember(small, 99_999, days_ago=1)
    manager.get("/c/northwind/pools/")
    assert (is_known(99_999), Reading.objects.exists()) == (True, False)


def test_reading_all_drops_nothing_either_where_none_is_shown(
    manager: Client, small: Company, core: RunningSandbox
) -> None:
    """A token that sees nothing any more shows just that."""
    for pool in core.company("northwind").pools():
        core.company("northwind").delete_pool(pool.id)
    remember(small, 99_999, days_ago=1)
    said = told(manager.post("/c/northwind/pools/read/", follow=True))
    assert "Patchworks showed no pools, and there were some before." in said
    assert (is_known(99_999), Reading.objects.exists()) == (True, False)


def test_a_company_without_pools_is_read_whole(
    manager: Client, small: Company, core: RunningSandbox
) -> None:
    for pool in core.company("northwind").pools():
        core.company("northwind").delete_pool(pool.id)
    manager.post("/c/northwind/pools/read/")
    assert Reading.objects.get().ended_at


def test_somebody_else_begins_a_reading_of_their_own(
    manager: Client, sign_in_as: SignIn, small_pages: None
) -> None:
    post(manager)
    other = sign_in_as("Operator")
    assert "The panel knows" in told(other.get(READ))
    assert "50 of 257 pools read" in post(other)


def test_without_a_token_nothing_is_read(sign_in_as: SignIn) -> None:
    answer = sign_in_as("Manager", token=None).post(READ)
    assert answer.status_code == 403
    assert "You need a Patchworks token for Acme" in told(answer)
    assert not Reading.objects.exists()


def test_find_offers_it_until_it_was_done_and_again_later(manager: Client) -> None:
    assert "Not all pools of these companies" in told(manager.get("/find/"))
    post(manager)
    assert "Not all pools of these companies" not in told(manager.get("/find/"))
    Reading.objects.update(ended_at=timezone.now() - timedelta(hours=25))
    assert "Not all pools of these companies" in told(manager.get("/find/"))


def test_with_scripts_the_page_asks_for_the_next_ones_by_itself(
    manager: Client, small_pages: None
) -> None:
    headers = {"HX-Request": "true", "HX-Target": "reading"}
    assert "load delay:100ms" in manager.post(READ, headers=headers).content.decode()
    for _ in range(5):
        last = manager.post(READ, headers=headers).content.decode()
    assert "All 257 pools" in " ".join(last.split())
    assert "load delay" not in last
