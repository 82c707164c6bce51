"""A pool's id means nothing at another Core: two real ones, and a company that moves."""

from collections.abc import Iterator
from html import unescape

import pytest
from django.test import Client

from pools.changes import SettlingState, history_of, open_changes, settle
from pools.changes.pool_records import record_of
from pools.models import Company, Entry, Lease
from pools.models.reference import PoolReference
from pools.wording.coming_back import ENTRIES_ELSEWHERE, ENTRIES_KEPT
from sandbox.running import RunningSandbox, running_sandbox
from tests.fixtures.clock import a_minute_later
from tests.fixtures.kept_connections import close_kept_connections
from tests.fixtures.panel import PASSWORD, give_token, person_of
from tests.views.changing import ONE_POOL, edit, newest, open_form, revert_of, unknown_edit, writes

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def other_core() -> Iterator[RunningSandbox]:
    with running_sandbox() as core:
        yield core
    close_kept_connections()


def move(company: Company, client: Client, to: RunningSandbox) -> Company:
    """The company's address is changed to another Core, and the person adds a token there."""
    company = Company.objects.get(pk=company.pk)
    company.base_url = to.url
    company.save()
    give_token(person_of(client), company, to.keys["acme"]["full"])
    to.reset()
    return Company.objects.get(pk=company.pk)


def outside(company: Company) -> int:
    return Entry.objects.filter(kind="drift", company=company.slug).count()


def test_the_pool_of_the_same_id_elsewhere_is_another_pool(
    manager: Client, core: RunningSandbox, other_core: RunningSandbox, acme: Company
) -> None:
    pool = ONE_POOL
    change = edit(manager, pool, limit="77", reason="T-1")
    moved = move(acme, manager, other_core)

    page = manager.get(f"/c/acme/pools/{pool}/")
    manager.get("/c/acme/pools/", {"per_page": 100})
    assert (page.status_code, outside(moved)) == (200, 0)
    assert page.context["history"] == []
    assert record_of(moved, [pool]).last == {}
    assert "T-1" not in page.content.decode()
    assert page.context["earlier_href"] == f"/c/acme/changes/?pool={pool}"
    assert "another pool had this id" in page.content.decode()
    # The change is still there, and neither leads to the other pool nor is taken back on it.
    whole = manager.get(f"/changes/{change}/")
    assert (whole.context["pool_href"], whole.context["entry"].revert_href) == ("", "")
    refused = manager.get(revert_of(change))
    assert refused.status_code == 409
    manager.post(revert_of(change), {})
    assert writes(other_core) == []


def test_what_is_recorded_afterwards_belongs_to_the_new_address(
    manager: Client, core: RunningSandbox, other_core: RunningSandbox, acme: Company
) -> None:
    pool = ONE_POOL
    edit(manager, pool, limit="77")
    moved = move(acme, manager, other_core)
    edit(manager, pool, limit="78")
    (item,) = history_of(moved, pool)
    assert (item.pool_id, item.origin) == (pool, 2)
    texts = Entry.objects.filter(change=newest()).values_list("pool_id", flat=True)
    assert set(texts) == {f"2:{pool}"}
    other_core.company("acme").change_pool(pool, limit=9)
    manager.get(f"/c/acme/pools/{pool}/")
    assert outside(moved) == 1
    # Either is found by its id in the list of changes.
    rows = manager.get("/c/acme/changes/", {"pool": str(pool)}).context["days"]
    assert sum(len(day["rows"]) for day in rows) == 3
    other_core.start_over()


@pytest.mark.parametrize("word", ["edit", "clear", "delete"])
def test_a_form_that_was_opened_before_the_move_sends_nothing_and_names_the_move(
    manager: Client, core: RunningSandbox, other_core: RunningSandbox, acme: Company, word: str
) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/{word}/"
    form = open_form(manager, address)
    other = open_form(manager, f"/c/acme/pools/{pool + 1}/{word}/")
    damaged = unescape(manager.post(address, form | {"seen": other["seen"]}).text)
    assert "this form is damaged, or it belongs to another pool" in damaged
    move(acme, manager, other_core)
    answer = manager.post(address, form)
    assert answer.status_code == 422
    told = unescape(answer.text)
    assert "since you opened this form, the company's address has changed" in told
    assert "damaged" not in told
    assert writes(other_core) == []


def begin_again(company: Company, client: Client, to: RunningSandbox) -> None:
    """The same Core, restored: an administrator says that its ids began again."""
    Company.objects.filter(pk=company.pk).update(origin=2)
    give_token(person_of(client), company, to.keys["acme"]["full"])


@pytest.mark.parametrize("restored", [False, True])
@pytest.mark.parametrize("word", ["new", "edit", "delete"])
def test_what_was_typed_for_a_pool_is_not_filled_in_for_another(
    manager: Client,
    core: RunningSandbox,
    other_core: RunningSandbox,
    acme: Company,
    restored: bool,
    word: str,
) -> None:
    pool = ONE_POOL
    address = "/c/acme/pools/new/" if word == "new" else f"/c/acme/pools/{pool}/{word}/"
    typed = {"name": "Mine", "limit": "7777"} if word != "delete" else {"confirm_name": "Mine"}
    form = open_form(manager, address, reason="T-1", **typed)
    if word == "delete":
        form["confirm_name"] = manager.get(address).context["pool"].name
    core.set_fault("status=401;only=writes")
    assert "Your entries are kept." in manager.post(address, form).text
    core.set_fault(None)
    if restored:
        begin_again(acme, manager, core)
    else:
        move(acme, manager, other_core)
    page = manager.get(address)
    assert ENTRIES_ELSEWHERE in unescape(page.text)
    assert ENTRIES_KEPT not in page.text
    shown = page.context["form"]
    assert not {"7777", "T-1", "Mine"} & {str(shown[name].value()) for name in shown.fields}
    # Said once; and the form as it was, sent from the browser's memory, goes nowhere.
    assert ENTRIES_ELSEWHERE not in unescape(manager.get(address).text)
    core.reset()
    assert manager.post(address, form).status_code == 422
    assert [*writes(core), *writes(other_core)] == []


def test_what_was_typed_before_the_session_ended_stays_with_its_pool_even_if_that_is_gone(
    manager: Client, core: RunningSandbox, other_core: RunningSandbox, acme: Company
) -> None:
    pool = core.company("acme").add_pool("Newest", 5, 30).id
    address = f"/c/acme/pools/{pool}/edit/"
    form = open_form(manager, address, limit="7777")
    person = person_of(manager)
    stale = form | {"csrfmiddlewaretoken": "a" * 64}
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person)
    strict.get(address)
    strict.post(address, stale, headers={"Origin": "http://testserver"})
    move(acme, manager, other_core)
    page = strict.get(address)
    assert page.status_code == 404
    assert ENTRIES_ELSEWHERE in unescape(page.text)


def test_an_open_change_holds_its_own_pool_alone_and_is_not_settled_elsewhere(
    manager: Client, core: RunningSandbox, other_core: RunningSandbox, acme: Company
) -> None:
    pool = ONE_POOL
    change = unknown_edit(manager, core, pool)
    moved = move(acme, manager, other_core)
    assert open_changes(moved, pool) == []
    assert [item.change_id for item in open_changes(moved)] == [change]
    with a_minute_later():
        assert settle(change).state is SettlingState.MOVED
    assert [r.method for r in other_core.journal] == []
    edit(manager, pool, limit="78")
    assert [method for method, _ in writes(other_core)] == ["PUT"]
    said = manager.post(f"/c/acme/changes/{change}/check/", follow=True).content.decode()
    with a_minute_later():
        said = manager.post(f"/c/acme/changes/{change}/check/", follow=True).content.decode()
    assert "restored from a backup, so we" in said
    release = f"/c/acme/changes/{change}/release/"
    manager.post(release, {"reason": "Looked at the old address."})
    assert not Lease.objects.filter(change=change).exists()
    other_core.start_over()


FROM_BEFORE = "made before the company's address changed, or before Patchworks was restored"


def test_an_open_change_from_before_a_move_offers_to_unlock_it_alone(
    manager: Client, core: RunningSandbox, other_core: RunningSandbox, acme: Company
) -> None:
    pool = ONE_POOL
    change = unknown_edit(manager, core, pool)
    pages = ["/c/acme/pools/", f"/changes/{change}/"]
    for page in pages:
        before = unescape(manager.get(page).text)
        assert FROM_BEFORE not in before
        assert "nobody can change this pool" in before
    move(acme, manager, other_core)
    # Even while its quiet time is not over: no waiting helps.
    said = unescape(manager.post(f"/c/acme/changes/{change}/check/", follow=True).text)
    assert "the company's address has changed" in said
    release = f"/c/acme/changes/{change}/release/"
    for page in pages:
        text = unescape(manager.get(page).text)
        assert FROM_BEFORE in text
        assert "nobody can change" not in text
        assert "Check again" not in text
        assert release in text
    # Nothing of unlocking it leads to the pool that has its id now.
    form = manager.get(release)
    assert FROM_BEFORE in form.text
    assert "Check again" not in form.text
    assert form.context["cancel_href"] == "/c/acme/pools/"
    landed = manager.post(release, {"reason": "Looked there."}, follow=True)
    assert landed.redirect_chain == [("/c/acme/pools/", 302)]
    assert "that change no longer waits for a result" in landed.text


def test_open_changes_of_both_sides_of_a_move_are_told_apart(
    manager: Client, core: RunningSandbox, other_core: RunningSandbox, acme: Company
) -> None:
    pool = ONE_POOL
    unknown_edit(manager, core, pool)
    move(acme, manager, other_core)
    unknown_edit(manager, other_core, pool)
    text = unescape(manager.get("/c/acme/pools/").text)
    assert "nobody can change these pools, except those that can't be checked from here." in text
    assert "nobody can change this pool." in unescape(manager.get(f"/c/acme/pools/{pool}/").text)
    other_core.start_over()


def test_what_could_not_be_read_back_before_a_move_is_not_offered_to_be_read_after_it(
    manager: Client, core: RunningSandbox, other_core: RunningSandbox, acme: Company
) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/edit/"
    form = open_form(manager, address, limit="77")
    core.set_fault("status=503;only=reads;skip=1")
    manager.post(address, form)
    core.set_fault(None)
    change = newest()
    assert "Check again" in manager.get(f"/changes/{change}/").text
    move(acme, manager, other_core)
    page = manager.get(f"/changes/{change}/")
    assert (page.context["change"].state, "Check again" in page.text) == ("not_read", False)
    said = unescape(manager.post(f"/c/acme/changes/{change}/check/", follow=True).text)
    assert "the company's address has changed" in said
    assert "unlock" not in said


def test_moving_with_open_changes_says_so_first(
    manager: Client, core: RunningSandbox, other_core: RunningSandbox, acme: Company, admin: Client
) -> None:
    unknown_edit(manager, core, ONE_POOL)
    address = "/companies/acme/"
    form = {"name": "Acme", "base_url": other_core.url, "colour": "teal", "position": "100"}
    page = admin.post(address, form)
    assert "1 change has no known outcome yet." in page.content.decode()
    assert Company.objects.get(pk=acme.pk).base_url == core.url
    admin.post(address, form | {"move_anyway": "on"})
    moved = Company.objects.get(pk=acme.pk)
    assert (moved.base_url, moved.origin) == (other_core.url, 2)


def test_a_token_for_the_new_address_is_not_compared_with_the_old_one(
    manager: Client, core: RunningSandbox, other_core: RunningSandbox, acme: Company, admin: Client
) -> None:
    form = {"name": "Acme", "base_url": other_core.url, "colour": "teal", "position": "100"}
    admin.post("/companies/acme/", form | {"move_anyway": "on"})
    # What the new address shows is nothing that was there before.
    token = {"company": "acme", "kind": "api_key", "token": other_core.keys["northwind"]["full"]}
    manager.logout()
    manager.post("/accounts/login/", {"login": "manager", "password": PASSWORD})
    page = manager.post("/tokens/add/", token, follow=True)
    assert page.redirect_chain[-1][0] == "/tokens/acme/confirm/"
    assert "different pools" not in page.content.decode()


def test_ids_that_began_again_begin_another_origin_with_the_reason_on_the_record(
    manager: Client, core: RunningSandbox, acme: Company, admin: Client
) -> None:
    pool = ONE_POOL
    edit(manager, pool, limit="77")
    form = {"name": "Acme", "base_url": core.url, "colour": "teal", "position": "100"}
    address = "/companies/acme/"
    admin.post(address, form | {"ids_began_again": "Restored from Sunday's backup."})
    again = Company.objects.get(pk=acme.pk)
    assert (again.origin, history_of(again, pool)) == (2, [])
    event = Entry.objects.filter(action="company_changed").latest("seq")
    assert "Restored from Sunday's backup." in event.facts
    admin.post(address, form)
    assert Company.objects.get(pk=acme.pk).origin == 2


@pytest.mark.parametrize(
    ("text", "origin", "pool"),
    [("", 1, None), ("260", 1, 260), ("2:260", 2, 260), ("3:", 3, None)],
)
def test_a_reference_is_read_as_it_was_written(text: str, origin: int, pool: int | None) -> None:
    reference = PoolReference(origin, pool)
    assert (str(reference), PoolReference.read(text)) == (text, reference)


@pytest.mark.parametrize("text", ["x", "0:5", "1:2:3", "-5", "٣", " 5", "2:new:aa"])
def test_what_names_no_pool_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names no pool"):
        PoolReference.read(text)
