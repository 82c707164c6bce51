"""Who takes which files of a run: tests/fixtures/workers.py, in xdist's own scheduler."""

import os
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fixtures.workers import pytest_xdist_make_scheduler

FILES = [
    *("tests/accounts/test_a.py", "tests/browser/test_b.py", "tests/browser/test_c.py"),
    *("tests/core/test_d.py", "tests/core/test_e.py", "tests/browser/test_f.py"),
]
TESTS = [f"{file}::test_{number}" for file in FILES for number in range(4)]


class Worker:
    """What the scheduler has of a worker: it tells it what to run."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.shutting_down = False
        self.gateway = SimpleNamespace(id="")

    def send_runtest_some(self, tests: list[int]) -> None:
        self.told += tests

    def shutdown(self) -> None:
        self.shutting_down = True

    @property
    def files(self) -> list[str]:
        return [
            file[-4] for file in dict.fromkeys(TESTS[each].partition("::")[0] for each in self.told)
        ]


def a_run(workers: int, dist: str = "loadfile") -> Any:
    config: Any = SimpleNamespace(
        getoption=lambda name: dist,
        getvalue=lambda name: ["popen"] * workers,
        option=SimpleNamespace(loadscopereorder=False),
    )
    return pytest_xdist_make_scheduler(config, None)


def shared_by(*, ends: int) -> list[Worker]:
    """Two workers that have begun; the one at `ends` has run all that it was told since."""
    run, workers = a_run(2), [Worker(), Worker()]
    for worker in workers:
        run.add_node(worker)
        run.add_node_collection(worker, TESTS)
    run.schedule()
    done = 0
    while done < len(workers[ends].told):
        run.mark_test_complete(workers[ends], workers[ends].told[done])
        done += 1
    return workers


@pytest.fixture(autouse=True)
def one_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)


def test_one_worker_has_the_browser_and_the_others_what_needs_none_from_its_end() -> None:
    with_browser, without = shared_by(ends=1)
    assert (with_browser.files[0], without.files[:3]) == ("b", ["e", "d", "a"])


def test_whoever_has_nothing_else_left_takes_what_there_is() -> None:
    assert shared_by(ends=0)[0].files == ["b", "c", "f", "a", "d"]
    assert shared_by(ends=1)[1].files == ["e", "d", "a", "c", "f"]


def test_other_ways_to_share_are_xdists_own() -> None:
    assert a_run(2, dist="load") is None
