"""A company of a real Core over HTTP, one pool in it, and changes to propose."""

import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User

from pools import tokens
from pools.changes import (
    MADE_HERE,
    Action,
    Actor,
    ChangeResult,
    ProposedChange,
    Snapshot,
    make_change,
)
from pools.core import (
    ApiKey,
    CoreClient,
    CoreLimits,
    PoolChanges,
    PoolFields,
    close_kept_connections,
)
from pools.models import Company, Token
from pools.secret import Secret
from sandbox.journal import Received
from sandbox.running import CompanyAccess, RunningSandbox, running_sandbox
from sandbox.store import Access

ADA = Actor(id=7, name="Ada", address="192.0.2.7")
# Longer than any answer takes, however busy the machine is.
LIMITS = CoreLimits(read_retries=0)
# For a Core that never answers; what is read before is tried again.
IMPATIENT = CoreLimits(deadline_seconds=3.0, connect_timeout_seconds=1.0, read_timeout_seconds=0.6)
ACTIONS = list(MADE_HERE)


@dataclass(frozen=True)
class Place:
    """One company: at Core, and as the panel knows it. `pool` is its one pool."""

    sandbox: RunningSandbox
    at_core: CompanyAccess
    company: Company
    pool: int

    def client(self, access: Access = "full", limits: CoreLimits = LIMITS) -> CoreClient:
        key = self.sandbox.keys[self.company.slug][access]
        return CoreClient(self.sandbox.url, ApiKey(Secret(key)), limits)

    def seen(self) -> Snapshot:
        return Snapshot.from_pool(self.client().get_pool(self.pool))

    def propose(self, action: Action, **facts: Any) -> ProposedChange:
        """A change that fits the pool as it is: an edit of its limit from 5 to 10."""
        creating = action is Action.CREATE
        change = ProposedChange(
            company=self.company,
            action=action,
            pool_id=None if creating else self.pool,
            seen=None if creating else Snapshot("Orders", 5, None, ()),
            fields=PoolFields("Returns", 3, 60) if creating else None,
            changed=PoolChanges(limit=10) if action is Action.EDIT else None,
            reason="T-1",
            form_id=uuid.uuid4(),
            actor=ADA,
        )
        return replace(change, **facts)

    def make(self, action: Action, **facts: Any) -> ChangeResult:
        return make_change(self.client(), self.propose(action, **facts))

    def writes(self) -> list[Received]:
        """What Core received that could change something."""
        return [request for request in self.sandbox.journal if request.method != "GET"]


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(seed=False) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox: RunningSandbox) -> Iterator[RunningSandbox]:
    shared_sandbox.reset()
    yield shared_sandbox
    shared_sandbox.reset()
    close_kept_connections()


@pytest.fixture
def place(sandbox: RunningSandbox, db: None) -> Place:
    return make_place(sandbox)


@pytest.fixture
def committed_place(sandbox: RunningSandbox, transactional_db: None) -> Place:
    """The same, seen by other threads and processes."""
    return make_place(sandbox)


def make_place(sandbox: RunningSandbox) -> Place:
    slug = f"c-{uuid.uuid4().hex[:12]}"
    at_core = sandbox.add_company(slug)
    pool = at_core.add_pool("Orders", 5, pending=3)
    company = Company.objects.create(name="Acme", slug=slug, base_url=sandbox.url)
    return Place(sandbox, at_core, company, pool.id)


def give_token(place: Place, access: Access = "full") -> Token:
    """Ada's own token for the place, in use; what it took is forgotten at Core."""
    ada, _ = User.objects.get_or_create(pk=ADA.id, defaults={"username": ADA.name})
    key = place.sandbox.keys[place.company.slug][access]
    token, _ = tokens.add_token(ada, place.company, ApiKey(Secret(key)), "mine")
    tokens.confirm_token(token)
    place.sandbox.reset()
    return token


@pytest.fixture
def settled_place(place: Place) -> Place:
    """A place whose person has a token: what is open there can be settled."""
    give_token(place)
    return place


def once_quiet(seconds: float = 60) -> AbstractContextManager[Any]:
    """When no quiet time of now's changes is running any more; the clock goes on."""
    return time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds))


def a_minute_later() -> AbstractContextManager[Any]:
    """A moment at which no call that was begun now can still be under way."""
    return time_machine.travel(datetime.now(UTC) + timedelta(minutes=1))
