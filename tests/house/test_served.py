"""gunicorn with the panel's configuration, as a process."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Says when a request has come in, and answers it a second later.
SLOW = """
import time
def application(environ, start_response):
    print("asked", flush=True)
    time.sleep(1)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"answered after all"]
"""


def served(
    folder: Path, application: str, fds: tuple[int, ...] = (), **variables: str
) -> subprocess.Popen[str]:
    command = (sys.executable, "-m", "gunicorn", "--config", ROOT / "adminpanel/gunicorn_conf.py")
    bind = f"fd://{fds[0]}" if fds else "127.0.0.1:0"
    return subprocess.Popen(
        [*command, "--bind", bind, application],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=fds,
    )


def test_a_request_under_way_is_answered_before_it_stops(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = served(tmp_path, "slow", (listener.fileno(),))
        connection = http.client.HTTPConnection(*listener.getsockname())
    try:
        connection.request("GET", "/")
        assert server.stdout
        assert server.stdout.readline() == "asked\n"
        server.send_signal(signal.SIGTERM)
        assert connection.getresponse().read() == b"answered after all"
        server.communicate(timeout=20)
        assert server.returncode == 0
    finally:
        connection.close()
        server.kill()
        server.communicate()


def test_a_panel_that_refuses_to_start_says_so_once_and_ends() -> None:
    server = served(
        ROOT, "adminpanel.wsgi", DJANGO_SETTINGS_MODULE="adminpanel.settings", SECRET_KEY=""
    )
    _, said = server.communicate(timeout=30)
    assert server.returncode == 1
    assert said.count("The panel does not start: SECRET_KEY is not set") == 1
    assert "Traceback" not in said
