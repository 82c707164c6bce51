"""How the demo ends what it started, whatever ends it."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fixtures.waiting import wait_until
from tests.house.processes import LINUX_ONLY, is_running

pytestmark = LINUX_ONLY

ROOT = Path(__file__).resolve().parents[2]
# Loads this checkout's module without pytest's settings in the way.
SUPERVISED = """
import os, sys
from pathlib import Path
from adminpanel.demo import Demo, until_the_end

def work(demo):
    for number, code in enumerate(sys.argv[2:]):
        print(demo.start(f"child{number}", "-c", code).process.pid, flush=True)
    while True:
        demo.watch()

sys.exit(until_the_end(Demo(Path(sys.argv[1]), dict(os.environ)), work))
"""
SLEEPS = "import time; time.sleep(60)"
# Says that it is deaf to SIGTERM, for a test to wait for.
DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('deaf', flush=True); time.sleep(60)"
)


def hear_hangups() -> None:
    """In a child, before it runs: the tests themselves may have been started under nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@contextmanager
def supervised(folder: Path, *children: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A supervisor with these children, each a program text, and the children's pids."""
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISED, str(folder), *children],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_hangups,
    )
    assert supervisor.stdout
    try:
        yield supervisor, [int(supervisor.stdout.readline()) for _ in children]
    finally:
        supervisor.kill()
        supervisor.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_its_children(tmp_path: Path, number: signal.Signals) -> None:
    with supervised(tmp_path, SLEEPS, SLEEPS) as (supervisor, children):
        supervisor.send_signal(number)
        assert supervisor.wait(20) == 0
        assert [pid for pid in children if is_running(pid)] == []


def test_its_children_end_when_it_is_killed(tmp_path: Path) -> None:
    with supervised(tmp_path, SLEEPS, SLEEPS) as (supervisor, children):
        supervisor.kill()
        wait_until(lambda: not any(map(is_running, children)))


def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    started_by = subprocess.Popen(
        [
            "sh",
            "-c",
            '"$@" & echo $!; wait',
            "sh",
            sys.executable,
            "-c",
            SUPERVISED,
            tmp_path,
            SLEEPS,
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=hear_hangups,
    )
    assert started_by.stdout
    pids = [int(started_by.stdout.readline()) for _ in range(2)]
    started_by.kill()
    started_by.wait()
    wait_until(lambda: not any(map(is_running, pids)))
    started_by.stdout.close()


def test_a_child_that_ends_by_itself_is_named_and_ends_the_others(tmp_path: Path) -> None:
    with supervised(tmp_path, SLEEPS, "print('no room'); raise SystemExit(3)") as (
        supervisor,
        children,
    ):
        _, said = supervisor.communicate(timeout=20)
        assert (supervisor.returncode, said) == (
            1,
            (
                "The child1 stopped unexpectedly (exit code 3), so all of it stops. "
                "Its last lines were:\n  no room\n"
            ),
        )
        assert not is_running(children[0])


def test_a_second_ctrl_c_does_not_wait_for_a_child_that_hangs(tmp_path: Path) -> None:
    with supervised(tmp_path, DEAF) as (supervisor, children):
        wait_until((tmp_path / "child0.log").read_text)
        supervisor.send_signal(signal.SIGINT)
        time.sleep(1.1)
        assert is_running(children[0])
        supervisor.send_signal(signal.SIGINT)
        assert supervisor.wait(20) == 0
        assert not is_running(children[0])


def test_what_a_child_has_started_ends_with_it(tmp_path: Path) -> None:
    starts_another = (
        "import subprocess, sys, time;"
        f"print(subprocess.Popen([sys.executable, '-c', {DEAF!r}]).pid, flush=True);"
        "time.sleep(60)"
    )
    with supervised(tmp_path, starts_another) as (supervisor, _):
        wait_until(lambda: "deaf" in (tmp_path / "child0.log").read_text())
        grandchild = int((tmp_path / "child0.log").read_text().split()[0])
        supervisor.send_signal(signal.SIGINT)
        assert supervisor.wait(20) == 0
        # Whoever inherited it collects it in their own time.
        wait_until(lambda: not is_running(grandchild))
