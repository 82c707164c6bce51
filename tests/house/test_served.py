"""gunicorn with the panel's configuration, as a process."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from tests.fixtures.waiting import wait_until
from tests.house.processes import LINUX_ONLY

ROOT = Path(__file__).resolve().parents[2]
# Says when a request has come in, and answers it once the file "go" is there.
SLOW = """
import pathlib, time
def application(environ, start_response):
    print("asked", flush=True)
    while not pathlib.Path("go").exists():
        time.sleep(0.02)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"answered after all"]
"""
# Answers which process it is.
WHO = """
import os
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""
# The same, unless it is asked for what is slow.
BUSY = """    if environ["PATH_INFO"] == "/slow":
        return slow.application(environ, start_response)
    start"""


def served(
    folder: Path, application: str, fds: tuple[int, ...], **variables: str
) -> subprocess.Popen[str]:
    command = (sys.executable, "-m", "gunicorn", "--config", ROOT / "adminpanel/gunicorn_conf.py")
    return subprocess.Popen(
        [*command, "--bind", f"fd://{fds[0]}", application],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=fds,
    )


def test_a_request_under_way_is_answered_before_it_stops(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    # One worker, which is there once it has been asked: gunicorn's signal to end is lost on a
    # worker that is just being made.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = served(tmp_path, "slow", (listener.fileno(),), WEB_WORKERS="1")
        connection = http.client.HTTPConnection(*listener.getsockname())
    try:
        connection.request("GET", "/")
        assert server.stdout
        assert server.stdout.readline() == "asked\n"
        server.send_signal(signal.SIGTERM)
        (tmp_path / "go").touch()
        assert connection.getresponse().read() == b"answered after all"
        server.communicate(timeout=20)
        assert server.returncode == 0
    finally:
        connection.close()
        server.kill()
        server.communicate()


def test_whoever_comes_while_it_stops_is_refused_and_not_kept_waiting(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = served(tmp_path, "slow", (listener.fileno(),), WEB_WORKERS="1")
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", "/")
        assert server.stdout
        assert server.stdout.readline() == "asked\n"
        server.send_signal(signal.SIGTERM)
        wait_until(lambda: not listens(port))
        (tmp_path / "go").touch()
        assert connection.getresponse().read() == b"answered after all"
    finally:
        (tmp_path / "go").touch()
        connection.close()
        server.kill()
        server.communicate()


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True


@LINUX_ONLY
def test_whoever_comes_when_every_thread_is_taken_is_answered_by_another_worker(
    tmp_path: Path,
) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "who.py").write_text(f"import slow\n{WHO}".replace("    start", BUSY, 1))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = served(tmp_path, "who", (listener.fileno(),), WEB_WORKERS="2", WEB_THREADS="3")
        address = listener.getsockname()
    with contextlib.ExitStack() as ends:
        ends.callback(server.communicate)
        ends.callback(server.kill)
        ends.callback((tmp_path / "go").touch)

        def client() -> socket.socket:
            return ends.enter_context(socket.create_connection(address, timeout=20))

        first = answered(client())
        # gunicorn's signal to end is lost on a worker that is just being made: both are there.
        stopped = int(next(pid for pid in iter(lambda: answered(client()), b"") if pid != first))
        os.kill(stopped, signal.SIGSTOP)
        for _ in range(3):
            client().sendall(b"GET /slow HTTP/1.0\r\n\r\n")
            assert server.stdout
            assert server.stdout.readline() == "asked\n"
        late = [client() for _ in range(3)]
        os.kill(stopped, signal.SIGCONT)
        assert {answered(each) for each in late} == {str(stopped).encode()}


def test_a_client_that_keeps_its_end_open_keeps_nobody_waiting(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "go").touch()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = served(tmp_path, "slow", (listener.fileno(),), WEB_WORKERS="1", WEB_THREADS="3")
        address = listener.getsockname()
    with contextlib.ExitStack() as open_ends:
        open_ends.callback(server.communicate)
        open_ends.callback(server.kill)
        # gunicorn's own worker would stand still for two seconds after each, and one that
        # counted them among those that its threads are for after each three.
        deadline = time.monotonic() + 25
        for _ in range(60):
            client = open_ends.enter_context(socket.create_connection(address))
            client.settimeout(deadline - time.monotonic())
            client.sendall(b"GET / HTTP/1.1\r\nHost: panel.example\r\n\r\n")
            assert b"".join(iter(partial(client.recv, 999), b"")).endswith(
                b"after all\r\n0\r\n\r\n"
            )


def test_a_connection_that_its_client_never_closes_is_closed_by_the_worker(tmp_path: Path) -> None:
    (tmp_path / "who.py").write_text(WHO)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = served(tmp_path, "who", (listener.fileno(),), WEB_WORKERS="1")
        address = listener.getsockname()
    try:
        with socket.create_connection(address, timeout=20) as client:
            first = answered(client)
            wait_until(lambda: is_refused(client))
        with socket.create_connection(address, timeout=20) as client:
            # Closed by a worker that went on, not by one that died of it.
            assert answered(client) == first
    finally:
        server.kill()
        server.communicate()


def answered(client: socket.socket) -> bytes:
    """The body of an answer that ends with the connection, read to its end."""
    client.sendall(b"GET / HTTP/1.0\r\nHost: panel.example\r\n\r\n")
    answer = b"".join(iter(partial(client.recv, 999), b""))
    return answer.partition(b"\r\n\r\n")[2]


def is_refused(client: socket.socket) -> bool:
    """Whether nobody reads any more what is sent on this connection."""
    try:
        client.sendall(b"x")
    except OSError:
        return True
    return False


def test_a_panel_that_refuses_to_start_says_so_once_and_ends() -> None:
    variables = {"DJANGO_SETTINGS_MODULE": "adminpanel.settings", "SECRET_KEY": ""}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = served(ROOT, "adminpanel.wsgi", (listener.fileno(),), **variables)
    _, said = server.communicate(timeout=30)
    assert server.returncode == 1
    assert said.count("The panel does not start: SECRET_KEY is not set") == 1
    assert "Traceback" not in said
