"""What decides stands where the decision is made."""

from django.test import Client

from sandbox.running import RunningSandbox
from tests.fixtures.panel import SignIn, told
from tests.views.changing import one_pool, open_form

LEAK = "Cleared 3 times in the last 7 days: look for a leak."


def clear(client: Client, pool: int, times: int) -> None:
    address = f"/c/acme/pools/{pool}/clear/"
    for _ in range(times):
        client.post(address, open_form(client, address))


def test_a_pool_that_is_cleared_often_says_so_on_list_pool_and_clear(manager: Client) -> None:
    pool = one_pool(manager)
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
    assert f'id="row-{pool}"' in row


def test_clear_says_what_it_drops_and_what_nobody_knows(
    manager: Client, core: RunningSandbox
) -> None:
    pool = one_pool(manager)
    page = manager.get(f"/c/acme/pools/{pool}/clear/")
    shown, said = page.context["pool"], told(page)
    assert f"{shown.name} {pool} in Acme" in said
    assert "You can't undo it" in said
    assert "Patchworks doesn't say how many requests wait." in said
    assert f"{shown.limit} at a time" in said
    for connector in shown.connectors:
        assert f"{connector.name} {connector.id}" in said
    assert 'href="/help/stuck/"' in page.content.decode()


def test_stuck_orders_has_five_causes_each_with_its_place(sign_in_as: SignIn) -> None:
    client = sign_in_as("Read-only", token=None)
    page = client.get("/help/stuck/")
    causes = page.context["causes"]
    assert len(causes) == 5
    for cause in causes:
        assert f'id="{cause.anchor}"' in page.content.decode()
    assert 'href="/help/stuck/"' in client.get("/help/").content.decode()
