"""The sandbox Core in a process of its own, told how slow it is and asked what it was asked."""

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, Final

from sandbox.running import running_sandbox

_forking: Final = multiprocessing.get_context("fork")


class Core:
    """A running sandbox, as the benchmark sees it."""

    def __init__(self, line: Connection, url: str, keys: dict[str, str]) -> None:
        self._line = line
        self.url = url
        self.keys = keys

    def latency(self, milliseconds: int) -> None:
        """Every answer waits so long from here on."""
        self._ask("fault", f"latency={milliseconds / 1000}" if milliseconds else "")

    def calls(self) -> int:
        """How many requests came since the last time."""
        return int(self._ask("calls"))

    def _ask(self, *question: str) -> Any:
        self._line.send(question)
        return self._line.recv()


@contextmanager
def core_process(vast_pools: int) -> Iterator[Core]:
    """Core with the demo's companies and one of so many pools. The caller has one thread."""
    here, there = _forking.Pipe()
    process = _forking.Process(target=_run, args=(there, vast_pools), daemon=True)
    process.start()
    # Otherwise the end of this process would not be seen at the other end.
    there.close()
    try:
        url, keys = here.recv()
        yield Core(here, url, keys)
        here.send(("stop",))
        process.join(20)
    finally:
        process.kill()


def _run(line: Connection, vast_pools: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with running_sandbox(vast_pools=vast_pools) as sandbox:
        line.send((sandbox.url, {slug: keys["full"] for slug, keys in sandbox.keys.items()}))
        while (message := _next(line))[0] != "stop":
            if message[0] == "fault":
                sandbox.set_fault(message[1])
                line.send(None)
            else:
                line.send(len(sandbox.journal))
                sandbox.server.api.journal.clear()


def _next(line: Connection) -> Sequence[str]:
    try:
        message: Sequence[str] = line.recv()
    except EOFError:
        return ("stop",)
    return message
