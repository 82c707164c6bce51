"""What decides stands where the decision is made."""

import json
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from pools.guidance.allowances import set_allowance
from pools.models import Company, Entry, Reading
from sandbox.running import RunningSandbox
from tests.fixtures.panel import SignIn, actor, person_of, told
from tests.views.changing import ONE_POOL, edit, newest, open_form, writes

LEDGERLINE = {"id": 900, "name": "Ledgerline"}
LEAK = "Cleared 3 times in the last 7 days: look for a leak."


def clear(client: Client, pool: int, times: int) -> None:
    address = f"/c/acme/pools/{pool}/clear/"
    for _ in range(times):
        client.post(address, open_form(client, address))


def test_a_pool_that_is_cleared_often_says_so_on_list_pool_and_clear(manager: Client) -> None:
    pool = ONE_POOL
    clear(manager, pool, 2)
    for address in (f"/c/acme/pools/{pool}/", f"/c/acme/pools/{pool}/clear/"):
        page = manager.get(address)
        assert "Cleared twice in the last 7 days." in told(page)
        assert "/help/stuck/#the-pool" not in page.content.decode()
    clear(manager, pool, 1)
    for address in (f"/c/acme/pools/{pool}/", f"/c/acme/pools/{pool}/clear/"):
        page = manager.get(address)
        assert LEAK in told(page)
        assert "/help/stuck/#the-pool" in page.content.decode()
    (row,) = (
        each for each in manager.get("/c/acme/pools/").content.decode().split("<tr") if LEAK in each
    )
    assert f'href="{pool}/"' in row


def test_clear_says_what_it_drops_and_what_nobody_knows(
    manager: Client, core: RunningSandbox
) -> None:
    pool = ONE_POOL
    page = manager.get(f"/c/acme/pools/{pool}/clear/")
    shown, said = page.context["pool"], told(page)
    assert f"{shown.name} {pool} in Acme" in said
    assert "You can't undo it" in said
    assert "Patchworks doesn't say how many requests wait." in said
    assert f"{shown.limit} at a time" in said
    for connector in shown.connectors:
        assert f"{connector.name} {connector.id}" in said
    assert 'href="/help/stuck/"' in page.content.decode()


def test_clearing_a_pool_that_nothing_uses_is_not_promised_to_help(
    manager: Client, core: RunningSandbox
) -> None:
    pool = core.company("acme").add_pool("Unused", 5).id
    said = told(manager.get(f"/c/acme/pools/{pool}/clear/"))
    assert "No connector uses this pool, so nothing should wait in it" in said


def test_stuck_orders_has_five_causes_each_with_its_place(sign_in_as: SignIn) -> None:
    client = sign_in_as("Read-only", token=None)
    page = client.get("/help/stuck/")
    causes = page.context["causes"]
    assert len(causes) == 5
    for cause in causes:
        assert f'id="{cause.anchor}"' in page.content.decode()
    assert 'href="/help/stuck/"' in client.get("/help/").content.decode()


@dataclass(frozen=True)
class Accounts:
    """NetSuite allows 15: Orders takes 5 of it, Stock 4; the company has no other pool of it."""

    company: Company
    orders: int
    stock: int


@pytest.fixture
def accounts(manager: Client, acme: Company, core: RunningSandbox) -> Accounts:
    """Each pool was looked at, and all were read two hours ago."""
    at_core = core.company("acme")
    ids = {name: at_core.add_pool(name, limit).id for name, limit in (("Orders", 5), ("Stock", 4))}
    for name, pool in ids.items():
        for number in (1, 2):
            at_core.add_connector(
                pool, name=f"{name} {number}", system={"id": 900, "name": "Ledgerline"}
            )
        manager.get(f"/c/acme/pools/{pool}/")
    set_allowance(acme, "ledgerline", 15, by=actor(person_of(manager)))
    return Accounts(acme, ids["Orders"], ids["Stock"])


def read_whole(company: Company) -> None:
    then = timezone.now() - timedelta(minutes=20)
    Reading.objects.create(
        company=company, origin=company.origin, by="ana", began_at=then, ended_at=then
    )


def test_what_is_given_stands_wherever_a_limit_is_decided(
    manager: Client, accounts: Accounts
) -> None:
    read_whole(accounts.company)
    for place in ("", "edit/", "clear/", "delete/"):
        said = told(manager.get(f"/c/acme/pools/{accounts.orders}/{place}"))
        assert "ledgerline: 9 of 15 given to 2 pools read 20 min ago" in said, place
        assert "Not all pools" not in said, place
    said = told(manager.get("/c/acme/pools/new/"))
    assert "ledgerline: 9 of 15 given to 2 pools read 20 min ago" in said
    assert "A new pool counts once a connector of the system uses it." in said


def test_where_not_all_pools_were_read_the_sum_is_at_least_that(
    manager: Client, accounts: Accounts
) -> None:
    said = told(manager.get(f"/c/acme/pools/{accounts.orders}/"))
    assert "ledgerline: at least 9 of 15 given to 2 pools" in said
    assert "Not all pools of the company were read. Read all pools" in said


def test_going_above_is_told_before_it_is_saved_and_forbids_nothing(
    manager: Client, accounts: Accounts, core: RunningSandbox
) -> None:
    read_whole(accounts.company)
    address = f"/c/acme/pools/{accounts.orders}/edit/"
    form = open_form(manager, address, limit="12", reason="ZD-1")
    page = manager.post(address, form)
    assert (
        "This gives 16 to ledgerline, whose account allows 15. Save again if you mean it."
        in told(page)
    )
    assert writes(core) == []
    again = {name: str(page.context["form"][name].value() or "") for name in form}
    assert manager.post(address, again).status_code == 302
    assert len(writes(core)) == 1
    facts = json.loads(Entry.objects.get(kind="intent").facts)
    assert facts["allowances"] == [
        {"system": "ledgerline", "allowance": 15, "given": 16, "at_least": False}
    ]
    change = manager.get(f"/changes/{newest()}/")
    assert "ledgerline: 16 of 15 given" in told(change)


def test_a_lower_limit_is_saved_at_once_though_the_account_stays_overdrawn(
    manager: Client, accounts: Accounts, core: RunningSandbox
) -> None:
    set_allowance(accounts.company, "ledgerline", 3, by=actor(person_of(manager)))
    address = f"/c/acme/pools/{accounts.orders}/edit/"
    assert manager.post(address, open_form(manager, address, limit="4")).status_code == 302


def test_a_revert_says_what_it_makes_of_the_allowance(manager: Client, accounts: Accounts) -> None:
    read_whole(accounts.company)
    change = edit(manager, accounts.orders, limit="2")
    page = manager.get(f"/c/acme/changes/{change}/revert/")
    assert "ledgerline: 6 of 15 given to 2 pools; this would make it 9" in told(page)


def test_creating_again_says_what_its_limit_makes_of_the_allowances(
    manager: Client, accounts: Accounts, core: RunningSandbox
) -> None:
    read_whole(accounts.company)
    address = f"/c/acme/pools/{accounts.orders}/delete/"
    manager.post(address, open_form(manager, address, confirm_name="Orders"))
    again = f"/c/acme/changes/{newest()}/revert/"
    said = told(manager.get(again))
    assert "ledgerline: 4 of 15 given to 1 pool; this would make it 9 read 20 min ago" in said
    assert "A new pool counts once a connector of the system uses it." in said
    core.reset()
    page = manager.post(again, open_form(manager, again, limit="70", name=""))
    assert "; this would make it 74" in told(page)
    assert writes(core) == []
    assert manager.post(again, open_form(manager, again, limit="70")).status_code == 302


def test_the_list_says_what_is_given_too_much_and_of_a_system_what_is_given(
    manager: Client, accounts: Accounts
) -> None:
    read_whole(accounts.company)
    list_page, of_system = "/c/acme/pools/", "/c/acme/pools/?system=Ledgerline"
    assert "of 15 given" not in told(manager.get(list_page))
    assert "ledgerline: 9 of 15 given to 2 pools read 20 min ago" in told(manager.get(of_system))
    set_allowance(accounts.company, "ledgerline", 3, by=actor(person_of(manager)))
    for address in (list_page, of_system):
        assert "ledgerline: 9 of 3 given to 2 pools, 6 too many" in told(manager.get(address))
    assert "of 3 given" not in told(manager.get("/c/acme/pools/?system=NetSuite"))
