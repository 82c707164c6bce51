"""Restarting under load, as docs/operations.md says: nothing is cut, no outcome is lost."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from django.test import Client

from pools.models import Entry
from pools.models.vocabulary import Kind
from sandbox.running import RunningSandbox, running_sandbox
from tests.fixtures.ledger_chain import verify_chain
from tests.fixtures.panel import give_token, make_company, make_person
from tests.fixtures.panel_process import database_url
from tests.fixtures.waiting import wait_until
from tests.house.processes import LINUX_ONLY

# On a busy machine every start takes seconds.
pytestmark = [LINUX_ONLY, pytest.mark.timeout(400)]

ROOT = Path(__file__).resolve().parents[2]
READERS, CHANGERS = 2, 2
RELOADS, RESTARTS = 16, 4
# As systemd starts it: the socket is file 3, and the variables name this very process.
ACTIVATED = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
activation = {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
gunicorn = [sys.executable, "-m", "gunicorn", "--config", "adminpanel/gunicorn_conf.py"]
os.execve(sys.executable, [*gunicorn, "adminpanel.wsgi"], os.environ | activation)
"""
Work = Callable[[requests.Session, str], None]


class Load:
    """People who read and who change pools, each in a thread, until told to stop."""

    def __init__(self, address: str, session: str) -> None:
        self.address, self.session = address, session
        self.trouble: list[str] = []
        self.read: list[str] = []
        self.changed: list[str] = []
        self._stopping = threading.Event()
        works = [self._read] * READERS + [self._change] * CHANGERS
        self._threads = [
            threading.Thread(target=self._person, args=(work, number))
            for number, work in enumerate(works)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_for_a_change(self) -> None:
        seen = len(self.changed)
        wait_until(lambda: len(self.changed) > seen)

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _person(self, work: Work, number: int) -> None:
        with requests.Session() as browser:
            browser.trust_env = False
            browser.cookies.set("session", self.session)
            turn = 0
            while not self._stopping.is_set():
                turn += 1
                try:
                    work(browser, f"pool {number}-{turn}")
                except requests.RequestException as error:
                    self.trouble.append(repr(error))

    def _read(self, browser: requests.Session, name: str) -> None:
        self._expect(200, browser.get(f"{self.address}/c/acme/pools/", timeout=30))
        self.read.append(name)

    def _change(self, browser: requests.Session, name: str) -> None:
        address = f"{self.address}/c/acme/pools/new/"
        page = browser.get(address, timeout=30)
        self._expect(200, page)
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        form = {**hidden, "name": name, "limit": "3", "timeout": "", "reason": "T-1"}
        self._expect(302, browser.post(address, form, timeout=30, allow_redirects=False))
        self.changed.append(name)

    def _expect(self, status: int, answer: requests.Response) -> None:
        if answer.status_code != status:
            self.trouble.append(f"{answer.request.method} {answer.url}: {answer.status_code}")


def start(listener: socket.socket) -> subprocess.Popen[bytes]:
    settings = {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        # As shipped: that a busy machine is slow is no trouble of a restart.
        "CORE_DEADLINE_SECONDS": "15",
        "CORE_READ_TIMEOUT_SECONDS": "10",
    }
    return subprocess.Popen(
        [sys.executable, "-S", "-c", ACTIVATED, str(listener.fileno())],
        cwd=ROOT,
        env=os.environ | settings,
        pass_fds=[listener.fileno()],
    )


def reload(panel: subprocess.Popen[bytes]) -> None:
    before = workers(panel)
    panel.send_signal(signal.SIGHUP)
    wait_until(lambda: len(workers(panel)) == 2 and not workers(panel) & before)


def workers(panel: subprocess.Popen[bytes]) -> set[str]:
    return set(Path(f"/proc/{panel.pid}/task/{panel.pid}/children").read_text().split())


def restart(panel: subprocess.Popen[bytes], listener: socket.socket) -> subprocess.Popen[bytes]:
    panel.send_signal(signal.SIGTERM)
    assert panel.wait(45) == 0
    return start(listener)


@pytest.fixture
def core() -> Iterator[RunningSandbox]:
    with running_sandbox() as core:
        yield core


@pytest.fixture
def session(transactional_db: None, core: RunningSandbox) -> str:
    """Somebody who may change pools of a Core that takes its time."""
    manager = make_person("manager", "Manager")
    give_token(manager, make_company(core, "acme", "Acme"), core.keys["acme"]["full"])
    core.reset()
    core.set_fault("latency=0.3")
    browser = Client()
    browser.force_login(manager)
    return str(browser.cookies["session"].value)


def test_twenty_restarts_under_load(session: str, core: RunningSandbox) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        panel = start(listener)
        load = Load(f"http://127.0.0.1:{listener.getsockname()[1]}", session)
        load.start()
        try:
            load.wait_for_a_change()
            for _ in range(RELOADS):
                reload(panel)
            for _ in range(RESTARTS):
                panel = restart(panel, listener)
                load.wait_for_a_change()
        finally:
            load.stop()
            panel.terminate()
            panel.wait(45)
    assert load.trouble == []
    intents = Entry.objects.filter(kind=Kind.INTENT).count()
    outcomes = Entry.objects.filter(kind=Kind.OUTCOME, outcome="done").count()
    assert (intents, outcomes, len(core.applied)) == (len(load.changed),) * 3
    assert verify_chain() is None
