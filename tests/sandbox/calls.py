"""Calls to a running sandbox, as plain as a client can make them."""

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sandbox.running import RunningSandbox
from sandbox.store import Access

POOLS = "/api/v1/connection-pools"


@dataclass(frozen=True)
class Reply:
    """An answer read whole."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def document(self) -> Any:
        """Its JSON."""
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """The message of a refusal."""
        text: str = self.document["message"]
        return text

    @property
    def errors(self) -> dict[str, list[str]]:
        """The messages of a 422 by field."""
        found: dict[str, list[str]] = self.document["errors"]
        return found

    @property
    def names(self) -> list[str]:
        """The names on a page of the list."""
        return [pool["name"] for pool in self.document["data"]]


class Caller:
    """Speaks with one credential; every call on a connection of its own."""

    def __init__(self, core: RunningSandbox, credential: str = "", timeout: float = 10) -> None:
        self.core = core
        self.headers = {"Authorization": credential, "Accept": "application/json"}
        self.timeout = timeout

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> Reply:
        """`body` is sent as JSON, or as it is when it is bytes."""
        target = self.core.server.api.prefix + path + (f"?{urlencode(query)}" if query else "")
        return self.send_target(method, target, body, headers)

    def send_target(
        self, method: str, target: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """The same, with the request target exactly as given."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.core.server.port, timeout=self.timeout
        )
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **self.headers, **(headers or {})}
        try:
            connection.request(method, target, content, sent)
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def list(self, **query: Any) -> Reply:
        """A page of the list."""
        return self.send("GET", POOLS, None, None, **query)

    def search(self, text: str) -> Reply:
        """A page of what matches."""
        return self.send("GET", POOLS, None, None, **{"filter[name]": text})

    def get(self, pool_id: int | str, **query: Any) -> Reply:
        """One pool."""
        return self.send("GET", f"{POOLS}/{pool_id}", None, None, **query)

    def create(self, **fields: Any) -> Reply:
        """A new pool."""
        return self.send("POST", POOLS, fields)

    def update(self, pool_id: int | str, **fields: Any) -> Reply:
        """A changed pool."""
        return self.send("PUT", f"{POOLS}/{pool_id}", fields)

    def delete(self, pool_id: int | str) -> Reply:
        """A pool less."""
        return self.send("DELETE", f"{POOLS}/{pool_id}")

    def clear(self, pool_id: int | str) -> Reply:
        """A pool without pending requests."""
        return self.send("POST", f"{POOLS}/{pool_id}/clear")


def with_key(core: RunningSandbox, company: str = "acme", access: Access = "full") -> Caller:
    """A caller with that company's API key."""
    return Caller(core, core.keys[company][access])


def raw_exchange(core: RunningSandbox, request: bytes, timeout: float = 5) -> bytes:
    """Everything that comes back on one connection until it ends; TimeoutError if it does not."""
    with socket.create_connection(("127.0.0.1", core.server.port), timeout=timeout) as connection:
        connection.sendall(request)
        received = b""
        while part := connection.recv(65536):
            received += part
        return received
