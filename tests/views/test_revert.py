"""Taking recorded changes back: what is sent, what stands on the record, what cannot be done."""

import json
import uuid
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pools.models import Company, Entry
from pools.models.vocabulary import Action, Outcome, Readback
from sandbox.running import RunningSandbox
from tests.changes.recorded import a_change, read_back
from tests.fixtures.panel import SignIn, json_of, make_company, told
from tests.views.changing import (
    ONE_POOL,
    dialog,
    edit,
    newest,
    open_form,
    outcomes,
    revert_of,
    writes,
)

LIMIT = 77


def delete(client: Client, pool: int) -> uuid.UUID:
    address = f"/c/acme/pools/{pool}/delete/"
    name = client.get(address).context["pool"].name
    client.post(address, open_form(client, address, confirm_name=name))
    return newest()


def limit_of(core: RunningSandbox, pool: int) -> Any:
    return core.company("acme").pool(pool).limit


@pytest.fixture
def pool(manager: Client) -> int:
    return ONE_POOL


@pytest.fixture
def edited(manager: Client, pool: int) -> uuid.UUID:
    """An edit of the pool's limit, to 77."""
    return edit(manager, pool, limit=str(LIMIT), reason="T-1")


def test_a_revert_sends_what_the_edit_changed_and_nothing_else(
    manager: Client, core: RunningSandbox, pool: int
) -> None:
    before = limit_of(core, pool)
    address = revert_of(edit(manager, pool, limit=str(LIMIT)))
    answer = manager.post(address, open_form(manager, address, reason="T-2"), follow=True)
    assert f"limit {LIMIT} → {before}." in answer.content.decode()
    assert "Reverted the edit of" in answer.content.decode()
    assert json_of([r for r in core.journal if r.method == "PUT"][-1]) == {"limit": before}


def test_a_revert_has_its_own_reason_and_names_what_it_reverts(
    manager: Client, edited: uuid.UUID
) -> None:
    manager.post(revert_of(edited), open_form(manager, revert_of(edited), reason="T-2"))
    intent = Entry.objects.get(change=newest(), kind="intent")
    assert (intent.reason, json.loads(intent.facts)["reverts"]) == ("T-2", str(edited))


def test_history_and_change_pages_link_both_ways(
    manager: Client, pool: int, edited: uuid.UUID
) -> None:
    manager.post(revert_of(edited), open_form(manager, revert_of(edited)))
    back = newest()
    assert f'<a href="/changes/{back}/">Reverted by' in manager.get(f"/changes/{edited}/").text
    assert f'Reverts the <a href="/changes/{edited}/">edit' in manager.get(f"/changes/{back}/").text
    history = manager.get(f"/c/acme/pools/{pool}/").text
    assert f'<a href="/changes/{back}/">Reverted by' in history
    assert f'Reverts the <a href="/changes/{edited}/">edit' in history


def test_an_export_says_what_a_change_reverts(manager: Client, edited: uuid.UUID) -> None:
    manager.post(revert_of(edited), open_form(manager, revert_of(edited)))
    answer: Any = manager.post("/c/acme/changes/export/", {"format": "json"})
    lines = json.loads(b"".join(answer.streaming_content))
    assert [line["reverts"] for line in lines] == [str(edited), None]


def test_a_long_history_asks_the_database_no_more_often(manager: Client, pool: int) -> None:
    asked: list[int] = []
    for _ in range(2):
        edit(manager, pool, limit=str(LIMIT + len(asked)))
        for _ in range(3):
            manager.post(revert_of(newest()), open_form(manager, revert_of(newest())))
        with CaptureQueriesContext(connection) as queries:
            manager.get(f"/c/acme/pools/{pool}/")
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_a_pool_that_moved_since_is_shown_at_once(
    manager: Client, core: RunningSandbox, pool: int, edited: uuid.UUID
) -> None:
    core.company("acme").change_pool(pool, limit=500, timeout=999)
    page = manager.get(revert_of(edited))
    assert page.status_code == 409
    rows = {row.label: row for row in page.context["conflict"].rows}
    assert (rows["Limit"].opened, rows["Limit"].now) == (str(LIMIT), "500")
    assert (rows["Limit"].own, rows["Limit"].differs) == (True, True)
    assert (rows["Timeout"].wanted, rows["Timeout"].own) == ("999", False)
    assert "As that edit left it" in page.text


def test_reverting_after_that_leaves_what_others_changed(
    manager: Client, core: RunningSandbox, pool: int, edited: uuid.UUID
) -> None:
    core.company("acme").change_pool(pool, timeout=999)
    manager.post(revert_of(edited), open_form(manager, revert_of(edited)))
    assert core.company("acme").pool(pool).timeout == 999
    assert limit_of(core, pool) != LIMIT


def test_a_pool_that_moves_while_the_form_is_open_is_not_overwritten(
    manager: Client, core: RunningSandbox, pool: int, edited: uuid.UUID
) -> None:
    form = open_form(manager, revert_of(edited))
    core.company("acme").change_pool(pool, limit=500)
    answer = manager.post(revert_of(edited), form)
    assert (answer.status_code, limit_of(core, pool)) == (409, 500)
    assert answer.context["conflict"].rows[1].now == "500"


def test_where_nothing_is_to_be_put_back_there_is_no_button(
    manager: Client, core: RunningSandbox, pool: int
) -> None:
    before = limit_of(core, pool)
    address = revert_of(edit(manager, pool, limit=str(LIMIT)))
    form = open_form(manager, address)
    manager.post(address, form)
    page = manager.get(address)
    assert (page.status_code, limit_of(core, pool)) == (409, before)
    assert "There is nothing to revert." in page.text
    assert ">Revert</button>" not in page.text
    again = open_form(manager, address)
    assert "Nothing to revert" in manager.post(address, again).text


def test_a_second_submit_sends_nothing(
    manager: Client, core: RunningSandbox, edited: uuid.UUID
) -> None:
    form = open_form(manager, revert_of(edited))
    manager.post(revert_of(edited), form)
    answer = manager.post(revert_of(edited), form, follow=True)
    assert "You sent the form twice; the change was sent once." in answer.text
    assert len(writes(core)) == 2


@pytest.mark.parametrize("seen", ["", "forged"])
def test_a_form_without_its_seen_pool_is_not_sent(
    manager: Client, core: RunningSandbox, edited: uuid.UUID, seen: str
) -> None:
    form = open_form(manager, revert_of(edited), seen=seen)
    assert manager.post(revert_of(edited), form).status_code == 422
    assert len(writes(core)) == 1


def test_a_reason_is_required_where_edits_need_one(
    manager: Client, acme: Company, core: RunningSandbox, edited: uuid.UUID
) -> None:
    acme.reason_required_for = ["edit"]
    acme.save()
    form = open_form(manager, revert_of(edited), reason=" ")
    assert manager.post(revert_of(edited), form).status_code == 422
    assert len(writes(core)) == 1


def test_a_revert_can_be_reverted(
    manager: Client, core: RunningSandbox, pool: int, edited: uuid.UUID
) -> None:
    for _ in range(2):
        address = revert_of(newest())
        manager.post(address, open_form(manager, address))
    assert limit_of(core, pool) == LIMIT


def test_in_the_dialog_it_answers_with_a_sentence(
    manager: Client, pool: int, edited: uuid.UUID
) -> None:
    form = open_form(manager, revert_of(edited))
    answer = dialog(manager, revert_of(edited), form, f"/c/acme/pools/{pool}/")
    assert answer["HX-Trigger"] == "pools:changed, pools:outdated"
    assert answer["HX-Retarget"] == "#outcome"


def test_from_a_changes_own_page_it_leads_to_the_pool(
    manager: Client, pool: int, edited: uuid.UUID
) -> None:
    form = open_form(manager, revert_of(edited))
    answer = dialog(manager, revert_of(edited), form, f"/changes/{edited}/")
    assert (answer.status_code, answer["HX-Redirect"]) == (204, f"/c/acme/pools/{pool}/")


def test_a_held_pool_cannot_be_reverted(
    manager: Client, core: RunningSandbox, pool: int, edited: uuid.UUID
) -> None:
    clear = f"/c/acme/pools/{pool}/clear/"
    form = open_form(manager, clear)
    core.set_fault("status=500;only=writes")
    manager.post(clear, form)
    core.set_fault(None)
    answer = manager.post(revert_of(edited), open_form(manager, revert_of(edited)))
    assert answer.status_code == 409
    assert outcomes() == ["done", "unknown"]


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"action": Action.CLEAR}, "neither Patchworks nor the panel kept them"),
        ({"action": Action.CREATE}, "To undo a new pool, delete it."),
        ({"outcome": Outcome.REFUSED}, "Nothing was changed."),
        ({"outcome": Outcome.NOT_SENT}, "Nothing was changed."),
        ({"outcome": Outcome.UNKNOWN}, "We can't tell yet whether it happened."),
        ({"outcome": None}, "We can't tell yet whether it happened."),
    ],
)
def test_what_cannot_be_reverted_says_why(
    manager: Client, core: RunningSandbox, facts: dict[str, Any], sentence: str
) -> None:
    page = manager.get(revert_of(a_change(**facts)))
    assert page.status_code == 409
    assert sentence in unescape(page.text)
    assert core.journal == []


@pytest.mark.parametrize(
    ("action", "why"),
    [
        (Action.EDIT, "the pool didn't show it afterwards."),
        (Action.DELETE, "the pool was still there afterwards."),
    ],
)
def test_what_was_read_and_did_not_show_it_cannot_be_reverted(
    manager: Client, core: RunningSandbox, action: Action, why: str
) -> None:
    change = a_change(action=action)
    read_back(change, Readback.NOT_SHOWN)
    page = manager.get(revert_of(change))
    assert page.status_code == 409
    assert why in unescape(page.text)
    assert core.journal == []


def test_an_edit_that_could_not_be_read_back_says_so_and_can_be_reverted(
    manager: Client, core: RunningSandbox, pool: int
) -> None:
    core.set_fault("rate-limit=1;only=get;skip=2")
    change = edit(manager, pool, limit=str(LIMIT))
    core.set_fault(None)
    page = unescape(manager.get(f"/changes/{change}/").text)
    assert "</svg>done, not checked</span>" in page
    assert "We couldn't read the pool afterwards, so we haven't seen it ourselves." in page
    assert "The pool couldn't be read afterwards" in page
    assert "not seen" not in page
    assert f'href="{revert_of(change)}"' in page
    rows = manager.get(f"/changes/{change}/").context["rows"]
    assert [row.label for row in rows if row.differs] == ["Limit"]
    manager.post(revert_of(change), open_form(manager, revert_of(change)))
    assert outcomes() == ["done", "done"]


def test_an_edit_that_was_not_seen_says_so_and_is_not_reverted(
    manager: Client, core: RunningSandbox, pool: int
) -> None:
    core.set_fault("do-nothing;only=update")
    change = edit(manager, pool, limit=str(LIMIT))
    core.set_fault(None)
    for address in (f"/c/acme/pools/{pool}/", f"/changes/{change}/"):
        page = manager.get(address).text
        assert 'chip-unseen">' in page
        assert "</svg>done, not seen</span>" in page
        assert "the pool may still be as it was" in page
        assert revert_of(change) not in page
    assert "</svg>done, not seen</span>" in manager.get("/c/acme/pools/", {"per_page": 100}).text
    assert "</svg>done, not seen</span>" in manager.get("/c/acme/changes/?outcome=done").text


def test_a_revert_that_was_not_seen_leaves_the_edit_to_be_reverted(
    manager: Client, core: RunningSandbox, pool: int, edited: uuid.UUID
) -> None:
    form = open_form(manager, revert_of(edited))
    core.set_fault("do-nothing;only=update")
    manager.post(revert_of(edited), form)
    core.set_fault(None)
    assert limit_of(core, pool) == LIMIT
    for address in (f"/c/acme/pools/{pool}/", f"/changes/{edited}/"):
        page = manager.get(address).text
        assert f'href="{revert_of(edited)}"' in page
        assert "Reverted by" not in page


def test_another_companys_change_is_404(manager: Client, core: RunningSandbox) -> None:
    make_company(core, "northwind", "Northwind")
    change = a_change(company="northwind")
    assert manager.get(revert_of(change)).status_code == 404
    assert manager.post(revert_of(change)).status_code == 404
    assert manager.get(f"/c/northwind/changes/{change}/revert/").status_code == 403
    assert manager.get(revert_of(uuid.uuid4())).status_code == 404


def test_after_a_delete_the_form_has_the_values_from_before(manager: Client, pool: int) -> None:
    name = manager.get(f"/c/acme/pools/{pool}/").context["pool"].name
    page = manager.get(revert_of(delete(manager, pool)))
    assert page.context["form"]["name"].value() == name
    assert f"Its id {pool}" in told(page)
    assert "don't come back" in page.text
    assert "you have to attach connectors to it there" in page.text


def test_creating_again_makes_a_new_pool_and_says_what_it_was(
    manager: Client, core: RunningSandbox, pool: int
) -> None:
    change = delete(manager, pool)
    address = revert_of(change)
    answer = manager.post(address, open_form(manager, address, reason="T-5"), follow=True)
    assert "again in Acme, with a new id." in told(answer)
    assert answer.context["pool"].id != pool
    intent = Entry.objects.get(change=newest(), kind="intent")
    assert (intent.action, json.loads(intent.facts)["reverts"]) == ("create", str(change))
    assert "Created again by" in manager.get(f"/changes/{change}/").text


def test_where_a_pool_was_its_history_leads_back(manager: Client, pool: int) -> None:
    edit(manager, pool, limit=str(LIMIT))
    change = delete(manager, pool)
    page = manager.get(f"/c/acme/pools/{pool}/")
    assert page.status_code == 404
    found = [entry.revert_href for entry in page.context["history"]]
    assert found == [revert_of(change), ""]


def test_who_may_not_create_may_not_create_again(sign_in_as: SignIn, core: RunningSandbox) -> None:
    change = a_change(action=Action.DELETE)
    read_back(change)
    operator = sign_in_as("Operator")
    page = operator.get(revert_of(change))
    assert page.status_code == 403
    assert "Your role doesn&#39;t let you create pools." in page.text
    assert operator.post(revert_of(change)).status_code == 403
    assert core.journal == []


def test_an_address_cut_short_leads_to_the_pools(manager: Client) -> None:
    assert manager.get("/c/acme/")["Location"] == "/c/acme/pools/"
    assert manager.get("/c/nobody/").status_code == 404
