"""A panel of its own: a migrated database beside the tests' own one, its keys, its commands."""

import base64
import contextlib
import http.client
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import psycopg
from django.db import connection

from tests.house.processes import wait_until

ROOT: Final = Path(__file__).resolve().parents[2]
DOCUMENT: Final = ROOT / "docs/operations.md"
METRICS_TOKEN: Final = "scraped-by-the-tests-alone"
# What a proxy in front puts on a request that came over HTTPS.
PROXIED: Final = {"Host": "panel.example", "X-Forwarded-Proto": "https"}
_BLOCK: Final = re.compile(r"^```sh (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def procedures() -> dict[str, str]:
    """The commands of docs/operations.md by the name behind each block's `sh`."""
    return dict(_BLOCK.findall(DOCUMENT.read_text()))


def new_key(key_id: str) -> str:
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


@dataclass(frozen=True)
class Deployment:
    """The environment of one panel, and what is run in it."""

    url: str
    environment: Mapping[str, str] = field(repr=False)

    @property
    def file(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))

    def having(self, **variables: str) -> "Deployment":
        """The same panel with other settings."""
        return replace(self, environment={**self.environment, **variables})

    def at(self, url: str) -> "Deployment":
        """The same settings with another database."""
        return Deployment(url, {**self.environment, "DATABASE_URL": url})

    def manage(self, *arguments: str, code: int = 0) -> str:
        """What a management command says; its exit status must be `code`."""
        return self._run([sys.executable, "manage.py", *arguments], code)

    def python(self, text: str, *arguments: str) -> str:
        """What Python code prints that has the panel's models."""
        start = "import sys, django\ndjango.setup()\n"
        return self._run([sys.executable, "-c", start + text, *arguments], 0, warnings=False)

    def said(self, text: str, *arguments: str) -> str:
        """The same, with what it logged behind it."""
        start = "import sys, django\ndjango.setup()\n"
        return self._run([sys.executable, "-c", start + text, *arguments], 0)

    def procedure(self, name: str, code: int = 0, **variables: str | Path) -> str:
        """Runs the commands that docs/operations.md has under a name, as they stand there."""
        shell = self.having(**{key: str(value) for key, value in variables.items()})
        # A stand-in for what a test machine does not have.
        docker = self.environment.get("DOCKER", "")
        commands = f"set -euo pipefail\n{docker}\n{procedures()[name]}"
        return shell._run(["bash", "-c", commands], code)

    def start(self, code: str, *arguments: str) -> subprocess.Popen[str]:
        """The same as `python`, going on in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", f"import sys, django\ndjango.setup()\n{code}", *arguments],
            cwd=ROOT,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _run(self, command: list[str], code: int, *, warnings: bool = True) -> str:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
        return done.stdout + (done.stderr if warnings else "")

    @contextlib.contextmanager
    def served(self, **variables: str) -> Iterator["Served"]:
        """The panel under gunicorn, until the end of the block."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            command = [sys.executable, "-m", "gunicorn"]
            command += ["--config", "adminpanel/gunicorn_conf.py"]
            command += ["--bind", f"fd://{listener.fileno()}", "adminpanel.wsgi:application"]
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**self.environment, **variables},
                pass_fds=(listener.fileno(),),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            served = Served(process, listener.getsockname()[1])
            try:
                wait_until(lambda: process.poll() is not None or served.get("/healthz")[0] == 200)
                yield served
            finally:
                process.send_signal(signal.SIGTERM)
                _, said = process.communicate(timeout=40)
                assert process.returncode == 0, said


@dataclass(frozen=True)
class Served:
    """A panel that answers at a port of this machine."""

    process: subprocess.Popen[str]
    port: int

    def get(self, path: str, headers: Mapping[str, str] = PROXIED) -> tuple[int, str]:
        """Status and body; each time a new connection, which either worker may take."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except ConnectionError:
            return 0, ""
        finally:
            connection.close()

    def scrape(self) -> dict[str, float]:
        status, text = self.get("/metrics", {"Authorization": f"Bearer {METRICS_TOKEN}"})
        assert status == 200
        return samples_of(text)


def samples_of(text: str) -> dict[str, float]:
    """The samples of an exposition, by name and labels as they are written."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@contextlib.contextmanager
def empty_database(folder: Path) -> Iterator[str]:
    """The address of a database with nothing in it, of the kind that the tests run on."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{folder}/panel-{uuid.uuid4().hex[:8]}.sqlite3"
        return
    with postgresql_copy(None) as url:
        yield url


@contextlib.contextmanager
def copy_of(url: str, folder: Path) -> Iterator[str]:
    """The address of a database with what another one holds, that nobody is using."""
    if url.startswith("sqlite"):
        with empty_database(folder) as copy:
            shutil.copy(url.removeprefix("sqlite:///"), copy.removeprefix("sqlite:///"))
            yield copy
        return
    with postgresql_copy(url.rpartition("/")[2]) as copy:
        yield copy


@contextlib.contextmanager
def postgresql_copy(template: str | None) -> Iterator[str]:
    name = f"operations_{uuid.uuid4().hex[:12]}"
    created = f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else "")
    _on_server(created)
    try:
        yield f"{_server()}/{name}"
    finally:
        _on_server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def lose(url: str) -> None:
    """The database is gone, as under a panel that is running."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        file.unlink()
        file.mkdir()
    else:
        _on_server(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")


def _server() -> str:
    place = connection.settings_dict
    return f"postgres://{place['USER']}:{place['PASSWORD']}@{place['HOST']}:{place['PORT']}"


def _on_server(statement: str) -> None:
    with psycopg.connect(f"{_server()}/postgres", autocommit=True) as server:
        server.execute(statement.encode())


def settings_for(url: str, folder: Path) -> dict[str, Any]:
    """A deployment's environment: keys of its own, and no secrets of anybody's."""
    (folder / "static").mkdir(exist_ok=True)
    # What the browser tests need in this process, and no deployment has.
    inherited = {k: v for k, v in os.environ.items() if k != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    return inherited | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": url,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "TOKEN_KEYS": new_key("one"),
        "AUDIT_KEYS": new_key("one"),
        "ALLOWED_HOSTS": "panel.example",
        "STATIC_ROOT": str(folder / "static"),
        "METRICS_TOKEN": METRICS_TOKEN,
        "LOG_LEVEL": "WARNING",
    }
