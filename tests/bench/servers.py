"""What is measured, running: the panel and its yardstick, each under gunicorn on each database."""

import contextlib
import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

import psycopg

from adminpanel.demo import CannotGoOn, Child, Demo, collect_static_files, environment
from tests.bench import kernel
from tests.bench.core import Core

ROOT: Final = Path(__file__).resolve().parents[2]
POSTGRES_URL: Final = os.environ.get("POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/test")
PANEL: Final = "panel"
YARDSTICK: Final = "yardstick"
_CONFIGS: Final = {
    PANEL: ("adminpanel/gunicorn_conf.py", "adminpanel.wsgi:application"),
    YARDSTICK: (
        "tests/bench/yardstick/gunicorn_conf.py",
        "django.core.wsgi:get_wsgi_application()",
    ),
}
_STARTS_WITHIN_SECONDS: Final = 60
# Longer than Core takes here: a page that waits for it uses no processor.
_IDLE_SECONDS: Final = 0.3


@dataclass
class Site:
    """A web site on a database: how it is started, and who may read it."""

    name: str
    database: str
    environment: dict[str, str] = field(repr=False)
    sessions: list[str] = field(repr=False, default_factory=list)
    python: str = sys.executable
    port: int = 0
    child: Child | None = None

    def start(self, demo: Demo, path: str) -> float:
        """Starts it and reads a page; the seconds until the page was there."""
        demo.environment = self.environment
        config, application = _CONFIGS[self.name]
        with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
            self.port = listener.getsockname()[1]
            started = time.perf_counter()
            self.child = demo.start(
                f"{self.name}-{self.database}",
                *("-m", "gunicorn", "--config", config),
                *("--bind", f"fd://{listener.fileno()}", application),
                pass_fds=(listener.fileno(),),
                python=self.python,
            )
        status, _ = self.get(path)
        if status != http.client.OK:
            raise CannotGoOn(f"{self.name}: {status} for {path}\n{self.child.last_lines()}")
        return time.perf_counter() - started

    def stop(self, demo: Demo) -> None:
        if self.child is not None:
            self.child.process.terminate()
            self.child.process.wait()
            demo.children.remove(self.child)

    def headers(self, person: int = 0) -> dict[str, str]:
        cookie = f"{'session' if self.name == PANEL else 'sessionid'}={self.sessions[person]}"
        return {"Host": f"127.0.0.1:{self.port}", "Cookie": cookie}

    def get(
        self, path: str, headers: Mapping[str, str] = MappingProxyType({})
    ) -> tuple[int, bytes]:
        """Status, and body as it was sent."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=_STARTS_WITHIN_SECONDS
        )
        with contextlib.closing(connection):
            connection.request("GET", path, headers={**self.headers(), **headers})
            answer = connection.getresponse()
            return answer.status, answer.read()

    @property
    def master(self) -> int:
        if self.child is None:
            raise CannotGoOn("It was not started.")
        return self.child.process.pid

    def used(self) -> kernel.Used:
        """By the master and its workers; the database server's processes are not among them."""
        return kernel.used_by(kernel.family(self.master))

    def wait_until_idle(self) -> None:
        """Until it has done what was asked of it and no longer waited for."""
        before = None
        while (now := self.used()) != before:
            before = now
            time.sleep(_IDLE_SECONDS)

    def workers(self) -> list[int]:
        return kernel.children(self.master)


def site_environment(folder: Path, database_url: str, core: Core) -> dict[str, str]:
    """Production's settings, on loopback: the demo's keys, and nothing else of the demo."""
    settings = environment(folder) | {"DATABASE_URL": database_url, "LOG_FORMAT": "json"}
    del settings["PANEL_DEMO"]
    return settings | {"CORE_URL": core.url, "CORE_KEY": core.keys["acme"]}


def panel(demo: Demo, url: str, core: Core, changes: int, people: int) -> Site:
    """The panel's database with so many changes, and people who are signed in."""
    settings = site_environment(demo.folder, url, core)
    demo.environment = settings
    collect_static_files(demo)
    database = _vendor(url)
    if database == "sqlite":
        shutil.copy(_ledger(demo, settings, changes), url.removeprefix("sqlite:///"))
    else:
        _fill(demo, changes)
    keys = json.dumps(core.keys)
    said = demo.run("cast", "-m", "tests.bench.cast", str(people), core.url, keys)
    return Site(PANEL, database, settings, json.loads(said.splitlines()[-1]))


def yardstick(demo: Demo, url: str, core: Core) -> Site:
    settings = site_environment(demo.folder, url, core)
    settings["DJANGO_SETTINGS_MODULE"] = "tests.bench.yardstick.settings"
    demo.environment = settings
    if _vendor(url) == "sqlite":
        # The panel's settings open what is there, and make nothing.
        Path(url.removeprefix("sqlite:///")).touch()
    session = demo.run("fill", "-m", "tests.bench.yardstick.fill").split()[-1]
    return Site(YARDSTICK, _vendor(url), settings, [session])


def _vendor(url: str) -> str:
    return "sqlite" if url.startswith("sqlite") else "postgresql"


def _ledger(demo: Demo, settings: dict[str, str], changes: int) -> Path:
    """A database with this many changes. Kept, until what it is made from is another."""
    made_from = [
        ROOT / "tests/changes/vast_ledger.py",
        *sorted((ROOT / "pools/migrations").glob("*.py")),
    ]
    state = hashlib.sha256(b"".join(file.read_bytes() for file in made_from)).hexdigest()[:12]
    kept = demo.folder / f"ledger-{changes}-{state}.sqlite3"
    if not kept.exists():
        fresh = kept.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        demo.environment = settings | {"DATABASE_URL": f"sqlite:///{fresh}"}
        _fill(demo, changes)
        demo.environment = settings
        fresh.replace(kept)
    return kept


def _fill(demo: Demo, changes: int) -> None:
    demo.run("migrate", "manage.py", "migrate", "--no-input", "--verbosity", "0")
    demo.run("fill", "-m", "tests.changes.vast_ledger", "fill", str(changes))


@contextlib.contextmanager
def postgresql_databases(count: int) -> Iterator[list[str]]:
    """New databases, dropped in the end; none where PostgreSQL does not answer."""
    try:
        server = psycopg.connect(POSTGRES_URL, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        yield []
        return
    with server:
        names = [f"bench_{uuid.uuid4().hex[:12]}" for _ in range(count)]
        try:
            for name in names:
                server.execute(f"CREATE DATABASE {name}".encode())
            yield [f"{POSTGRES_URL.rpartition('/')[0]}/{name}" for name in names]
        finally:
            for name in names:
                server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


def wrk() -> str:
    """The path of wrk, or nothing; installed as root on Debian."""
    found = subprocess.run(["sh", ".ci/wrk"], cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip()
