"""Ada, a company of a real Core over HTTP, and credentials that open it."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User

from pools.core import ApiKey, Credential
from pools.ledger.appending import Actor
from pools.models import Company, Token
from pools.secret import Secret
from pools.tokens import keeping
from sandbox.running import CompanyAccess, RunningSandbox, running_sandbox
from tests.fixtures.kept_connections import close_kept_connections
from tests.fixtures.panel import actor


@dataclass(frozen=True)
class Place:
    """One company, at Core and in the panel, and a person who works there."""

    sandbox: RunningSandbox
    at_core: CompanyAccess
    company: Company
    ada: User

    @property
    def key(self) -> str:
        return self.sandbox.keys[self.company.slug]["full"]

    @property
    def actor(self) -> Actor:
        return actor(self.ada)

    def add(self, key: str = "") -> Token:
        credential = ApiKey(Secret(key or self.key))
        return self.add_credential(credential, "mine")[0]

    def add_credential(
        self, credential: Credential, label: str = ""
    ) -> tuple[Token, keeping.TokenScope]:
        return keeping.add_token(self.ada, self.company, credential, label, by=self.actor)

    def in_use(self) -> Token:
        token = self.add()
        keeping.confirm_token(token, by=self.actor)
        return token


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def place(shared_sandbox: RunningSandbox, db: None) -> Iterator[Place]:
    shared_sandbox.reset()
    yield make_place(shared_sandbox)
    shared_sandbox.reset()
    close_kept_connections()


def make_place(sandbox: RunningSandbox) -> Place:
    slug = f"c-{uuid.uuid4().hex[:12]}"
    at_core = sandbox.add_company(slug)
    for name in ("Orders", "Returns", "Refunds", "Stock"):
        at_core.add_pool(name)
    company = Company.objects.create(name="Acme", slug=slug, base_url=sandbox.url)
    return Place(sandbox, at_core, company, User.objects.create_user("ada"))
