"""How often a page asks the database: a handful of times, however much it shows."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sandbox.running import RunningSandbox
from tests.fixtures.panel import SignIn, give_token, make_company, person_of

MOST = 6


def statements_of(client: Client, address: str) -> list[str]:
    """Of the second time: what is noted every few minutes was noted then."""
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return [each["sql"] for each in captured]


@pytest.mark.parametrize("size", [10, 100])
def test_the_list(manager: Client, size: int) -> None:
    address = f"/c/acme/pools/?per_page={size}"
    assert len(statements_of(manager, address)) <= MOST


def test_a_list_that_is_all_there_is(sign_in_as: SignIn, core: RunningSandbox) -> None:
    client = sign_in_as("Manager")
    northwind = make_company(core, "northwind", "Northwind")
    give_token(person_of(client), northwind, core.keys["northwind"]["full"])
    assert len(statements_of(client, "/c/northwind/pools/")) <= MOST
