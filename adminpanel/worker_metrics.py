"""Where the web processes keep their counters, so that each can answer for all.

Under gunicorn (`WORKER_METRICS_IN`, set by gunicorn_conf.py) every worker counts in files
of its own, mapped into memory; without it, in its own memory. The files lie in a folder
that each start makes again, and that goes with the master; a folder whose master was
killed is removed by the next start.

Workers are told apart by a number that a successor takes over, not by their process id:
a worker that ends leaves no file behind, and its counts go on from where they stood.
"""

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

VARIABLE: Final = "WORKER_METRICS_IN"
_PREFIX: Final = "pools-panel-metrics-"
_LOCK: Final = "lock"


class _Worker:
    """Which worker this process is; 0 is the master, which serves nobody."""

    number = 0


def prepare() -> None:
    """Makes the folder, before the first metric is defined. Nothing to do without gunicorn."""
    if not (parent := os.environ.get(VARIABLE)):
        return
    _remove_abandoned(Path(parent))
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    # Held open, and so locked, for as long as the master or a worker of it is there.
    lock = (folder / _LOCK).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    atexit.register(_remove, folder, lock, os.getpid())

    # Reads the variable when it is imported.
    from prometheus_client import values

    by_number = values.MultiProcessValue(process_identifier=lambda: _Worker.number)  # type: ignore[no-untyped-call]
    values.ValueClass = by_number


def number_worker(worker: Any, others: Iterable[Any]) -> None:
    """Gives a worker that is about to be forked the lowest number that no other has."""
    taken = {getattr(other, "metrics_number", 0) for other in others}
    worker.metrics_number = next(number for number in range(1, 10_000) if number not in taken)


def become(worker: Any) -> None:
    """From here on, in the forked process, counts are this worker's."""
    _Worker.number = worker.metrics_number


def _remove(folder: Path, lock: Any, owner: int) -> None:
    # Workers inherit what runs at exit.
    if os.getpid() == owner:
        lock.close()
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        # Not ours, or gone by now: left alone.
        with contextlib.suppress(OSError), (folder / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
