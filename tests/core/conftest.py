"""Servers for tests of the service module, and clients that talk to them."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol

import pytest

from pools.core import (
    ApiKey,
    CoreClient,
    CoreLimits,
    Credential,
    NotSent,
)
from pools.secret import Secret
from tests.core.raw_server import Handler, RawServer, nobody_listening
from tests.fixtures.kept_connections import close_kept_connections

TOKEN = "canary-3f9b1c7a5e"
KEY = ApiKey(Secret(TOKEN))
# Long enough for a busy machine, short enough for a test that hangs by mistake.
LIMITS = CoreLimits(deadline_seconds=10, calls_at_once=64)


class MakeClient(Protocol):
    def __call__(self, url: str, credential: Credential = KEY, **limits: Any) -> CoreClient: ...


@pytest.fixture(scope="session", autouse=True)
def warmed_up() -> None:
    """What the first call loads would take its time from the short deadlines of tests."""
    with nobody_listening() as url, pytest.raises(NotSent):
        CoreClient(url, KEY, replace(LIMITS, read_retries=0)).get_pool(7)
    close_kept_connections()


@pytest.fixture
def serve() -> Iterator[Callable[..., RawServer]]:
    """Starts raw servers, and stops them in the end."""
    servers: list[RawServer] = []

    def start(handler: Handler, **options: Any) -> RawServer:
        servers.append(RawServer(handler, **options))
        return servers[-1]

    yield start
    close_kept_connections()
    for server in servers:
        server.stop()


@pytest.fixture
def client() -> MakeClient:
    """Makes a client with the test's token and, where named, other limits."""

    def make(url: str, credential: Credential = KEY, **limits: Any) -> CoreClient:
        return CoreClient(url, credential, replace(LIMITS, **limits))

    return make


def jwt(claims: object) -> str:
    """A token with these claims and a signature of nothing."""
    parts = (b'{"alg":"HS256"}', json.dumps(claims).encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
