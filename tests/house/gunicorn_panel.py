"""The panel as it is served: a real gunicorn with the shipped configuration."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.house.conftest import ROOT


@dataclass(frozen=True)
class Panel:
    """Where it listens, and its request log."""

    port: int
    log: Path

    def answer(self, payload: bytes) -> bytes:
        """All that it says to these bytes, until the connection is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(payload)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def send(self, payload: bytes) -> list[bytes]:
        """The status of each answer, until the connection is closed."""
        return re.findall(rb"HTTP/1\.[01] (\d+)", self.answer(payload))

    def requests(self) -> list[tuple[str, int]]:
        """The path and the status of every request that the panel has answered so far."""
        lines = [json.loads(x) for x in self.log.read_text().splitlines() if x.startswith("{")]
        return [(line["path"], line["status"]) for line in lines if line["event"] == "request"]

    def seen(self) -> list[str]:
        """The path of every request that the panel has answered so far."""
        return [path for path, _ in self.requests()]


@contextmanager
def gunicorn_panel(
    environment: dict[str, str], folder: Path, application: str = "adminpanel.wsgi"
) -> Iterator[Panel]:
    """The panel at a free port (or what stands in for it), until the block is left."""
    log = folder / "log"
    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--config", "adminpanel/gunicorn_conf.py"),
                *("--bind", f"fd://{listener.fileno()}", application),
            ],
            cwd=ROOT,
            env=environment,
            pass_fds=[listener.fileno()],
            stdout=output,
            stderr=output,
        )
        port = listener.getsockname()[1]
    try:
        yield Panel(port, log)
    finally:
        process.terminate()
        process.wait()
