"""The container's health check."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from adminpanel.alive import alive


class OnlyByName(BaseHTTPRequestHandler):
    """Answers as the panel does: 400 to a host name that is not allowed."""

    def do_GET(self) -> None:
        known = self.path == "/healthz" and self.headers["Host"] == "panel.example"
        self.send_response(200 if known else 400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.delenv("ALLOWED_HOSTS", raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), OnlyByName)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def test_asks_by_a_name_that_is_allowed(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "panel.example, other.example")
    assert alive(port)


def test_finds_the_name_in_a_file_too(
    port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "hosts").write_text("panel.example\n")
    monkeypatch.setenv("ALLOWED_HOSTS_FILE", str(tmp_path / "hosts"))
    assert alive(port)


def test_a_refusal_is_not_alive(port: int) -> None:
    assert not alive(port)


def test_a_closed_port_is_not_alive() -> None:
    assert not alive(1)
