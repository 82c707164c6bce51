"""`make demo`: what it refuses. tests/proof runs it twice."""

import socket
from pathlib import Path

import pytest

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
