"""A pool's id that is another pool's by now: deleted and created again, or after a restore."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from pools.models import BatchItem
from tests.fixtures.panel import streamed, told
from tests.views.changing import open_form, outcomes
from tests.views.other_core import Answering, OtherCore, as_it_is, each_pool, one_of_its_own

pytestmark = pytest.mark.any_database

LIST = "/c/acme/pools/"
LATER = "2030-01-02T03:04:05.000000Z"
ANOTHER = "This is another pool than the one that you opened."
CHANGED = "This pool was changed after you opened the form."
Written = Callable[[dict[str, Any]], dict[str, Any]]


core = pytest.fixture(one_of_its_own)


@pytest.fixture
def pool(core: OtherCore) -> int:
    return core.sandbox.company("acme").add_pool("Orders", 5).id


def reused(**values: Any) -> Answering:
    """The id is of a pool with these values, which was made later."""
    return each_pool(lambda row: row | {"created_at": LATER} | values)


def undated(**values: Any) -> Answering:
    """Core does not say when its pools were made."""

    def written(row: dict[str, Any]) -> dict[str, Any]:
        row.pop("created_at")
        return row | values

    return each_pool(written)


def send(client: Client, pool: int, act: str, first: Answering, then: Answering, core: Any) -> Any:
    address = f"{LIST}{pool}/{act}/"
    typed = {"edit": {"limit": "7"}, "delete": {"confirm_name": "Orders"}}.get(act, {})
    core.answers = first
    form = open_form(client, address, reason="ZD-4711", **typed)
    core.answers = then
    return client.post(address, form)


@pytest.mark.parametrize("act", ["edit", "clear", "delete"])
@pytest.mark.parametrize("name", ["Payments", "Orders"])
def test_what_was_meant_for_a_pool_is_not_sent_to_the_one_that_has_its_id(
    manager: Client, core: OtherCore, pool: int, act: str, name: str
) -> None:
    """Though all that the change depends on may be the same: the limit, and even the name."""
    page = send(manager, pool, act, as_it_is, reused(name=name), core)
    assert (page.status_code, core.writes, outcomes()) == (409, [], [])
    problem = page.context["problem"]
    assert problem.title == ANOTHER
    assert f"Patchworks gave its id ({pool}) to a pool that was created on 2 Jan 2030" in told(page)
    assert page.context["form"]["reason"].value() == "ZD-4711"
    if act == "edit":
        assert page.context["form"]["limit"].value() == "7"


def test_who_was_told_may_send_it_to_that_one(manager: Client, core: OtherCore, pool: int) -> None:
    page = send(manager, pool, "edit", as_it_is, reused(name="Payments"), core)
    form = page.context["form"]
    again = {name: form[name].value() or "" for name in form.fields}
    assert manager.post(f"{LIST}{pool}/edit/", again).status_code == 302
    assert outcomes() == ["done"]


@pytest.mark.parametrize("act", ["edit", "clear", "delete"])
def test_where_core_does_not_say_when_pools_were_made_the_name_tells_them_apart(
    manager: Client, core: OtherCore, pool: int, act: str
) -> None:
    page = send(manager, pool, act, undated(), undated(name="Payments"), core)
    assert (page.status_code, core.writes, outcomes()) == (409, [], [])
    assert page.context["problem"].title == CHANGED


def test_a_pool_that_was_renamed_is_the_same_pool(
    manager: Client, core: OtherCore, pool: int
) -> None:
    renamed = each_pool(lambda row: row | {"name": "Orders EU"})
    assert send(manager, pool, "edit", as_it_is, renamed, core).status_code == 302
    assert outcomes() == ["done"]


def test_a_time_that_is_written_less_exactly_is_the_same(
    manager: Client, core: OtherCore, pool: int
) -> None:
    shorter = each_pool(lambda row: row | {"created_at": row["created_at"][:19] + "Z"})
    assert send(manager, pool, "edit", as_it_is, shorter, core).status_code == 302
    assert outcomes() == ["done"]


def just_now(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"created_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def any_time(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"created_at": f"{next(YEARS)}-05-01T10:00:00Z"}


YEARS = itertools.cycle(range(2001, 2025))


@pytest.mark.parametrize("made_up", [just_now, any_time])
@pytest.mark.parametrize("act", ["edit", "clear", "delete"])
def test_a_time_that_core_makes_up_for_each_answer_tells_nothing(
    manager: Client, core: OtherCore, pool: int, act: str, made_up: Written
) -> None:
    early = each_pool(lambda row: row | {"created_at": "2020-05-01T10:00:00Z"})
    assert send(manager, pool, act, early, each_pool(made_up), core).status_code == 302
    assert outcomes() == ["done"]


@pytest.mark.parametrize("act", ["edit", "clear", "delete"])
def test_then_the_name_tells(manager: Client, core: OtherCore, pool: int, act: str) -> None:
    # Opened some time ago, when it was said to have been made then.
    early = each_pool(lambda row: row | {"created_at": "2020-05-01T10:00:00Z"})
    page = send(manager, pool, act, early, reused_just_now(), core)
    assert (page.status_code, core.writes, page.context["problem"].title) == (409, [], CHANGED)


def reused_just_now() -> Answering:
    return each_pool(lambda row: just_now(row) | {"name": "Payments"})


@pytest.mark.parametrize("operation", ["limit", "clear"])
def test_of_a_list_it_is_not_sent_either(
    manager: Client, core: OtherCore, pool: int, operation: str
) -> None:
    chosen = {
        "freeze": "1",
        "origin": "1",
        "pool": [str(pool)],
        "operation": operation,
        "value": "to",
        "limit_to": "9",
    }
    made = manager.post("/c/acme/batches/new/", chosen)
    assert made.status_code == 302, told(made)
    core.answers = reused()
    page = manager.post(f"{made['Location']}run/", {"start": "1"}, follow=True)
    assert (page.status_code, core.writes, outcomes()) == (200, [], [])
    item = BatchItem.objects.get()
    assert item.stopped == "conflict"
    said = told(manager.get(made["Location"]))
    assert "Patchworks gave its id to another pool since. Nothing was sent." in said


@pytest.mark.parametrize(
    ("then", "why"),
    [
        (reused(), "another"),
        (reused(name="Payments"), "another"),
        (undated(name="Payments"), "another"),
        (each_pool(lambda row: row | {"name": "Orders EU"}), ""),
        (each_pool(lambda row: just_now(row)), ""),
        (as_it_is, ""),
    ],
)
def test_a_line_of_a_file_is_not_for_the_pool_that_has_its_id(
    manager: Client, core: OtherCore, pool: int, then: Answering, why: str
) -> None:
    file = streamed(manager.post("/c/acme/pools/export/", {"format": "csv"}))
    edited = file.replace("Orders,5,", "Orders,7,", 1)
    assert edited != file
    core.answers = then
    made = manager.post("/c/acme/pools/apply/", {"text": edited})
    assert made.status_code == 302, told(made)
    assert BatchItem.objects.get().left_out == why
    if why:
        assert "Another pool has its id by now" in told(manager.get(made["Location"]))


def test_a_time_that_a_spreadsheet_wrote_says_nothing(
    manager: Client, core: OtherCore, pool: int
) -> None:
    text = f"id;name;limit;created_at;exported_limit\n{pool};Orders;7;01/02/2024 10:00;5\n"
    made = manager.post("/c/acme/pools/apply/", {"text": text, "ours": "on"})
    assert made.status_code == 302, told(made)
    assert BatchItem.objects.get().left_out == ""
