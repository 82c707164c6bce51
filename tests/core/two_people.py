"""Two people who call Core at once from many threads, over connections that both use."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pools.core import ApiKey, CoreClient, CoreLimits
from pools.secret import Secret
from tests.core.raw_server import Connection, RawServer, Received, raw_answer
from tests.fixtures.kept_connections import close_kept_connections

THREADS: Final = 16


def calls_of_two_people(per_thread: int) -> tuple[list[object], int, int]:
    """The answers that were another call's; how many requests, and connections, there were."""
    server = RawServer(_echo)
    limits = CoreLimits(calls_at_once=THREADS, deadline_seconds=60, read_timeout_seconds=60)
    keys = [ApiKey(Secret("person-one")), ApiKey(Secret("person-two"))]
    mixed_up: list[object] = []
    start = threading.Barrier(THREADS)

    def work(thread: int) -> None:
        start.wait()
        for call in range(per_thread):
            owner = keys[(thread + call) % 2]
            request_id = f"{thread}-{call}"
            name = CoreClient(server.url, owner, limits, request_id).get_pool(7).name
            if name != f"{owner.secret.reveal()[::-1]} {request_id} None":
                mixed_up.append(name)
        close_kept_connections()

    try:
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(work, range(THREADS)))
        return mixed_up, len(server.received), server.connections
    finally:
        server.stop()


def _echo(request: Received, connection: Connection) -> bytes:
    """Each answer names the key that asked, the request's id, and its cookies."""
    owner = request.headers["authorization"]
    # Backwards, because a token that Core echoes is taken out of the answer.
    asked = f"{request.headers['x-request-id']} {request.headers.get('cookie')}"
    pool = b'{"data":{"id":7,"name":"%s"}}' % f"{owner[::-1]} {asked}".encode()
    return raw_answer(pool, 200, (("Set-Cookie", f"session={owner}"),))
