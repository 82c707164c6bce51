"""The page of a list: previewed, run by its maker alone, stopped, gone on with, and looked at."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from pools.batches import calls_left
from pools.models import Allowance, Batch, BatchItem, Company, Entry
from pools.models.batch import Operation
from sandbox.running import RunningSandbox
from tests.batches.lists import ends, frozen, progress, with_connectors
from tests.changes.making import settled
from tests.fixtures.panel import SignIn, give_token, make_company, person_of, streamed, told
from tests.fixtures.place import Place

FRAGMENT = {"HX-Request": "true", "HX-Target": "batch-progress"}


@pytest.fixture(autouse=True)
def nothing_heard() -> Any:
    yield
    calls_left._heard.clear()


@pytest.fixture
def place(core: RunningSandbox, acme: Company) -> Place:
    pool = core.company("acme").pools()[0]
    return Place(core, core.company("acme"), acme, pool.id)


def list_of(
    place: Place,
    client: Client,
    count: int = 3,
    operation: Operation = Operation.LIMIT,
    **how: Any,
) -> Batch:
    ids = [pool.id for pool in place.at_core.pools()[:count]]
    how = how or ({"to": 99} if operation is Operation.LIMIT else {})
    return frozen(place, person_of(client), operation, how, ids)


def page_of(batch: Batch) -> str:
    return f"/c/acme/batches/{batch.pk}/"


def run(client: Client, batch: Batch, **typed: str) -> Any:
    return client.post(f"{page_of(batch)}run/", {"start": "1", **typed}, follow=True)


def test_the_preview_shows_each_pool_with_what_happens_to_it(manager: Client, place: Place) -> None:
    batch = list_of(place, manager)
    text = told(manager.get(page_of(batch)))
    for pool in place.at_core.pools()[:3]:
        assert f"{pool.name} {pool.id}" in text
        assert f"limit {pool.limit} → 99" in text
    assert "Set limit to 99" in text
    assert "Nothing has been sent yet." in text
    assert "Run: change 3 pools" in text
    assert "ZD-4711" in text
    assert "Type" not in text
    assert place.writes() == []


def test_cancel_leads_to_the_list_that_the_pools_were_ticked_on(
    manager: Client, place: Place
) -> None:
    new = "/c/acme/batches/new/"
    chosen = {"origin": "1", "pool": ["1", "2"], "query": "search=orders"}
    form = LexborHTMLParser(manager.post(new, chosen).content)
    assert form.css("a[data-close][href='/c/acme/pools/?search=orders']")
    filled = {**chosen, "operation": "timeout", "timeout_to": "37", "reason": "ZD-4711"}
    preview = manager.post(new, {**filled, "freeze": "1"}, follow=True)
    batch = Batch.objects.get()
    assert preview.redirect_chain == [(f"{page_of(batch)}?list=search%3Dorders", 302)]
    cancel = "a[data-close][href='/c/acme/pools/?search=orders']"
    assert LexborHTMLParser(preview.content).css(cancel)
    wrong = {"HX-Current-URL": f"http://testserver{page_of(batch)}?list=search%3Dorders"}
    again = manager.post(f"{page_of(batch)}run/", headers={**FRAGMENT, **wrong})
    assert LexborHTMLParser(again.content).css(cancel)
    # Back asks for the form anew: it is as it was, each time.
    for _ in range(2):
        back = LexborHTMLParser(manager.get(new).content)
        boxes = back.css("[name='pool'][checked]")
        assert [each.attributes["value"] for each in boxes] == ["1", "2"]
        assert back.css("[name='timeout_to'][value='37']")
    # Another choice is another form.
    other = LexborHTMLParser(manager.post(new, {"origin": "1", "pool": "3"}).content)
    assert len(other.css("[name='pool'][checked]")) == 1
    assert "No pool is chosen" in told(manager.get(new))


def test_what_cannot_be_undone_says_so_first(manager: Client, place: Place) -> None:
    clear = told(manager.get(page_of(list_of(place, manager, 2, Operation.CLEAR))))
    assert "Patchworks doesn't say how many wait" in clear
    delete = told(manager.get(page_of(list_of(place, manager, 2, Operation.DELETE))))
    assert "This is permanent." in delete
    assert "Run: delete 2 pools" in delete


def test_run_does_it_and_reports_it(manager: Client, place: Place) -> None:
    batch = list_of(place, manager)
    answer = run(manager, batch)
    assert answer.redirect_chain == [(page_of(batch), 302)]
    text = told(answer)
    assert ends(batch) == ["done"] * 3
    assert "3 of 3 · ended" in text
    assert "Done 3" in text
    assert "Run:" not in text
    changes = Entry.objects.filter(batch=batch.pk, kind="intent")
    assert all(f"/changes/{each.change}/" in answer.content.decode() for each in changes)


def test_a_refused_line_says_each_reason(
    manager: Client, place: Place, core: RunningSandbox
) -> None:
    batch = list_of(place, manager, count=1)
    core.set_fault("status=422;only=writes")
    page = told(run(manager, batch))
    reasons = ["limit: A sandbox says no.", "limit: It says so twice.", "name: Nor this."]
    assert [each for each in reasons if each not in page] == []


def test_above_ten_the_number_is_typed(manager: Client, place: Place) -> None:
    batch = list_of(place, manager, 11)
    assert "Type 11 to run it" in told(manager.get(page_of(batch)))
    for typed in ("", "10", "eleven"):
        refused = run(manager, batch, number=typed)
        assert (refused.status_code, "Type 11 to run this list." in told(refused)) == (422, True)
    assert (place.writes(), progress(batch).phase) == ([], "frozen")
    # What is said of it has its place in the part that the run takes: it goes with it.
    wrong = manager.post(f"{page_of(batch)}run/", {"start": "1", "number": "1"}, headers=FRAGMENT)
    (said,) = LexborHTMLParser(wrong.content).css("#batch-progress [role=alert]")
    assert "Nothing was sent." in said.text()
    run(manager, batch, number="11")
    assert ends(batch) == ["done"] * 11


def test_deleting_a_pool_with_connectors_asks_for_the_number(manager: Client, place: Place) -> None:
    ids = [with_connectors(place, "Busy", Shopify=1), place.at_core.add_pool("Idle", 5).id]
    idle = frozen(place, person_of(manager), Operation.DELETE, {}, ids[1:])
    assert "Type" not in told(manager.get(page_of(idle)))
    batch = frozen(place, person_of(manager), Operation.DELETE, {}, ids)
    assert "Type 2 to run it" in told(manager.get(page_of(batch)))
    refused = run(manager, batch)
    assert (refused.status_code, place.writes()) == (422, [])
    run(manager, batch, number="2")
    assert ends(batch) == ["done", "done"]


def test_a_list_that_sent_something_never_says_that_nothing_was_sent(
    manager: Client, place: Place
) -> None:
    batch = list_of(place, manager)
    place.sandbox.set_fault("status=401;skip=3")
    run(manager, batch)
    page = manager.post(f"{page_of(batch)}run/", {"start": "1"})
    text = told(page)
    assert "no longer accepts your token" in text
    assert "Nothing more was sent." in text
    assert "Nothing was sent." not in text.replace("Nothing was sent: the list was stopped.", "")


def test_what_settling_found_is_said_under_the_outcome_and_not_tried_again(
    manager: Client, place: Place
) -> None:
    batch = list_of(place, manager, 1)
    place.sandbox.set_fault("apply-then-fail;only=writes;times=1")
    run(manager, batch)
    assert "Unknown 1" in told(manager.get(page_of(batch)))
    (line,) = progress(batch).lines
    assert line.change
    settled(line.change.change_id)
    page = manager.get(page_of(batch))
    assert "Unknown → it happened 1" in told(page)
    assert page.context["offers"] == {"revert": 1}
    assert "1 unknown → it happened" in told(manager.get("/c/acme/batches/"))
    (row,) = json.loads(streamed(manager.post(f"{page_of(batch)}report/", {"format": "json"})))
    assert (row["outcome"], row["found_later"]) == ("happened", "applied")


def test_what_was_done_and_not_seen_says_what_to_do(manager: Client, place: Place) -> None:
    batch = list_of(place, manager, 1)
    place.sandbox.set_fault("do-nothing;only=writes")
    answer = run(manager, batch)
    assert "done, not seen" in told(answer)
    assert "Look at the pool. If it still isn't right, change it there" in told(answer)
    assert manager.get(page_of(batch)).context["offers"] == {}


def test_a_list_with_nothing_to_send_says_so(manager: Client, place: Place) -> None:
    pool = place.at_core.pools()[0]
    text = told(manager.get(page_of(list_of(place, manager, 1, to=pool.limit))))
    assert "There is nothing to send: every pool was left out." in text
    assert "0 of 0" not in text


def test_a_page_with_scripts_gets_what_is_new(manager: Client, place: Place) -> None:
    batch = list_of(place, manager)
    behind = {**FRAGMENT, "HX-Current-URL": f"http://testserver{page_of(batch)}?outcome=done"}
    begun = manager.post(f"{page_of(batch)}run/", {"start": "1"}, headers=behind)
    # The start is answered before anything is sent: from then on it can be stopped.
    assert (ends(batch), place.writes()) == (["waiting"] * 3, [])
    assert "0 of 3" in told(begun)
    assert {"Stop", "Continue"} == {
        each.text() for each in LexborHTMLParser(begun.text).css("button")
    }
    assert 'hx-trigger="submit, load delay:20ms"' in begun.text
    manager.post(f"{page_of(batch)}run/", headers=FRAGMENT)
    assert ends(batch) == ["done"] * 3
    batch = list_of(place, manager, 3, to=98)
    core = place.sandbox
    core.set_fault("rate-limit=9;skip=3;times=1")
    manager.post(f"{page_of(batch)}run/", {"start": "1"}, headers=FRAGMENT)
    answer = manager.post(f"{page_of(batch)}run/", headers=behind)
    html = answer.content.decode()
    assert html.lstrip().startswith("<section")
    # The numbers under it are the ones above; the outcome that was chosen stays chosen.
    (counts,) = LexborHTMLParser(html).css("#batch-counts[hx-swap-oob]")
    assert counts.text(separator=" ").split() == ["All", "3", "Done", "1", "Waiting", "2"]
    assert [each.text() for each in counts.css("[aria-current]")] == ["Done 1"]
    assert "load delay:" in html
    assert "paused until" in told(answer)
    assert len(re.findall("<tr[^>]*hx-swap-oob", html)) == 3
    since = re.search('name="since" value="([^"]+)"', html)
    assert since
    Batch.objects.update(paused_until=None)
    ended = manager.post(f"{page_of(batch)}run/", {"since": since[1]}, headers=FRAGMENT)
    assert ended["HX-Retarget"] == "#batch"
    assert "3 of 3 · ended" in told(ended)


def test_a_page_beside_the_run_waits_for_what_another_one_sends(
    manager: Client, place: Place
) -> None:
    batch = list_of(place, manager)
    manager.post(f"{page_of(batch)}run/", {"start": "1"}, headers=FRAGMENT)
    soon = timezone.now() + timedelta(minutes=1)
    BatchItem.objects.filter(batch=batch).update(claimed_until=soon)
    beside = manager.get(page_of(batch))
    assert "load delay:1s" in beside.text
    assert "Look again" in told(beside)
    # Also after it was stopped: what is in flight still ends.
    manager.post(f"{page_of(batch)}stop/")
    beside = manager.get(page_of(batch))
    assert "load delay:1s" in beside.text
    BatchItem.objects.filter(batch=batch).update(claimed_until=None)
    told_so = manager.post(f"{page_of(batch)}run/", headers=FRAGMENT)
    assert ("load delay" in told_so.text, "Continue" in told_so.text) == (False, True)
    assert place.writes() == []


def test_stop_ends_it_and_continue_goes_on(manager: Client, place: Place) -> None:
    batch = list_of(place, manager)
    place.sandbox.set_fault("rate-limit=9;skip=3;times=1")
    run(manager, batch)
    Batch.objects.update(paused_until=None)
    stopped = manager.post(f"{page_of(batch)}stop/", follow=True)
    text = told(stopped)
    assert "1 of 3 · stopped" in text
    assert "Nothing was sent: the list was stopped." in text
    assert "Continue" in text
    # The page of another tab asks once more.
    manager.post(f"{page_of(batch)}run/", headers=FRAGMENT)
    assert ends(batch) == ["done", "waiting", "waiting"]
    run(manager, batch)
    assert ends(batch) == ["done"] * 3


def test_coming_back_goes_on_by_itself_for_a_while(manager: Client, place: Place) -> None:
    batch = list_of(place, manager)
    place.sandbox.set_fault("rate-limit=9;skip=3;times=1")
    run(manager, batch)
    assert b"load delay:" in manager.get(page_of(batch)).content


def test_somebody_else_looks_and_does_not_run_it(
    manager: Client, place: Place, sign_in_as: SignIn
) -> None:
    batch = list_of(place, manager)
    other = sign_in_as("Operator")
    assert "Run:" not in told(other.get(page_of(batch)))
    refused = run(other, batch)
    assert refused.status_code == 403
    assert "Only they can run it." in told(refused)
    assert ends(batch) == ["waiting"] * 3


def test_a_list_of_another_company_is_not_there(
    manager: Client, place: Place, core: RunningSandbox
) -> None:
    batch = list_of(place, manager)
    northwind = make_company(core, "northwind", "Northwind")
    give_token(person_of(manager), northwind, core.keys["northwind"]["full"])
    for address in ("", "run/"):
        there = f"/c/northwind/batches/{batch.pk}/{address}"
        assert manager.post(there).status_code == 404


def test_what_keeps_a_list_from_being_run_is_said(manager: Client, place: Place) -> None:
    batch = list_of(place, manager)
    Batch.objects.update(made_at=timezone.now() - timedelta(hours=20))
    assert "This list is from" in told(run(manager, batch))
    Batch.objects.update(made_at=timezone.now())
    Company.objects.update(origin=2)
    moved = run(manager, batch)
    assert "Acme has moved since this list was made." in told(moved)
    Company.objects.update(origin=1)
    BatchItem.objects.filter(batch=batch).update(wanted='{"limit":900}')
    assert "isn't the one that was recorded" in told(run(manager, batch))
    assert (place.writes(), ends(batch)) == ([], ["waiting"] * 3)


def test_a_role_that_was_taken_stops_it(manager: Client, place: Place) -> None:
    batch = list_of(place, manager)
    person_of(manager).groups.set([Group.objects.get(name="Read-only")])
    text = told(run(manager, batch))
    assert "Your role no longer includes this change." in text
    assert place.writes() == []


def test_a_refused_token_leads_to_mending_it_and_back(manager: Client, place: Place) -> None:
    batch = list_of(place, manager)
    place.at_core.revoke_key()
    answer = manager.post(f"{page_of(batch)}run/", {"start": "1"})
    text = told(answer)
    assert "0 of 3 · stopped" in text
    assert f"next=/c/acme/batches/{batch.pk}/" in answer.content.decode().replace("%2F", "/")
    place.sandbox.start_over()


def test_without_a_token_nothing_is_run(manager: Client, place: Place) -> None:
    batch = list_of(place, manager)
    place.company.tokens.all().delete()
    assert run(manager, batch).status_code == 404


def test_the_report_shows_one_outcome(manager: Client, place: Place) -> None:
    batch = list_of(place, manager)
    pools = place.at_core.pools()
    place.at_core.change_pool(pools[1].id, limit=77)
    run(manager, batch)
    page = manager.get(f"{page_of(batch)}?outcome=not_sent")
    assert [row.line.item.pool_id for row in page.context["rows"]] == [pools[1].id]
    text = told(page)
    assert "It was changed since the list was made: limit" in text
    assert "→ 77. Nothing was sent." in text
    assert len(manager.get(f"{page_of(batch)}?outcome=nonsense").context["rows"]) == 3


def test_what_failed_is_tried_again_as_a_new_list(
    manager: Client, place: Place, django_assert_max_num_queries: Any
) -> None:
    batch = list_of(place, manager)
    place.sandbox.set_fault("status=403;only=writes;times=1")
    run(manager, batch)
    page = manager.get(page_of(batch))
    assert page.context["offers"] == {"retry": 1, "revert": 2}
    answer = manager.post(f"{page_of(batch)}retry/", follow=True)
    text = told(answer)
    assert "Set limit to 99" in text
    assert "what an earlier list didn't do" in text
    assert "Run: change 1 pool" in text
    run(manager, Batch.objects.latest("made_at"))
    page = manager.get(page_of(batch))
    assert page.context["offers"] == {"revert": 3}
    assert "Retried on another list" in told(page)
    assert page_of(Batch.objects.latest("made_at")) in page.content.decode()
    with django_assert_max_num_queries(6):
        manager.get(page_of(batch))
    back = told(manager.post(f"{page_of(batch)}revert/", follow=True))
    assert "Revert a list" in back
    assert "Run: change 3 pools" in back
    run(manager, Batch.objects.latest("made_at"))
    with django_assert_max_num_queries(6):
        page = manager.get(page_of(batch))
    assert page.context["offers"] == {}
    assert "Reverted on another list" in told(page)
    assert "There is nothing left" in told(manager.post(f"{page_of(batch)}revert/"))


def test_sums_are_a_plan_once_the_list_has_begun(manager: Client, place: Place) -> None:
    ids = [with_connectors(place, "Busy", Shopify=1)]
    Allowance.objects.create(company=place.company, system="Shopify", key="shopify", number=9)
    batch = frozen(place, person_of(manager), Operation.LIMIT, {"to": 99}, ids)
    (before,) = LexborHTMLParser(manager.get(page_of(batch)).content).css(".allowance.over")
    assert before.text().strip().endswith("of 9 given")
    run(manager, batch)
    page = LexborHTMLParser(manager.get(page_of(batch)).content)
    assert page.css(".over") == []
    assert "of 9 given, as planned when this list was made" in page.css(".allowance")[0].text()


def test_of_sums_that_nobody_can_reckon_it_is_said_once_before_the_run(
    manager: Client, place: Place
) -> None:
    """Only where limits go up: less is never too much."""
    ids, me = [with_connectors(place, "Busy", Shopify=1)], person_of(manager)
    untold, unkept = (
        "Patchworks didn't say which connectors",
        "No allowance is kept for the systems",
    )
    batch = frozen(place, me, Operation.LIMIT, {"to": 99}, ids)
    said = told(manager.get(page_of(batch)))
    assert (unkept in said, untold in said) == (True, False)
    run(manager, batch)
    assert unkept not in told(manager.get(page_of(batch)))
    lower = frozen(place, me, Operation.LIMIT, {"to": 98}, ids)
    assert unkept not in told(manager.get(page_of(lower)))
    bare = frozen(place, me, Operation.LIMIT, {"by": 5}, [with_connectors(place, "Bare")])
    said = told(manager.get(page_of(bare)))
    assert (unkept in said, untold in said) == (False, False)
    raised = frozen(place, me, Operation.LIMIT, {"by": 5}, ids)
    BatchItem.objects.filter(batch=raised).update(systems="null")
    said = told(manager.get(page_of(raised)))
    assert (unkept in said, untold in said) == (False, True)
    clear = frozen(place, me, Operation.CLEAR, {}, ids)
    assert unkept not in told(manager.get(page_of(clear)))


def test_somebody_else_takes_over_what_is_left(
    manager: Client, place: Place, sign_in_as: SignIn
) -> None:
    batch = list_of(place, manager)
    other = sign_in_as("Operator")
    assert "Take over what is left (3)" in told(other.get(page_of(batch)))
    mine = other.post(f"{page_of(batch)}take-over/", follow=True)
    assert "Run: change 3 pools" in told(mine)
    assert "taken over" in told(manager.get(page_of(batch)))
    assert "There is nothing left" in told(other.post(f"{page_of(batch)}take-over/"))


def test_a_report_is_a_file_and_on_the_record(manager: Client, place: Place) -> None:
    batch = list_of(place, manager)
    place.at_core.change_pool(place.at_core.pools()[0].id, limit=77)
    run(manager, batch)
    rows = json.loads(streamed(manager.post(f"{page_of(batch)}report/", {"format": "json"})))
    assert [row["outcome"] for row in rows] == ["not_sent", "done", "done"]
    assert (rows[0]["stopped"], rows[1]["wanted_limit"]) == ("conflict", 99)
    lines = streamed(manager.post(f"{page_of(batch)}report/", {"format": "csv"})).splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("\ufefflist,position,pool_id,pool_name,action,outcome")
    assert manager.post(f"{page_of(batch)}report/", {"format": "xls"}).status_code == 400
    assert Entry.objects.filter(action="batch_exported", batch=batch.pk).count() == 2


def test_a_change_leads_to_its_list_and_the_lists_to_it(manager: Client, place: Place) -> None:
    batch = list_of(place, manager)
    run(manager, batch)
    change = Entry.objects.filter(batch=batch.pk, kind="intent").values_list("change", flat=True)[0]
    assert page_of(batch) in manager.get(f"/changes/{change}/").content.decode()
    assert page_of(batch) in manager.get("/c/acme/changes/").content.decode()
    lists = manager.get("/c/acme/batches/")
    assert page_of(batch) in lists.content.decode()
    assert "3 done" in told(lists)
    assert "No lists yet" not in told(lists)


def test_the_line_of_a_revert_leads_to_the_list_that_it_reverts(
    manager: Client, place: Place
) -> None:
    batch = list_of(place, manager)
    run(manager, batch)
    manager.post(f"{page_of(batch)}revert/")
    back = Batch.objects.latest("made_at")
    run(manager, back)
    page = LexborHTMLParser(manager.get("/c/acme/changes/").content)
    found = [each for each in page.css("a.quiet") if each.text() == "What it reverts"]
    assert [each.attributes["href"] for each in found] == [page_of(batch)]


def test_a_companys_changes_lead_to_its_lists(manager: Client) -> None:
    assert b'href="/c/acme/batches/"' in manager.get("/c/acme/changes/").content
    assert b"/batches/" not in manager.get("/changes/").content
