"""A page of a slow Core: begun with its frame, finished with whatever was read."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from django.conf import LazySettings
from django.test import Client

from pools.models import Entry
from sandbox.running import RunningSandbox
from tests.views.changing import edit, open_form

pytestmark = pytest.mark.django_db

WAITING = "Patchworks is slow to answer. Still waiting…"


@pytest.fixture(autouse=True)
def impatient(settings: LazySettings) -> None:
    settings.PAGE_PATIENCE_SECONDS = 0.05


@pytest.fixture
def slow(core: RunningSandbox) -> Iterator[RunningSandbox]:
    core.set_fault("latency=0.3;only=reads")
    yield core
    core.set_fault(None)


def pieces_of(answer: Any) -> list[str]:
    return [piece.decode() for piece in cast(Iterator[bytes], answer.streaming_content)]


@pytest.mark.parametrize("address", ["/c/acme/pools/", "/c/acme/pools/2/"])
def test_the_frame_comes_first_and_the_rest_joins_it(
    manager: Client, slow: RunningSandbox, address: str
) -> None:
    answer = manager.get(address, headers={"Accept-Encoding": "gzip, br"})
    assert not answer.has_header("Content-Encoding")
    assert (answer.status_code, answer.streaming) == (200, True)
    assert answer.headers["Cache-Control"] == "private, no-store"
    begun, rest = pieces_of(answer)
    assert WAITING in begun
    assert "Acme" in begun
    assert "</html>" not in begun
    whole = begun + rest
    assert (whole.count("<html"), whole.count("</html>"), whole.count("<main")) == (1, 1, 1)
    assert "NetSuite orders" in rest if address.endswith("pools/") else "History" in rest


@pytest.mark.parametrize("act", ["edit", "clear", "delete"])
def test_a_form_is_begun_too_with_what_was_typed_before(
    manager: Client, slow: RunningSandbox, settings: LazySettings, act: str
) -> None:
    slow.set_fault(None)
    address = f"/c/acme/pools/{slow.company('acme').add_pool('Typed', 5).id}/{act}/"
    settings.PAGE_PATIENCE_SECONDS = None
    form = open_form(manager, address, reason="Half a reason", confirm_name="Typed")
    slow.set_fault("status=401")
    manager.post(address, form)
    slow.set_fault("latency=0.3;only=reads")
    settings.PAGE_PATIENCE_SECONDS = 0.05
    begun, rest = pieces_of(manager.get(address))
    assert WAITING in begun
    assert "<form" in rest
    assert "Half a reason" in rest
    # Once: the session was saved before the rest was made.
    settings.PAGE_PATIENCE_SECONDS = None
    assert "Half a reason" not in manager.get(address).content.decode()


def test_the_form_of_a_revert_is_begun_too(
    manager: Client, slow: RunningSandbox, settings: LazySettings
) -> None:
    slow.set_fault(None)
    pool = slow.company("acme").add_pool("Reverted", 5).id
    settings.PAGE_PATIENCE_SECONDS = None
    edit(manager, pool, limit="6")
    settings.PAGE_PATIENCE_SECONDS = 0.05
    change = Entry.objects.get(kind="intent").change
    slow.set_fault("latency=0.3;only=reads")
    begun, rest = pieces_of(manager.get(f"/c/acme/changes/{change}/revert/"))
    assert WAITING in begun
    assert "Revert" in rest


def test_a_quick_core_has_an_ordinary_answer(
    manager: Client, core: RunningSandbox, settings: LazySettings
) -> None:
    settings.PAGE_PATIENCE_SECONDS = 30
    answer = manager.get("/c/acme/pools/")
    assert not answer.streaming
    assert WAITING not in answer.content.decode()
    assert manager.get("/c/acme/pools/99999/").status_code == 404


def test_what_goes_wrong_is_said_on_the_page_that_was_begun(
    manager: Client, core: RunningSandbox
) -> None:
    core.set_fault("latency=0.3;status=401")
    begun, rest = pieces_of(manager.get("/c/acme/pools/"))
    core.set_fault(None)
    assert "no longer accepts your token" in rest
    assert "no longer accepts your token" not in begun


def test_what_was_changed_outside_is_noticed_all_the_same(
    manager: Client, slow: RunningSandbox, settings: LazySettings
) -> None:
    slow.set_fault(None)
    pool = slow.company("acme").add_pool("Watched", 5).id
    settings.PAGE_PATIENCE_SECONDS = None
    edit(manager, pool, limit="6")
    settings.PAGE_PATIENCE_SECONDS = 0.05
    slow.company("acme").change_pool(pool, limit=9)
    slow.set_fault("latency=0.3;only=reads")
    assert pieces_of(manager.get(f"/c/acme/pools/{pool}/"))
    slow.set_fault(None)
    assert Entry.objects.filter(kind="drift").count() == 1


def test_htmx_gets_its_part_and_no_frame(manager: Client, slow: RunningSandbox) -> None:
    headers = {"HX-Request": "true", "HX-Target": "pool-table"}
    answer = manager.get("/c/acme/pools/", headers=headers)
    assert not answer.streaming
    assert "<html" not in answer.content.decode()


@pytest.mark.parametrize("page", ["", "2/", "2/edit/", "2/clear/", "2/delete/"])
def test_a_page_that_could_be_begun_reads_once(
    manager: Client, core: RunningSandbox, settings: LazySettings, page: str
) -> None:
    settings.PAGE_PATIENCE_SECONDS = 10
    manager.get(f"/c/acme/pools/{page}")
    assert len(core.journal) == 1
