"""People who really sign in, through the door, with their password."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from pools.models import Entry
from tests.views.conftest import PASSWORD, make_person
from tests.views.conftest import acme as acme
from tests.views.conftest import core as core

Door = Callable[..., Client]


def sign_in(name: str, password: str = PASSWORD, client: Client | None = None) -> Client:
    """A browser after this name and password were typed into it."""
    client = client or Client()
    client.post("/accounts/login/", {"login": name, "password": password})
    return client


def signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def events(action: str = "") -> list[Entry]:
    """What the ledger says happened at the door and to people, oldest first."""
    found = Entry.objects.filter(kind="event").order_by("seq")
    return list(found.filter(action=action) if action else found)


@pytest.fixture
def operator(db: None) -> User:
    return make_person("olga", "Operator")


@pytest.fixture
def administrator(db: None) -> User:
    return make_person("ada", "Administrator")


@pytest.fixture
def admin(administrator: User) -> Client:
    """An administrator's browser, signed in with the password just now."""
    return sign_in("ada")
