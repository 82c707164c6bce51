"""Changing pools through the pages: what is sent, what is recorded, what comes back."""

import re
import uuid
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from pools.models import Entry
from sandbox.running import RunningSandbox
from tests.fixtures.panel import SignIn, json_of, told
from tests.views.changing import NEW, ONE_POOL, dialog, edit, open_form, outcomes, writes


def hidden(page: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.content.decode())
    assert found, name
    return found.group(1)


def test_creating_leads_to_the_new_pool(manager: Client, core: RunningSandbox) -> None:
    form = open_form(manager, NEW, name="Fresh", limit="4", timeout="", reason="T-1")
    answer = manager.post(NEW, form, follow=True)
    pool = answer.context["pool"].id
    assert f"Created “Fresh” ({pool}) in Acme." in told(answer)
    assert writes(core) == [("POST", "/api/v1/connection-pools")]
    assert outcomes() == ["done"]


def test_edit_sends_what_changed_and_nothing_else(manager: Client, core: RunningSandbox) -> None:
    address = f"/c/acme/pools/{ONE_POOL}/edit/"
    manager.post(address, open_form(manager, address, limit="77", reason="T-2"))
    sent = next(request for request in core.journal if request.method == "PUT")
    assert json_of(sent) == {"limit": 77}


def test_edit_shows_in_the_history(manager: Client) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/edit/"
    manager.post(address, open_form(manager, address, limit="77", reason="T-3"))
    item = manager.get(f"/c/acme/pools/{pool}/").context["history"][0].change
    assert (item.actor_name, item.reason, item.outcome) == ("manager", "T-3", "done")
    assert [(d.field, d.after) for d in item.differences] == [("limit", "77")]


def test_saving_nothing_is_said_and_not_sent(manager: Client, core: RunningSandbox) -> None:
    address = f"/c/acme/pools/{ONE_POOL}/edit/"
    answer = manager.post(address, open_form(manager, address))
    assert answer.status_code == 422
    assert "Nothing to save" in answer.content.decode()
    assert writes(core) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "   "), ("name", "x" * 256), ("name", "a\x00b"),
        ("limit", ""), ("limit", "0"), ("limit", "-1"), ("limit", "1.5"), ("limit", "ten"),
        ("limit", str(10**20)), ("timeout", "0"), ("timeout", "soon"),
        ("reason", "x" * 1001),
    ],
)  # fmt: skip
def test_bad_values_come_back_filled_in(
    manager: Client, core: RunningSandbox, field: str, value: str
) -> None:
    good = {"name": "Fresh", "limit": "4", "timeout": "30", "reason": "why"}
    answer = manager.post(NEW, open_form(manager, NEW, **(good | {field: value})))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    kept = {name: answer.context["form"][name].value() for name in good}
    assert kept == good | {field: value}
    assert writes(core) == []


@pytest.mark.parametrize("name", ["x" * 255, "😀" * 255, "<b>bold</b>", "a, b", "שלום", '"'])
def test_awkward_names_arrive_whole(manager: Client, core: RunningSandbox, name: str) -> None:
    manager.post(NEW, open_form(manager, NEW, name=name, limit="1"))
    assert json_of(next(r for r in core.journal if r.method == "POST"))["name"] == name


def test_second_submit_sends_nothing(manager: Client, core: RunningSandbox) -> None:
    form = open_form(manager, NEW, name="Once", limit="1")
    manager.post(NEW, form)
    answer = manager.post(NEW, form, follow=True)
    assert "You sent the form twice; the change was sent once." in answer.content.decode()
    assert len(writes(core)) == 1


def test_a_conflict_sends_nothing_and_is_shown_in_the_fields_row(
    manager: Client, core: RunningSandbox
) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/edit/"
    form = open_form(manager, address, limit="77")
    core.company("acme").change_pool(pool, limit=66, timeout=999)
    answer = manager.post(address, form)
    assert answer.status_code == 409
    assert writes(core) == []
    timeout = next(r for r in answer.context["conflict"].rows if r.label == "Timeout")
    assert (timeout.now, timeout.differs, timeout.own) == ("999", True, False)
    limit = next(r for r in answer.context["conflict"].rows if r.label == "Limit")
    assert (limit.now, limit.differs, limit.own) == ("66", True, True)
    page = told(answer)
    assert f"It was changed: {limit.opened} → 66. You typed 77. Keep theirs" in page
    assert "→ 999. You didn't change it, so the new value stays." in page
    assert answer.text.count("Keep theirs") == 1


def conflict_with(
    manager: Client, sign_in_as: SignIn, core: RunningSandbox, **values: str
) -> tuple[str, dict[str, str], Any]:
    """An edit of limit and timeout that an operator got ahead of: where, its form, the answer."""
    pool = core.company("acme").add_pool("Contested", 5, timeout=30).id
    address = f"/c/acme/pools/{pool}/edit/"
    form = open_form(manager, address, limit="9", timeout="60", reason="ZD-1")
    edit(sign_in_as("Operator"), pool, **values)
    core.reset()
    return address, form, manager.post(address, form)


def test_a_conflict_names_the_colleague_and_how_long_ago(
    manager: Client, sign_in_as: SignIn, core: RunningSandbox
) -> None:
    _, _, answer = conflict_with(manager, sign_in_as, core, limit="7", name="Renamed")
    page = told(answer)
    assert "operator changed it: 5 → 7, seconds ago. You typed 9." in page
    assert "operator changed it: Contested → Renamed, seconds ago. You didn't change it" in page


def test_a_conflict_with_a_change_outside_the_panel_blames_nobody(
    manager: Client, sign_in_as: SignIn, core: RunningSandbox
) -> None:
    address, form, answer = conflict_with(manager, sign_in_as, core, limit="7")
    form |= {"limit": "8", "seen": hidden(answer, "seen"), "form_id": hidden(answer, "form_id")}
    core.company("acme").change_pool(int(address.split("/")[-3]), limit=6)
    page = told(manager.post(address, form))
    assert "It was changed outside the panel: 7 → 6, seconds ago. You typed 8." in page


def test_keep_theirs_sends_nothing_and_leaves_what_else_was_typed(
    manager: Client, sign_in_as: SignIn, core: RunningSandbox
) -> None:
    address, form, answer = conflict_with(manager, sign_in_as, core, limit="7", name="Renamed")
    hiddens = {name: hidden(answer, name) for name in ("form_id", "seen")}
    kept = manager.post(address, form | hiddens | {"name": "Renamed", "keep": "limit"})
    assert kept.status_code == 200
    assert writes(core) == []
    shown = kept.context["form"]
    values = {name: str(shown[name].value()) for name in ("name", "limit", "timeout", "reason")}
    assert values == {"name": "Renamed", "limit": "7", "timeout": "60", "reason": "ZD-1"}
    again = {name: str(shown[name].value() or "") for name in shown.fields}
    manager.post(address, again)
    assert json_of(next(r for r in core.journal if r.method == "PUT")) == {"timeout": 60}


def test_an_edit_begins_at_the_limit_and_says_who_shares_it(
    manager: Client, core: RunningSandbox
) -> None:
    pool = core.company("acme").add_pool("Shared", 5).id
    for name in ("live", "sandbox"):
        core.company("acme").add_connector(pool, name=name, system={"id": 1, "name": "Cin7"})
    answer = manager.get(f"/c/acme/pools/{pool}/edit/")
    assert "Now 5 requests at a time, shared by 2 connectors: Cin7." in told(answer)
    page = LexborHTMLParser(answer.content)
    assert [each.attributes["name"] for each in page.css("main [autofocus]")] == ["limit"]
    new = LexborHTMLParser(manager.get(NEW).content)
    assert [each.attributes["name"] for each in new.css("main [autofocus]")] == ["name"]


def test_a_field_that_was_left_alone_is_no_conflict(manager: Client, core: RunningSandbox) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/edit/"
    form = open_form(manager, address, limit="77")
    core.company("acme").change_pool(pool, timeout=999)
    assert manager.post(address, form).status_code == 302
    kept = core.company("acme").pool(pool)
    assert (kept.limit, kept.timeout) == (77, 999)


def test_going_on_after_a_conflict_keeps_the_colleagues_value(
    manager: Client, core: RunningSandbox
) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/edit/"
    form = open_form(manager, address, limit="77")
    core.company("acme").change_pool(pool, limit=66, timeout=999)
    page = manager.post(address, form)
    again = {name: page.context["form"][name].value() for name in ("name", "limit", "timeout")}
    again |= {name: hidden(page, name) for name in ("form_id", "seen")}
    manager.post(address, again)
    assert json_of(next(r for r in core.journal if r.method == "PUT")) == {"limit": 77}


def test_a_conflict_without_values_compares_two_versions(
    manager: Client, core: RunningSandbox
) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/delete/"
    form = open_form(manager, address)
    form |= {"confirm_name": manager.get(address).context["pool"].name}
    core.company("acme").change_pool(pool, timeout=999)
    page = manager.post(address, form).text
    assert "Compare below, then delete it again if you still want to." in page
    assert "As you want it" not in page
    assert page.count('<th scope="col">') == 2


def test_a_clear_is_no_conflict_with_an_edit(manager: Client, core: RunningSandbox) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/clear/"
    form = open_form(manager, address)
    core.company("acme").change_pool(pool, limit=66)
    assert manager.post(address, form).status_code == 302
    assert [applied.action for applied in core.applied] == ["clear"]


def test_a_conflict_over_a_connector_shows_the_connectors(
    manager: Client, core: RunningSandbox
) -> None:
    pool = core.company("acme").add_pool("Returns").id
    address = f"/c/acme/pools/{pool}/delete/"
    form = open_form(manager, address)
    connector = core.company("acme").add_connector(pool, name="Shop")
    answer = manager.post(address, form)
    assert answer.status_code == 409
    (row,) = [row for row in answer.context["conflict"].rows if row.differs]
    assert (row.label, row.opened, row.now) == ("Connectors", "none", str(connector))
    assert writes(core) == []


@pytest.mark.parametrize("seen", ["", "forged", "eyJh.x.y"])
def test_a_form_without_its_seen_pool_is_not_sent(
    manager: Client, core: RunningSandbox, seen: str
) -> None:
    address = f"/c/acme/pools/{ONE_POOL}/edit/"
    answer = manager.post(address, open_form(manager, address, limit="77", seen=seen))
    assert answer.status_code == 422
    assert writes(core) == []


def test_another_pools_form_is_not_sent(manager: Client, core: RunningSandbox) -> None:
    pool = ONE_POOL
    form = open_form(manager, f"/c/acme/pools/{pool}/clear/")
    answer = manager.post(f"/c/acme/pools/{pool + 1}/clear/", form)
    assert answer.status_code == 422
    assert writes(core) == []


def test_clear_is_one_post(manager: Client, core: RunningSandbox) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/clear/"
    answer = manager.post(address, open_form(manager, address, reason="stuck"), follow=True)
    assert "Cleared the pending requests of" in answer.content.decode()
    assert writes(core) == [("POST", f"/api/v1/connection-pools/{pool}/clear")]


def test_delete_asks_for_the_name_where_connectors_hang(
    manager: Client, core: RunningSandbox
) -> None:
    address = f"/c/acme/pools/{ONE_POOL}/delete/"
    answer = manager.post(address, open_form(manager, address, confirm_name="wrong"))
    assert answer.status_code == 422
    assert "confirm_name" in answer.context["form"].errors
    assert writes(core) == []


def test_delete_with_the_name_deletes(manager: Client, core: RunningSandbox) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/delete/"
    name = manager.get(address).context["pool"].name
    answer = manager.post(address, open_form(manager, address, confirm_name=name), follow=True)
    assert answer.redirect_chain == [("/c/acme/pools/", 302)]
    assert manager.get(f"/c/acme/pools/{pool}/").status_code == 404


def test_unknown_outcome_holds_the_pool(manager: Client, core: RunningSandbox) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/clear/"
    form = open_form(manager, address)
    core.set_fault("status=500;only=writes")
    answer = manager.post(address, form, follow=True)
    said = told(answer)
    assert re.search(rf"We can't tell whether “[^”]+” \({pool}\) in Acme was cleared\.", said)
    assert "in Acme was cleared. Don't send it again." in said
    core.set_fault(None)
    again = manager.post(address, open_form(manager, address))
    assert again.status_code == 409
    assert len(writes(core)) == 1


def test_an_unknown_creation_points_to_the_list(manager: Client, core: RunningSandbox) -> None:
    form = open_form(manager, NEW, name="Perhaps", limit="3")
    core.set_fault("status=500;only=writes")
    page = manager.post(NEW, form, follow=True)
    said = "In about a minute, Check again above the list of pools shows what happened."
    assert said in page.text
    assert page.context["open_changes"]


def test_an_unknown_clear_promises_no_finding_out(manager: Client, core: RunningSandbox) -> None:
    address = f"/c/acme/pools/{ONE_POOL}/clear/"
    form = open_form(manager, address)
    core.set_fault("status=500;only=writes")
    page = manager.post(address, form, follow=True).text
    assert "A clear leaves nothing to look up." in page
    assert "shows what happened" not in page


def test_releasing_needs_a_reason_and_frees_the_pool(manager: Client, core: RunningSandbox) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/clear/"
    form = open_form(manager, address)
    core.set_fault("status=500;only=writes")
    manager.post(address, form)
    core.set_fault(None)
    change = manager.get(f"/c/acme/pools/{pool}/").context["open_changes"][0].change_id
    release = f"/c/acme/changes/{change}/release/"
    assert manager.post(release, {"reason": " "}).status_code == 422
    manager.post(release, {"reason": "looked at the queue"})
    manager.post(address, open_form(manager, address))
    assert outcomes() == ["unknown", "done"]


def test_a_line_break_of_a_reason_is_one_character(manager: Client) -> None:
    lines = ["x" * 50] * 19 + ["y" * 31]
    address = f"/c/acme/pools/{ONE_POOL}/edit/"
    answer = manager.post(
        address, open_form(manager, address, limit="7", reason="\r\n".join(lines))
    )
    assert answer.status_code == 302
    assert Entry.objects.get(kind="intent").reason == "\n".join(lines)
    assert len("\n".join(lines)) == 1000
    again = open_form(manager, address, limit="8", reason="\r\n".join([*lines, ""]) + "z")
    assert manager.post(address, again).status_code == 422


def test_not_sent_keeps_the_form(manager: Client, core: RunningSandbox) -> None:
    form = open_form(manager, NEW, name="Kept", limit="3", reason="T-9")
    core.set_fault("rate-limit;only=writes")
    answer = manager.post(NEW, form)
    assert answer.status_code == 429
    assert answer.context["form"]["name"].value() == "Kept"
    assert hidden(answer, "form_id") != form["form_id"]


def test_core_refusing_a_field_lands_on_it(manager: Client, core: RunningSandbox) -> None:
    form = open_form(manager, NEW, name="Kept", limit="3")
    core.set_fault("status=422;only=writes")
    answer = manager.post(NEW, form)
    assert answer.status_code == 422
    assert outcomes() == ["refused"]


def test_a_read_only_key_is_refused_by_core(sign_in_as: SignIn, core: RunningSandbox) -> None:
    client = sign_in_as("Manager", token="read_only")
    answer = client.post(NEW, open_form(client, NEW, name="X", limit="1"))
    assert answer.status_code == 403
    assert "Your token for Acme may not create pools." in told(answer)


@pytest.mark.parametrize("page", ["new/", "1/edit/", "1/clear/", "1/delete/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_reader_is_refused_every_change(
    reader: Client, core: RunningSandbox, page: str, method: str
) -> None:
    answer = getattr(reader, method)(f"/c/acme/pools/{page}")
    assert answer.status_code == 403
    assert core.journal == []


@pytest.mark.parametrize(
    "pool", ["..", "1/../2", "%2e%2e", str(10**30), "01", "x", "1%00", "%D9%A1", "-1"]
)
def test_an_id_that_is_none_reaches_nothing(
    manager: Client, core: RunningSandbox, pool: str
) -> None:
    assert manager.get(f"/c/acme/pools/{pool}/clear/").status_code == 404
    assert core.journal == []


@pytest.mark.parametrize("in_dialog", [False, True])
def test_a_new_pools_form_from_before_an_update_says_so_and_can_be_sent_again(
    manager: Client, core: RunningSandbox, in_dialog: bool
) -> None:
    """It doesn't say yet at which address of its company it was opened."""
    typed = open_form(manager, NEW, name="Fresh", limit="4", timeout="30", reason="T-1")
    del typed["seen"]
    page = dialog(manager, NEW, typed, "/c/acme/pools/") if in_dialog else manager.post(NEW, typed)
    assert page.status_code == 422
    assert "you opened this form before the panel was updated" in told(page)
    assert writes(core) == []
    form = page.context["form"]
    shown = {name: form[name].value() or "" for name in form.fields}
    assert {name: shown[name] for name in typed if name != "form_id"} == {
        name: typed[name] for name in typed if name != "form_id"
    }
    assert f'value="{shown["seen"]}"' in page.content.decode()
    manager.post(NEW, shown)
    assert writes(core) == [("POST", "/api/v1/connection-pools")]
    assert outcomes() == ["done"]


@pytest.mark.parametrize("act", ["edit", "clear", "delete"])
def test_a_form_of_a_pool_that_does_not_say_which_is_refused_with_what_was_typed(
    manager: Client, core: RunningSandbox, act: str
) -> None:
    """Sent again it would be about whatever pool has the id by now: it has to be opened again."""
    address = f"/c/acme/pools/{ONE_POOL}/{act}/"
    typed = open_form(manager, address, reason="T-1") | {"seen": ""}
    page = manager.post(address, typed)
    assert page.status_code == 422
    assert "Open it again." in told(page)
    assert page.context["form"]["reason"].value() == "T-1"
    assert manager.post(address, typed).status_code == 422
    assert writes(core) == []


def test_a_dialog_answers_with_a_sentence_and_an_event(manager: Client) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/clear/"
    answer = dialog(manager, address, open_form(manager, address), "/c/acme/pools/?page=2")
    assert answer.status_code == 200
    assert answer["HX-Trigger"] == "pools:changed"
    assert answer["HX-Retarget"] == "#outcome"


def test_deleting_from_its_own_page_leaves_it(manager: Client) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/delete/"
    name = manager.get(address).context["pool"].name
    form = open_form(manager, address, confirm_name=name)
    answer = dialog(manager, address, form, f"/c/acme/pools/{pool}/")
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/c/acme/pools/")


def test_a_dialog_with_bad_values_stays_a_dialog(manager: Client) -> None:
    form = open_form(manager, NEW, name="", limit="1") | {"form_id": str(uuid.uuid4())}
    answer = dialog(manager, NEW, form, "/c/acme/pools/")
    assert answer.status_code == 422
    assert "<html" not in answer.content.decode()


def test_a_refused_token_is_mended_and_the_form_is_still_filled(
    manager: Client, core: RunningSandbox
) -> None:
    address = f"/c/acme/pools/{ONE_POOL}/edit/"
    form = open_form(manager, address, limit="77", reason="T-11")
    core.set_fault("status=401;only=writes")
    answer = manager.post(address, form)
    assert answer.context["problem"].next_href.endswith(f"?next={quote(address, safe='')}")
    core.set_fault(None)
    again = manager.get(address).context["form"]
    assert (again["limit"].value(), again["reason"].value()) == ("77", "T-11")


@pytest.mark.parametrize("fault", ["status=500;only=reads", "status=401"])
def test_a_form_that_cannot_be_shown_yet_is_still_filled_afterwards(
    manager: Client, core: RunningSandbox, fault: str
) -> None:
    address = f"/c/acme/pools/{ONE_POOL}/edit/"
    form = open_form(manager, address, limit="77")
    core.set_fault("status=401;only=writes")
    manager.post(address, form)
    core.set_fault(fault)
    for _ in range(2):
        assert "Your entries are kept." in manager.get(address).context["problem"].next_text
    core.set_fault(None)
    assert manager.get(address).context["form"]["limit"].value() == "77"
    core.set_fault(fault)
    assert "entries" not in manager.get(address).context["problem"].next_text


def test_an_unknown_outcome_quotes_patchworks(manager: Client, core: RunningSandbox) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/edit/"
    core.set_fault("status=423;only=writes")
    page = manager.post(address, open_form(manager, address, limit="77"), follow=True)
    said = unescape(re.sub("<[^>]+>|[\u2066-\u2069]", "", page.text))
    assert "in its documentation (423). Patchworks said: “" in said


def test_what_was_not_typed_follows_the_pool_meanwhile(
    manager: Client, core: RunningSandbox
) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/edit/"
    form = open_form(manager, address, limit="77")
    core.set_fault("status=401;only=writes")
    manager.post(address, form)
    core.set_fault(None)
    core.company("acme").change_pool(pool, timeout=999)
    assert manager.get(address).context["form"]["timeout"].value() == 999


def test_a_kept_form_is_given_back_once_and_at_its_own_address(
    manager: Client, core: RunningSandbox
) -> None:
    core.set_fault("status=401;only=writes")
    manager.post(NEW, open_form(manager, NEW, name="Kept", limit="3"))
    pool = ONE_POOL
    assert manager.get(f"/c/acme/pools/{pool}/edit/").context["form"]["name"].value() != "Kept"
    assert manager.get(NEW).context["form"]["name"].value() == "Kept"
    assert manager.get(NEW).context["form"]["name"].value() is None


def test_what_core_confirms_and_does_not_do_is_told_and_stays_told(
    manager: Client, core: RunningSandbox
) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/edit/"
    limit = manager.get(address).context["pool"].limit
    form = open_form(manager, address, limit=str(limit + 1))
    core.set_fault("do-nothing;only=writes")
    page = manager.post(address, form, follow=True).content.decode()
    assert f"limit {limit} → {limit + 1}. Patchworks confirmed this, but the pool" in page
    item = manager.get(f"/c/acme/pools/{pool}/").context["history"][0].change
    assert [(d.before, d.after) for d in item.differences] == [(str(limit), str(limit + 1))]
    assert "but the pool didn't show it afterwards." in unescape(page)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("0", "At least 1."),
        ("99999999999", "At most 2147483647: Patchworks may not keep larger numbers."),
        (str(2**31), "At most 2147483647: Patchworks may not keep larger numbers."),
    ],
)
def test_a_number_out_of_bounds_is_told_the_bound(
    manager: Client, core: RunningSandbox, typed: str, said: str
) -> None:
    typed_in_both = {"limit": typed, "timeout": typed}
    answer = manager.post(NEW, open_form(manager, NEW, name="Fresh", **typed_in_both))
    assert answer.context["form"].errors == {"limit": [said], "timeout": [said]}
    assert writes(core) == []


def test_a_held_pool_says_so_before_a_form_is_filled_in(
    manager: Client, core: RunningSandbox
) -> None:
    address = f"/c/acme/pools/{ONE_POOL}/clear/"
    form = open_form(manager, address)
    core.set_fault("status=500;only=writes")
    manager.post(address, form)
    core.set_fault(None)
    page = manager.get(address)
    assert page.status_code == 409
    change = Entry.objects.get(kind="intent").change
    assert page.context["problem"].next_href == f"/changes/{change}/"


def test_what_is_typed_in_a_form_that_was_sent_is_another_change(
    manager: Client, core: RunningSandbox
) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/edit/"
    form = open_form(manager, address, limit="77", reason="T-1")
    manager.post(address, form)
    # By the browser's way back, which shows the form as it was left.
    answer = manager.post(address, form | {"limit": "78", "reason": "T-2"})
    said = told(answer)
    assert (answer.status_code, len(writes(core))) == (409, 1)
    assert "You sent this form before, with other entries." in said
    assert "This time, nothing was sent. Your entries are still here." in said
    assert answer.context["form"].typed()["limit"] == "78"
    # The pool has other values by then: that is a conflict, and after it the entries are sent.
    again = form | {"limit": "78", "reason": "T-2", "form_id": hidden(answer, "form_id")}
    answer = manager.post(address, again)
    assert answer.status_code == 409
    again |= {"form_id": hidden(answer, "form_id"), "seen": hidden(answer, "seen")}
    answer = manager.post(address, again, follow=True)
    assert "limit 77 → 78" in told(answer)
    assert outcomes() == ["done", "done"]
