"""gunicorn's worker with threads, made so that nobody waits in vain for somebody else."""

import contextlib
import socket
import time
from collections import deque
from concurrent.futures import Future
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ
from typing import Any, Final

from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine
from gunicorn.workers.gthread import ThreadWorker

from adminpanel.too_large import whole_answer

_TOO_LARGE: Final = {
    LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
}
LINGER_SECONDS: Final = 2
LINGER_BYTES: Final = 2**16


class PromptWorker(ThreadWorker):  # type: ignore[misc]  # (gunicorn has no types)
    """Differs in how many it takes on; in how it ends its connections and its listening; and in
    what it refuses.

    gunicorn's own takes on a thousand connections, however few threads it has: they wait for it,
    while another worker has nothing to do. Here they wait where any worker can take them.

    gunicorn's own waits up to two seconds, in the one thread that accepts connections, for
    each client to close its end: a client that does not would stop all others.

    It also keeps listening until its last request is done. Until then the kernel makes
    connections that nobody answers, and that are cut in the end. Refused at once, they can
    be tried again by the proxy in front, which then knows that nothing was sent. Where
    somebody else holds the same socket (systemd, say) they wait there instead.

    What is too large to be read gets a page of the panel's in the place of a bare one.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._closing: deque[Any] = deque()
        self._left_to_drain: dict[Any, int] = {}
        self._take_on_as_many_as_there_are_threads()

    def _take_on_as_many_as_there_are_threads(self) -> None:
        # Those that are answered and being closed need none.
        most = self.cfg.threads + len(self._closing)
        self.worker_connections = min(most, self.cfg.worker_connections)

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if self.alive:
            return
        for listener in self.sockets:
            waiting = -1
            while self.nr_conns != waiting:
                waiting = self.nr_conns
                self.accept(listener)
            listener.close()

    def finish_request(self, conn: Any, done: Future[Any]) -> None:
        if done.cancelled() or done.exception() or done.result():
            super().finish_request(conn, done)
            return
        self._closing.append(conn)
        self._take_on_as_many_as_there_are_threads()
        self._left_to_drain[conn] = LINGER_BYTES
        conn.timeout = time.monotonic() + LINGER_SECONDS
        try:
            # Closed with something unread, the other side would lose the end of its answer.
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, EVENT_READ, partial(self._drain, conn))
        except (OSError, ValueError):
            self._close(conn)

    def _drain(self, conn: Any, sock: socket.socket) -> None:
        try:
            size = len(sock.recv(LINGER_BYTES))
        except BlockingIOError:
            return
        except OSError:
            size = 0
        self._left_to_drain[conn] -= size
        if size == 0 or self._left_to_drain[conn] <= 0:
            self._close(conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        status = _TOO_LARGE.get(type(exc))
        if status is None:
            super().handle_error(req, client, addr, exc)
            return
        address = addr[0] if isinstance(addr, tuple) else ""
        try:
            client.sendall(whole_answer(self.wsgi, status, address))
        except Exception:  # whatever it is: a bare refusal is one too
            self.log.exception("no page for a request that is too large")
            super().handle_error(req, client, addr, exc)

    def murder_pending(self) -> None:
        """Called at every turn of the loop, while it stops too."""
        super().murder_pending()
        while self._closing and self._closing[0].timeout <= time.monotonic():
            self._close(self._closing[0])

    def _close(self, conn: Any) -> None:
        self._closing.remove(conn)
        del self._left_to_drain[conn]
        # It may have been closed before it could be watched.
        with contextlib.suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        self._take_on_as_many_as_there_are_threads()
        self.nr_conns -= 1
        conn.close()
