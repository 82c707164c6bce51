"""Ada, a company of a real Core over HTTP, and credentials that open it."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User

from pools import tokens
from pools.core import ApiKey, close_kept_connections
from pools.models import Company, Token
from pools.secret import Secret
from sandbox.running import CompanyAccess, RunningSandbox, running_sandbox


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

    def add(self, key: str = "") -> Token:
        credential = ApiKey(Secret(key or self.key))
        return tokens.add_token(self.ada, self.company, credential, "mine")[0]

    def in_use(self) -> Token:
        token = self.add()
        tokens.confirm_token(token)
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
