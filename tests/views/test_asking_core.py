"""What a change costs at Core, and how long its answer takes at most."""

import threading
import time
from dataclasses import replace

import pytest
from django.conf import LazySettings
from django.db.models.signals import post_save
from django.test import Client

from pools.core import Budget
from pools.models import Entry, Lease
from sandbox.running import RunningSandbox
from tests.views.changing import NEW, one_pool, open_form, outcomes, writes

pytestmark = pytest.mark.django_db

VALUES = {"new": {"name": "Fresh", "limit": "5"}, "edit": {"limit": "7"}, "clear": {}}


def address_of(act: str, pool: int) -> str:
    return NEW if act == "new" else f"/c/acme/pools/{pool}/{act}/"


def filled_in(client: Client, act: str, pool: int) -> dict[str, str]:
    address = address_of(act, pool)
    name = client.get(f"/c/acme/pools/{pool}/").context["pool"].name
    values = {"confirm_name": name} if act == "delete" else VALUES[act]
    return open_form(client, address, **values)


def asked(client: Client, core: RunningSandbox, act: str, pool: int, fault: str = "") -> list[str]:
    form = filled_in(client, act, pool)
    core.reset()
    core.set_fault(fault or None)
    client.post(address_of(act, pool), form)
    core.set_fault(None)
    return [request.method for request in core.journal]


@pytest.mark.parametrize(
    ("act", "methods"),
    [
        ("new", ["GET", "POST", "GET"]),
        ("edit", ["GET", "PUT", "GET"]),
        ("clear", ["GET", "POST", "GET"]),
        ("delete", ["GET", "DELETE", "GET"]),
    ],
)
def test_a_change_asks_three_times(
    manager: Client, core: RunningSandbox, act: str, methods: list[str]
) -> None:
    assert asked(manager, core, act, one_pool(manager)) == methods


@pytest.mark.parametrize("act", ["new", "edit", "clear", "delete"])
def test_a_refusal_asks_twice(manager: Client, core: RunningSandbox, act: str) -> None:
    found = asked(manager, core, act, one_pool(manager), "status=422;only=writes")
    assert len(found) == 2
    assert outcomes() == ["refused"]


@pytest.mark.parametrize("fault", ["status=401", "rate-limit=30"])
@pytest.mark.parametrize("act", ["new", "edit", "clear", "delete"])
def test_what_is_refused_before_sending_is_asked_once(
    manager: Client, core: RunningSandbox, act: str, fault: str
) -> None:
    assert asked(manager, core, act, one_pool(manager), fault) == ["GET"]


def test_a_refused_form_still_says_which_pool(manager: Client, core: RunningSandbox) -> None:
    pool = one_pool(manager)
    form = filled_in(manager, "edit", pool)
    for fault in ("status=422;only=writes", "status=401"):
        core.set_fault(fault)
        page = manager.post(address_of("edit", pool), form)
        assert page.context["pool"].id == pool
        assert page.context["form"]["limit"].value() == "7"


@pytest.fixture
def short(settings: LazySettings) -> float:
    """A deadline of four seconds for all calls of a change together."""
    settings.CORE_LIMITS = replace(
        settings.CORE_LIMITS, deadline_seconds=4.0, read_timeout_seconds=4.0, read_retries=0
    )
    return 4.0


@pytest.mark.parametrize(
    ("fault", "outcome"), [("hang=before", None), ("hang=before;only=writes", "unknown")]
)
@pytest.mark.parametrize("act", ["edit", "clear", "delete", "new"])
def test_a_core_that_hangs_is_not_waited_for_beyond_the_deadline(
    manager: Client, core: RunningSandbox, short: float, act: str, fault: str, outcome: str | None
) -> None:
    pool = one_pool(manager)
    form = filled_in(manager, act, pool)
    core.set_fault(fault)
    begun = time.monotonic()
    manager.post(address_of(act, pool), form)
    took = time.monotonic() - begun
    core.set_fault(None)
    assert outcomes() == ([outcome] if outcome else [])
    # The one test of a time: it is the promise itself. The machine may be busy.
    assert took < short + 3


@pytest.mark.parametrize("act", ["edit", "delete", "new"])
def test_what_the_deadline_leaves_unread_after_a_change_is_not_read(
    manager: Client, core: RunningSandbox, short: float, act: str
) -> None:
    """Two calls fit into it, and three do not."""
    pool = one_pool(manager)
    form = filled_in(manager, act, pool)
    core.set_fault("latency=1.4")
    manager.post(address_of(act, pool), form)
    core.set_fault(None)
    assert outcomes() == ["done"]
    assert Entry.objects.get(kind="readback").outcome == "not_read"


def test_a_call_has_what_reading_first_left_of_the_deadline(
    manager: Client, core: RunningSandbox, short: float
) -> None:
    """It would fit into a deadline of its own."""
    pool = one_pool(manager)
    form = filled_in(manager, "edit", pool)

    def slow_writes(**_: object) -> None:
        core.set_fault("latency=3.3;only=writes")

    core.set_fault("latency=1.0;only=reads")
    post_save.connect(slow_writes, sender=Lease)  # what is committed between the two
    try:
        manager.post(address_of("edit", pool), form)
    finally:
        post_save.disconnect(slow_writes, sender=Lease)
        core.set_fault(None)
    assert outcomes() == ["unknown"]


def test_reading_first_leaves_the_change_half_of_the_time(
    manager: Client, core: RunningSandbox, short: float
) -> None:
    pool = one_pool(manager)
    form = filled_in(manager, "edit", pool)
    core.set_fault("latency=3;only=reads")
    page = manager.post(address_of("edit", pool), form)
    assert page.status_code in {502, 503}
    assert (writes(core), Entry.objects.filter(kind="intent").count()) == ([], 0)


def test_a_change_that_has_its_intent_is_not_turned_away(
    manager: Client, core: RunningSandbox, settings: LazySettings
) -> None:
    """Others want the only place all the time: it is given up when the change has ended."""
    settings.CORE_LIMITS = limits = replace(settings.CORE_LIMITS, calls_at_once=1)
    pool = one_pool(manager)
    form = filled_in(manager, "edit", pool)
    over = threading.Event()

    def others() -> None:
        while not over.is_set():
            with Budget(limits).place():
                time.sleep(0.02)
            time.sleep(0.001)

    crowd = threading.Thread(target=others)
    crowd.start()
    core.set_fault("latency=0.2;only=writes")
    for _ in range(200):
        manager.post(address_of("edit", pool), form)
        if Entry.objects.filter(kind="intent").exists():
            break
    over.set()
    crowd.join()
    assert outcomes() == ["done"]
    assert Entry.objects.get(kind="readback").outcome == "shown"
