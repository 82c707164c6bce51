"""Exports from Cores that answer in a form of their own."""

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client

from pools.models import BatchItem
from sandbox.http_messages import Request
from tests.fixtures.panel import streamed, told
from tests.views.other_core import OtherCore, each_pool, one_of_its_own, rewriting

pytestmark = pytest.mark.any_database

EXPORT = "/c/acme/pools/export/"


empty_core = pytest.fixture(one_of_its_own)


@pytest.fixture
def core(empty_core: OtherCore) -> OtherCore:
    acme = empty_core.sandbox.company("acme")
    for number in range(3):
        acme.add_connector(acme.add_pool(f"Pool {number}", 5 + number).id, id=number, name="Live")
    return empty_core


def export(manager: Client, **chosen: str) -> Any:
    return json.loads(streamed(manager.post(EXPORT, {"format": "json", **chosen})))


def test_connectors_that_the_list_does_not_tell_are_asked_for_where_they_are_wanted(
    manager: Client, core: OtherCore
) -> None:
    def untold(request: Request, document: Any) -> Any:
        if isinstance(document.get("data"), list):
            for row in document["data"]:
                del row["connectors"]
        return document

    core.answers = rewriting(untold)
    assert export(manager)["end"] == "complete: 3 pools"
    assert len(core.received) == 1
    pools = export(manager, connectors="1")["pools"]
    assert [pool["connectors"][0]["id"] for pool in pools] == [0, 1, 2]
    assert len(core.received) == 1 + 1 + 3


@pytest.mark.parametrize("ids", [True, False])
def test_a_name_that_came_as_a_number_is_unreadable(
    manager: Client, core: OtherCore, ids: bool
) -> None:
    """PHP writes 7 of 007 as well: who makes pools from the file would give another name."""
    core.answers = each_pool(lambda pool: {**pool, "name": 7})
    chosen = {} if ids else {"copy": "1"}
    for pool in export(manager, **chosen)["pools"]:
        assert pool["name"] == pool.get("exported_name", "unreadable") == "unreadable"
    file = streamed(manager.post(EXPORT, {"format": "csv", **chosen}))
    text = file.replace(",5,", ",8,", 1)
    answer = manager.post("/c/acme/pools/apply/", {"text": text, "create": "on"})
    if ids:
        items = BatchItem.objects.order_by("position").values_list("wanted", "left_out")
        assert (answer.status_code, list(items)) == (302, [('{"limit":8}', "")])
    else:
        assert answer.status_code == 422
        assert "It couldn't be read when the file was exported" in told(answer)


def test_such_a_pool_can_be_renamed_by_a_file(manager: Client, core: OtherCore) -> None:
    core.answers = each_pool(lambda pool: {**pool, "name": 7})
    file = streamed(manager.post(EXPORT, {"format": "csv"}))
    answer = manager.post(
        "/c/acme/pools/apply/", {"text": file.replace(",unreadable,", ",Seven,", 1)}
    )
    assert answer.status_code == 302, told(answer)
    assert BatchItem.objects.get().left_out == ""


@pytest.mark.parametrize(("given", "said"), [(None, "not told"), ("many", "unreadable"), ([], "")])
def test_a_csv_says_why_it_has_no_connectors(
    manager: Client, core: OtherCore, given: Any, said: str
) -> None:
    core.answers = each_pool(lambda pool: {**pool, "connectors": given})
    file = streamed(manager.post(EXPORT, {"format": "csv", "connectors": "1"}))
    rows = list(csv.DictReader(io.StringIO(file.removeprefix("\ufeff"))))[:3]
    assert [(row["systems"], row["connectors"]) for row in rows] == [(said, said)] * 3


def test_what_cannot_be_read_is_not_taken_for_none(manager: Client, core: OtherCore) -> None:
    core.answers = each_pool(lambda pool: {**pool, "timeout": "soon", "limit": [5]})
    pool = export(manager)["pools"][0]
    assert pool["limit"] == pool["exported_timeout"] == "unreadable"


def test_a_core_that_gives_one_page_for_ever_comes_to_an_end(
    manager: Client, core: OtherCore
) -> None:
    first: list[Any] = []

    def endless(request: Request, document: Any) -> Any:
        first.extend(document["data"])
        document["data"] = first[:3]
        document["meta"] = {"current_page": dict(request.query)["page"], "total": 9_999}
        document["links"] = {"next": "there is more"}
        return document

    core.answers = rewriting(endless)
    said = export(manager)["end"]
    assert said == "incomplete: 3 of 9,999 pools. Patchworks keeps giving the same page."
    assert len(core.received) == 2


def test_a_core_that_counts_nothing_is_read_to_its_end(manager: Client, core: OtherCore) -> None:
    core.answers = rewriting(lambda request, document: {"data": document["data"]})
    assert export(manager)["end"] == "complete: 3 pools"


def test_a_core_that_does_not_sort_is_told(manager: Client, core: OtherCore) -> None:
    core.answers = rewriting(lambda request, document: {**document, "data": document["data"][::-1]})
    answer = manager.post(f"{EXPORT}?sort=limit", {"format": "csv"})
    assert "Patchworks did not put them in the order that you chose." in streamed(answer)
