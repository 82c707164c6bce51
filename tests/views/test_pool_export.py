"""The list of pools as a file: all of it, what it says of itself, and what stops it."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.test import Client

from pools.batches import patience, pool_export
from pools.catalogue.keeping import keep
from pools.changes.exporting import BYTE_ORDER_MARK
from pools.core import Connector, Pool, System
from pools.models import Company, Entry, Token
from sandbox.running import RunningSandbox
from tests.fixtures.panel import streamed, told

EXPORT = "/c/acme/pools/export/"
CSV, JSON = {"format": "csv"}, {"format": "json"}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What would have been waited."""
    waited: list[float] = []
    monkeypatch.setattr(pool_export, "sleep", waited.append)
    return waited


def pieces(answer: Any) -> Iterator[str]:
    for piece in answer.streaming_content:
        yield piece.decode()


def rows_of(text: str) -> tuple[list[dict[str, str]], str]:
    """The rows of a CSV file, and what it says of itself."""
    lines = list(csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))
    *rows, (said,) = lines
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]], said.removeprefix("# ")


def end_of(answer: Any) -> str:
    said: str = json.loads(streamed(answer))["end"]
    return said


def test_the_page_offers_it_and_asks_core_nothing(manager: Client, core: RunningSandbox) -> None:
    listed = manager.get("/c/acme/pools/?search=orders&sort=-limit&page=2")
    href = f"{EXPORT}?search=orders&amp;sort=-limit"
    assert href in listed.content.decode()
    core.reset()
    page = manager.get(f"{EXPORT}?search=orders&sort=-limit")
    assert "The pools that match “orders”, all pages" in told(page)
    assert page.context["pool_list_href"] == "/c/acme/pools/?search=orders&sort=-limit"
    assert core.journal == []


def test_csv_has_all_pools_and_says_so(manager: Client, core: RunningSandbox) -> None:
    core.company("acme").change_pool(7, name="=1+1", timeout=None)
    core.reset()
    answer = manager.post(EXPORT, CSV)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="pools-acme-')
    assert answer["X-Total"] == "257"
    text = streamed(answer)
    assert text.startswith("\ufeffcompany,origin,id,name,limit,timeout,created_at,")
    rows, said = rows_of(text)
    assert said == "complete: 257 pools"
    assert [row["id"] for row in rows] == [str(pool.id) for pool in core.company("acme").pools()]
    seventh = rows[6]
    assert (seventh["company"], seventh["origin"]) == ("acme", "1")
    assert seventh["name"] == seventh["exported_name"] == "'=1+1"
    assert seventh["timeout"] == seventh["exported_timeout"] == ""
    assert "connectors" not in seventh
    # Three pages of a hundred, each asked once.
    assert len(core.journal) == 3


def test_json_has_what_is_filtered_in_its_order_with_connectors(
    manager: Client, core: RunningSandbox
) -> None:
    chosen = {"connectors": "1", "format": "json"}
    exported = json.loads(streamed(manager.post(f"{EXPORT}?search=netsuite&sort=-limit", chosen)))
    assert (exported["company"], exported["search"], exported["sort"]) == (
        *("acme", "netsuite"),
        "-limit",
    )
    pools = exported["pools"]
    assert exported["end"] == f"complete: {len(pools)} pools"
    limits = [pool["limit"] for pool in pools]
    assert limits == sorted(limits, reverse=True)
    assert all("netsuite" in pool["name"].lower() for pool in pools)
    first = next(pool for pool in pools if pool["id"] == 1)
    assert first["systems"] == ["NetSuite"]
    assert first["connectors"][0] == {"id": 1, "name": "NetSuite live", "system": "NetSuite"}


def test_for_another_company_it_has_no_ids(manager: Client) -> None:
    rows, _ = rows_of(streamed(manager.post(f"{EXPORT}?search=netsuite", {**CSV, "copy": "1"})))
    assert list(rows[0]) == ["name", "limit", "timeout", "from"]
    pools = json.loads(streamed(manager.post(EXPORT, {**JSON, "copy": "1"})))["pools"]
    assert list(pools[0]) == ["name", "limit", "timeout", "from"]


def test_an_empty_list_is_a_file_as_well(manager: Client) -> None:
    assert rows_of(streamed(manager.post(f"{EXPORT}?search=nothing", CSV))) == (
        [],
        "complete: 0 pools",
    )
    exported = json.loads(streamed(manager.post(f"{EXPORT}?search=nothing", JSON)))
    assert exported["pools"] == []


def test_it_is_recorded_before_its_first_byte(manager: Client) -> None:
    manager.post(f"{EXPORT}?search=orders", {**CSV, "connectors": "1"})
    entry = Entry.objects.get(action="pools_exported")
    facts = json.loads(entry.facts)
    assert (entry.actor_name, entry.company) == ("manager", "acme")
    assert (facts["format"], facts["search"], facts["connectors"]) == ("csv", "orders", True)


def test_what_cannot_be_recorded_is_not_exported(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("pools.views.pool_export.record_event", refuse)
    answer = manager.post(EXPORT, CSV)
    assert answer.status_code == 503
    assert "Nothing was exported." in told(answer)


@pytest.mark.parametrize(
    ("address", "sent"), [(EXPORT, {}), (EXPORT, {"format": "exe"}), (f"{EXPORT}?serach=x", CSV)]
)
def test_what_it_does_not_know_is_refused(
    manager: Client, address: str, sent: dict[str, str]
) -> None:
    answer = manager.post(address, sent)
    assert answer.status_code == 400
    assert not Entry.objects.filter(action="pools_exported").exists()


@pytest.mark.parametrize(
    ("fault", "status", "says"),
    [
        ("status=401", 403, "Patchworks no longer accepts your token for Acme."),
        ("rate-limit=90", 429, "Patchworks is rate-limiting this account."),
        ("status=500", 502, "Patchworks had an error"),
    ],
)
def test_what_goes_wrong_at_first_is_a_page_and_no_file(
    manager: Client, core: RunningSandbox, fault: str, status: int, says: str
) -> None:
    core.set_fault(fault)
    answer = manager.post(EXPORT, CSV)
    assert answer.status_code == status
    assert says in told(answer)
    assert not Entry.objects.filter(action="pools_exported").exists()


def test_a_list_that_changes_meanwhile_is_told(manager: Client, core: RunningSandbox) -> None:
    acme = core.company("acme")
    answer = manager.post(f"{EXPORT}?sort=-created_at", JSON)
    # The first page is there: each new pool moves one of it to the next page.
    acme.add_pool("New")
    acme.add_pool("Newer")
    said = end_of(answer)
    assert said.startswith("changed: 257 pools. The list changed while we read it: Patchworks ")
    assert "counted 257 pools at first and 259 pools at the end, 2 pools came twice" in said
    assert "2 pools never came. Some may be missing" in said


def test_no_pool_is_in_it_twice(manager: Client, core: RunningSandbox) -> None:
    answer = manager.post(f"{EXPORT}?sort=-created_at", CSV)
    core.company("acme").add_pool("New")
    ids = [row["id"] for row in rows_of(streamed(answer))[0]]
    assert len(ids) == len(set(ids)) == 257


def test_pools_that_slip_past_are_missed(manager: Client, core: RunningSandbox) -> None:
    acme = core.company("acme")
    answer = manager.post(EXPORT, JSON)
    acme.delete_pool(1)
    assert "257 pools at first and 256 pools at the end" in end_of(answer)


def test_a_429_is_waited_out_with_lines_to_show(
    manager: Client, core: RunningSandbox, pauses: list[float]
) -> None:
    answer = manager.post(EXPORT, CSV, headers={"accept-encoding": "gzip, br"})
    assert not answer.has_header("Content-Encoding")
    core.set_fault("rate-limit=40")
    stream = pieces(answer)
    text = next(stream)
    # A few lines of the page before come with each beat.
    beats = [next(stream) for _ in range(8)]
    assert all(beat.count("\r\n") in range(9, 14) for beat in beats)
    core.set_fault(None)
    rows, said = rows_of("".join([text, *beats, *stream]))
    assert said == "complete: 257 pools"
    assert len(rows) == 257
    assert 38 <= sum(pauses) <= 43


def test_core_that_hangs_or_fails_is_asked_again_and_then_it_is_said(
    manager: Client, core: RunningSandbox, pauses: list[float]
) -> None:
    answer = manager.post(EXPORT, CSV)
    core.set_fault("status=500")
    rows, said = rows_of(streamed(answer))
    assert len(rows) == 100
    assert said.startswith("incomplete: 100 of 257 pools. Patchworks had an error")
    assert pauses == [*patience.AGAIN_AFTER] or sum(pauses) == sum(patience.AGAIN_AFTER)


def test_a_pause_that_is_too_long_ends_it(
    manager: Client, core: RunningSandbox, pauses: list[float]
) -> None:
    answer = manager.post(EXPORT, JSON)
    core.set_fault("rate-limit=900")
    assert end_of(answer).startswith(
        "incomplete: 100 of 257 pools. Patchworks is rate-limiting this account."
    )
    assert pauses == []


def test_a_fifth_of_the_calls_is_left_to_people(
    manager: Client, core: RunningSandbox, pauses: list[float]
) -> None:
    core.switch(rate_limit_per_minute=2)
    answer = manager.post(EXPORT, CSV)
    stream = pieces(answer)
    next(stream)
    next(stream)
    assert sum(pauses) <= 60
    core.switch(rate_limit_per_minute=None)
    list(stream)
    assert sum(pauses) == pytest.approx(60)


@pytest.mark.parametrize("taken", ["role", "token", "disabled", "moved"])
def test_who_may_no_longer_read_gets_no_more(
    manager: Client, acme: Company, monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    monkeypatch.setattr(patience, "LOOKED_AGAIN_AFTER", 0.0)
    answer = manager.post(EXPORT, JSON)
    person = User.objects.get(username="manager")
    if taken == "role":
        person.groups.clear()
    elif taken == "token":
        Token.objects.all().delete()
    elif taken == "disabled":
        User.objects.update(is_active=False)
    else:
        Company.objects.update(origin=2)
    said = end_of(answer)
    assert said.startswith("incomplete: 100 of 257 pools. ")
    reason = "The company's address was changed." if taken == "moved" else "You may no longer read"
    assert reason in said


def test_two_run_at_a_time(manager: Client) -> None:
    begun = [pieces(manager.post(EXPORT, CSV)) for _ in range(pool_export.AT_ONCE)]
    waiting = manager.post(EXPORT, CSV)
    for stream in begun:
        next(stream)
    third = manager.post(EXPORT, CSV)
    assert third.status_code == 503
    assert "2 other exports are running." in told(third)
    assert rows_of(streamed(waiting))[1].startswith("incomplete: 0 of 257 pools. 2 other exports")
    for stream in begun:
        list(stream)
    assert rows_of(streamed(manager.post(EXPORT, CSV)))[1] == "complete: 257 pools"


def test_with_a_system_those_last_seen_are_read_again(
    manager: Client, core: RunningSandbox, acme: Company
) -> None:
    shop = (Connector(1, "Live", System(1, "Shop"), {}),)
    for pool_id in (2, 3, 99_999):
        keep(acme, [Pool(pool_id, "Old name", 5, None, None, None, shop, frozenset(), {})])
    core.reset()
    exported = json.loads(streamed(manager.post(f"{EXPORT}?system=shop", JSON)))
    assert [pool["id"] for pool in exported["pools"]] == [2, 3]
    assert exported["pools"][0]["name"] == core.company("acme").pool(2).name
    assert exported["end"].startswith("changed: 2 pools. ")
    assert "1 pool had gone" in exported["end"]
