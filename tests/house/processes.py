"""Looking at processes from outside."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

# The kernel tells children of their parent's death there alone, and /proc is read here.
LINUX_ONLY: Final = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


def is_running(pid: int) -> bool:
    """Whether a process is there and not just waiting to be reaped by whoever inherited it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(happened: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
