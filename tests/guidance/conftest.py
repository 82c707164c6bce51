"""A company to keep something of."""

import pytest

from pools.models import Company


@pytest.fixture
def acme(db: None) -> Company:
    return Company.objects.create(name="Acme", slug="acme", base_url="https://core.example")
