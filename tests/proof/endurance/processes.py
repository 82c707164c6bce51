"""Forked processes that say what they find over a pipe, until they end or are killed.

A fork costs ten milliseconds where a Python of its own costs a second. Whoever forks has
one thread and no connection to the database.
"""

import contextlib
import json
import os
import selectors
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connections

# Far beyond the longest call, on however busy a machine.
LONGEST_SECONDS: Final = 90.0

Say = Callable[..., None]
Job = Callable[[Say], None]


@dataclass
class Ended:
    """How a process ended: the signal that killed it (0: none), and what it had said."""

    killed_by: int = 0
    words: list[dict[str, Any]] = field(default_factory=list)

    def said(self, name: str) -> Any:
        """The last thing said under a name, or None."""
        return next((word[name] for word in reversed(self.words) if name in word), None)


def together(jobs: Sequence[Job]) -> list[Ended]:
    """Runs each job in a process of its own, all at once, and waits for them.

    A process that says `died` and lives on is killed from here. One that takes too long
    is killed as well, and has said `stuck`.
    """
    connections.close_all()
    pipes = [os.pipe() for _ in jobs]
    pids = [_fork(job, pipes, place) for place, job in enumerate(jobs)]
    for _, writing in pipes:
        os.close(writing)
    found = [Ended() for _ in jobs]
    with selectors.DefaultSelector() as selector:
        for place, (reading, _) in enumerate(pipes):
            selector.register(reading, selectors.EVENT_READ, place)
        _listen(selector, pids, found)
    for place, pid in enumerate(pids):
        os.close(pipes[place][0])
        status = os.waitpid(pid, 0)[1]
        found[place].killed_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return found


def _fork(job: Job, pipes: Sequence[tuple[int, int]], place: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    mine = pipes[place][1]

    def say(**facts: Any) -> None:
        # In one write: a killed process leaves whole lines, or none.
        os.write(mine, json.dumps(facts, default=str).encode() + b"\n")

    for reading, writing in pipes:
        os.close(reading)
        if writing != mine:
            os.close(writing)
    try:
        job(say)
    except BaseException:  # noqa: BLE001  (it is reported, and the process ends here)
        say(unexpected=traceback.format_exc(limit=-6)[-2000:])
    finally:
        os._exit(0)


def _listen(selector: selectors.BaseSelector, pids: Sequence[int], found: Sequence[Ended]) -> None:
    heard = [b""] * len(pids)
    until = time.monotonic() + LONGEST_SECONDS
    while selector.get_map():
        for key, _ in selector.select(max(until - time.monotonic(), 0.01)):
            part = os.read(key.fd, 65536)
            if not part:
                selector.unregister(key.fd)
                continue
            *lines, heard[key.data] = (heard[key.data] + part).split(b"\n")
            for line in lines:
                word = json.loads(line)
                found[key.data].words.append(word)
                if "died" in word:
                    _kill(pids[key.data])
        if time.monotonic() > until:
            for key in selector.get_map().values():
                found[key.data].words.append({"stuck": True})
                _kill(pids[key.data])
            until += LONGEST_SECONDS


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
