"""Two hosts with the panel, two with PostgreSQL: one of these is cut off while people work."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.running import RunningSandbox, running_sandbox
from tests.fixtures.deployment import ROOT, Deployment, settings_for
from tests.fixtures.hosts import OUTSIDE, PREFIX, Host, Network, network
from tests.fixtures.waiting import wait_until
from tests.proof.failover import OPTIONS, USER, People, Server, binaries

PEOPLE = 20
RECOVERY_SECONDS = 10
MISSING = Network.missing() or ("" if binaries() else "PostgreSQL's server is not installed")
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.allow_hosts([f"{PREFIX}.{last}" for last in (1, 11, 12, 13, 14)]),
    pytest.mark.timeout(400),
]

SETTING_UP = """
from django.test import Client
from tests.fixtures.panel import give_token, make_person
from pools.models import Company
url, sign_in, key, people = sys.argv[1:]
acme = Company.objects.create(
    slug="acme", name="Acme", base_url=url, sign_in_url=sign_in, colour="teal"
)
for number in range(int(people)):
    person = make_person(f"person{number}", "Manager")
    give_token(person, acme, key)
    browser = Client()
    browser.force_login(person)
    print(browser.cookies["session"].value)
"""
# What the record says in the end: of each pool that was to be made, the words that end it.
RECORD = """
import json
from pools.models import Entry, Lease
from pools.models.vocabulary import Kind
print(json.dumps({
    "open": Lease.objects.count(),
    "intents": [json.loads(each)["wanted"]["name"] for each in
        Entry.objects.filter(kind=Kind.INTENT).values_list("facts", flat=True)],
    "ends": [
        [json.loads(intent.facts)["wanted"]["name"], [*Entry.objects.filter(
            change=intent.change, kind__in=[Kind.OUTCOME, Kind.SETTLED]
        ).order_by("seq").values_list("outcome", flat=True)]]
        for intent in Entry.objects.filter(kind=Kind.INTENT)
    ],
}))
"""


@contextmanager
def servers(hosts: tuple[Host, Host]) -> Iterator[tuple[Server, Server]]:
    """A primary and its standby, which has every commit that was confirmed."""
    programs = binaries()
    assert programs is not None
    # Not below the tests' own folder, which its owner alone may enter.
    folder = Path(tempfile.mkdtemp(prefix="panel-failover-"))
    folder.chmod(0o755)
    primary, standby = (
        Server(host, folder / f"server{number}", programs) for number, host in enumerate(hosts)
    )
    for server in (primary, standby):
        server.folder.mkdir(mode=0o700)
        subprocess.run(["chown", USER, str(server.folder)], check=True)
    try:
        primary.make()
        primary.start()
        primary.ask("CREATE DATABASE panel", database="postgres")
        standby.make_standby_of(primary)
        standby.start()
        primary.ask("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        primary.ask("SELECT pg_reload_conf()")
        state = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        wait_until(lambda: primary.ask(state) == [(1,)], seconds=20)
        yield primary, standby
    finally:
        standby.stop()
        primary.stop()
        shutil.rmtree(folder)


@contextmanager
def running(host: Host, panel: Deployment, *command: str) -> Iterator[None]:
    process = subprocess.Popen(
        host.command(sys.executable, *command), cwd=ROOT, env=dict(panel.environment)
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(50)


@contextmanager
def panels(hosts: tuple[Host, Host], panel: Deployment) -> Iterator[list[str]]:
    """On each host a web process and a `tend`; their addresses."""
    web = ("-m", "gunicorn", "--config", "adminpanel/gunicorn_conf.py")
    with ExitStack() as started:
        for host in hosts:
            bound = panel.having(WEB_BIND=f"{host.address}:8000")
            started.enter_context(running(host, bound, *web, "adminpanel.wsgi:application"))
            started.enter_context(running(host, panel, "manage.py", "tend"))
        addresses = [f"http://{host.address}:8000" for host in hosts]
        for address in addresses:
            wait_until(partial(is_ready, address), seconds=60)
        yield addresses


def is_ready(address: str) -> bool:
    try:
        return requests.get(f"{address}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def deployment(primary: Server, standby: Server, folder: Path) -> Deployment:
    places = ",".join(f"{server.host.address}:5432" for server in (primary, standby))
    url = f"postgres://{USER}@{places}/panel?{OPTIONS}"
    panel = Deployment(url, settings_for(url, folder))
    return panel.having(
        CORE_PLAIN_HTTP_HOSTS=OUTSIDE,
        CORE_DEADLINE_SECONDS="5",
        # Longer than a change may take.
        TEST_SETTLE_QUIET_SECONDS="7",
    )


def test_a_failover_while_twenty_people_work(tmp_path: Path) -> None:
    with network() as net, running_sandbox(host=OUTSIDE) as core:
        hosts = [net.host() for _ in range(4)]
        with servers((hosts[0], hosts[1])) as (primary, standby):
            panel = deployment(primary, standby, tmp_path)
            panel.manage("migrate", "--verbosity", "0")
            arguments = (core.url, core.sign_in_url, core.keys["acme"]["full"], str(PEOPLE))
            sessions = panel.python(SETTING_UP, *arguments).split()
            core.reset()
            with panels((hosts[2], hosts[3]), panel) as addresses:
                people = People(addresses, sessions)
                with people.at_work():
                    cut, promoted = cut_off(people, addresses, primary, standby)
                wait_until(lambda: record(panel)["open"] == 0, seconds=90)
            judge(record(panel), core, people)
            assert "Entries 1 to" in panel.manage("verify_audit")
    for address in addresses:
        assert people.made_since(promoted, address)
    print(f"cut for {promoted - cut:.1f} s, {len(people.made)} pools made, ", end="")
    print(f"of {people.begun} begun; {people.refused} refused, {people.broken} broken off")


def cut_off(
    people: People, addresses: list[str], primary: Server, standby: Server
) -> tuple[float, float]:
    """When the primary was cut off, and when the standby had taken over: people work on both."""
    begun = time.monotonic()
    for address in addresses:
        wait_until(partial(people.made_since, begun, address), seconds=60)
    time.sleep(3)
    cut = time.monotonic()
    primary.host.unplug()
    # Somebody, or something, has to notice it.
    time.sleep(2)
    assert standby.ask("SELECT pg_promote()") == [(True,)]
    promoted = time.monotonic()
    for address in addresses:
        wait_until(partial(people.made_since, promoted, address), seconds=60)
        recovered = min(at for at, where, _ in people.made if at > promoted and where == address)
        print(f"{address}: works {recovered - promoted:.1f} s after the standby took over")
        assert recovered - promoted < RECOVERY_SECONDS
    time.sleep(3)
    return cut, promoted


def record(panel: Deployment) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(panel.python(RECORD))
    return told


def judge(told: dict[str, Any], core: RunningSandbox, people: People) -> None:
    """What Core did, what people were told, and what is on the record, are the same."""
    applied = Counter(pool.name for pool in core.company("acme").pools() if "pool " in pool.name)
    assert [name for name, times in applied.items() if times > 1] == []
    # Nothing reached Core without an intent, and each intent was of one form.
    assert set(applied) <= set(told["intents"])
    assert len(told["intents"]) == len(set(told["intents"]))
    for name, ends in told["ends"]:
        happened = ends[-1] in ("done", "applied")
        assert happened == (name in applied), (name, ends)
    # Whatever people were told that it was made, was.
    assert {name for _, _, name in people.made} <= set(applied)
