"""Every request that the service module makes is one that the contract allows."""

from collections.abc import Iterator

import pytest

from pools.core import (
    LEAVE,
    ApiKey,
    BearerToken,
    CoreClient,
    CoreLimits,
    PoolChanges,
    PoolFields,
    PoolQuery,
    Sort,
    sign_in,
)
from pools.secret import Secret
from sandbox.running import RunningSandbox, running_sandbox
from tests.fixtures.kept_connections import close_kept_connections

from .checking import validate_received

AWKWARD = "50%, a&b=c #1 ü/🚚 <b>"


@pytest.fixture
def core() -> Iterator[RunningSandbox]:
    """A sandbox under a prefix, as where Core is self-hosted."""
    with running_sandbox(prefix="/core-main") as running:
        yield running
        close_kept_connections()


@pytest.fixture(params=["api key", "bearer"])
def client(core: RunningSandbox, request: pytest.FixtureRequest) -> CoreClient:
    """The service module with either kind of credential."""
    credential: ApiKey | BearerToken = ApiKey(Secret(core.keys["acme"]["full"]))
    if request.param == "bearer":
        credential = BearerToken(Secret(core.bearer("acme", "manager")), None)
    return CoreClient(core.url, credential, CoreLimits())


def validated(core: RunningSandbox) -> list[tuple[str, str]]:
    """Method and path of every request so far, each of which the contract allows."""
    for received in core.journal:
        validate_received(received)
    return [(received.method, received.path) for received in core.journal]


@pytest.mark.parametrize(
    "query",
    [PoolQuery(), PoolQuery(search=AWKWARD), PoolQuery(page=10**9, per_page=100)]
    + [PoolQuery(sort=sort) for sort in Sort],
)
def test_list(core: RunningSandbox, client: CoreClient, query: PoolQuery) -> None:
    client.list_pools(query)
    assert validated(core) == [("GET", "/core-main/api/v1/connection-pools")]


def test_search_arrives_as_it_was_typed(core: RunningSandbox, client: CoreClient) -> None:
    client.list_pools(PoolQuery(search=AWKWARD))
    assert dict(core.journal[0].request.query)["filter[name]"] == AWKWARD


def test_get(core: RunningSandbox, client: CoreClient) -> None:
    client.get_pool(5)
    assert validated(core) == [("GET", "/core-main/api/v1/connection-pools/5")]


@pytest.mark.parametrize("timeout", [None, 30])
def test_create(core: RunningSandbox, client: CoreClient, timeout: int | None) -> None:
    client.create_pool(PoolFields(AWKWARD, 3, timeout))
    assert validated(core) == [("POST", "/core-main/api/v1/connection-pools")]


@pytest.mark.parametrize(
    "changed",
    [
        PoolChanges(name=AWKWARD),
        PoolChanges(limit=9),
        PoolChanges(timeout=None),
        PoolChanges("n", 1, 2),
        PoolChanges(LEAVE, 1, LEAVE),
    ],
)
def test_update(core: RunningSandbox, client: CoreClient, changed: PoolChanges) -> None:
    client.update_pool(5, changed)
    assert validated(core) == [("PUT", "/core-main/api/v1/connection-pools/5")]


def test_delete(core: RunningSandbox, client: CoreClient) -> None:
    client.delete_pool(5)
    assert validated(core) == [("DELETE", "/core-main/api/v1/connection-pools/5")]


def test_clear(core: RunningSandbox, client: CoreClient) -> None:
    client.clear_pool(5)
    assert validated(core) == [("POST", "/core-main/api/v1/connection-pools/5/clear")]


@pytest.mark.parametrize(("field", "calls"), [("email", 1), ("username", 2)])
def test_sign_in(core: RunningSandbox, field: str, calls: int) -> None:
    core.switch(sign_in_field=field)
    sign_in(core.sign_in_url, "user@acme.example", Secret(core.password), CoreLimits())
    assert validated(core) == [("POST", "/fabric/api/login")] * calls
