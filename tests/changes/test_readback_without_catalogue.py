"""What was read back is recorded although what is last seen of pools can't be written."""

import pytest
from django.db import OperationalError
from django.test import Client

from pools.models import Entry, SeenPool
from tests.views.changing import edit, one_pool

pytestmark = pytest.mark.any_database


@pytest.mark.usefixtures("core")
def test_a_catalogue_that_refuses_costs_no_entry(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = one_pool(manager)
    before = SeenPool.objects.get(pool_id=pool).limit

    def refuses(*_: object) -> None:
        raise OperationalError("the disk is full")

    monkeypatch.setattr("pools.changes.sending.keep", refuses)
    edit(manager, pool, limit="76")
    assert Entry.objects.get(kind="readback").outcome == "shown"
    assert SeenPool.objects.get(pool_id=pool).limit == before
