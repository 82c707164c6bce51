"""One number for a request: in its answer, on its page, in every line of its log, at Core."""

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from sandbox.running import RunningSandbox

LIST = "/c/acme/pools/"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is logged from now on, as the panel writes it out, at the usual level."""
    root, written = logging.getLogger(), StringIO()
    (handler,) = (each for each in root.handlers if each.name == "out")
    assert isinstance(handler, logging.StreamHandler)
    level, stream = root.level, handler.setStream(written)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.setLevel(level)
    handler.setStream(stream)


def test_a_page_its_log_lines_and_core_share_one_number(
    manager: Client, core: RunningSandbox, lines: Lines
) -> None:
    core.reset()
    page = manager.get(LIST)
    number = page["X-Request-ID"]
    assert [received.request_id for received in core.journal] == [number]
    assert [(line["event"], line["request_id"]) for line in lines()] == [("request", number)]


def test_so_does_a_page_that_says_what_core_failed_at(
    manager: Client, core: RunningSandbox, lines: Lines
) -> None:
    core.reset()
    core.set_fault("status=500")
    page = manager.get(LIST)
    number = page["X-Request-ID"]
    assert {received.request_id for received in core.journal} == {number}
    assert {line["request_id"] for line in lines()} == {number}
    assert number in page.content.decode()


def test_so_does_a_failure_of_the_panel_with_its_traceback(
    manager: Client, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: Any, **options: Any) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("pools.tokens.keeping.open_core", fails)
    manager.raise_request_exception = False
    page = manager.get(LIST)
    number = page["X-Request-ID"]
    assert (page.status_code, number in page.content.decode()) == (500, True)
    assert {line["request_id"] for line in lines()} == {number}
    assert ["a defect" in line.get("exception", "") for line in lines()] == [True, False]


def test_a_change_goes_to_core_under_the_number_in_its_address(
    manager: Client, core: RunningSandbox
) -> None:
    core.reset()
    pool = f"{LIST}1/"
    form = manager.get(f"{pool}clear/").context["form"]
    manager.post(f"{pool}clear/", {name: form[name].value() or "" for name in form.fields})
    (sent,) = (received for received in core.journal if received.method == "POST")
    assert manager.get(f"/changes/{sent.request_id}/").status_code == 200


def test_what_people_search_for_is_in_no_line(manager: Client, lines: Lines) -> None:
    manager.get(LIST, {"search": "a-customers-name"})
    assert len(lines()) == 1
    assert "a-customers-name" not in json.dumps(lines())


def test_probes_that_find_all_well_leave_no_line(client: Client, db: None, lines: Lines) -> None:
    client.get("/healthz")
    assert lines() == []
