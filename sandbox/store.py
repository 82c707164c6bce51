"""Companies, pools and credentials in one SQLite file, or in memory."""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from sandbox.orders import SORTS, Orders, Row

Access = Literal["full", "read_only"]
Role = Literal["administrator", "manager", "user", "read-only"]
ROLES: Final[tuple[Role, ...]] = ("administrator", "manager", "user", "read-only")
WRITING_ROLES: Final = frozenset({"administrator", "manager"})

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS companies (
    id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS pools (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id INTEGER NOT NULL REFERENCES companies(id),
    name TEXT NOT NULL, folded TEXT NOT NULL, "limit" INTEGER NOT NULL, timeout INTEGER,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, pending INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS pools_by_company ON pools (company_id);
CREATE TABLE IF NOT EXISTS connectors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pool_id INTEGER REFERENCES pools(id) ON DELETE SET NULL,
    document TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS connectors_by_pool ON connectors (pool_id);
CREATE TABLE IF NOT EXISTS keys (
    key TEXT PRIMARY KEY, company_id INTEGER NOT NULL REFERENCES companies(id),
    access TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS people (
    id INTEGER PRIMARY KEY, company_id INTEGER NOT NULL REFERENCES companies(id),
    email TEXT NOT NULL UNIQUE, role TEXT NOT NULL, salt BLOB NOT NULL, password BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class StoredPool:
    """A pool as kept. `pending` counts the requests that a clear would drop."""

    id: int
    name: str
    limit: int
    timeout: int | None
    created_at: str
    updated_at: str
    pending: int


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a credential belongs to. `name` tells callers apart, and is no secret."""

    name: str
    company: str
    company_id: int
    may_write: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in."""

    id: int
    company_id: int
    company: str
    email: str
    role: str

    def as_caller(self) -> Caller:
        """A person acts with their own role."""
        return Caller(self.email, self.company, self.company_id, self.role in WRITING_ROLES)


def moment(at: datetime | None = None) -> str:
    """A timestamp as Laravel writes it: whole seconds in a column, six decimals in JSON."""
    return (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def hash_password(password: str, salt: bytes) -> bytes:
    """Scrypt at its lowest cost: the keys beside it open as much, and lie in clear."""
    return hashlib.scrypt(password.encode(), salt=salt, n=2**8, r=8, p=1)


class Store:
    """The one connection to the data; every method may be called from any thread."""

    def __init__(self, path: Path | None = None, *, snapshot: bytes = b"") -> None:
        if path is not None:
            # Made here rather than by SQLite, so that the keys in it are never readable by others.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            path.chmod(0o600)
        self._lock = threading.RLock()
        self._orders: dict[int, Orders] = {}
        self._connection = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False, timeout=10
        )
        if snapshot:
            self._connection.deserialize(snapshot)
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA cache_size = -65536")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        """Close the connection; a file keeps everything."""
        with self._lock:
            self._connection.close()

    def snapshot(self) -> bytes:
        """Everything there is, to start another store in memory from."""
        with self._lock:
            return self._connection.serialize()

    def restore(self, snapshot: bytes) -> None:
        """Everything as it was then."""
        with contextlib.closing(sqlite3.connect(":memory:")) as then, self._lock:
            then.deserialize(snapshot)
            # Copied: replacing the file under an open connection crashes its statements.
            then.backup(self._connection)
            self._orders.clear()

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[None]:
        """All or nothing; with `keep` False nothing, however well it went."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._roll_back()
                raise
            if keep:
                self._connection.execute("COMMIT")
            else:
                self._roll_back()

    def _roll_back(self) -> None:
        self._connection.execute("ROLLBACK")
        # They may hold what has just been undone; the next list reads them again.
        self._orders.clear()

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def _insert(self, statement: str, values: Sequence[Any]) -> int:
        with self._lock:
            return self._connection.execute(statement, values).lastrowid or 0

    # Companies, keys and people

    def companies(self) -> dict[str, int]:
        """Slug to id, in the order they were added."""
        return dict(self._rows("SELECT slug, id FROM companies ORDER BY id"))

    def add_company(self, slug: str) -> int:
        """A new company with a full and a read-only key, both random."""
        company_id = self._insert("INSERT INTO companies (slug) VALUES (?)", (slug,))
        for access in ("full", "read_only"):
            self._insert(
                "INSERT INTO keys (key, company_id, access) VALUES (?, ?, ?)",
                (secrets.token_hex(24), company_id, access),
            )
        return company_id

    def keys(self) -> dict[str, dict[Access, str]]:
        """Company slug to its keys by access; a revoked one is absent."""
        keys: dict[str, dict[Access, str]] = {slug: {} for slug in self.companies()}
        for slug, access, key in self._rows(
            "SELECT slug, access, key FROM keys JOIN companies ON companies.id = company_id"
        ):
            keys[slug][access] = key
        return keys

    def renew_secrets(self) -> None:
        """Other random keys and another signing secret in place of the present ones."""
        for (key,) in self._rows("SELECT key FROM keys"):
            self._rows("UPDATE keys SET key = ? WHERE key = ?", (secrets.token_hex(24), key))
        self._rows("DELETE FROM settings WHERE name = 'signing_secret'")

    def revoke_key(self, company_id: int, access: Access) -> None:
        """The key does not work from now on."""
        self._rows("DELETE FROM keys WHERE company_id = ? AND access = ?", (company_id, access))

    def caller_of_key(self, key: str) -> Caller | None:
        """Whom a raw API key belongs to."""
        rows = self._rows(
            "SELECT slug, company_id, access FROM keys JOIN companies "
            "ON companies.id = company_id WHERE key = ?",
            (key,),
        )
        for slug, company_id, access in rows:
            return Caller(f"{slug} {access} key", slug, company_id, access == "full")
        return None

    def add_people(self, company_id: int, emails: Mapping[Role, str], password: str) -> None:
        """People of one company, one for each role given, all with the same password."""
        salt = secrets.token_bytes(16)
        hashed = hash_password(password, salt)
        for role, email in emails.items():
            self._insert(
                "INSERT INTO people (company_id, email, role, salt, password) "
                "VALUES (?, ?, ?, ?, ?)",
                (company_id, email, role, salt, hashed),
            )

    def people(self) -> list[Person]:
        """Everybody who can sign in."""
        return [
            Person(*row)
            for row in self._rows(
                "SELECT people.id, company_id, slug, email, role FROM people "
                "JOIN companies ON companies.id = company_id ORDER BY people.id"
            )
        ]

    def person(self, person_id: int) -> Person | None:
        """One of them."""
        return next((person for person in self.people() if person.id == person_id), None)

    def person_signing_in(self, email: str, password: str) -> Person | None:
        """The person that e-mail and password belong to."""
        rows = self._rows(
            "SELECT id, salt, password FROM people WHERE email = ?", (email.casefold(),)
        )
        for person_id, salt, hashed in rows:
            if hmac.compare_digest(hash_password(password, salt), hashed):
                return self.person(person_id)
        return None

    def signing_secret(self) -> bytes:
        """What bearer tokens are signed with: random, made once, kept with the data."""
        with self._lock:
            self._rows(
                "INSERT OR IGNORE INTO settings (name, value) VALUES ('signing_secret', ?)",
                (secrets.token_hex(32),),
            )
            [[value]] = self._rows("SELECT value FROM settings WHERE name = 'signing_secret'")
        return bytes.fromhex(value)

    # Pools

    def find_pools(
        self,
        company_id: int,
        *,
        terms: Sequence[str] = (),
        sorts: Sequence[str] = (),
        first: int = 0,
        count: int = 2**31,
        restless: bool = False,
    ) -> tuple[list[StoredPool], int]:
        """A page of a company's pools, and how many match in all.

        `terms` are parts of a name; at least one must be in it. With `restless`, rows that
        the sort holds equal come in another order every time.
        """
        folded = [term.casefold() for term in terms]
        with self._lock:
            orders = self._orders_of(company_id)
            ids, total = orders.find(folded, sorts, first, count, restless=restless)
            by_id = {pool.id: pool for pool in self._pools(ids)}
        return [by_id[pool_id] for pool_id in ids], total

    def prepare(self) -> None:
        """Read and sort everything now, rather than when the first list is asked for."""
        for company_id in self.companies().values():
            for sort in SORTS:
                self.find_pools(company_id, sorts=(sort,), count=1)

    def _orders_of(self, company_id: int) -> Orders:
        if company_id not in self._orders:
            rows = self._rows(
                'SELECT id, folded, "limit", created_at FROM pools WHERE company_id = ?',
                (company_id,),
            )
            self._orders[company_id] = Orders(Row(*row) for row in rows)
        return self._orders[company_id]

    def _pools(self, ids: Iterable[int]) -> list[StoredPool]:
        return [
            StoredPool(*row)
            for row in self._rows(
                'SELECT id, name, "limit", timeout, created_at, updated_at, pending FROM pools '
                "WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(ids)),),
            )
        ]

    def get_pool(self, company_id: int, pool_id: int) -> StoredPool | None:
        """A pool of that company."""
        own = self._rows(
            "SELECT id FROM pools WHERE id = ? AND company_id = ?", (pool_id, company_id)
        )
        return next(iter(self._pools(row[0] for row in own)), None)

    def add_pool(
        self,
        company_id: int,
        name: str,
        limit: int,
        timeout: int | None = None,
        *,
        created_at: str = "",
        updated_at: str = "",
        pending: int = 0,
    ) -> StoredPool:
        """A new pool of that company, made now unless the moments are given."""
        created_at = created_at or moment()
        updated_at = updated_at or created_at
        pool_id = self._insert(
            'INSERT INTO pools (company_id, name, folded, "limit", timeout, created_at, '
            "updated_at, pending) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (company_id, name, name.casefold(), limit, timeout, created_at, updated_at, pending),
        )
        pool = StoredPool(pool_id, name, limit, timeout, created_at, updated_at, pending)
        self._put(company_id, pool)
        return pool

    def update_pool(
        self, company_id: int, pool: StoredPool, fields: Mapping[str, Any], *, touch: bool = False
    ) -> StoredPool:
        """Set the given fields; `updated_at` moves if one of them differs, or with `touch`."""
        changed = replace(pool, **fields)
        if changed == pool and not touch:
            return pool
        changed = replace(changed, updated_at=moment())
        self._rows(
            'UPDATE pools SET name = ?, folded = ?, "limit" = ?, timeout = ?, updated_at = ? '
            "WHERE id = ?",
            (
                changed.name,
                changed.name.casefold(),
                changed.limit,
                changed.timeout,
                changed.updated_at,
                pool.id,
            ),
        )
        self._put(company_id, changed)
        return changed

    def delete_pool(self, company_id: int, pool_id: int) -> None:
        """The pool is gone; its connectors stay, without a pool."""
        self._rows("DELETE FROM pools WHERE id = ?", (pool_id,))
        if company_id in self._orders:
            self._orders[company_id].remove(pool_id)

    def _put(self, company_id: int, pool: StoredPool) -> None:
        # Orders that nobody has asked for yet are read whole later.
        if company_id in self._orders:
            row = Row(pool.id, pool.name.casefold(), pool.limit, pool.created_at)
            self._orders[company_id].put(row)

    def clear_pool(self, pool_id: int) -> None:
        """Its pending requests are gone; nothing else of it changes."""
        self._rows("UPDATE pools SET pending = 0 WHERE id = ?", (pool_id,))

    def add_connector(self, pool_id: int, document: Mapping[str, Any]) -> int:
        """Attach a connector instance; `document` is what Core shows of it, besides its id."""
        return self._insert(
            "INSERT INTO connectors (pool_id, document) VALUES (?, ?)",
            (pool_id, json.dumps(document)),
        )

    def connectors_of(self, pool_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
        """The connectors of each pool, whatever their number, from one query."""
        by_pool: dict[int, list[dict[str, Any]]] = {pool_id: [] for pool_id in pool_ids}
        for connector_id, pool_id, document in self._rows(
            "SELECT id, pool_id, document FROM connectors "
            "WHERE pool_id IN (SELECT value FROM json_each(?)) ORDER BY id",
            (json.dumps(list(by_pool)),),
        ):
            by_pool[pool_id].append({"id": connector_id, **json.loads(document)})
        return by_pool
