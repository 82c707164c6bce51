"""A name that another pool of the company has is said where it is given, and not forbidden."""

from typing import Any

import pytest
from django.db import connection
from django.db.models.query import QuerySet
from django.db.utils import OperationalError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pools.catalogue.namesakes import namesakes
from pools.models import Company, SeenPool, Token
from sandbox.running import RunningSandbox
from tests.fixtures.panel import told
from tests.views.changing import NEW, edit, newest, open_form, outcomes, revert_of, writes


@pytest.fixture
def orders(manager: Client, core: RunningSandbox) -> int:
    """A pool with a name of its own, that was looked at."""
    pool = core.company("acme").add_pool("Café orders", 5).id
    manager.get(f"/c/acme/pools/{pool}/")
    return pool


def test_it_is_said_next_to_the_name_and_after_the_pool_was_made(
    manager: Client, core: RunningSandbox, orders: int
) -> None:
    said = f"Another pool has this name: {orders}"
    form = open_form(manager, NEW, name=" Cafe\u0301 orders\u200b", limit="0")
    page = manager.post(NEW, form)
    assert f"{said}, seen seconds ago. You can still use it." in told(page)
    assert f'<a href="/c/acme/pools/{orders}/">{orders}</a>' in page.content.decode()
    assert len(core.journal) == 1  # the look at the pool: nothing is asked for this
    page = manager.post(NEW, form | {"limit": "4"}, follow=True)
    assert f"{said}." in told(page)
    assert (outcomes(), len(writes(core))) == (["done"], 1)


def test_an_edit_says_it_of_a_new_name_alone(
    manager: Client, core: RunningSandbox, orders: int
) -> None:
    other = core.company("acme").add_pool("Stock", 5).id
    address = f"/c/acme/pools/{other}/edit/"
    page = manager.post(address, open_form(manager, address, name="Café orders"), follow=True)
    assert f"Another pool has this name: {orders}." in told(page)
    for place in ("", "edit/"):
        assert "has this name" not in told(manager.get(f"/c/acme/pools/{other}/{place}"))
    page = manager.post(address, open_form(manager, address, limit="9"), follow=True)
    assert "has this name" not in told(page)


def test_a_pool_that_gets_its_old_name_back_says_who_has_it_now(
    manager: Client, core: RunningSandbox, orders: int
) -> None:
    edit(manager, orders, name="Stock")
    renamed = newest()
    other = core.company("acme").add_pool("Café orders", 5).id
    manager.get(f"/c/acme/pools/{other}/")
    said = f"Another pool has this name: {other}"
    assert f"{said}, seen seconds ago." in told(manager.get(revert_of(renamed)))
    edit(manager, orders, name="Orders")
    address = f"/c/acme/pools/{other}/delete/"
    manager.post(address, open_form(manager, address, confirm_name="Café orders"))
    deleted = newest()
    assert "has this name" not in told(manager.get(revert_of(deleted)))
    edit(manager, orders, name="Café orders")
    with CaptureQueriesContext(connection) as asked:
        page = manager.get(revert_of(deleted))
    assert f"Another pool has this name: {orders}, seen seconds ago." in told(page)
    assert sum("words" in each["sql"] and "LIKE" in each["sql"] for each in asked) == 1


def test_of_many_the_first_few_are_named(
    manager: Client, core: RunningSandbox, orders: int
) -> None:
    same = [core.company("acme").add_pool("***", 5).id for _ in range(5)]
    for pool in same:
        manager.get(f"/c/acme/pools/{pool}/")
    first = ", ".join(map(str, same[:3]))
    page = manager.post(NEW, open_form(manager, NEW, name="***", limit="4"), follow=True)
    assert f"5 other pools have this name: {first} and 2 more." in told(page)


def test_only_the_same_name_in_the_same_place_counts(acme: Company, orders: int) -> None:
    for name in ("Cafe orders", "café orders", "Café orders 2", "orders"):
        assert namesakes(acme, name, None) == [], name
    for name in ("Café orders", "\u3164Café orders\u3164"):
        assert [each.pool_id for each in namesakes(acme, name, None)] == [orders]
    assert namesakes(acme, "Café orders", orders) == []
    acme.origin += 1
    assert namesakes(acme, "Café orders", None) == []


def test_a_catalogue_that_cant_be_read_costs_no_change(
    manager: Client, orders: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = open_form(manager, NEW, name="Café orders", limit="4")
    values_list = QuerySet.values_list

    def refuse(rows: QuerySet[SeenPool], *fields: str, **how: bool) -> object:
        if rows.model is SeenPool and "seen_at" in fields:
            raise OperationalError
        return values_list(rows, *fields, **how)

    monkeypatch.setattr(QuerySet, "values_list", refuse)
    page = manager.post(NEW, form, follow=True)
    assert "Created “Café orders”" in told(page)
    assert "has this name" not in told(page)


def test_who_cant_see_the_pools_is_told_of_none(
    manager: Client, core: RunningSandbox, orders: int
) -> None:
    form = open_form(manager, NEW, name="Café orders", limit="4")
    core.set_fault("status=401")
    page = manager.post(NEW, form)
    assert page.context["form"]["name"].value() == "Café orders"
    assert "has this name" not in told(page)


def test_nothing_is_said_where_nobody_knows_whether_the_name_was_given(
    manager: Client, core: RunningSandbox, orders: int
) -> None:
    address = f"/c/acme/pools/{core.company('acme').add_pool('Stock', 5).id}/edit/"
    form = open_form(manager, address, name="Café orders")
    core.set_fault("status=500;only=writes")
    page = manager.post(address, form, follow=True)
    assert outcomes() == ["unknown"]
    assert "has this name" not in told(page)


NAMED = "/c/acme/pools/named/"
TYPED = {"HX-Request": "true", "HX-Target": "namesakes"}


def said_while_typing(client: Client, **asked: Any) -> str:
    answer = client.get(NAMED, asked, headers=TYPED)
    assert answer.status_code == 200
    return " ".join(told(answer).split())


def test_it_is_said_while_the_name_is_typed_and_core_is_not_asked(
    manager: Client, core: RunningSandbox, orders: int
) -> None:
    other = core.company("acme").add_pool("Stock", 5).id
    manager.get(f"/c/acme/pools/{other}/")
    core.reset()
    said = f"Another pool has this name: {orders}, seen seconds ago. You can still use it."
    assert said_while_typing(manager, name=" Café orders ") == said
    assert said_while_typing(manager, name="Café orders", but=other) == said
    nobodys: tuple[dict[str, Any], ...] = (
        {"name": "Café order"},
        {"name": ""},
        {"name": "\u200b"},
        {"name": "Café orders", "but": orders},
        {"name": "n" * 10_000},
        {},
    )
    for asked in nobodys:
        assert said_while_typing(manager, **asked) == ""
    assert said_while_typing(manager, name="Café orders", but="9" * 30) == said
    assert core.journal == []


def test_the_form_asks_while_a_name_is_typed(manager: Client, orders: int) -> None:
    for address, asks in ((NEW, NAMED), (f"/c/acme/pools/{orders}/edit/", f"{NAMED}?but={orders}")):
        assert f'hx-get="{asks}"' in manager.get(address).text


def test_without_a_token_nobody_learns_who_has_a_name(
    manager: Client, core: RunningSandbox, orders: int
) -> None:
    Token.objects.update(refused_at=timezone.now())
    assert said_while_typing(manager, name="Café orders") == ""
    Token.objects.all().delete()
    assert said_while_typing(manager, name="Café orders") == ""


def test_it_is_a_page_of_its_own_too(manager: Client, orders: int) -> None:
    page = told(manager.get(NAMED, {"name": "Café orders"}))
    assert f"Another pool has this name: {orders}" in page
    page = told(manager.get(NAMED, {"name": "Stock <b>"}))
    assert "No other pool has been seen with this name." in page
