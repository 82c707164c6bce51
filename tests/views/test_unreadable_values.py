"""A value that Core sends and that can't be read is never taken for none, wherever it is kept."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from pools.changes.history import changes_by_id
from pools.changes.recording import Intent
from pools.models import BatchItem, Company, Entry
from tests.fixtures.kept_connections import close_kept_connections
from tests.fixtures.panel import streamed, told
from tests.views.changing import edit, newest, open_form, revert_of
from tests.views.other_core import OtherCore, as_it_is, each_pool, other_core

pytestmark = pytest.mark.any_database

LIST = "/c/acme/pools/"
ODD = {"seconds": 3}


@pytest.fixture
def core() -> Iterator[OtherCore]:
    with other_core(seed=False) as core:
        core.sandbox.add_company("acme")
        yield core
        close_kept_connections()


@pytest.fixture
def pool(core: OtherCore) -> int:
    """A pool whose timeout of 60 comes as an object."""
    pool = core.sandbox.company("acme").add_pool("Orders", 5, timeout=60)
    odd(core)
    return pool.id


def odd(core: OtherCore, *fields: str, value: Any = ODD, method: str = "") -> None:
    """From now on, in all answers or in those to one method."""
    answers = each_pool(lambda pool: pool | dict.fromkeys(fields or ("timeout",), value))
    core.answers = lambda request, answer: (
        answers(request, answer) if request.method.startswith(method) else answer
    )


def at_core(core: OtherCore, pool: int) -> Any:
    return core.sandbox.company("acme").pool(pool)


def sent(core: OtherCore) -> list[Any]:
    return [json.loads(each.body) for each in core.received if each.method in {"PUT", "POST"}]


def test_a_form_says_that_it_cannot_be_read_and_leaves_it_alone(
    manager: Client, core: OtherCore, pool: int
) -> None:
    assert "We can't read its timeout. Leave this empty, and it stays as it is." in told(
        manager.get(f"{LIST}{pool}/edit/")
    )
    edit(manager, pool, limit="7")
    assert sent(core) == [{"limit": 7}]
    assert at_core(core, pool).timeout == 60


def test_a_limit_that_cannot_be_read_may_be_left_empty(
    manager: Client, core: OtherCore, pool: int
) -> None:
    odd(core, "limit")
    edit(manager, pool, timeout="70")
    assert sent(core) == [{"timeout": 70}]


def test_an_edit_of_it_is_told_from_unreadable(manager: Client, core: OtherCore, pool: int) -> None:
    answer = manager.post(
        f"{LIST}{pool}/edit/", open_form(manager, f"{LIST}{pool}/edit/", timeout="31"), follow=True
    )
    assert sent(core) == [{"timeout": 31}]
    for page in (answer, manager.get(f"{LIST}{pool}/"), manager.get(f"/changes/{newest()}/")):
        assert "none → 31" not in told(page)
    assert "set the timeout unreadable → 31" in told(manager.get(f"{LIST}{pool}/"))
    assert "Timeout: unreadable → 31" in manager.get(f"/changes/{newest()}/").text
    facts = json.loads(Entry.objects.get(kind="intent").facts)
    assert facts["before"]["unreadable"] == ["timeout"]
    assert "unreadable" not in facts["wanted"]
    exported = streamed(manager.post("/changes/export/", {"format": "csv"}))
    (row,) = csv.DictReader(io.StringIO(exported.removeprefix("\ufeff")))
    assert (row["before_timeout"], row["wanted_timeout"]) == ("unreadable", "31")


def test_a_limit_that_could_not_be_read_was_set_and_not_raised(
    manager: Client, core: OtherCore, pool: int
) -> None:
    odd(core, "limit")
    edit(manager, pool, limit="9")
    assert "set the limit unreadable → 9" in told(manager.get(f"{LIST}{pool}/"))


def test_reverting_never_sets_it_to_none(manager: Client, core: OtherCore, pool: int) -> None:
    odd(core, "timeout", method="GET")
    change = edit(manager, pool, timeout="31")
    both = edit(manager, pool, timeout="32", limit="8")
    core.answers = as_it_is
    manager.get(f"{LIST}{pool}/")
    page = manager.get(revert_of(change))
    assert "The values from before it were not recorded." in told(page)
    core.reset()
    manager.post(revert_of(both), open_form(manager, revert_of(both)))
    assert sent(core) == [{"limit": 5}]
    assert at_core(core, pool).timeout == 32


def test_reverting_to_none_is_sent_where_it_cannot_be_read_now(
    manager: Client, core: OtherCore, pool: int
) -> None:
    core.answers = as_it_is
    at_core(core, pool)
    core.sandbox.company("acme").change_pool(pool, timeout=None)
    change = edit(manager, pool, timeout="31")
    odd(core)
    core.reset()
    address = revert_of(change)
    page = manager.get(address)
    assert "already has these values" not in told(page)
    form = open_form(manager, address)
    manager.post(address, form)
    assert sent(core) == [{"timeout": None}]


def test_creating_again_does_not_say_that_it_was_none(
    manager: Client, core: OtherCore, pool: int
) -> None:
    odd(core, "timeout", "limit")
    address = f"{LIST}{pool}/delete/"
    manager.post(address, open_form(manager, address, confirm_name="Orders"))
    text = told(manager.get(f"{LIST}{pool}/"))
    assert "limit unreadable, timeout unreadable" in text
    core.answers = as_it_is
    again = revert_of(newest())
    page = manager.get(again)
    assert "We couldn't read the timeout of the pool that was deleted." in told(page)
    assert "We couldn't read the limit of the pool that was deleted." in told(page)
    core.reset()
    assert manager.post(again, open_form(manager, again)).status_code == 422
    assert sent(core) == []


@pytest.mark.parametrize(("first", "then"), [(None, ODD), (ODD, None), (60, ODD), (ODD, 60)])
def test_none_and_unreadable_are_a_conflict(
    manager: Client, core: OtherCore, pool: int, first: Any, then: Any
) -> None:
    odd(core, value=first)
    form = open_form(manager, f"{LIST}{pool}/edit/", timeout="31")
    odd(core, value=then)
    core.reset()
    page = manager.post(f"{LIST}{pool}/edit/", form)
    assert sent(core) == []
    (row,) = [row for row in page.context["conflict"].rows if row.field == "timeout"]
    words = {None: "none", 60: "60"}
    assert (row.opened, row.now, row.wanted, row.differs) == (
        words.get(first if first != ODD else -1, "unreadable"),
        words.get(then if then != ODD else -1, "unreadable"),
        "31",
        False,
    )


def test_nothing_was_changed_outside_where_it_can_be_read_again(
    manager: Client, core: OtherCore, pool: int
) -> None:
    edit(manager, pool, limit="7")
    core.answers = as_it_is
    manager.get(f"{LIST}{pool}/")
    assert not Entry.objects.filter(kind="drift").exists()
    core.sandbox.company("acme").change_pool(pool, limit=8)
    odd(core)
    manager.get(f"{LIST}{pool}/")
    (drift,) = changes_by_id([Entry.objects.get(kind="drift").change])
    assert [(each.field, each.before, each.after) for each in drift.differences] == [
        ("limit", "7", "8")
    ]


def test_a_list_of_changes_tells_it_from_none(
    manager: Client, core: OtherCore, pool: int, acme: Company
) -> None:
    manager.get(LIST)
    chosen = {"pool": pool, "origin": acme.origin}
    assert "limit 5, timeout unreadable" in told(manager.post("/c/acme/batches/new/", chosen))
    file = streamed(manager.post(f"{LIST}export/", {"format": "csv"}))
    rows = list(csv.reader(io.StringIO(file.removeprefix("\ufeff"))))[:2]
    for wanted in ("none", "31"):
        row = dict(zip(*rows, strict=True)) | {"timeout": "" if wanted == "none" else wanted}
        text = "\n".join(",".join(each) for each in (row.keys(), row.values()))
        manager.post(f"{LIST}apply/", {"text": text})
    assert [each.left_out for each in BatchItem.objects.order_by("pk")] == ["unreadable"] * 2


def test_a_pool_of_a_file_that_is_there_may_have_another_timeout(
    manager: Client, core: OtherCore, pool: int
) -> None:
    file = {"text": "name,limit,timeout\nOrders,5,\n", "create": "on"}
    answer = manager.post(f"{LIST}apply/", file)
    assert answer.status_code == 422
    assert "other values" in told(answer)
    assert BatchItem.objects.count() == 0


def test_the_pools_of_a_system_have_it_as_the_list_has(
    manager: Client, core: OtherCore, pool: int
) -> None:
    core.sandbox.company("acme").add_connector(pool, name="Live", system={"name": "NetSuite"})
    core.answers = as_it_is
    manager.get(LIST)
    odd(core, "timeout", "limit")
    manager.get(LIST)
    (row,) = manager.get(LIST, {"system": "NetSuite"}).context["rows"]
    assert (row.limit, row.timeout, row.unreadable) == (None, None, {"limit", "timeout"})
    assert "limit not known" in told(manager.get("/find/?q=Orders"))


# --- A name that comes as a number may have had noughts before it -------------------------


@pytest.fixture
def seven(core: OtherCore) -> int:
    """A pool that is called 007, and comes as 7."""
    pool = core.sandbox.company("acme").add_pool("007", 5)
    core.answers = each_pool(
        lambda pool: pool | ({"name": int(pool["name"])} if pool["name"].isdecimal() else {})
    )
    return pool.id


def test_reverting_never_sends_a_name_that_came_as_a_number(
    manager: Client, core: OtherCore, seven: int
) -> None:
    renamed = edit(manager, seven, name="Orders")
    both = edit(manager, seven, name="Orders EU", limit="8")
    limit = edit(manager, seven, limit="9")
    assert "The values from before it were not recorded." in told(manager.get(revert_of(renamed)))
    assert "unreadable → Orders" in manager.get(f"/changes/{renamed}/").text
    core.reset()
    manager.post(revert_of(limit), open_form(manager, revert_of(limit)))
    # What was a text when it was changed is known.
    manager.post(revert_of(both), open_form(manager, revert_of(both)))
    assert sent(core) == [{"limit": 8}, {"name": "Orders", "limit": 5}]


def test_of_what_was_left_alone_nothing_is_said(
    manager: Client, core: OtherCore, seven: int
) -> None:
    change = edit(manager, seven, limit="9")
    assert "unreadable" not in told(manager.get(f"/changes/{change}/"))
    core.reset()
    manager.post(revert_of(change), open_form(manager, revert_of(change)))
    assert sent(core) == [{"limit": 5}]


def test_creating_again_leaves_open_a_name_that_came_as_a_number(
    manager: Client, core: OtherCore, seven: int
) -> None:
    address = f"{LIST}{seven}/delete/"
    manager.post(address, open_form(manager, address, confirm_name="7"))
    assert core.sandbox.company("acme").pools() == []
    form = open_form(manager, revert_of(newest()))
    assert (form["name"], form["limit"]) == ("", "5")


@pytest.mark.parametrize("name", [ODD, 7])
def test_a_file_makes_no_pool_whose_name_another_may_have(
    manager: Client, core: OtherCore, pool: int, name: Any
) -> None:
    odd(core, "name", value=name)
    file = {"text": "name,limit,timeout\n007,5,60\n", "create": "on"}
    answer = manager.post(f"{LIST}apply/", file)
    assert answer.status_code == 422
    assert "We can't tell whether another pool has this name." in told(answer)
    assert BatchItem.objects.count() == 0


def test_a_file_makes_a_pool_beside_one_whose_name_is_another_number(
    manager: Client, core: OtherCore, pool: int
) -> None:
    odd(core, "name", value=8)
    manager.post(f"{LIST}apply/", {"text": "name,limit,timeout\n007,5,60\n", "create": "on"})
    assert BatchItem.objects.count() == 1


# --- Entries of before it was told what could not be read --------------------------------


def test_an_old_entry_offers_no_value_that_nobody_may_have_read(
    manager: Client, core: OtherCore, pool: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_before(self: Intent) -> dict[str, Any] | None:
        facts = self.before.to_json() if self.before else {}
        return {name: value for name, value in facts.items() if name != "unreadable"}

    monkeypatch.setattr(Intent, "_before", as_before)
    odd(core, "timeout", method="GET")
    alone = edit(manager, pool, timeout="31")
    both = edit(manager, pool, timeout="32", limit="8")
    monkeypatch.undo()
    core.answers = as_it_is
    assert "The values from before it were not recorded." in told(manager.get(revert_of(alone)))
    assert "none → 31" not in told(manager.get(f"/changes/{alone}/"))
    core.reset()
    manager.post(revert_of(both), open_form(manager, revert_of(both)))
    assert sent(core) == [{"limit": 5}]


def test_a_timeout_that_was_left_out_was_none_and_can_be_none_again(
    manager: Client, core: OtherCore
) -> None:
    pool = core.sandbox.company("acme").add_pool("Orders", 5, timeout=None)
    core.answers = each_pool(
        lambda pool: {name: value for name, value in pool.items() if value is not None}
    )
    change = edit(manager, pool.id, timeout="31")
    core.reset()
    manager.post(revert_of(change), open_form(manager, revert_of(change)))
    assert sent(core) == [{"timeout": None}]
