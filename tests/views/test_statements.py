"""How often a page asks the database: a handful of times, however much it shows.

And how often a change does: docs/architecture.md says what each statement is for.
"""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pools.models import Company, Entry
from sandbox.running import RunningSandbox
from tests.batches.lists import frozen
from tests.changes.recorded import a_list
from tests.fixtures.panel import SignIn, give_token, make_company, person_of
from tests.fixtures.place import Place
from tests.fixtures.signing import SIGNING_KEYS
from tests.views.changing import edit, open_form

MOST = 5
# Of a transaction, and of waiting for one's turn in it.
_AROUND = re.compile(
    r"BEGIN|COMMIT|SAVEPOINT|RELEASE|PRAGMA busy_timeout|SELECT (?:pg_advisory_|set_config)"
)


def statements_of(client: Client, address: str) -> list[str]:
    """Of the second time: what is noted every few minutes was noted then."""
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return [each["sql"] for each in captured]


@pytest.mark.parametrize("system", ["", "NetSuite"])
def test_the_list_of_a_system(manager: Client, system: str) -> None:
    manager.get("/c/acme/pools/")
    assert len(statements_of(manager, f"/c/acme/pools/?system={system}")) <= MOST


@pytest.mark.parametrize("size", [10, 100])
def test_the_list(manager: Client, size: int) -> None:
    address = f"/c/acme/pools/?per_page={size}"
    assert len(statements_of(manager, address)) <= MOST


def test_several_pools_that_were_ticked(manager: Client) -> None:
    manager.get("/c/acme/pools/")
    sent = {"origin": "1", "pool": ["1", "2", "3"], "operation": "limit"}
    with CaptureQueriesContext(connection) as captured:
        assert manager.post("/c/acme/batches/new/", sent).status_code == 200
    assert len(captured) <= MOST


def test_a_list_that_is_all_there_is(sign_in_as: SignIn, core: RunningSandbox) -> None:
    client = sign_in_as("Manager")
    northwind = make_company(core, "northwind", "Northwind")
    give_token(person_of(client), northwind, core.keys["northwind"]["full"])
    assert len(statements_of(client, "/c/northwind/pools/")) <= MOST


def test_a_pools_page(manager: Client, core: RunningSandbox) -> None:
    pool = core.company("acme").add_pool("Orders", 5).id
    edit(manager, pool, limit="6")
    edit(manager, pool, limit="7")
    manager.get(f"/c/acme/pools/{pool}/")
    assert len(statements_of(manager, f"/c/acme/pools/{pool}/")) <= MOST


def test_a_change(manager: Client, core: RunningSandbox) -> None:
    edit(manager, core.company("acme").add_pool("Orders", 5).id, limit="6")
    change = Entry.objects.get(kind="intent").change
    assert len(statements_of(manager, f"/changes/{change}/")) <= MOST


def test_evidence(manager: Client, core: RunningSandbox, settings: Any) -> None:
    settings.SIGNING_KEYS = SIGNING_KEYS
    edit(manager, core.company("acme").add_pool("Orders", 5).id, limit="6")
    change = Entry.objects.get(kind="intent").change
    for address in ("/changes/evidence/?action=edit", f"/changes/{change}/evidence/"):
        assert len(statements_of(manager, address)) <= MOST


@pytest.mark.parametrize("typed", ["", "orders", "acme"])
def test_find(manager: Client, typed: str) -> None:
    manager.get("/c/acme/pools/")
    assert len(statements_of(manager, f"/find/?q={typed}")) <= MOST


def test_home(manager: Client, core: RunningSandbox) -> None:
    northwind = make_company(core, "northwind", "Northwind")
    give_token(person_of(manager), northwind, core.keys["northwind"]["full"])
    edit(manager, core.company("acme").add_pool("Orders", 5).id, limit="6")
    assert len(statements_of(manager, "/")) <= MOST


@pytest.mark.parametrize(
    "address", ["/changes/", "/changes/?kind=events", "/changes/?action=edit", "/c/acme/changes/"]
)
def test_the_record(sign_in_as: SignIn, core: RunningSandbox, address: str) -> None:
    client = sign_in_as("Administrator")
    edit(client, core.company("acme").add_pool("Orders", 5).id, limit="6")
    assert len(statements_of(client, address)) <= MOST


@pytest.mark.parametrize("address", ["/changes/", "/c/acme/changes/"])
def test_the_record_with_lists_of_changes(manager: Client, address: str) -> None:
    batch, *_ = [a_list(3)[0] for _ in range(4)]
    assert len(statements_of(manager, f"{address}?list={batch}")) <= MOST


@pytest.mark.parametrize("place", ["before=4", "after=1"])
@pytest.mark.parametrize("list_of", ["/changes/?", "/changes/?kind=events&"])
def test_the_record_further_back(
    sign_in_as: SignIn, core: RunningSandbox, list_of: str, place: str
) -> None:
    client = sign_in_as("Administrator")
    edit(client, core.company("acme").add_pool("Orders", 5).id, limit="6")
    assert len(statements_of(client, f"{list_of}{place}")) <= MOST


def test_the_record_of_several_companies(manager: Client, core: RunningSandbox) -> None:
    northwind = make_company(core, "northwind", "Northwind")
    give_token(person_of(manager), northwind, core.keys["northwind"]["full"])
    edit(manager, core.company("acme").add_pool("Orders", 5).id, limit="6")
    assert len(statements_of(manager, "/changes/")) <= MOST


def test_a_list_of_changes(manager: Client, acme: Company, core: RunningSandbox) -> None:
    place = Place(core, core.company("acme"), acme, 1)
    batch = frozen(place, person_of(manager), ids=[each.id for each in place.at_core.pools()[:30]])
    assert len(statements_of(manager, f"/c/acme/batches/{batch.pk}/")) <= MOST


def test_the_lists_of_a_company(manager: Client, acme: Company, core: RunningSandbox) -> None:
    place = Place(core, core.company("acme"), acme, 1)
    for _ in range(3):
        frozen(place, person_of(manager), ids=[place.at_core.pools()[0].id])
    assert len(statements_of(manager, "/c/acme/batches/")) <= MOST


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("action", "most"), [("edit", 19), ("clear", 18), ("delete", 20)])
def test_a_change_that_is_made(
    manager: Client, core: RunningSandbox, action: str, most: int
) -> None:
    """Its commits wait for the disk: the intent, the outcome, what was read back, the session."""
    pool = core.company("acme").add_pool("Orders", 5).id
    edit(manager, pool, limit="6")
    address = f"/c/acme/pools/{pool}/{action}/"
    values = {"edit": {"limit": "7"}, "delete": {"name": "Orders"}}.get(action, {})
    form = open_form(manager, address, **values)
    with CaptureQueriesContext(connection) as captured:
        assert manager.post(address, form).status_code == 302
    statements = [each["sql"] for each in captured]
    assert len([each for each in statements if not _AROUND.match(each)]) <= most
    assert statements.count("COMMIT") == 4
