"""Looking at processes from outside."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import django
import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
# The kernel tells children of their parent's death there alone, and /proc is read here.
LINUX_ONLY: Final = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
# Where Django holds it against a panel that it sends no mail: see the settings.
ALL_IS_WELL: Final = (
    f"System check identified no issues ({int(django.VERSION >= (6, 1))} silenced).\n"
)


def is_running(pid: int) -> bool:
    """Whether a process is there and not just waiting to be reaped by whoever inherited it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def start_demo(folder: Path, **variables: str) -> subprocess.Popen[str]:
    """`make demo` with its data in a folder; what it says is to be read."""
    return subprocess.Popen(
        [sys.executable, "-m", "adminpanel.demo"],
        cwd=ROOT,
        env={**os.environ, "DEMO_DIR": str(folder), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
