"""What tests/proof/test_failover.py runs: two PostgreSQL servers, and twenty people."""

import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
import requests

from tests.fixtures.hosts import PREFIX, Host
from tests.fixtures.waiting import wait_until

USER: Final = "postgres"
# As docs/kubernetes/README.md has them, but for TLS.
OPTIONS: Final = (
    "target_session_attrs=read-write&tcp_user_timeout=4000"
    "&keepalives_idle=2&keepalives_interval=1&keepalives_count=3"
)


def binaries() -> Path | None:
    """The newest PostgreSQL server that is installed here."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = str(debian[-1]) if debian else shutil.which("initdb")
    return Path(found).parent if found else None


class Server:
    """A PostgreSQL on a host of its own."""

    def __init__(self, host: Host, folder: Path, programs: Path) -> None:
        self.host, self.folder, self.programs = host, folder, programs
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgres://{USER}@{self.host.address}:5432/panel"

    def run(self, program: str, *arguments: str) -> None:
        command = self.host.command(str(self.programs / program), *arguments, user=USER)
        subprocess.run(command, check=True, capture_output=True)

    def make(self) -> None:
        self.run("initdb", "--auth=trust", "--no-sync", f"--pgdata={self.folder}")
        with (self.folder / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all,replication all {PREFIX}.0/24 trust\n")

    def make_standby_of(self, primary: "Server") -> None:
        source = f"--dbname=host={primary.host.address} user={USER} application_name=standby"
        # Its first checkpoint would else be spread over minutes.
        whole = ("--checkpoint=fast", "--write-recovery-conf", f"--pgdata={self.folder}")
        self.run("pg_basebackup", source, *whole)

    def start(self) -> None:
        settings = {
            "listen_addresses": self.host.address,
            "unix_socket_directories": "",
            "max_connections": "200",
            "wal_receiver_timeout": "5s",
        }
        given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self.programs / "postgres"), "-D", str(self.folder), *given]
        self.process = subprocess.Popen(
            self.host.command(*command, user=USER),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._answers, seconds=30)

    def _answers(self) -> bool:
        try:
            self.ask("SELECT 1", database="postgres")
        except psycopg.Error:
            return False
        return True

    def ask(self, statement: str, *, database: str = "panel") -> list[tuple[object, ...]]:
        address = self.url.removesuffix("panel") + database
        with psycopg.connect(address, autocommit=True, connect_timeout=3) as server:
            cursor = server.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def stop(self) -> None:
        if self.process is not None:
            # At once: nobody is waited for, and nothing of it is needed any more.
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(20)


class People:
    """Each works at one of the addresses: looks at the list, makes a pool, and begins again.

    What is refused or broken off is not sent again by them: they go on with another pool.
    """

    def __init__(self, addresses: list[str], sessions: list[str]) -> None:
        self.made: list[tuple[float, str, str]] = []
        self.begun = 0
        self.refused = 0
        self.broken = 0
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._work, args=(addresses[number % len(addresses)], session, number)
            )
            for number, session in enumerate(sessions)
        ]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in self._threads:
                thread.join()

    def made_since(self, moment: float, address: str) -> bool:
        return any(at > moment and where == address for at, where, _ in self.made)

    def _work(self, address: str, session: str, number: int) -> None:
        with requests.Session() as browser:
            browser.trust_env = False
            browser.headers["Host"] = "panel.example"
            turn = 0
            while not self._stopping.is_set():
                turn += 1
                self.begun += 1
                try:
                    self._make(browser, session, address, f"pool {number}-{turn}")
                except requests.RequestException:
                    self.broken += 1
                self._stopping.wait(0.3)

    def _make(self, browser: requests.Session, session: str, address: str, name: str) -> None:
        cookies = {"Cookie": f"session={session}"}
        browser.cookies.clear()
        browser.get(f"{address}/c/acme/pools/", headers=cookies, timeout=25)
        page = browser.get(f"{address}/c/acme/pools/new/", headers=cookies, timeout=25)
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        if "form_id" not in hidden:
            self.refused += 1
            return
        form = {**hidden, "name": name, "limit": "3", "timeout": "", "reason": "T-1"}
        cookies = {"Cookie": f"session={session}; {_form_cookie(page)}"}
        answer = browser.post(
            f"{address}/c/acme/pools/new/",
            form,
            headers=cookies | {"Referer": f"{address}/"},
            timeout=25,
            allow_redirects=False,
        )
        if answer.status_code == 302:
            self.made.append((time.monotonic(), address, name))
        else:
            self.refused += 1


def _form_cookie(page: requests.Response) -> str:
    return "; ".join(f"{name}={value}" for name, value in page.cookies.items())
