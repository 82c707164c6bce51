"""A pool that is gone: its pages say what the record knows of it."""

from html import unescape

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from pools.models import Entry
from pools.models.vocabulary import Kind, Outcome
from sandbox.running import RunningSandbox
from tests.fixtures.panel import SignIn, give_token, make_company, person_of, told
from tests.views.changing import dialog

LIST = "/c/acme/pools/"
NAME = "“\u2068NetSuite orders\u2069”"


def filled(client: Client, address: str, **values: str) -> dict[str, str]:
    page = client.get(address)
    form = page.context["form"]
    typed = {name: str(form[name].value() or "") for name in form.fields}
    if "confirm_name" in typed:
        typed["confirm_name"] = page.context["pool"].name
    return typed | values


@pytest.fixture
def pool(core: RunningSandbox) -> int:
    return core.company("acme").add_pool(name="NetSuite orders", limit=5).id


@pytest.fixture
def deleted(manager: Client, pool: int) -> int:
    manager.post(f"{LIST}{pool}/delete/", filled(manager, f"{LIST}{pool}/delete/"))
    return pool


def test_a_deleted_pools_page_knows_its_name_its_values_and_who_deleted_it(
    manager: Client, deleted: int
) -> None:
    page = manager.get(f"{LIST}{deleted}/")
    problem = page.context["problem"]
    assert (page.status_code, problem.title) == (404, f"{NAME} ({deleted}) was deleted.")
    assert problem.meaning.startswith("manager deleted it on ")
    assert problem.meaning.endswith("Its last values: limit 5, timeout none, connectors none.")
    assert problem.next_text == "To get it back, create it again from its history."
    assert page.context["history"][0].revert_href
    assert "ConnectionPool" not in page.text


def test_a_deleted_pool_that_is_there_again_is_not_created_again(
    manager: Client, core: RunningSandbox, pool: int
) -> None:
    """Core was restored, say."""
    core.set_fault("do-nothing;only=delete")
    manager.post(f"{LIST}{pool}/delete/", filled(manager, f"{LIST}{pool}/delete/"))
    core.set_fault("status=404;only=get")
    assert manager.get(f"{LIST}{pool}/").context["history"][0].revert_href
    core.set_fault(None)
    page = manager.get(f"{LIST}{pool}/")
    assert "Patchworks has this pool again: manager deleted it on " in page.text
    assert not page.context["history"][0].revert_href
    manager.post(f"{LIST}{pool}/edit/", filled(manager, f"{LIST}{pool}/edit/", limit="7"))
    assert "has this pool again" not in manager.get(f"{LIST}{pool}/").text


def test_a_whole_list_without_a_pool_lets_the_record_know(
    manager: Client, core: RunningSandbox
) -> None:
    northwind = make_company(core, "northwind", "Northwind")
    give_token(person_of(manager), northwind, core.keys["northwind"]["full"])
    first, *_ = core.company("northwind").pools()
    own = f"/c/northwind/pools/{first.id}/"
    manager.post(f"{own}edit/", filled(manager, f"{own}edit/", limit="7"))
    core.company("northwind").delete_pool(first.id)
    core.reset()
    assert manager.get("/c/northwind/pools/").status_code == 200
    assert len(core.journal) == 2
    newest = manager.get("/c/northwind/changes/").context["days"][0]["rows"][0]
    line = newest.line
    assert (line.item.outside, line.item.gone, line.item.pool_id) == (True, True, first.id)


@pytest.mark.parametrize("deed", ["edit", "clear", "delete"])
def test_so_do_the_forms_of_a_deleted_pool(manager: Client, deleted: int, deed: str) -> None:
    page = manager.get(f"{LIST}{deleted}/{deed}/")
    problem = page.context["problem"]
    assert (page.status_code, problem.title) == (404, f"{NAME} ({deleted}) was deleted.")
    assert problem.next_href == f"{LIST}{deleted}/"
    assert "ConnectionPool" not in page.text


@pytest.mark.parametrize("deed", ["edit", "clear"])
def test_so_does_a_form_that_was_open_when_the_pool_was_deleted(
    manager: Client, core: RunningSandbox, pool: int, deed: str
) -> None:
    address = f"{LIST}{pool}/{deed}/"
    values = {"limit": "6"} if deed == "edit" else {}
    form = filled(manager, address, **values)
    manager.post(f"{LIST}{pool}/delete/", filled(manager, f"{LIST}{pool}/delete/"))
    problem = manager.post(address, form).context["problem"]
    assert problem.title == f"{NAME} ({pool}) was deleted."
    assert problem.meaning.endswith("Nothing was sent.")
    assert [request.method for request in core.journal if request.method != "GET"] == ["DELETE"]


@pytest.mark.parametrize("in_dialog", [False, True])
def test_who_deletes_it_a_moment_later_reads_that_it_is_done(
    manager: Client, sign_in_as: SignIn, core: RunningSandbox, pool: int, in_dialog: bool
) -> None:
    other, address = sign_in_as("Administrator"), f"{LIST}{pool}/delete/"
    person_of(other).groups.add(Group.objects.get(name="Manager"))
    form = filled(other, address)
    manager.post(address, filled(manager, address))
    core.reset()
    if in_dialog:
        page = dialog(other, address, form, LIST)
        assert (page.status_code, page["HX-Retarget"]) == (200, "#outcome")
    else:
        page = other.post(address, form, follow=True)
        assert page.redirect_chain == [(LIST, 302)]
    said = told(page)
    assert f"“NetSuite orders” ({pool}) is already deleted in Acme: " in said
    assert "manager deleted it on " in said
    assert "Nothing of yours was sent." in said
    asked = [request.method for request in core.journal if f"/{pool}" in request.path]
    assert asked == ["GET"]


def test_one_that_was_deleted_elsewhere_is_an_entry_without_a_name(
    manager: Client, core: RunningSandbox, pool: int
) -> None:
    form = filled(manager, f"{LIST}{pool}/edit/", limit="7")
    manager.post(f"{LIST}{pool}/edit/", form, follow=True)
    core.company("acme").delete_pool(pool)
    page = manager.get(f"{LIST}{pool}/")
    problem = page.context["problem"]
    assert problem.title == f"{NAME} ({pool}) was deleted outside the panel."
    assert problem.meaning.startswith("It was deleted between ")
    assert problem.meaning.endswith(
        "We don't know who did it. Its last values: limit 7, timeout none, connectors none."
    )
    newest = page.context["history"][0]
    assert (newest.change.gone, newest.change.actor_name, newest.revert_href) == (True, "", "")
    assert "Deleted outside the panel" in page.text
    assert "\nLimit: 7\n" in newest.text
    lines = manager.get("/c/acme/changes/").text
    assert "deleted" in lines
    assert manager.get(f"/changes/{newest.change.change_id}/").status_code == 200


def test_one_that_a_token_does_not_show_is_not_said_to_be_deleted(
    manager: Client, sign_in_as: SignIn, core: RunningSandbox, pool: int
) -> None:
    """The reader's token has shown nothing of this company yet: it may be another one's."""
    manager.post(f"{LIST}{pool}/edit/", filled(manager, f"{LIST}{pool}/edit/", limit="7"))
    core.company("acme").delete_pool(pool)
    page = sign_in_as("Read-only", token="read_only").get(f"{LIST}{pool}/")
    problem = page.context["problem"]
    assert problem.title == f"Patchworks says it no longer has {NAME} ({pool}) in Acme."
    assert problem.meaning.startswith("It was not deleted in this panel.")
    assert problem.meaning.endswith("Its last values: limit 7, timeout none, connectors none.")
    assert "deleted it" not in unescape(page.text)


@pytest.mark.parametrize("read", ["status=404;only=get", "status=500;only=get;times=3"])
def test_one_that_was_created_and_never_seen_is_not_said_to_be_gone(
    manager: Client, core: RunningSandbox, read: str
) -> None:
    """Core's copy lags behind, say."""
    form = filled(manager, f"{LIST}new/", name="Returns", limit="4")
    core.set_fault(read)
    manager.post(f"{LIST}new/", form)
    created = Entry.objects.get(kind=Kind.OUTCOME).pool_id
    core.set_fault("status=404;only=get")
    problem = manager.get(f"{LIST}{created}/").context["problem"]
    assert (
        problem.title == f"Patchworks hasn't shown “\u2068Returns\u2069” ({created}) in Acme yet."
    )
    assert problem.meaning.startswith("It was created in this panel on ")
    assert "no longer" not in problem.meaning
    assert problem.next_text == "Look for it in the list."


def test_one_that_the_record_does_not_know_is_not_named(manager: Client) -> None:
    page = manager.get(f"{LIST}987654/")
    problem = page.context["problem"]
    assert problem.title == "Patchworks has no such pool in Acme."
    assert (problem.core_text, "ConnectionPool" in page.text) == ("", False)


@pytest.mark.parametrize("deed", ["edit", "clear", "delete"])
def test_one_that_nobody_changed_here_is_known_from_the_form_that_was_open(
    manager: Client, core: RunningSandbox, pool: int, deed: str
) -> None:
    address = f"{LIST}{pool}/{deed}/"
    form = filled(manager, address, reason="ZD-4711", **({"limit": "6"} if deed == "edit" else {}))
    core.company("acme").delete_pool(pool)
    page = manager.post(address, form)
    problem = page.context["problem"]
    assert (page.status_code, problem.title) == (
        404,
        f"Patchworks says it no longer has {NAME} ({pool}) in Acme.",
    )
    assert problem.meaning == (
        "It was there when you opened this form. The history doesn't say what happened to it. "
        "Its last values: limit 5, timeout none, connectors none. Nothing was sent."
    )
    assert "ZD-4711" in page.text


@pytest.mark.parametrize("status", [404, 410])
def test_one_that_is_gone_when_it_is_deleted_may_have_been_deleted_by_that(
    manager: Client, core: RunningSandbox, pool: int, status: int
) -> None:
    """A proxy repeats a delete whose answer was lost, and hands on the second answer."""
    address = f"{LIST}{pool}/delete/"
    form = filled(manager, address, reason="ZD-4711")
    core.set_fault(f"status={status};only=delete")
    said = told(manager.post(address, form, follow=True))
    assert (
        "Patchworks says that the pool is gone, and had it just before. A proxy on the way may "
        "have sent this twice, or someone else deleted it. "
    ) in said
    assert f"We can't tell whether “NetSuite orders” ({pool}) was deleted from Acme." in said
    assert Entry.objects.get(kind=Kind.OUTCOME).outcome == Outcome.UNKNOWN


@pytest.mark.parametrize("deed", ["edit", "clear"])
def test_a_404_to_the_call_that_names_no_pool_may_be_about_something_else(
    manager: Client, core: RunningSandbox, pool: int, deed: str
) -> None:
    address = f"{LIST}{pool}/{deed}/"
    form = filled(manager, address, reason="ZD-4711", **({"limit": "6"} if deed == "edit" else {}))
    core.set_fault("status=404;only=writes")
    page = manager.post(address, form)
    problem = page.context["problem"]
    assert problem.title == f"Patchworks found nothing for {NAME} ({pool}) in Acme (404)."
    assert problem.meaning.startswith(
        "It was there just before we sent your change. Either it was deleted outside the panel in "
        "between, or Patchworks doesn't know this request. Its last values: limit 5, timeout none, "
        "connectors none. Nothing was "
    )
    assert problem.next_href == f"{LIST}{pool}/"
    assert "ZD-4711" in page.text


LOST = "Nothing was found at Acme's address (404)."


@pytest.mark.parametrize("fault", ["status=404", "status=404,empty"])
def test_where_nothing_is_found_no_page_says_that_the_pool_is_gone(
    manager: Client, core: RunningSandbox, pool: int, fault: str
) -> None:
    """A gateway has lost its way to Core: the pool's pages say what the list says."""
    forms = {
        deed: filled(manager, f"{LIST}{pool}/{deed}/") | {"limit": "6"}
        for deed in ("edit", "clear", "delete")
    }
    core.set_fault(fault)
    assert manager.get(LIST).context["problem"].title == LOST
    assert manager.get(f"{LIST}{pool}/").context["problem"].title == LOST
    for deed, form in forms.items():
        address = f"{LIST}{pool}/{deed}/"
        assert manager.get(address).context["problem"].title == LOST
        problem = manager.post(address, form).context["problem"]
        assert (problem.title, problem.meaning) == (LOST, "Nothing was sent.")


def test_a_pool_that_core_names_as_missing_is_asked_for_once(
    manager: Client, core: RunningSandbox, pool: int
) -> None:
    core.company("acme").delete_pool(pool)
    core.reset()
    manager.get(f"{LIST}{pool}/")
    assert len(core.journal) == 1
    core.reset()
    core.set_fault("status=404,empty;only=get")
    assert "no such pool" in manager.get(f"{LIST}{pool}/").context["problem"].title
    assert len(core.journal) == 2
