"""Looking at processes from outside."""

import sys
from pathlib import Path
from typing import Final

import django
import pytest

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
