"""What every reading leaves in the catalogue, and what it costs the page."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pools import database_faults
from pools.catalogue import keeping
from pools.catalogue.keeping import RENEWED_AFTER, forget, keep
from pools.core import Connector, Pool, System
from pools.models import Company, SeenPool, SeenSystem
from sandbox.running import RunningSandbox
from tests.fixtures.panel import SignIn
from tests.fixtures.refusing_database import locked, read_only
from tests.views.changing import edit, open_form


def connector(system: str | None, name: str = "Live", id_: int = 7) -> Connector:
    return Connector(id_, name, System(1, system) if system is not None else None, {})


def pool(id_: int = 1, **facts: Any) -> Pool:
    plain = Pool(id_, "Orders", 5, None, None, None, (connector("NetSuite"),), frozenset(), {})
    return replace(plain, **facts)


def row(id_: int = 1) -> SeenPool:
    return SeenPool.objects.get(pool_id=id_)


def systems(id_: int = 1) -> list[str]:
    found = SeenSystem.objects.filter(pool__pool_id=id_).order_by("name")
    return list(found.values_list("name", flat=True))


def statements(company: Company, *pools: Pool) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        keep(company, pools)
    return [each["sql"] for each in captured]


def test_a_pool_is_kept_as_it_was_shown(acme: Company) -> None:
    keep(acme, [pool(connectors=(connector("Shopify"), connector("NetSuite"), connector(None)))])
    assert (row().name, row().limit, row().origin) == ("Orders", 5, acme.origin)
    assert systems() == ["NetSuite", "Shopify"]


def test_what_is_unchanged_costs_one_query_and_no_write(acme: Company) -> None:
    pools = [pool(number) for number in range(1, 101)]
    keep(acme, pools)
    assert [sql.split()[0] for sql in statements(acme, *pools)] == ["SELECT"]


def test_its_time_is_renewed_coarsely(acme: Company) -> None:
    keep(acme, [pool()])
    first = row().seen_at
    with time_machine.travel(timezone.now() + RENEWED_AFTER - timedelta(seconds=5)):
        keep(acme, [pool()])
        assert row().seen_at == first
    with time_machine.travel(timezone.now() + RENEWED_AFTER):
        keep(acme, [pool()])
        assert row().seen_at > first


@pytest.mark.parametrize(
    "facts", [{"name": "New"}, {"limit": 6}, {"timeout": 3}, {"updated_at": timezone.now()}]
)
def test_what_changed_is_kept_at_once(acme: Company, facts: dict[str, Any]) -> None:
    keep(acme, [pool()])
    keep(acme, [pool(**facts)])
    assert [getattr(row(), name) for name in facts] == list(facts.values())
    assert SeenPool.objects.count() == 1


def test_other_connectors_replace_the_known_ones(acme: Company) -> None:
    keep(acme, [pool(), pool(2)])
    keep(acme, [pool(connectors=(connector("Shopify"),)), pool(2)])
    assert (systems(1), systems(2)) == (["Shopify"], ["NetSuite"])
    keep(acme, [pool(connectors=())])
    assert systems(1) == []


def test_a_reading_without_connectors_erases_none(acme: Company) -> None:
    keep(acme, [pool()])
    keep(acme, [pool(limit=9, connectors=None)])
    assert (row().limit, systems()) == (9, ["NetSuite"])
    assert "netsuite" in row().words


def test_a_name_that_could_not_be_read_stays_as_it_was_known_and_a_limit_does_not(
    acme: Company,
) -> None:
    keep(acme, [pool()])
    keep(acme, [pool(name=None, limit=None, unreadable=frozenset({"name", "limit"}))])
    assert (row().name, row().limit, row().unreadable) == ("Orders", None, "limit")
    keep(acme, [pool()])
    assert (row().limit, row().unreadable) == (5, "")


def test_a_pool_without_an_id_is_left_out(acme: Company) -> None:
    keep(acme, [pool(id=None)])
    assert not SeenPool.objects.exists()


@pytest.mark.parametrize(
    "odd",
    [
        {"name": "\0" + "x" * 5000, "limit": 2**63 - 1},
        {"name": None, "limit": None, "connectors": ()},
        {"name": "\ud800", "limit": -5},
        {"connectors": (Connector(None, None, None, {}), connector("S" * 5000, "\0"))},
        {"connectors": (connector("NetSuite"), connector("\ufeffNetSuite "))},
        {"connectors": tuple(connector(f"System {n}", "name " * 50) for n in range(500))},
    ],
)
def test_odd_pools_are_kept_as_far_as_that_goes(acme: Company, odd: dict[str, Any]) -> None:
    keep(acme, [pool(**odd)])
    before = row()
    assert len(statements(acme, pool(**odd))) == 1
    assert before == row()


def test_the_same_id_of_another_company_or_origin_is_another_pool(
    acme: Company, core: RunningSandbox
) -> None:
    keep(acme, [pool()])
    acme.base_url = "https://elsewhere.example"
    acme.save()
    keep(acme, [pool(name="Another")])
    assert sorted(SeenPool.objects.values_list("origin", "name")) == [(1, "Orders"), (2, "Another")]
    forget(acme, 1)
    assert list(SeenPool.objects.values_list("name", flat=True)) == ["Orders"]


@pytest.mark.parametrize("page", ["/c/acme/pools/?per_page=10", "/c/acme/pools/1/"])
def test_every_page_that_reads_pools_keeps_them(manager: Client, page: str) -> None:
    SeenPool.objects.all().delete()
    manager.get(page)
    assert SeenPool.objects.count() in {1, 10}


def test_a_change_is_kept_and_a_delete_is_dropped(manager: Client, core: RunningSandbox) -> None:
    made = core.company("acme").add_pool("Night jobs", 5).id
    edit(manager, made, limit="6")
    assert row(made).limit == 6
    address = f"/c/acme/pools/{made}/delete/"
    manager.post(address, open_form(manager, address, confirm_name="Night jobs"))
    assert not SeenPool.objects.filter(pool_id=made).exists()


def test_a_pool_that_is_gone_is_dropped_when_it_is_asked_for(
    manager: Client, core: RunningSandbox
) -> None:
    made = core.company("acme").add_pool("Night jobs", 5).id
    manager.get(f"/c/acme/pools/{made}/")
    core.company("acme").delete_pool(made)
    manager.get(f"/c/acme/pools/{made}/")
    assert not SeenPool.objects.filter(pool_id=made).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("refuses", [read_only, locked])
def test_a_database_that_refuses_costs_no_page(sign_in_as: SignIn, refuses: Any) -> None:
    client = sign_in_as("Manager")
    client.get("/c/acme/pools/")
    SeenPool.objects.all().delete()
    with refuses():
        assert client.get("/c/acme/pools/").status_code == 200
    database_faults._waited_at.set(float("-inf"))  # as a moment later
    client.get("/c/acme/pools/")
    assert SeenPool.objects.count() == 25


def test_a_table_that_cannot_be_read_costs_no_page(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> dict[int, SeenPool]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM no_such_table")
        raise AssertionError

    monkeypatch.setattr(keeping, "_known", broken)
    if connection.vendor == "sqlite":
        assert manager.get("/c/acme/pools/").status_code == 200
