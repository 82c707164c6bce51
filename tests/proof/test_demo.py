"""`make demo`: two lives of it on the same data."""

import http.cookiejar
import re
import signal
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.store import Store
from tests.fixtures.waiting import wait_until
from tests.house.processes import LINUX_ONLY, is_running, start_demo

pytestmark = LINUX_ONLY


@dataclass(frozen=True)
class Life:
    """What was seen of one run of the demo, from its start until its end."""

    folder: Path
    said: str
    pools_page: str
    exit_status: int
    left_running: list[int]


def live(folder: Path, user: str, company: str) -> Life:
    """Starts the demo, signs a user in, opens a company's pools, and presses Ctrl-C."""
    demo = start_demo(folder, PANEL_PORT="0", SANDBOX_PORT="0")
    assert demo.stdout
    said = ""
    try:
        while "Press Ctrl-C to stop everything" not in said:
            line = demo.stdout.readline()
            assert line, said
            said += line
        descendants = descendants_of(demo.pid)
        address = said.split("The panel is ready: ")[1].split()[0]
        page = signed_in(address, user, f"/c/{company}/pools/")
        wait_until((folder / "tend.log").read_text)
        demo.send_signal(signal.SIGINT)
        rest, _ = demo.communicate(timeout=60)
    finally:
        demo.kill()
        demo.wait()
    left = [pid for pid in descendants if is_running(pid)]
    return Life(folder, said + rest, page, demo.returncode, left)


def descendants_of(pid: int) -> list[int]:
    children = [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return children + [deeper for child in children for deeper in descendants_of(child)]


def signed_in(address: str, user: str, path: str) -> str:
    """The text of a page, after signing in with the demo's password."""
    opener = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )
    login = f"{address}/accounts/login/?next={path}"
    form = opener.open(login).read().decode()
    word = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    assert word, form
    fields = {"csrfmiddlewaretoken": word[1], "login": user, "password": "pools-demo"}
    request = urllib.request.Request(
        login, urllib.parse.urlencode(fields).encode(), headers={"Referer": login}
    )
    answer = opener.open(request)
    assert urllib.parse.urlsplit(answer.url).path == path
    return str(answer.read().decode())


@pytest.fixture(scope="module")
def first_life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    return live(tmp_path_factory.mktemp("demo") / "data", "viewer", "acme")


@pytest.fixture(scope="module")
def second_life(first_life: Life) -> Life:
    """On the first one's data, with its only pool of Blank made in between."""
    store = Store(first_life.folder / "sandbox.sqlite3")
    store.add_pool(store.companies()["blank"], "Made between two runs", 5)
    store.close()
    return live(first_life.folder, "manager", "blank")


def test_someone_who_may_only_look_sees_the_pools_of_acme(first_life: Life) -> None:
    assert "257" in first_life.pools_page


def test_it_says_who_can_sign_in(first_life: Life) -> None:
    names = ("viewer", "operator", "manager", "auditor", "admin")
    assert [name for name in names if f"\n  {name} " in first_life.said] == list(names)
    assert "(everyone's password: pools-demo)" in first_life.said


def test_it_says_where_a_first_token_comes_from(first_life: Life) -> None:
    store = Store(first_life.folder / "sandbox.sqlite3")
    keys = store.keys()["northwind"]
    store.close()
    assert all(key in first_life.said for key in keys.values())


def test_tend_runs_beside_the_panel_until_the_end(first_life: Life) -> None:
    log = (first_life.folder / "tend.log").read_text()
    assert log.count("ledger checkpoint") == 2


def test_ctrl_c_ends_everything(first_life: Life) -> None:
    assert (first_life.exit_status, first_life.left_running) == (0, [])


def test_keys_and_data_are_its_owners_alone(first_life: Life) -> None:
    modes = {
        path.name: path.stat().st_mode & 0o077
        for path in (first_life.folder, *first_life.folder.iterdir())
    }
    assert {name for name, others in modes.items() if others} == set()
    assert {"env", "panel.sqlite3", "sandbox.sqlite3"} <= modes.keys()


def test_a_second_run_finds_its_data_and_opens_its_tokens_at_another_port(
    second_life: Life,
) -> None:
    assert "Made between two runs" in second_life.pools_page


def test_a_second_run_ends_as_well(second_life: Life) -> None:
    assert (second_life.exit_status, second_life.left_running) == (0, [])
