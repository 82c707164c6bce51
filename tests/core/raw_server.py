"""A server that sends exactly the bytes it is told to, and remembers what reached it."""

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

JSON_TYPE = ("Content-Type", "application/json")


@contextlib.contextmanager
def nobody_listening() -> Iterator[str]:
    """An address that refuses connections; its port is taken, so that no server gets it."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@dataclass(frozen=True)
class Received:
    """One request as it came. Header names are in lower case; `connection` counts from 1."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int


class Connection:
    """The server's side of one connection, for handlers that misbehave."""

    def __init__(self, sock: socket.socket, stopped: threading.Event) -> None:
        self.sock = sock
        self.stopped = stopped

    def send(self, part: bytes) -> None:
        self.sock.sendall(part)

    def drip(self, part: bytes, interval_seconds: float) -> None:
        for position in range(len(part)):
            self.send(part[position : position + 1])
            if self.stopped.wait(interval_seconds):
                return

    def hang(self) -> None:
        self.stopped.wait(30)

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


# Bytes: sent, and the connection is kept. None: the handler did everything, it is closed.
Handler = Callable[[Received, Connection], bytes | None]


class RawServer:
    """Listens on a port of its own until `stop`, one thread for each connection."""

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self._handler = handler
        self._tls = tls
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def stop(self) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock, self.connections))
            self._sockets.append(sock)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError, ValueError), contextlib.ExitStack() as stack:
            stack.callback(sock.close)
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                stack.callback(sock.close)
            stream = stack.enter_context(sock.makefile("rb"))
            while request := _read_request(stream, number):
                self.received.append(request)
                answer = self._handler(request, Connection(sock, self._stopped))
                if answer is None:
                    return
                sock.sendall(answer)


def _read_request(stream: Any, number: int) -> Received | None:
    """The next request; None at the end, or where something else than HTTP comes in."""
    line = stream.readline(8192).decode("latin-1")
    if not line.endswith((" HTTP/1.1\r\n", " HTTP/1.0\r\n")):
        return None
    method, target, _ = line.split(" ")
    headers = {}
    while line := stream.readline(8192).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    return Received(method, target, headers, body, number)


def raw_answer(
    body: bytes = b"{}",
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (JSON_TYPE,),
    *,
    length: int | None = None,
) -> bytes:
    """A whole HTTP/1.1 answer; `length` overrides the true Content-Length."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines += [f"Content-Length: {len(body) if length is None else length}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def json_answer(value: object, status: int = 200, *headers: tuple[str, str]) -> bytes:
    """The same from a JSON value."""
    return raw_answer(json.dumps(value).encode(), status, (JSON_TYPE, *headers))


def chunked_answer(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """A 200 in chunks."""
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    return head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def always(answer: bytes) -> Handler:
    """The same answer to everything, connection kept."""
    return lambda request, connection: answer


def then_close(answer: bytes) -> Handler:
    """The same bytes to everything, and the connection is closed behind them."""

    def handle(request: Received, connection: Connection) -> None:
        connection.send(answer)

    return handle


def in_turn(*handlers: Handler) -> Handler:
    """A handler for each request in turn; the last one for all that follow."""
    count = 0
    lock = threading.Lock()

    def handle(request: Received, connection: Connection) -> bytes | None:
        nonlocal count
        with lock:
            chosen = handlers[min(count, len(handlers) - 1)]
            count += 1
        return chosen(request, connection)

    return handle


class ScriptedServer(RawServer):
    """Answers every request with the bytes that `script` holds at that moment."""

    def __init__(self) -> None:
        self.script = b""
        super().__init__(self._answer)

    def _answer(self, request: Received, connection: Connection) -> None:
        connection.send(self.script)
