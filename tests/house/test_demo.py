"""`make demo`: what it refuses. tests/proof runs it twice."""

import os
import shlex
import socket
import subprocess
from pathlib import Path
from unittest.mock import patch

import pytest

from adminpanel.demo import Demo, Stopped, _answers, environment, listening, prepare
from tests.house.processes import LINUX_ONLY, start_demo

pytestmark = LINUX_ONLY


@pytest.mark.parametrize("name", ["PANEL_PORT", "SANDBOX_PORT"])
def test_a_taken_port_is_one_sentence(tmp_path: Path, name: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = start_demo(tmp_path, **{"PANEL_PORT": "0", "SANDBOX_PORT": "0", name: str(port)})
        said, _ = demo.communicate(timeout=20)
    assert (demo.returncode, said) == (
        1,
        f"Port {port} is already in use. Set {name} to another one.\n",
    )


@pytest.mark.parametrize("port", ["ten", "-1", "65536", "8000 ", "٨٠"])
def test_what_is_not_a_port_is_one_sentence(tmp_path: Path, port: str) -> None:
    demo = start_demo(tmp_path, PANEL_PORT=port)
    said, _ = demo.communicate(timeout=20)
    assert (demo.returncode, said) == (
        1,
        f"PANEL_PORT must be a whole number from 0 to 65535, not {port!r}.\n",
    )


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    import fcntl

    with (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        demo = start_demo(tmp_path, PANEL_PORT="0", SANDBOX_PORT="0")
        said, _ = demo.communicate(timeout=20)
    assert (demo.returncode, said) == (
        1,
        f"Another demo is using {tmp_path}. Stop it first, or set DEMO_DIR to another folder.\n",
    )


def test_the_sandboxs_port_is_nobody_elses_from_the_start_on(tmp_path: Path) -> None:
    """Nor for a moment: whoever binds ports all the time would get it."""
    demo, refused = Demo(tmp_path, os.environ), 0
    with listening("NO_SUCH_PORT", 0) as listener:
        port = listener.getsockname()[1]
        with (
            pytest.raises(Stopped),
            patch.object(Demo, "run", side_effect=Stopped),
        ):
            prepare(demo, listener)
    try:
        while not _answers(port, "/api/v1/connection-pools"):
            refused += 1
        assert refused == 0
    finally:
        demo.end()


def test_a_shell_takes_all_its_settings_from_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/audit.md and docs/batches.md say: commands against the data of the demo."""
    folder = tmp_path / "it's a demo"
    folder.mkdir()
    # Its secrets as earlier versions wrote them, and what somebody added.
    (folder / "env").write_text("SECRET_KEY=kept=as-it-was\nOWN=2")
    first = environment(folder)
    assert (first["SECRET_KEY"], first["OWN"]) == ("kept=as-it-was", "2")
    told = subprocess.run(
        ["/bin/sh", "-c", f"set -a; . {shlex.quote(str(folder / 'env'))}; env -0"],
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    there = dict(each.split("=", 1) for each in told.stdout.split("\0") if each)
    assert {name: first[name] for name in there.keys() & first.keys()} == {
        name: value for name, value in there.items() if name in first
    }
    assert {"ALLOWED_HOSTS", "DATABASE_URL", "HTTPS", "PANEL_DEMO", "TOKEN_KEYS"} <= there.keys()
    assert there["DATABASE_URL"] == f"sqlite:///{folder}/panel.sqlite3"
    monkeypatch.setenv("DEMO_DATABASE_URL", "postgres://demo@127.0.0.1/demo?a=1&b=2")
    second = environment(folder)
    assert second["SECRET_KEY"] == first["SECRET_KEY"]
    assert second["DATABASE_URL"].endswith("?a=1&b=2")
