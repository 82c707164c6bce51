"""Core hanging takes a few threads, never all of them."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from pools.core import Busy, CoreError, CoreLimits, Reason, budget
from tests.core.conftest import MakeClient
from tests.core.operations import OPERATIONS, good_core
from tests.core.raw_server import Connection, RawServer, Received, raw_answer

Serve = Callable[..., RawServer]


@dataclass
class Full:
    """A Core where every place is taken until somebody lets go."""

    url: str
    let_go: threading.Event


@pytest.fixture
def full(serve: Serve, client: MakeClient) -> Iterator[Full]:
    both_in, let_go = threading.Barrier(3), threading.Event()

    def hold(request: Received, connection: Connection) -> bytes:
        both_in.wait()
        let_go.wait()
        return raw_answer(b'{"data": {"id": 7}}')

    held = serve(hold)
    with ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(client(held.url, calls_at_once=2).get_pool, 7) for _ in range(2)]
        both_in.wait()
        try:
            yield Full(held.url, let_go)
        finally:
            let_go.set()
        assert [call.result().id for call in calls] == [7, 7]


@pytest.mark.parametrize("name", OPERATIONS)
def test_call_beyond_the_limit_is_refused_when_no_place_becomes_free(
    full: Full, serve: Serve, client: MakeClient, name: str
) -> None:
    free = serve(good_core)
    with pytest.raises(Busy) as caught:
        OPERATIONS[name](client(free.url, calls_at_once=2, place_wait_seconds=0.05))
    assert (caught.value.sent, caught.value.reason) == (False, Reason.BUSY)
    assert free.connections == 0


def test_call_beyond_the_limit_waits_for_a_place(
    full: Full, serve: Serve, client: MakeClient
) -> None:
    patient = client(serve(good_core).url, calls_at_once=2, place_wait_seconds=60)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(patient.get_pool, 7)
        with pytest.raises(TimeoutError):
            waiting.result(0.1)
        full.let_go.set()
        assert waiting.result().id == 7


@pytest.mark.parametrize(
    ("running_seconds", "another_took", "refused"),
    [(59, None, 0), (61, None, 2), (61, 61, 2), (61, 0, 0)],
)
def test_only_few_wait_while_core_hangs(
    monkeypatch: pytest.MonkeyPatch, running_seconds: int, another_took: int | None, refused: int
) -> None:
    monkeypatch.setattr(budget, "_places", {})
    limits = CoreLimits(calls_at_once=2, waiting_at_once=1, place_wait_seconds=60)

    def call() -> bool:
        with budget.Budget(limits).place() as found:
            return found

    with ThreadPoolExecutor(3) as threads, ExitStack() as running, ExitStack() as another:
        began = time.monotonic()
        monkeypatch.setattr(budget, "monotonic", lambda: began)
        running.enter_context(budget.Budget(limits).place())
        if another_took:
            another.enter_context(budget.Budget(limits).place())
        monkeypatch.setattr(budget, "monotonic", lambda: began + running_seconds)
        if another_took == 0:
            assert call()
        another.close()
        running.enter_context(budget.Budget(limits).place())
        calls = [threads.submit(call) for _ in range(3)]
        for _, told in zip(range(refused), as_completed(calls), strict=False):
            assert not told.result()
        assert len(wait(calls, 0.1).done) == refused
        running.close()
        assert [each.result() for each in calls].count(True) == 3 - refused


def test_waiting_ends_with_the_deadline(full: Full, serve: Serve, client: MakeClient) -> None:
    hurried = client(
        serve(good_core).url, calls_at_once=2, place_wait_seconds=60, deadline_seconds=0.1
    )
    with pytest.raises(Busy):
        hurried.get_pool(7)


@pytest.mark.parametrize("status", [200, 422, 500])
def test_call_that_ended_in_any_way_makes_room(
    serve: Serve, client: MakeClient, status: int
) -> None:
    broken = serve(lambda request, connection: raw_answer(b"nonsense", status))
    for _ in range(3):
        with pytest.raises(CoreError):
            client(broken.url, calls_at_once=1).get_pool(7)
    assert client(serve(good_core).url, calls_at_once=1).get_pool(7).id == 7


def test_those_that_share_turns_call_one_after_another_in_time_or_not_at_all(
    serve: Serve, client: MakeClient
) -> None:
    limits, turns = CoreLimits(deadline_seconds=60), threading.BoundedSemaphore(1)
    free = client(serve(good_core).url)
    with ExitStack() as first:
        assert first.enter_context(budget.Budget(limits, turns).turn())
        hurried = budget.Budget(CoreLimits(deadline_seconds=0.1), turns)
        with pytest.raises(Busy):
            free.within(hurried).get_pool(7)
        # Who shares none is in nobody's way; half of a budget has the same turns as all of it.
        assert free.get_pool(7).id == 7
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(free.within(budget.Budget(limits, turns).half()).get_pool, 7)
            with pytest.raises(TimeoutError):
                waiting.result(0.1)
            first.close()
            assert waiting.result().id == 7
