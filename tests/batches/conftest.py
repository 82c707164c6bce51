"""Lists are frozen and run on a company of a real Core."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from pools.batches import calls_left
from tests.fixtures.panel import make_person
from tests.fixtures.place import committed_place as committed_place
from tests.fixtures.place import place as place
from tests.fixtures.place import sandbox as sandbox
from tests.fixtures.place import shared_sandbox as shared_sandbox


@pytest.fixture
def mia(db: None) -> User:
    """Somebody who may change pools in every way."""
    return make_person("mia", "Manager")


@pytest.fixture(autouse=True)
def nothing_heard() -> Iterator[None]:
    """No test knows what Core allowed in another one."""
    yield
    calls_left._heard.clear()
