"""HTTP/1.1 with threads and kept connections around the Core of `api`."""

import contextlib
import io
import re
import socket
import socketserver
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from sandbox import control
from sandbox.api import LARGEST_BODY_BYTES, Api
from sandbox.distortion import distorted, replaced_answer
from sandbox.faults import NONE, Faults, RunFaults, parse_faults
from sandbox.http_messages import Answer, Request
from sandbox.journal import Received
from sandbox.rendering import json_answer
from sandbox.wire import Wire, misbehave, send_answer, wait

FAULT_HEADER: Final = "X-Sandbox-Fault"
DRAINED_AT_MOST_BYTES: Final = 64 * 2**20
CHUNK_SIZE: Final = re.compile(rb"[0-9a-fA-F]{1,16}")


class BrokenBody(Exception):
    """The request's body cannot be read: nothing can be answered on this connection."""


class _Lines(io.BufferedIOBase):
    """Passes lines on and remembers the last one."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream
        self.last = b""

    def readline(self, size: int | None = -1, /) -> bytes:
        self.last = self._stream.readline(-1 if size is None else size)
        return self.last


class Server(socketserver.ThreadingTCPServer):
    """Listens, and ends every thread and connection of its own when it stops."""

    allow_reuse_address = True
    daemon_threads = False
    request_queue_size = 128

    def __init__(
        self,
        host: str,
        port: int,
        api: Api,
        *,
        control_page: bool = True,
        keep_alive_seconds: float = 75.0,
        tls: ssl.SSLContext | None = None,
        listener: socket.socket | None = None,
    ) -> None:
        """`listener` listens already, and is used instead of a socket of its own."""
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.api = api
        self.run_faults = RunFaults()
        self.control = control.ControlPage(api, self.run_faults) if control_page else None
        self.keep_alive_seconds = keep_alive_seconds
        self._tls = tls
        self._late: set[threading.Thread] = set()
        self._until_read: list[Request] = []
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Condition()
        super().__init__((host, port), Connection, bind_and_activate=listener is None)
        if listener is not None:
            self.socket.close()
            self.socket = listener
            self.server_address = listener.getsockname()
        self.stop_receiver, self._stop_sender = socket.socketpair()

    @property
    def port(self) -> int:
        """The port it really has."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """Where it listens, without the prefix."""
        scheme = "https" if self._tls else "http"
        host = str(self.server_address[0])
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; TLS shakes hands later, in the connection's own thread."""
        connection, address = super().get_request()
        if self._tls is not None:
            connection = self._tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        with self._open_lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """The end of a connection, whoever ended it."""
        with self._open_lock:
            self._open.discard(request)
            self._open_lock.notify_all()
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error; anything else is one of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def apply_later(self, request: Request, seconds: float) -> None:
        """Carry a request out after a while, with nobody waiting; dropped by `hang_up`."""

        stop = self.stop_receiver

        def wait_and_apply() -> None:
            if wait(stop, seconds):
                self.api.answer(request)
            self._late.discard(threading.current_thread())

        thread = threading.Thread(target=wait_and_apply)
        self._late.add(thread)
        thread.start()

    def apply_after_read(self, request: Request) -> None:
        """Carry a write out once its pool was read; a create, once its company's list was."""
        with self._open_lock:
            self._until_read.append(request)

    def was_read(self, read: Request) -> None:
        """A read is about to be answered: what waited for it is carried out now."""

        def waited(request: Request) -> bool:
            same_caller = request.header("Authorization") == read.header("Authorization")
            return same_caller and request.path.removesuffix("/clear") == read.path

        with self._open_lock:
            due = [request for request in self._until_read if waited(request)]
            self._until_read = [request for request in self._until_read if request not in due]
        for request in due:
            self.api.answer(request)

    def hang_up(self) -> None:
        """End every connection and all that waits, nothing of it carried out; go on listening."""
        receiver, sender = self.stop_receiver, self._stop_sender
        self.stop_receiver, self._stop_sender = socket.socketpair()
        sender.send(b".")
        with self._open_lock:
            self._until_read.clear()
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._open_lock.wait_for(lambda: not self._open)
        for thread in tuple(self._late):
            thread.join()
        sender.close()
        receiver.close()

    def stop(self) -> None:
        """End listening, every connection and every thread, and wait for them."""
        self.shutdown()
        self.hang_up()
        self.server_close()
        self._stop_sender.close()
        self.stop_receiver.close()


class Connection(BaseHTTPRequestHandler):
    """One connection: requests in, answers out, until one side ends it."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """As long as idle connections are kept."""
        super().setup()
        self.connection.settimeout(self.server.keep_alive_seconds)
        self.wire = Wire(self.connection, self.server.stop_receiver)

    def handle(self) -> None:
        """Requests, one after the other; a client that goes away just ends it."""
        with contextlib.suppress(OSError):
            super().handle()

    def finish(self) -> None:
        """Flushing to a client that is gone fails, and may."""
        with contextlib.suppress(OSError):
            super().finish()

    def version_string(self) -> str:
        """What Core's own proxy calls itself."""
        return "nginx"

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base's name
        """The journal is the log."""

    def handle_one_request(self) -> None:
        """Read one request whole, answer it, and see whether the connection is kept."""
        self.close_connection = True
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline.strip() or not self._parse_head():
            return
        target = self.requestline.split()[1]
        headers = tuple(self.headers.items())
        try:
            body = self._read_body()
        except BrokenBody:
            self.send_error(400)
            self.close_connection = True
            return
        request = Request(self.command, target, headers, body)
        if self.server.control and request.path.startswith(control.ADDRESS):
            self._send(self.server.control.answer(request))
            return
        received = Received(request)
        self.server.api.journal.received.append(received)
        self._respond(received)
        if len(body) > LARGEST_BODY_BYTES:
            self._drain()

    def _parse_head(self) -> bool:
        """Whether there is a whole head: to the library, a head that was cut off is whole."""
        stream, lines = self.rfile, _Lines(self.rfile)
        self.rfile = lines
        try:
            return self.parse_request() and lines.last in (b"\r\n", b"\n")
        finally:
            self.rfile = stream

    def _read_body(self) -> bytes:
        """At most one byte more than is allowed: enough to know that it is too much."""
        most = LARGEST_BODY_BYTES + 1
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks(most)
        length = self.headers.get("Content-Length", "0").strip()
        if not (length.isascii() and length.isdecimal()):
            raise BrokenBody
        body = self._read(min(int(length[:20]), most))
        self.close_connection |= len(body) == most
        return body

    def _read_chunks(self, most: int) -> bytes:
        body = b""
        while len(body) < most:
            size = self.rfile.readline(1024).partition(b";")[0].strip()
            if not CHUNK_SIZE.fullmatch(size):
                raise BrokenBody
            part = self._read(min(int(size, 16), most - len(body)))
            body += part
            if len(body) < most and self.rfile.readline(1024).strip():
                raise BrokenBody
            if not part:
                return body
        self.close_connection = True
        return body

    def _read(self, length: int) -> bytes:
        part = self.rfile.read(length)
        if len(part) < length:
            raise BrokenBody
        return part

    def _drain(self) -> None:
        # Closing with unread bytes resets the connection, and the client never sees its 413.
        self.wire.half_close()
        self.connection.settimeout(2)
        left = DRAINED_AT_MOST_BYTES
        while left > 0 and (part := self.rfile.read1(65536)):
            left -= len(part)

    def _faults(self, request: Request, operation: str) -> Faults:
        if operation == "login page":
            return NONE  # a redirect to it has to end somewhere
        text = request.header(FAULT_HEADER)
        if text:
            faults = parse_faults(text)
            return faults if faults.hit(operation) else NONE
        return self.server.run_faults.take(operation)

    def _respond(self, received: Received) -> None:
        request = received.request
        operation = self.server.api.operation(request)
        try:
            faults = self._faults(request, operation)
        except ValueError as error:
            self._send(json_answer({"message": str(error)}, 400))
            return
        latency = self.server.api.behaviour.latency_seconds + faults.get("latency", 0.0)
        if latency and not self.wire.pause(latency):
            return
        answer = self._carry_out(request, faults)
        if answer is None:
            return
        answer = distorted(answer, operation, faults)
        received.status = None if faults.silent else answer.status
        if request.method == "GET":
            self.server.was_read(request)
        if misbehave(self.wire, answer, faults):
            self.close_connection = True
        else:
            self._send(answer)

    def _carry_out(self, request: Request, faults: Faults) -> Answer | None:
        """The operation's answer, or the one in its place; None when the server stopped."""
        api = self.server.api
        keep = "do-nothing" not in faults
        instead = replaced_answer(api, request, faults)
        if instead is None and faults.silent:
            instead = Answer(200)
        if "apply-late" in faults:
            if instead is not None:
                self.server.apply_later(request, faults["apply-late"])
                return instead
            return api.answer(request) if self.wire.pause(faults["apply-late"]) else None
        if "apply-after-read" in faults:
            self.server.apply_after_read(request)
            return instead or Answer(200)
        if instead is None:
            return api.answer(request, keep=keep)
        if "apply-then-fail" in faults:
            api.answer(request)
        return instead

    def _send(self, answer: Answer) -> None:
        kept = send_answer(
            self.wire, answer, head_only=self.command == "HEAD", close=self.close_connection
        )
        self.close_connection = not kept
