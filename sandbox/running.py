"""A real sandbox on a port of its own, for tests.

with running_sandbox() as core:
    requests.get(core.url + "/api/v1/connection-pools", headers={...})
    assert core.journal[0].method == "GET"
"""

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from sandbox import bearer
from sandbox.api import Api
from sandbox.behaviour import Behaviour
from sandbox.demo import seed as seed_demo
from sandbox.journal import Applied, Journal, Received
from sandbox.server import Server
from sandbox.store import Access, Person, Role, Store, StoredPool


class CompanyAccess:
    """One company of a running sandbox, past HTTP: nothing here is in the journal."""

    def __init__(self, store: Store, company_id: int) -> None:
        self._store = store
        self.id = company_id

    def pools(self) -> list[StoredPool]:
        """All its pools, oldest id first."""
        return self._store.find_pools(self.id)[0]

    def pool(self, pool_id: int) -> StoredPool:
        """One of them; KeyError if it has no such pool."""
        pool = self._store.get_pool(self.id, pool_id)
        if pool is None:
            raise KeyError(pool_id)
        return pool

    def has(self, pool_id: int) -> bool:
        """Whether it has such a pool."""
        return self._store.get_pool(self.id, pool_id) is not None

    def add_pool(
        self, name: str, limit: int = 5, timeout: int | None = None, *, pending: int = 0
    ) -> StoredPool:
        """A new pool, made now, with `pending` requests waiting."""
        return self._store.add_pool(self.id, name, limit, timeout, pending=pending)

    def change_pool(self, pool_id: int, **fields: Any) -> StoredPool:
        """Set name, limit or timeout, as somebody outside the panel would."""
        return self._store.update_pool(self.id, self.pool(pool_id), fields)

    def delete_pool(self, pool_id: int) -> None:
        """Gone."""
        self._store.delete_pool(self.id, self.pool(pool_id).id)

    def add_connector(self, pool_id: int, **document: Any) -> int:
        """Attach a connector that Core shows with these fields; its id is returned."""
        return self._store.add_connector(self.pool(pool_id).id, document)

    def revoke_key(self, access: Access = "full") -> None:
        """The key of that access no longer works."""
        self._store.revoke_key(self.id, access)


class RunningSandbox:
    """What a test sees of the server in the next thread."""

    def __init__(self, server: Server, store: Store, password: str) -> None:
        self.server = server
        self.password = password
        self._store = store
        self._start = (store.snapshot(), server.api.behaviour)

    @property
    def url(self) -> str:
        """Core's base URL, prefix included, without a slash at the end."""
        return self.server.url + self.server.api.prefix

    @property
    def sign_in_url(self) -> str:
        """The address that exchanges e-mail and password for a bearer token."""
        return f"{self.server.url}/fabric/api/login"

    @property
    def keys(self) -> Mapping[str, Mapping[Access, str]]:
        """Company to its API keys: `full` and `read_only`."""
        return self._store.keys()

    @property
    def people(self) -> list[Person]:
        """Who can sign in, all with `password`."""
        return self._store.people()

    @property
    def journal(self) -> list[Received]:
        """Every request so far, oldest first."""
        return list(self.server.api.journal.received)

    @property
    def applied(self) -> list[Applied]:
        """Every change that was really made, oldest first."""
        return list(self.server.api.journal.applied)

    @property
    def behaviour(self) -> Behaviour:
        """The switches as they are."""
        return self.server.api.behaviour

    def switch(self, **switches: Any) -> None:
        """Turn some switches of `Behaviour`, and leave the others."""
        self.server.api.switch(replace(self.behaviour, **switches))

    def set_fault(self, text: str | None) -> None:
        """These faults from the next request on, or none; ValueError if there is no such."""
        self.server.run_faults.set(text or "")

    def reset(self) -> None:
        """Forget the journal and the faults. Pools stay as they are."""
        self.server.run_faults.set("")
        self.server.api.journal.clear()

    def start_over(self) -> None:
        """All as at the start, pools, keys and switches too.

        Connections end, and with them whatever was to be answered or applied later.
        """
        self.server.hang_up()
        self.reset()
        snapshot, behaviour = self._start
        self._store.restore(snapshot)
        self.server.api.switch(behaviour)

    def company(self, slug: str) -> CompanyAccess:
        """A company's pools, directly."""
        return CompanyAccess(self._store, self._store.companies()[slug])

    def add_company(self, slug: str) -> CompanyAccess:
        """A new company without pools, with two keys of its own."""
        return CompanyAccess(self._store, self._store.add_company(slug))

    def bearer(self, company: str, role: Role, lifetime_seconds: int = 86_400) -> str:
        """A bearer token of that company's person; a negative lifetime is an expired one."""
        person = next(each for each in self.people if (each.company, each.role) == (company, role))
        return bearer.issue(person, lifetime_seconds, self._store.signing_secret())


@contextmanager
def running_sandbox(
    data: Path | None = None,
    *,
    seed: bool = True,
    vast_pools: int = 0,
    fault: str = "",
    prefix: str = "",
    host: str = "127.0.0.1",
    password: str = "sandbox-password",  # noqa: S107 - opens a throwaway Core
    keep_alive_seconds: float = 75.0,
    tls: ssl.SSLContext | None = None,
    **switches: Any,
) -> Iterator[RunningSandbox]:
    """Run a sandbox in a thread until the block ends, then end all its threads and sockets.

    `data` is its file, or None for memory; `seed` fills an empty one with the demo companies.
    `switches` are those of `Behaviour`; `fault` is written as for `set_fault`.
    """
    store = _store(data, password if seed else None, vast_pools)
    api = Api(store, Journal(), Behaviour(**switches), prefix)
    server = Server(host, 0, api, keep_alive_seconds=keep_alive_seconds, tls=tls)
    server.run_faults.set(fault)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield RunningSandbox(server, store, password)
    finally:
        server.stop()
        thread.join()
        store.close()


def _store(data: Path | None, password: str | None, vast_pools: int) -> Store:
    if password is None:
        return Store(data)
    if data is None:
        store = Store(snapshot=_demo_snapshot(password, vast_pools))
        store.renew_secrets()
        return store
    store = Store(data)
    if not store.companies():
        seed_demo(store, password, vast_pools=vast_pools)
    return store


@lru_cache(maxsize=2)
def _demo_snapshot(password: str, vast_pools: int) -> bytes:
    """Seeding takes fifty times as long as copying: tests start a sandbox each."""
    store = Store()
    seed_demo(store, password, vast_pools=vast_pools)
    snapshot = store.snapshot()
    store.close()
    return snapshot
