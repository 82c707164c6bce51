"""The benchmark: it goes through in miniature, loses no figure, and claims no more than it saw."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.running import running_sandbox
from tests.bench.browser import chromium
from tests.bench.figures import TOO_NOISY, Figure, figures, found
from tests.bench.load import Load, Page, by_wrk, closed, steady
from tests.bench.servers import wrk
from tests.house.processes import LINUX_ONLY

pytestmark = LINUX_ONLY

ROOT = Path(__file__).resolve().parents[2]
MINIATURE = {"rounds": 1, "seconds": 0.2, "steady": 0.5, "pools": 30, "changes": 100, "people": 2}
NOWHERE = "postgres://nobody@127.0.0.1:1/nothing"
# What its processes are given by the tests, and a person who runs it does not give.
FOREIGN = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "DJANGO_ALLOW_ASYNC_UNSAFE")


# Sites are filled and started: on a busy machine that takes its time.
@pytest.mark.database
@pytest.mark.timeout(400)
def test_a_run_in_miniature_writes_every_figure(tmp_path: Path) -> None:
    given = os.environ.get("DATABASE_URL", "")
    databases = ["sqlite", *(["postgresql"] if given.startswith("postgres") else [])]
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    document = tmp_path / "performance.md"
    options = MINIATURE | {"data": tmp_path / "data", "out": document}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", *(f"--{n}={value}" for n, value in options.items())],
        cwd=ROOT,
        env=environment | {"POSTGRES_URL": given if databases[1:] else NOWHERE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    written = document.read_text()
    rows = [line.split(" | ") for line in written.splitlines() if line.startswith("| ")]
    assert [row[0].removeprefix("| ") for row in rows[2:]] == [
        figure.title for figure in figures(databases)
    ]
    unmeasured = [row[0] for row in rows[2:] if not any(digit in row[1] for digit in "0123456789")]
    assert bool(unmeasured) is not bool(chromium())
    assert "Others used" in written
    assert ("PostgreSQL did not answer" in written) is (databases == ["sqlite"])


@pytest.mark.parametrize(
    ("measured", "ours", "noisy", "verdict"),
    [
        ("cpu", [10, 12], False, "reached"),
        ("cpu", [13, 14], False, "not reached"),
        ("cpu", [10, 14], False, TOO_NOISY),
        ("cpu", [13, 14], True, "not reached"),
        ("p99", [10, 12], True, TOO_NOISY),
        ("p99", [10, 12], False, "reached"),
    ],
)
def test_a_verdict_needs_a_spread_on_one_side_and_waiting_a_quiet_machine(
    measured: str, ours: list[float], noisy: bool, verdict: str
) -> None:
    turns = {
        "ours": [{measured: value} for value in ours],
        "theirs": [{measured: 10.0} for _ in ours],
    }
    figure = Figure("", "ours", measured, "ms", "theirs", at_most=1.25)
    seen = found(figure, turns)
    assert seen is not None
    assert seen.verdict(noisy=noisy) == verdict


def test_what_nobody_took_a_turn_of_is_not_measured() -> None:
    assert found(Figure("", "nobody", "row", at_most=1), {}) is None


@pytest.mark.parametrize(
    "generate",
    [
        lambda page: closed(page, 2, 0.1),
        lambda page: steady([page], 50, 0.1),
        lambda page: by_wrk(wrk(), page, 2, 1),
    ],
    ids=["closed", "steady", "wrk"],
)
def test_an_answer_without_its_last_row_is_an_error(
    generate: Callable[[Page], Load], request: pytest.FixtureRequest
) -> None:
    if request.node.callspec.id == "wrk" and not wrk():
        pytest.skip("There is no wrk.")
    with running_sandbox() as sandbox:
        headers = {"Host": "127.0.0.1", "Authorization": sandbox.keys["acme"]["full"]}
        path = "/api/v1/connection-pools"
        # In another thread: browser tests of the same worker leave a loop that runs in this one.
        with ThreadPoolExecutor(1) as thread:
            whole, lacking = (
                thread.submit(generate, Page(sandbox.server.port, path, headers, end)).result()
                for end in ('"links"', "the last row")
            )
    assert (whole.errors, lacking.errors) == (0, lacking.pages)
    assert min(whole.pages, lacking.pages) > 0
