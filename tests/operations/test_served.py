"""Health, readiness and metrics of the panel as it is served: two workers under gunicorn."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.deployment import PROXIED, Deployment, Served, copy_of, lose
from tests.fixtures.waiting import wait_until
from tests.house.processes import LINUX_ONLY

pytestmark = LINUX_ONLY
UNCHECKED = dict.fromkeys(("database", "migrations", "keys", "ledger"), "not checked")
NOBODYS = 'panel_requests_total{status="4xx",view="none"}'


@pytest.fixture(scope="module")
def deployed(
    migrated: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("served")
    with copy_of(migrated.url, folder) as url:
        yield migrated.having(DATABASE_URL=url, HTTPS="true", TRUSTED_PROXY_COUNT="1")


@pytest.fixture(scope="module")
def served(deployed: Deployment) -> Iterator[Served]:
    with deployed.served() as served:
        yield served


def workers(served: Served) -> list[int]:
    children = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children")
    return [int(pid) for pid in children.read_text().split()]


def folders() -> set[Path]:
    return set(Path("/dev/shm").glob("pools-panel-metrics-*"))


def files_of(pid: int) -> list[str]:
    """The counter files that a process has mapped into memory."""
    maps = Path(f"/proc/{pid}/maps").read_text().split()
    return sorted({part for part in maps if "pools-panel-metrics-" in part})


def heaps(pid: int) -> int:
    """glibc's heaps besides the main one: each has 64 MB of addresses, few of them in use."""
    spans = [
        [int(end, 16) for end in line.split()[0].split("-")]
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines()
    ]
    begun = {begin: end for begin, end in spans if begin % 2**26 == 0}
    return sum(any(b == end and e % 2**26 == 0 for b, e in spans) for end in begun.values())


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_asks_by_address_over_plain_http(served: Served, path: str) -> None:
    assert served.get(path, {"Host": "10.0.0.7:8000"})[0] == 200


def test_a_page_is_not_given_to_a_made_up_host(served: Served) -> None:
    assert served.get("/accounts/login/", PROXIED | {"Host": "10.0.0.7:8000"})[0] == 400


def test_whichever_worker_answers_a_scrape_has_the_counts_of_all(served: Served) -> None:
    before = served.scrape().get(NOBODYS, 0)
    assert [served.get("/none")[0] for _ in range(20)] == [404] * 20
    assert {served.scrape()[NOBODYS] for _ in range(20)} == {before + 20}
    assert len([pid for pid in workers(served) if files_of(pid)]) == 2


def test_what_the_database_says_is_not_multiplied_by_workers(
    deployed: Deployment, served: Served
) -> None:
    deployed.python(
        "from django.db import transaction\n"
        "from pools.ledger.appending import Actor, record_event\n"
        "with transaction.atomic(): record_event('tested', Actor(0, ''))"
    )
    assert {served.scrape()["panel_ledger_height"] for _ in range(10)} == {1}


def test_threads_share_one_heap(served: Served) -> None:
    for _ in range(10):
        served.get("/accounts/login/")
    assert [heaps(pid) for pid in workers(served)] == [0, 0]


def test_a_killed_worker_leaves_its_counts_to_its_successor(served: Served) -> None:
    served.get("/none")
    before, files = served.scrape()[NOBODYS], _all_files(served)
    killed = workers(served)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(set(workers(served)) - set(killed)) == 2)
    for _ in range(20):
        served.get("/none")
    assert served.scrape()[NOBODYS] == before + 20
    assert _all_files(served) == files


def _all_files(served: Served) -> list[str]:
    (folder,) = {str(Path(file).parent) for pid in workers(served) for file in files_of(pid)}
    return sorted(str(file) for file in Path(folder).iterdir())


def test_the_folder_goes_with_the_master_and_an_abandoned_one_with_the_next_start(
    deployed: Deployment,
) -> None:
    abandoned = Path("/dev/shm/pools-panel-metrics-abandoned")
    abandoned.mkdir(exist_ok=True)
    (abandoned / "lock").touch()
    (abandoned / "counter_1.db").write_bytes(b"")
    with deployed.served() as served:
        assert abandoned not in folders()
        served.get("/none")
        # Others may run on this machine: the folder of this one is looked at.
        own = Path(_all_files(served)[0]).parent
        assert own in folders()
    assert own not in folders()


def test_without_its_database_it_is_alive_and_says_what_it_lacks(
    migrated: Deployment, tmp_path: Path
) -> None:
    with copy_of(migrated.url, tmp_path) as url, migrated.at(url).served() as served:
        assert served.get("/readyz")[0] == 200
        lose(url)
        assert served.get("/healthz") == (200, "ok\n")
        # Either worker may still go by what it found before, for some seconds.
        answers = iter(lambda: served.get("/readyz"), None)
        said = next(json.loads(text) for status, text in answers if status == 503)
        assert said["checks"] == UNCHECKED | {"database": "failed"}
        wait_until(lambda: served.scrape()['panel_ready{check="database"}'] == 0)
        assert "panel_ledger_height" not in served.scrape()
