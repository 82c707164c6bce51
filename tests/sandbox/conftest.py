"""The cast: a Core of one's own, and callers who may and may not."""

from collections.abc import Iterator

import pytest

from sandbox.running import RunningSandbox, running_sandbox
from sandbox.store import StoredPool

from .calls import Caller, with_key


@pytest.fixture(scope="session")
def seeded_sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def core(seeded_sandbox: RunningSandbox) -> Iterator[RunningSandbox]:
    """A seeded sandbox with every switch at its default."""
    yield seeded_sandbox
    seeded_sandbox.start_over()


@pytest.fixture
def acme(core: RunningSandbox) -> Caller:
    """Acme's full key."""
    return with_key(core)


@pytest.fixture
def reader(core: RunningSandbox) -> Caller:
    """Acme's read-only key."""
    return with_key(core, access="read_only")


@pytest.fixture
def stranger(core: RunningSandbox) -> Caller:
    """Another company's full key."""
    return with_key(core, "northwind")


@pytest.fixture
def blank(core: RunningSandbox) -> Caller:
    """The full key of a company without pools."""
    return with_key(core, "blank")


@pytest.fixture
def pool(core: RunningSandbox) -> StoredPool:
    """A pool of acme's with requests waiting."""
    return core.company("acme").add_pool("A pool", 5, 60, pending=3)
