"""What pages say of entries that were archived: where somebody would look for them."""

import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pools.changes.history import changes_by_id
from pools.models import Company, Entry
from sandbox.running import RunningSandbox
from tests.changes.recorded import a_change
from tests.fixtures.archiving import OLD, append_old, archive
from tests.fixtures.panel import SignIn, make_company, person_of
from tests.fixtures.signing import SIGNING_KEYS
from tests.views.changing import NEW, edit, newest, open_form

pytestmark = pytest.mark.django_db(transaction=True)
# As of any other page.
MOST_STATEMENTS = 6
ELSEWHERE: Final = "Changes of companies that are archived or no longer here are under "
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


def test_a_pool_whose_changes_may_be_archived_never_counts_as_one_that_was_not_changed(
    old_change: Any, manager: Client, core: Any
) -> None:
    pool = core.company("acme").add_pool("Orders", 5)
    address = f"/c/acme/pools/{pool.id}/"
    for place in (address, "/"):
        manager.get(place)
        with CaptureQueriesContext(connection) as captured:
            shown = text_of(manager, place)
        assert SAID in shown
        assert "been changed" not in shown
        assert len(captured) <= MOST_STATEMENTS
    edit(manager, pool.id, limit="6")
    assert SAID in text_of(manager, address)
    assert SAID not in text_of(manager, "/")
    # Where there is no such pool now, its page leads on, too.
    assert SAID in text_of(manager, "/c/acme/pools/99999/", 404)
    for place in ("/c/acme/pools/", "/c/acme/batches/"):
        assert manager.get(place).status_code == 200


def test_of_a_pool_that_was_made_since_nothing_is_in_an_archive(
    old_change: Any, manager: Client
) -> None:
    manager.post(NEW, open_form(manager, NEW, name="Newer", limit="5"))
    (made,) = changes_by_id([newest()])
    shown = text_of(manager, f"/c/acme/pools/{made.pool_id}/")
    assert "All changes of this pool" in shown
    assert SAID not in shown


def test_home_leads_to_changes_of_companies_that_are_no_longer_here(sign_in_as: SignIn) -> None:
    auditor, manager = (sign_in_as(role, token=None) for role in ("Auditor", "Manager"))
    assert "Nothing has been changed in these companies yet." in text_of(auditor, "/")
    Company.objects.all().delete()
    a_change(company="gone")
    shown = text_of(auditor, "/")
    assert ELSEWHERE in shown
    assert "been changed" not in shown
    assert "You see the changes of the companies you have a token for." in text_of(manager, "/")


def test_of_a_company_that_was_archived_home_says_nothing_wrong(
    sign_in_as: SignIn, core: RunningSandbox, acme: Company
) -> None:
    auditor = sign_in_as("Auditor", token=None)
    a_change()
    Company.objects.filter(slug="acme").update(archived_at=OLD)
    assert ELSEWHERE in text_of(auditor, "/")
    make_company(core, "northwind", "Northwind")
    assert "Nothing has been changed in these companies yet." in text_of(auditor, "/")


def test_no_page_says_that_nothing_was_ever_done(
    old_change: Any, manager: Client, sign_in_as: SignIn
) -> None:
    """Where all that was done is in an archive."""
    auditor, admin = sign_in_as("Auditor", token=None), sign_in_as("Administrator", token=None)
    for client, address, wrong, right in (
        (manager, "/c/acme/changes/", "No changes yet", "No changes here"),
        (manager, "/c/acme/batches/", "No lists yet", "No lists here"),
        (admin, f"/people/{person_of(manager).pk}/", "haven't changed a pool", "Recent changes"),
    ):
        shown = text_of(client, address)
        assert SAID in shown, address
        assert wrong not in shown
        assert right in shown
    Company.objects.all().delete()
    shown = text_of(auditor, "/")
    assert SAID in shown
    assert "been changed" not in shown


def test_what_is_asked_of_a_change_or_a_list_that_was_archived_says_so(
    old_change: Any, manager: Client
) -> None:
    for address in (
        f"/changes/{old_change}/evidence/",
        f"/c/acme/changes/{old_change}/revert/",
        f"/c/acme/batches/{uuid4()}/",
        f"/c/acme/batches/{uuid4()}/evidence/",
    ):
        assert SAID in text_of(manager, address, 404), address
    check = manager.post(f"/c/acme/changes/{old_change}/check/")
    assert check.status_code == 404
    assert SAID in check.content.decode()


def test_evidence_says_that_what_it_is_asked_of_may_be_in_an_archive(
    old_change: Any, manager: Client
) -> None:
    address = "/c/acme/changes/evidence/"
    shown = text_of(manager, address, 409)
    assert "No changes match this filter." in shown
    assert SAID in shown
    change = a_change()
    assert SAID in text_of(manager, address)
    # Of a change everything is there, or nothing.
    assert SAID not in text_of(manager, f"/changes/{change}/evidence/")
    for place, said in ((address, True), (f"/changes/{change}/evidence/", False)):
        with zipfile.ZipFile(BytesIO(manager.post(place).content)) as bundle:
            for name in ("index.html", "README.txt"):
                assert (SAID in " ".join(bundle.read(name).decode().split())) is said


def test_a_chart_of_days_that_are_in_an_archive_says_so(old_change: Any, manager: Client) -> None:
    first_kept = OLD.date()
    a_change(OLD + timedelta(days=20))
    for begin, cut in ((first_kept, True), (first_kept + timedelta(days=1), False)):
        until = begin + timedelta(days=25)
        shown = text_of(manager, f"/c/acme/changes/?from={begin}&to={until}")
        assert "1 change since " in " ".join(shown.split())
        assert ("(part of these days is in an archive)" in shown) is cut
    a_change()
    assert "of these days" not in text_of(manager, "/c/acme/changes/")


def test_keys_that_somebody_stored_may_be_named_in_an_archive(
    old_change: Any, sign_in_as: SignIn, manager: Client
) -> None:
    admin, leaver = sign_in_as("Administrator", token=None), person_of(manager)
    assert "more keys" not in text_of(admin, f"/people/{leaver.pk}/")
    leaver.is_active = False
    leaver.save()
    shown = text_of(admin, f"/people/{leaver.pk}/")
    assert SAID in shown
    assert "It may name more keys." in shown
    without_keys = person_of(sign_in_as("Read-only", token=None))
    without_keys.is_active = False
    without_keys.save()
    shown = text_of(admin, f"/people/{without_keys.pk}/")
    assert "No key of theirs is on record here." in shown
    assert "It may name more keys." in shown
