"""Core hanging takes a few threads, never all of them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from pools.core import Busy, CoreError, Reason
from tests.core.conftest import MakeClient
from tests.core.operations import OPERATIONS, good_core
from tests.core.raw_server import Connection, RawServer, Received, raw_answer

Serve = Callable[..., RawServer]


@pytest.mark.parametrize("name", OPERATIONS)
def test_call_beyond_the_limit_is_refused_at_once(
    serve: Serve, client: MakeClient, name: str
) -> None:
    both_in = threading.Barrier(3)
    let_go = threading.Event()

    def hold(request: Received, connection: Connection) -> bytes:
        both_in.wait()
        let_go.wait()
        return raw_answer(b'{"data": {"id": 7}}')

    held, free = serve(hold), serve(good_core)
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(client(held.url).get_pool, 7) for _ in range(2)]
        both_in.wait()
        try:
            with pytest.raises(Busy) as caught:
                OPERATIONS[name](client(free.url, calls_at_once=2))
        finally:
            let_go.set()
        assert [call.result().id for call in waiting] == [7, 7]
    assert (caught.value.sent, caught.value.reason) == (False, Reason.BUSY)
    assert free.connections == 0


@pytest.mark.parametrize("status", [200, 422, 500])
def test_call_that_ended_in_any_way_makes_room(
    serve: Serve, client: MakeClient, status: int
) -> None:
    broken = serve(lambda request, connection: raw_answer(b"nonsense", status))
    for _ in range(3):
        with pytest.raises(CoreError):
            client(broken.url, calls_at_once=1).get_pool(7)
    assert client(serve(good_core).url, calls_at_once=1).get_pool(7).id == 7
