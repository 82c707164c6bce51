"""What pages say of entries that were archived: where somebody would look for them."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pools.ledger import archived
from pools.models import Entry
from tests.changes.recorded import a_change
from tests.fixtures.archiving import OLD, append_old, archive
from tests.fixtures.panel import SignIn
from tests.fixtures.signing import SIGNING_KEYS

pytestmark = pytest.mark.django_db(transaction=True)
# As of any other page.
MOST_STATEMENTS = 6
SAID = "Entries 1 to 256 are in an archive since "


@pytest.fixture
def old_change(settings: Any, tmp_path: Path) -> Any:
    """A change that is in an archive."""
    settings.SIGNING_KEYS = SIGNING_KEYS
    change = a_change(OLD)
    append_old(300)
    assert archive(tmp_path / "archive.txt").code == 0
    return change


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def test_the_end_of_the_record_says_where_older_entries_are(
    old_change: Any, manager: Client, sign_in_as: SignIn
) -> None:
    auditor = sign_in_as("Auditor", token=None)
    assert SAID in text_of(manager, "/c/acme/changes/")
    newer = [a_change() for _ in range(52)]
    first = Entry.objects.get(change=newer[-50], kind="intent").seq
    assert SAID not in text_of(manager, "/c/acme/changes/")
    for address in (
        f"/c/acme/changes/?before={first}",
        "/c/acme/changes/?from=2020-01-01&to=2020-12-31",
        "/c/acme/changes/?words=ZD-1",
        "/changes/?who=nobody",
    ):
        assert SAID in text_of(manager, address), address
    # The events of long ago, for whoever sees any.
    assert SAID in text_of(auditor, "/changes/?kind=events&to=2020-12-31")
    # A page that was kept, which began with an entry that is no longer here.
    assert SAID in text_of(manager, "/c/acme/changes/?before=100", 400)
    for client in (auditor, manager):
        for address in ("/changes/", f"/changes/?before={first}", "/changes/?to=2020-12-31"):
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address).status_code == 200
            assert len(captured) <= MOST_STATEMENTS


def test_the_address_of_a_change_that_was_archived_says_so(
    old_change: Any, manager: Client, settings: Any
) -> None:
    for address in (old_change, uuid4(), 1, 256):
        assert SAID in text_of(manager, f"/changes/{address}/", 404)
    # Of any other page that is not there, nothing more is said.
    assert SAID not in text_of(manager, "/nowhere/", 404)


def test_where_nothing_was_archived_nothing_is_said(manager: Client) -> None:
    a_change()
    assert "archive since" not in text_of(manager, "/c/acme/changes/")
    assert "archive since" not in text_of(manager, f"/changes/{uuid4()}/", 404)


def test_a_pool_of_whom_all_was_archived_goes_on_as_one_that_was_never_changed(
    old_change: Any, manager: Client, core: Any
) -> None:
    assert archived.newest()
    pool = core.company("acme").add_pool("Orders", 5)
    for address in (f"/c/acme/pools/{pool.id}/", "/c/acme/pools/", "/", "/c/acme/batches/"):
        assert manager.get(address).status_code == 200
