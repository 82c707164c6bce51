"""The cast: people of each role, with their own tokens, and a real Core over HTTP."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from pools.core import ApiKey
from pools.models import Company
from pools.secret import Secret
from pools.tokens import keeping as tokens
from sandbox.journal import Received
from sandbox.running import RunningSandbox, running_sandbox
from sandbox.store import Access

PASSWORD = "correct-horse-42"
SignIn = Callable[..., Client]


@pytest.fixture
def core() -> Iterator[RunningSandbox]:
    """The sandbox Core, as seeded: acme with 257 pools, northwind with 3, blank with none."""
    with running_sandbox() as core:
        yield core


@pytest.fixture
def acme(db: None, core: RunningSandbox) -> Company:
    return make_company(core, "acme", "Acme")


def make_company(core: RunningSandbox, slug: str, name: str) -> Company:
    return Company.objects.create(
        slug=slug, name=name, base_url=core.url, sign_in_url=core.sign_in_url, colour="teal"
    )


def make_person(name: str, role: str) -> User:
    user = User.objects.create_user(name, f"{name}@panel.example", PASSWORD)
    user.groups.add(Group.objects.get(name=role))
    return user


def give_token(user: User, company: Company, key: str) -> None:
    token, _ = tokens.add_token(user, company, ApiKey(Secret(key)), "", "")
    tokens.confirm_token(token)


@pytest.fixture
def sign_in_as(acme: Company, core: RunningSandbox) -> SignIn:
    """Signs somebody of a role in, with a token for acme unless told otherwise."""

    def sign_in(role: str = "Manager", *, token: Access | None = "full") -> Client:
        user = make_person(role.lower(), role)
        if token:
            give_token(user, acme, core.keys["acme"][token])
            core.reset()
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def manager(sign_in_as: SignIn) -> Client:
    return sign_in_as("Manager")


@pytest.fixture
def reader(sign_in_as: SignIn) -> Client:
    return sign_in_as("Read-only", token="read_only")


def person_of(client: Client) -> User:
    """Who is signed in on this client."""
    return User.objects.get(pk=client.session["_auth_user_id"])


def json_of(request: Received) -> Any:
    """The body that Core received."""
    return json.loads(request.body)


def query_of(request: Received) -> dict[str, str]:
    """The query that Core received."""
    return dict(parse_qsl(request.target.partition("?")[2]))
