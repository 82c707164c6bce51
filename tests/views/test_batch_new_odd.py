"""All that match, of a Core that searches, pages or counts in a way of its own."""

import json
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from pools.models import Batch, BatchItem
from sandbox.http_messages import Answer, Request
from tests.fixtures.panel import streamed, told
from tests.views.other_core import OtherCore, each_pool, one_of_its_own, rewriting

NEW = "/c/acme/batches/new/"
FROZEN = {"freeze": "1", "origin": "1", "operation": "limit", "limit_to": "9", "matching": "1"}


empty_core = pytest.fixture(one_of_its_own)


@pytest.fixture
def core(empty_core: OtherCore) -> OtherCore:
    for number in range(1, 231):
        empty_core.sandbox.company("acme").add_pool(f"Pool {number:03d}", 5)
    return empty_core


def test_a_search_that_core_does_not_make_is_not_taken_for_all(
    manager: Client, core: OtherCore
) -> None:
    """Or else every pool of the company would be on the list."""

    def unsearched(request: Request, answer: Answer) -> Answer:
        path, _, query = request.target.partition("?")
        kept = "&".join(each for each in query.split("&") if "filter" not in each)
        return core.sandbox.server.api.answer(replace(request, target=f"{path}?{kept}"))

    core.answers = unsearched
    page = manager.post(NEW, FROZEN | {"query": "search=Pool+007"})
    assert "Patchworks didn't search." in told(page)
    assert "so we can't tell which ones you mean. Tick the pools that you mean." in told(page)
    assert (page.status_code, Batch.objects.count()) == (502, 0)


def test_pages_that_are_shorter_than_asked_for_are_all_read(
    manager: Client, core: OtherCore
) -> None:
    core.sandbox.switch(largest_page=50)
    assert manager.post(NEW, FROZEN | {"query": ""}).status_code == 302
    assert BatchItem.objects.count() == 230


def moved(core: OtherCore) -> None:
    """While the pages are read a pool of the first one goes: the next ones lack one. Another one
    is made, so that the count is right."""
    acme = core.sandbox.company("acme")
    (first, *_) = acme.pools()

    def moving(request: Request, document: Any) -> Any:
        if "page=2" in request.target and acme.has(first.id):
            acme.delete_pool(first.id)
            acme.add_pool("New", 5)
        return document

    core.answers = rewriting(moving)


def by_cursor(core: OtherCore) -> None:
    def unnumbered(request: Request, document: Any) -> Any:
        meta = {"per_page": 100, "next_cursor": "x"}
        return {"data": document["data"], "meta": meta, "links": {"next": "?cursor=x"}}

    core.answers = rewriting(unnumbered)


@pytest.mark.parametrize(("how", "status"), [(moved, 409), (by_cursor, 502)])
def test_a_list_that_is_not_known_whole_is_not_frozen(
    manager: Client, core: OtherCore, how: Any, status: int
) -> None:
    how(core)
    page = manager.post(NEW, FROZEN | {"query": ""})
    assert "we can't tell whether these are all that match" in told(page)
    assert ("Pools were added or deleted" in told(page)) is (status == 409)
    assert (page.status_code, Batch.objects.count()) == (status, 0)


def test_a_pool_that_does_not_match_is_in_no_list(manager: Client, core: OtherCore) -> None:
    """Of a Core that doesn't search, most pools may match by chance."""
    acme = core.sandbox.company("acme")
    for number in range(30):
        acme.add_pool(f"Stock {number}", 5)

    def unsearched(request: Request, answer: Answer) -> Answer:
        path, _, query = request.target.partition("?")
        kept = "&".join(each for each in query.split("&") if "filter" not in each)
        return core.sandbox.server.api.answer(replace(request, target=f"{path}?{kept}"))

    core.answers = unsearched
    page = manager.post(NEW, FROZEN | {"query": "search=Pool"})
    assert "Patchworks didn't search." in told(page)
    assert (page.status_code, Batch.objects.count()) == (502, 0)
    listed = manager.get("/c/acme/pools/", {"search": "pool", "per_page": "100", "page": "3"})
    assert "Patchworks didn't search: some of these pools don't match" in unescape(told(listed))
    for address in ("?search=pool&per_page=100&page=3", "?search=shipments"):
        found = LexborHTMLParser(manager.get(f"/c/acme/pools/{address}").content)
        assert found.css("[name='query'], [name='matching']:not([hidden])") == []
        assert len(found.css("[name='pool'][form='chosen']")) > 0


def of_people(core: OtherCore, ask: Callable[[], Any]) -> list[Any]:
    """What somebody is told for whom Core allows six calls, and after how many."""
    core.reset()
    core.sandbox.switch(rate_limit_per_minute=None)
    core.sandbox.switch(rate_limit_per_minute=6)
    answer = ask()
    title = "Patchworks limits how often this account may ask, and the rest is kept for people"
    return [answer.status_code, title in told(answer), len(core.received)]


def test_reading_many_leaves_a_fifth_of_the_calls_to_people(
    manager: Client, core: OtherCore
) -> None:
    # All that match: three pages, each of them read twice.
    assert of_people(core, lambda: manager.post(NEW, FROZEN | {"query": ""})) == [429, True, 5]
    # Ticked ones and the lines of a file, of which three are on no page.
    first = core.sandbox.company("acme").pools()[0].id
    ids = [first, 900_001, 900_002, 900_003]
    ticked = {**FROZEN, "pool": [str(each) for each in ids]}
    ticked.pop("matching")
    assert of_people(core, lambda: manager.post(NEW, ticked)) == [429, True, 5]
    file = "id,limit\n" + "\n".join(f"{each},9" for each in ids)
    sent = {"text": file, "ours": "on"}
    assert of_people(core, lambda: manager.post("/c/acme/pools/apply/", sent)) == [429, True, 5]
    assert Batch.objects.count() == 0
    # A few calls are a person's own work, whatever is left.
    assert manager.post(NEW, {**ticked, "pool": str(first)}).status_code == 302


@pytest.mark.parametrize("operation", ["delete", "clear", "limit"])
def test_connectors_that_were_not_told_are_not_taken_for_none(
    manager: Client, core: OtherCore, operation: str
) -> None:
    """Neither on the page on which they are confirmed, nor in its report."""
    acme = core.sandbox.company("acme")
    untold, none = (pool.id for pool in acme.pools()[:2])

    def unsaid(pool: dict[str, Any]) -> dict[str, Any]:
        return {name: each for name, each in pool.items() if name != "connectors"}

    core.answers = each_pool(lambda pool: unsaid(pool) if pool["id"] == untold else pool)
    chosen = {"pool": [str(untold), str(none), "99999"], "operation": operation}
    sent = {**FROZEN, **chosen}
    sent.pop("matching")
    answer = manager.post(NEW, sent)
    page = LexborHTMLParser(manager.get(answer["Location"]).content)
    said = [" ".join(each.text().split()) for each in page.css(".batch-systems")]
    assert sorted(said) == ["connectors unknown", "connectors unknown", "no connectors"]
    report = manager.post(f"{answer['Location']}report/", {"format": "json"})
    rows = {row["pool_id"]: row["systems"] for row in json.loads(streamed(report))}
    assert rows == {untold: "not told", none: {}, 99_999: "not told"}
