"""*Test connection* at the wire."""

from collections.abc import Callable
from dataclasses import replace

from pools.core import Reason, probe
from tests.core.conftest import LIMITS
from tests.core.raw_server import Connection, RawServer, Received, json_answer


def test_all_calls_of_a_test_share_one_deadline(serve: Callable[..., RawServer]) -> None:
    """A Core that seems not to know the include is asked twice."""

    def slowly(request: Received, connection: Connection) -> bytes:
        connection.stopped.wait(0.6)
        return json_answer({"message": "Unknown include."}, 400)

    error = probe(serve(slowly).url, replace(LIMITS, deadline_seconds=1.0, read_retries=0))
    assert error is not None
    assert error.reason is Reason.DEADLINE
