"""The list of pools by a system: from what was last seen, and for whom Core would show it."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from pools.catalogue.keeping import keep
from pools.core import Connector, Pool, System
from pools.models import Company, Token
from sandbox.running import RunningSandbox
from tests.fixtures.panel import SignIn, told

LIST = "/c/acme/pools/"


def pool(id_: int, name: str, limit: int | None, systems: Iterable[str]) -> Pool:
    connectors = tuple(Connector(n, "Live", System(n, each), {}) for n, each in enumerate(systems))
    return Pool(id_, name, limit, None, None, None, connectors, frozenset(), {})


@pytest.fixture
def seen(acme: Company) -> Company:
    with time_machine.travel(timezone.now() - timedelta(minutes=12)):
        keep(
            acme,
            [
                pool(1, "Orders", 5, ["NetSuite", "Shopify"]),
                pool(2, "Returns", 9, ["netsuite "]),
                pool(3, "Stock", None, ["NetSuite"]),
                pool(4, "Shop", 2, ["Shopify"]),
            ],
        )
    return acme


def test_a_system_is_a_filter_however_it_is_written(
    manager: Client, seen: Company, core: RunningSandbox
) -> None:
    core.reset()
    answer = manager.get(LIST, {"system": "netsuite"})
    assert [row.name for row in answer.context["rows"]] == ["Orders", "Returns", "Stock"]
    assert "as last seen: the oldest here 12 min ago" in told(answer)
    assert core.journal == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"sort": "name"}, ["Orders", "Returns", "Stock"]),
        ({"sort": "-name"}, ["Stock", "Returns", "Orders"]),
        ({"sort": "-limit"}, ["Returns", "Orders", "Stock"]),
        ({"sort": "limit"}, ["Orders", "Returns", "Stock"]),
        ({"search": "ret,stock"}, ["Returns", "Stock"]),
        ({"search": "shop"}, ["Orders"]),
        ({"search": "%"}, []),
        ({"search": "nothing"}, []),
        ({"page": "2"}, []),
    ],
)
def test_search_order_and_pages_go_with_it(
    manager: Client, seen: Company, asked: dict[str, str], found: list[str]
) -> None:
    answer = manager.get(LIST, {"system": "NetSuite"} | asked)
    rows = answer.context["rows"]
    assert [row.name for row in rows] == found
    assert answer.status_code == 200


def test_its_pages_lead_on_with_the_system(manager: Client, acme: Company) -> None:
    keep(acme, [pool(n, f"Lane {n}", 1, ["NetSuite"]) for n in range(1, 31)])
    context = manager.get(LIST, {"system": "NetSuite", "per_page": "10", "page": "2"}).context
    assert context["page_facts"]["first"] == 11
    assert context["page_facts"]["total"] == 30
    assert context["next_href"] == f"{LIST}?per_page=10&page=3&system=NetSuite"


def test_the_systems_are_offered_with_how_many_pools_they_have(
    manager: Client, seen: Company
) -> None:
    offered = manager.get(LIST, {"system": ""}).context["systems"]
    assert [(each["seen"].name, each["seen"].pools) for each in offered] == [
        ("NetSuite", 3),
        ("Shopify", 2),
    ]
    assert 'href="/c/acme/pools/?system="' in manager.get(LIST).content.decode()


@pytest.mark.parametrize("system", ["", "NetSuite"])
@pytest.mark.parametrize("token", ["none", "refused", "expired"])
def test_who_holds_no_working_token_sees_none_of_it(
    sign_in_as: SignIn, seen: Company, token: str, system: str
) -> None:
    client = sign_in_as("Manager", token=None if token == "none" else "full")
    at = timezone.now()
    changed = {"refused": {"refused_at": at}, "expired": {"expires_at": at}}.get(token)
    if changed:
        Token.objects.update(**changed)
    answer = client.get(LIST, {"system": system})
    assert answer.status_code in {401, 403, 422}
    assert "Orders" not in told(answer)
    assert "Shopify" not in told(answer)


def test_a_system_that_nobody_has_seen_says_so(manager: Client, seen: Company) -> None:
    assert "No pool has been seen with a connector of “SAP”" in told(
        manager.get(LIST, {"system": "SAP"})
    )
    assert manager.get(LIST, {"system": "x" * 256}).status_code == 400
