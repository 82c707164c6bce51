"""A small real HTTP proxy: forwards absolute requests, and tunnels CONNECT."""

import contextlib
import socket
import threading
from urllib.parse import urlsplit

from tests.core.raw_server import Connection, RawServer, Received


class ProxyServer(RawServer):
    """Listens as a proxy; `refusal` (a status line) is the answer to every CONNECT."""

    def __init__(self, refusal: bytes = b"") -> None:
        self._refusal = refusal
        super().__init__(self._handle_request)

    def _handle_request(self, request: Received, connection: Connection) -> None:
        if request.method == "CONNECT":
            self._tunnel(request.target, connection)
        else:
            self._forward(request, connection)

    def _forward(self, request: Received, connection: Connection) -> None:
        parts = urlsplit(request.target)
        path = request.target.removeprefix(f"{parts.scheme}://{parts.netloc}")
        lines = [f"{request.method} {path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        lines += ["connection: close", "", ""]
        with socket.create_connection((parts.hostname or "", parts.port or 80)) as upstream:
            upstream.sendall("\r\n".join(lines).encode("latin-1") + request.body)
            upstream.shutdown(socket.SHUT_WR)
            while piece := upstream.recv(65536):
                connection.send(piece)

    def _tunnel(self, target: str, connection: Connection) -> None:
        if self._refusal:
            connection.send(self._refusal)
            return
        host, _, port = target.rpartition(":")
        with socket.create_connection((host, int(port))) as upstream:
            connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(upstream, connection.sock))
            back.start()
            _pump(connection.sock, upstream)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
