"""The sandbox in a process of its own, where what it received and applied can be asked for."""

import json
import multiprocessing
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any, Final

from sandbox.journal import Applied
from sandbox.running import RunningSandbox, running_sandbox
from sandbox.server import FAULT_HEADER
from sandbox.store import moment

_forking: Final = multiprocessing.get_context("fork")
BY_OUTSIDERS: Final = "outside-"


@dataclass(frozen=True, slots=True)
class Write:
    """A request that Core received, and that could change something.

    `pool_id` is the pool that it names, or None; `name` is the name in its body; `fault` is
    how the answer was to be spoilt, and `status` what it was, or None: there was none.
    """

    request_id: str
    method: str
    pool_id: int | None
    name: str
    at: datetime
    fault: str
    status: int | None

    @property
    def by_outsider(self) -> bool:
        return self.request_id.startswith(BY_OUTSIDERS)


@dataclass(frozen=True, slots=True)
class Read:
    """A request that Core received, and that could change nothing; `pool_id` None: a list."""

    company: str
    pool_id: int | None
    at: datetime
    fault: str
    status: int | None


@dataclass(frozen=True, slots=True)
class Journal:
    """What Core received and applied, oldest first."""

    writes: Sequence[Write]
    applied: Sequence[Applied]
    reads: Sequence[Read]


class CoreProcess:
    """A running sandbox, as another process sees it."""

    def __init__(self, line: Connection, url: str, keys: dict[str, str], port: int) -> None:
        self._line = line
        self.url = url
        self.keys = keys
        # Bound by this process and never listened on: who connects is refused.
        self.refusing_port = port

    def add_pools(self, pools: Sequence[tuple[str, str]]) -> list[int]:
        """A pool for each company and name, made long ago, a second apart; the ids."""
        return self._ask("pools", pools)  # type: ignore[no-any-return]

    def take_its_time(self, seconds: float) -> None:
        """From here on it waits so long before it does anything."""
        self._ask("latency", seconds)

    def take_journal(self) -> Journal:
        """What happened since the last time."""
        return self._ask("journal")  # type: ignore[no-any-return]

    def _ask(self, question: str, *facts: Any) -> Any:
        self._line.send((question, *facts))
        return self._line.recv()


@contextmanager
def core_process(companies: Sequence[str]) -> Iterator[CoreProcess]:
    """A sandbox with these companies, until the block ends. The caller has one thread."""
    here, there = _forking.Pipe()
    process = _forking.Process(target=_run, args=(there, companies), daemon=True)
    process.start()
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        url, keys = here.recv()
        try:
            yield CoreProcess(here, url, keys, refusing.getsockname()[1])
        finally:
            here.send(("stop",))
            process.join(20)
            if process.is_alive():
                os.kill(process.pid or 0, signal.SIGKILL)


def _run(line: Connection, companies: Sequence[str]) -> None:
    with running_sandbox(seed=False) as sandbox:
        for slug in companies:
            sandbox.add_company(slug)
        line.send((sandbox.url, {slug: keys["full"] for slug, keys in sandbox.keys.items()}))
        while (message := line.recv())[0] != "stop":
            if message[0] == "pools":
                line.send(_add_pools(sandbox, message[1]))
            elif message[0] == "latency":
                sandbox.switch(latency_seconds=message[1])
                line.send(None)
            else:
                line.send(_journal(sandbox))


def _add_pools(sandbox: RunningSandbox, pools: Sequence[tuple[str, str]]) -> list[int]:
    store, now = sandbox._store, datetime.now(UTC)
    companies = store.companies()
    made = [
        store.add_pool(
            companies[slug], name, 5, created_at=moment(now - timedelta(hours=1, seconds=-place))
        )
        for place, (slug, name) in enumerate(pools)
    ]
    return [pool.id for pool in made]


def _journal(sandbox: RunningSandbox) -> Journal:
    received, applied = sandbox.journal, sandbox.applied
    owners = {key: slug for slug, keys in sandbox.keys.items() for key in keys.values()}
    sandbox.server.api.journal.clear()
    writes = [
        Write(
            each.request_id, each.method, _pool_of(each.path), _name_in(each.body), each.at,
            each.header(FAULT_HEADER), each.status,
        )
        for each in received
        if each.method != "GET"
    ]  # fmt: skip
    reads = [
        Read(
            owners.get(each.header("Authorization"), ""), _pool_of(each.path), each.at,
            each.header(FAULT_HEADER), each.status,
        )
        for each in received
        if each.method == "GET"
    ]  # fmt: skip
    return Journal(writes, applied, reads)


def _pool_of(path: str) -> int | None:
    numbers = [part for part in path.split("/") if part.isdecimal()]
    return int(numbers[0]) if numbers else None


def _name_in(body: bytes) -> str:
    return str(json.loads(body).get("name", "")) if body else ""
