"""Cores that do otherwise than the documentation says: what people then read, and what is asked."""

import csv
import io
import json
from collections.abc import Iterator
from html import unescape

import pytest
from django.test import Client

from pools.models import Entry
from pools.models.vocabulary import Kind
from sandbox.running import RunningSandbox, running_sandbox
from tests.fixtures.kept_connections import close_kept_connections
from tests.fixtures.panel import query_of, streamed
from tests.views.changing import NEW, ONE_POOL, edit, newest, open_form, outcomes

pytestmark = pytest.mark.any_database

LIST = "/c/acme/pools/"
NO_CONNECTORS = "Patchworks didn't say which connectors use these pools"


@pytest.fixture
def core() -> Iterator[RunningSandbox]:
    """One of its own: the panel remembers for a while what a Core does not know."""
    with running_sandbox() as core:
        yield core
        close_kept_connections()


def some_pool(core: RunningSandbox) -> int:
    return core.company("acme").pools()[0].id


def test_a_core_that_does_not_know_the_include_is_read_without(
    manager: Client, core: RunningSandbox
) -> None:
    core.switch(includes="refused")
    page = manager.get(LIST)
    assert (page.status_code, len(page.context["rows"])) == (200, 25)
    assert NO_CONNECTORS in unescape(page.text)
    assert ["include" in query_of(request) for request in core.journal] == [True, False]


def test_it_is_not_asked_for_the_include_again_and_again(
    manager: Client, core: RunningSandbox
) -> None:
    core.switch(includes="refused")
    manager.get(LIST)
    page = manager.get(f"{LIST}{some_pool(core)}/")
    assert "Patchworks didn't say which connectors use this pool." in page.text
    assert ["include" in query_of(request) for request in core.journal] == [True, False, False]


@pytest.fixture
def telling_none(core: RunningSandbox) -> RunningSandbox:
    """It writes that pools have no connectors, wherever it was not asked for them."""
    core.switch(connectors_without_include="empty")
    return core


def test_connectors_that_were_not_asked_for_are_not_known_to_be_none(
    manager: Client, telling_none: RunningSandbox
) -> None:
    pool = ONE_POOL
    telling_none.switch(includes="refused")
    assert NO_CONNECTORS in unescape(manager.get(LIST).text)
    page = manager.get(f"{LIST}{pool}/")
    assert "Patchworks didn't say which connectors use this pool." in page.text
    form = manager.get(f"{LIST}{pool}/delete/")
    assert "Patchworks didn't say which connectors use it." in form.text
    assert form.context["form"].name_required


def test_an_edit_says_nothing_of_connectors_that_were_not_asked_for(
    manager: Client, telling_none: RunningSandbox
) -> None:
    pool = ONE_POOL
    telling_none.switch(includes="refused")
    edit(manager, pool, limit="7")
    address = f"{LIST}{pool}/edit/"
    page = manager.post(address, open_form(manager, address, limit="8"), follow=True)
    assert "Patchworks didn't say which connectors use this pool." in page.text


def test_nobody_detached_connectors_that_were_not_asked_for(
    manager: Client, telling_none: RunningSandbox
) -> None:
    pool = ONE_POOL
    edit(manager, pool, limit="7")
    telling_none.switch(includes="refused")
    manager.get(f"{LIST}{pool}/")
    assert not Entry.objects.filter(kind=Kind.DRIFT).exists()


def test_the_answer_to_an_edit_tells_nothing_of_connectors(
    manager: Client, telling_none: RunningSandbox
) -> None:
    pool = ONE_POOL
    address = f"{LIST}{pool}/edit/"
    form = open_form(manager, address, limit="7")
    telling_none.set_fault("rate-limit=100;only=reads;skip=1;times=9")
    manager.post(address, form)
    telling_none.set_fault(None)
    text = manager.get(f"/changes/{newest()}/").context["entry"].text
    assert "Limit" in text
    assert "onnectors" not in text


def test_a_new_pool_tells_nothing_of_connectors(
    manager: Client, telling_none: RunningSandbox
) -> None:
    form = open_form(manager, NEW, name="Fresh", limit="5")
    telling_none.set_fault("rate-limit=100;only=reads;skip=1;times=9")
    manager.post(NEW, form)
    kept = Entry.objects.get(kind=Kind.OUTCOME).facts
    assert json.loads(kept)["after"]["connector_ids"] is None


@pytest.mark.parametrize("first", ["known", "refused"])
def test_connectors_that_are_not_told_any_more_were_not_changed(
    manager: Client, core: RunningSandbox, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Neither where they were known when the form was opened, nor the other way round."""
    monkeypatch.setattr("pools.core.client._Lately.has", lambda *_: False)
    pool = ONE_POOL
    address = f"{LIST}{pool}/delete/"
    name = core.company("acme").pool(pool).name
    core.switch(includes=first)
    form = open_form(manager, address, confirm_name=name)
    core.switch(includes="refused" if first == "known" else "known")
    assert manager.post(address, form).status_code == 302
    assert outcomes() == ["done"]


@pytest.mark.parametrize("field", ["limit", "timeout"])
@pytest.mark.parametrize("deed", ["edit", "delete"])
def test_a_value_that_is_not_told_any_more_is_not_said_to_be_changed(
    manager: Client, core: RunningSandbox, deed: str, field: str
) -> None:
    pool = core.company("acme").add_pool("Orders", 5, timeout=30).id
    address = f"{LIST}{pool}/{deed}/"
    values = {field: "7"} if deed == "edit" else {"confirm_name": "Orders"}
    form = open_form(manager, address, **values)
    core.set_fault(f"text-for-number={field}")
    page = manager.post(address, form)
    problem, versions = page.context["problem"], page.context["conflict"]
    assert problem.title == (
        "We can't tell whether this pool was changed after you opened the form."
    )
    (row,) = [row for row in versions.rows if row.label.lower() == field]
    assert (row.now, row.differs) == ("unreadable", False)
    assert outcomes() == []


def test_where_connectors_come_nothing_is_said_of_them(manager: Client) -> None:
    assert NO_CONNECTORS not in unescape(manager.get(LIST).text)


def test_pools_of_a_core_without_the_include_can_be_changed(
    manager: Client, core: RunningSandbox
) -> None:
    core.switch(includes="refused")
    address = f"{LIST}{some_pool(core)}/clear/"
    form = manager.get(address).context["form"]
    typed = {name: form[name].value() or "" for name in form.fields}
    assert manager.post(address, typed).status_code == 302
    assert [applied.action for applied in core.applied] == ["clear"]


def test_a_silent_cap_shows_in_the_range_and_loses_no_row(
    manager: Client, core: RunningSandbox
) -> None:
    core.switch(largest_page=15)
    names, address = [], LIST
    while address:
        page = manager.get(address)
        names += [row.name for row in page.context["rows"]]
        address = page.context["next_href"]
        facts = page.context["page_facts"]
        assert (facts["last"], facts["total"]) == (len(names), 257)
    assert sorted(names) == sorted(pool.name for pool in core.company("acme").pools())
    second = unescape(manager.get(LIST, {"page": "2"}).text)
    assert "16–30" in second
    assert "Patchworks gives at most 15 at a time" in second


def test_pools_that_are_wrapped_are_named_as_that(manager: Client, core: RunningSandbox) -> None:
    core.switch(pool_shape="json-api")
    for address in (LIST, f"{LIST}{some_pool(core)}/"):
        page = manager.get(address)
        assert page.status_code == 502
        assert "Patchworks wrapped its pools as JSON:API" in page.context["problem"].meaning


def test_an_answer_that_tells_nothing_of_its_pools_says_that(
    manager: Client, core: RunningSandbox
) -> None:
    core.set_fault("missing")
    problem = manager.get(LIST).context["problem"]
    assert problem.meaning == ("Patchworks listed pools without ids or names.")


@pytest.mark.parametrize(
    ("fault", "title"),
    [
        ("status=400", "Patchworks refused to list the pools (400)."),
        ("status=422", "Patchworks refused to list the pools (422)."),
        ("status=404", "Nothing was found at Acme's address (404)."),
        ("status=403", "Your token for Acme may not list pools."),
        ("status=503", "Patchworks had an error (503)."),
    ],
)
def test_a_refused_list_speaks_of_the_list(
    manager: Client, core: RunningSandbox, fault: str, title: str
) -> None:
    core.set_fault(fault)
    problem = manager.get(LIST).context["problem"]
    assert problem.title == title
    said = f"{problem.title} {problem.meaning} {problem.next_text}"
    assert not {"field", "form", "values", "such pool"} & {
        word for word in ("field", "form", "values", "such pool") if word in said
    }


@pytest.mark.parametrize(
    ("deed", "title"),
    [
        ("clear", "Patchworks refused to clear this pool (422)."),
        ("delete", "Patchworks refused to delete this pool (422)."),
    ],
)
def test_a_refused_clear_or_delete_has_no_values(
    manager: Client, core: RunningSandbox, deed: str, title: str
) -> None:
    address = f"{LIST}{some_pool(core)}/{deed}/"
    page = manager.get(address)
    form = page.context["form"]
    typed = {name: form[name].value() or "" for name in form.fields}
    typed["confirm_name"] = page.context["pool"].name
    core.set_fault("status=422;only=writes")
    answer = manager.post(address, typed)
    problem = answer.context["problem"]
    assert (problem.title, problem.core_text) == (title, "The given data was invalid.")
    shown = answer.context["form"].non_field_errors()
    assert shown == ["limit: A sandbox says no.", "limit: It says so twice.", "name: Nor this."]
    assert "values" not in f"{problem.title} {problem.meaning} {problem.next_text}"


REASONS = ["limit: A sandbox says no.", "limit: It says so twice.", "name: Nor this."]


@pytest.fixture
def refused(manager: Client, core: RunningSandbox) -> str:
    """The page of an edit that Core refused for three reasons."""
    address = f"{LIST}{some_pool(core)}/edit/"
    form = manager.get(address).context["form"]
    typed = {name: form[name].value() or "" for name in form.fields} | {"limit": "77"}
    core.set_fault("status=422;only=writes")
    assert manager.post(address, typed).status_code == 422
    core.set_fault(None)
    history = manager.get(f"{LIST}{some_pool(core)}/").context["history"]
    return f"/changes/{history[0].change.change_id}/"


def test_every_reason_of_a_refusal_is_on_the_page_of_the_change(
    manager: Client, core: RunningSandbox, refused: str
) -> None:
    page = manager.get(refused)
    for text in (page.text, manager.get(f"{LIST}{some_pool(core)}/").text):
        assert all(f'<bdi translate="no">{reason}</bdi>' in text for reason in REASONS)
    lines = page.context["entry"].text.splitlines()
    assert [line.removeprefix("- ") for line in lines if line.startswith("- ")] == REASONS


@pytest.mark.usefixtures("refused")
def test_every_reason_of_a_refusal_is_exported(manager: Client) -> None:
    exports = [
        streamed(manager.post(f"{LIST[:-6]}changes/export/", {"format": form}))
        for form in ("csv", "json")
    ]
    text = exports[0].removeprefix("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["core_reasons"].splitlines() == REASONS
    assert row["core_said"] == "The given data was invalid."
    (change,) = json.loads(exports[1])
    assert change["core_reasons"] == REASONS


def test_no_reason_is_an_empty_cell(manager: Client, core: RunningSandbox) -> None:
    address = f"{LIST}{some_pool(core)}/clear/"
    manager.post(address, open_form(manager, address))
    exports = [
        streamed(manager.post(f"{LIST[:-6]}changes/export/", {"format": form}))
        for form in ("csv", "json")
    ]
    (row,) = csv.DictReader(io.StringIO(exports[0].removeprefix("\ufeff"), newline=""))
    assert (row["core_reasons"], json.loads(exports[1])[0]["core_reasons"]) == ("", [])


def test_the_reasons_of_a_refused_read_are_quoted(manager: Client, core: RunningSandbox) -> None:
    core.set_fault("status=422")
    said = manager.get(LIST).context["problem"].core_text
    assert said == " ".join(["The given data was invalid.", *REASONS])
