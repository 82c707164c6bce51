"""A list is run item by item: each a whole change, each at most once, and what stops it is said."""

import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from pools.batches import calls_left, running
from pools.batches.progress import End, Phase
from pools.batches.running import Why, stop
from pools.core import PoolChanges
from pools.ledger import clock
from pools.models import Allowance, Batch, BatchItem, Entry
from pools.models.batch import Operation, Stopped
from pools.models.vocabulary import Action, Kind
from pools.wording.batches import says_of
from pools.wording.names import plain
from tests.batches.lists import (
    add_pools,
    begun,
    ends,
    frozen,
    progress,
    run_through,
    step,
    with_connectors,
)
from tests.changes.making import leave_unknown
from tests.fixtures.panel import actor, make_person
from tests.fixtures.place import Place


def limits(place: Place) -> list[int]:
    return [pool.limit for pool in place.at_core.pools()]


def written(place: Place) -> list[str]:
    """The addresses that were written to: each at most once."""
    targets = [request.target for request in place.writes()]
    assert len(set(targets)) == len(targets)
    return targets


def test_each_item_is_a_change_of_its_own(place: Place, mia: User) -> None:
    add_pools(place, 3)
    batch = frozen(place, mia)
    assert progress(batch).phase is Phase.FROZEN
    ended = run_through(place, mia, batch)
    assert (ended.phase, ended.ended, ends(batch)) == (Phase.ENDED, 4, ["done"] * 4)
    assert limits(place) == [9] * 4
    assert len(written(place)) == 4
    intents = Entry.objects.filter(batch=batch.pk, kind=Kind.INTENT)
    assert {(each.reason, each.actor_name) for each in intents} == {("ZD-4711", "mia")}
    assert {each.form for each in intents} == {item.form for item in batch.items.all()}


@pytest.mark.parametrize("operation", [Operation.CLEAR, Operation.DELETE, Operation.TIMEOUT])
def test_every_operation_is_carried_out(place: Place, mia: User, operation: Operation) -> None:
    add_pools(place, 1, pending=0)
    batch = frozen(place, mia, operation, {"to": 30} if operation is Operation.TIMEOUT else {})
    run_through(place, mia, batch)
    assert ends(batch) == ["done", "done"]
    if operation is Operation.DELETE:
        assert place.at_core.pools() == []
    elif operation is Operation.TIMEOUT:
        assert {pool.timeout for pool in place.at_core.pools()} == {30}
    else:
        assert {pool.pending for pool in place.at_core.pools()} == {0}


def test_what_is_left_out_is_not_sent(place: Place, mia: User) -> None:
    ids = add_pools(place, 1)
    leave_unknown(place)
    batch = frozen(place, mia, ids=[*ids, 999_999])
    run_through(place, mia, batch)
    assert ends(batch) == ["left_out", "done", "left_out"]
    assert len(written(place)) == 1


def test_each_change_since_the_preview_is_said_at_its_item(place: Place, mia: User) -> None:
    ids = add_pools(place, 4)
    batch = frozen(place, mia, ids=ids)
    place.at_core.change_pool(ids[1], limit=7)
    place.at_core.change_pool(ids[2], name="Renamed")
    place.at_core.delete_pool(ids[3])
    place.client().update_pool(ids[0], PoolChanges(limit=5))
    leave_unknown(place)
    run_through(place, mia, batch)
    items = {line.item.pool_id: line.item for line in progress(batch).lines}
    assert [items[each].stopped for each in ids] == [
        Stopped.LOCKED, Stopped.CONFLICT, "", Stopped.GONE, "",
    ]  # fmt: skip
    assert json.loads(items[ids[1]].stopped_says) == {"differences": [["limit", "5", "7"]]}
    # A name is no part of what this list changes.
    assert ends(batch) == ["not_sent", "not_sent", "done", "not_sent", "done"]
    assert place.at_core.pool(ids[1]).limit == 7


def test_a_delete_needs_the_pool_as_it_was_shown(place: Place, mia: User) -> None:
    ids = add_pools(place, 1)
    batch = frozen(place, mia, Operation.DELETE, {})
    place.at_core.add_connector(ids[1], name="new")
    run_through(place, mia, batch)
    assert ends(batch) == ["done", "not_sent"]


def test_two_tabs_send_nothing_twice(place: Place, mia: User) -> None:
    add_pools(place, 3)
    batch = begun(place, mia, frozen(place, mia))
    one, other = progress(batch), progress(batch)
    for tab in (one, other):
        running.run(tab, actor(mia), lambda action: True, [place.client()])
    assert ends(batch) == ["done"] * 4
    assert len(written(place)) == 4


def test_an_item_that_somebody_works_on_is_left_to_them(place: Place, mia: User) -> None:
    batch = begun(place, mia, frozen(place, mia))
    item = batch.items.get()
    before = progress(batch)
    BatchItem.objects.filter(pk=item.pk).update(claimed_until=clock.now() + timedelta(seconds=9))
    running.run(before, actor(mia), lambda action: True, [place.client()])
    assert (ends(batch), written(place)) == (["under_way"], [])
    # Whoever had it has died: a change takes no longer than that.
    BatchItem.objects.filter(pk=item.pk).update(claimed_until=clock.now() - timedelta(seconds=1))
    step(place, mia, batch)
    assert ends(batch) == ["done"]


def test_stopped_by_hand_the_rest_waits_and_goes_on(place: Place, mia: User) -> None:
    add_pools(place, 2)
    batch = begun(place, mia, frozen(place, mia))
    before = progress(batch)
    stop(batch, actor(mia))
    running.run(before, actor(mia), lambda action: True, [place.client()])
    assert (progress(batch).phase, written(place)) == (Phase.STOPPED, [])
    run_through(place, mia, batch)
    assert ends(batch) == ["done"] * 3


def test_a_role_that_was_taken_ends_it(place: Place, mia: User) -> None:
    batch = begun(place, mia, frozen(place, mia))
    step(place, mia, batch, may=False)
    found = progress(batch)
    assert (found.phase, found.stopped_for, written(place)) == (Phase.STOPPED, Why.NO_RIGHT, [])


def test_a_refused_token_ends_it_and_the_item_waits(place: Place, mia: User) -> None:
    add_pools(place, 2)
    batch = begun(place, mia, frozen(place, mia))
    place.sandbox.set_fault("status=401;skip=3")
    done = step(place, mia, batch)
    found = progress(batch)
    assert (found.phase, found.stopped_for) == (Phase.STOPPED, Why.REFUSED_TOKEN)
    assert ends(batch) == ["done", "waiting", "waiting"]
    assert done.refused is not None


def test_a_429_before_sending_pauses_and_repeats_nothing(place: Place, mia: User) -> None:
    add_pools(place, 2)
    batch = begun(place, mia, frozen(place, mia))
    place.sandbox.set_fault("rate-limit=30;skip=3;times=1")
    step(place, mia, batch)
    found = progress(batch)
    assert ends(batch) == ["done", "waiting", "waiting"]
    assert 28 <= found.paused_seconds <= 32
    received = len(place.sandbox.journal)
    step(place, mia, batch)
    assert len(place.sandbox.journal) == received
    Batch.objects.update(paused_until=None)
    run_through(place, mia, batch)
    assert ends(batch) == ["done"] * 3
    assert len(written(place)) == 3


def test_a_429_to_the_call_itself_is_that_items_refusal(place: Place, mia: User) -> None:
    add_pools(place, 1)
    batch = begun(place, mia, frozen(place, mia))
    place.sandbox.set_fault("rate-limit=7;only=writes;times=1")
    step(place, mia, batch)
    assert ends(batch) == ["refused", "waiting"]
    assert 5 <= progress(batch).paused_seconds <= 9


def test_the_last_fifth_is_left_to_people(place: Place, mia: User) -> None:
    add_pools(place, 9)
    batch = frozen(place, mia)
    place.sandbox.switch(rate_limit_per_minute=20)
    calls_left._heard.clear()
    begun(place, mia, batch)
    for _ in range(3):
        step(place, mia, batch)
    calls = len(place.sandbox.journal)
    assert 20 - calls >= 4
    assert progress(batch).paused_seconds > 50
    assert progress(batch).counts[End.DONE] == calls // 3 > 2
    place.sandbox.switch(rate_limit_per_minute=None)


def test_a_core_that_does_not_answer_stops_it_after_three(place: Place, mia: User) -> None:
    add_pools(place, 4)
    batch = begun(place, mia, frozen(place, mia))
    place.sandbox.set_fault("status=500;only=writes")
    step(place, mia, batch)
    found = progress(batch)
    assert (found.phase, found.stopped_for) == (Phase.STOPPED, Why.NO_ANSWER)
    assert ends(batch) == ["unknown"] * 3 + ["waiting"] * 2


def test_three_without_an_answer_are_counted_over_requests(
    place: Place, mia: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_pools(place, 4)
    batch = begun(place, mia, frozen(place, mia))
    place.sandbox.set_fault("status=500;only=reads")
    for _ in range(3):
        one(place, mia, batch, monkeypatch)
    assert progress(batch).stopped_for == Why.NO_ANSWER
    assert ends(batch) == ["not_sent"] * 3 + ["waiting"] * 2


def one(place: Place, mia: User, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose time is over after its first item."""
    taken = running.Step.next

    def once(self: running.Step) -> BatchItem | None:
        item = taken(self)
        self.until = 0.0
        return item

    monkeypatch.setattr(running, "STEP_SECONDS", 60.0)
    monkeypatch.setattr(running.Step, "next", once)
    step(place, mia, batch)
    monkeypatch.setattr(running.Step, "next", taken)


def test_what_a_limit_makes_of_allowances_is_weighed_when_it_is_sent(
    place: Place, mia: User
) -> None:
    pool = with_connectors(place, "N", 5, NetSuite=1)
    Allowance.objects.create(company=place.company, system="NetSuite", number=20)
    batch = frozen(place, mia, ids=[pool])
    place.client().get_pool(pool)
    Allowance.objects.update(number=8)
    from pools.catalogue.keeping import keep

    keep(place.company, [place.client().get_pool(pool)])
    run_through(place, mia, batch)
    intent = Entry.objects.get(batch=batch.pk, kind=Kind.INTENT)
    (said,) = json.loads(intent.facts)["allowances"]
    assert (said["allowance"], said["given"]) == (8, 9)
    # It is said at the item, as the preview had another allowance.
    (line,) = progress(batch).lines
    assert plain(says_of(line, progress(batch))) == (
        "The allowance for “NetSuite” has changed since the preview: at least 9 of 8 given."
    )
    again = frozen(place, mia, how={"to": 10}, ids=[pool])
    run_through(place, mia, again)
    (line,) = progress(again).lines
    assert says_of(line, progress(again)) == ""


def test_a_list_that_was_altered_is_not_the_one_that_was_frozen(place: Place, mia: User) -> None:
    batch = frozen(place, mia)
    assert progress(batch).intact
    BatchItem.objects.update(wanted='{"limit":900}')
    assert not progress(batch).intact


def test_a_list_of_yesterday_is_too_old(place: Place, mia: User) -> None:
    batch = frozen(place, mia)
    assert not progress(batch).too_old
    Batch.objects.update(made_at=timezone.now() - timedelta(hours=13))
    assert progress(batch).too_old


def test_a_pool_of_a_running_list_is_left_out_of_another(place: Place, mia: User) -> None:
    ids = add_pools(place, 1)
    first = frozen(place, mia, ids=ids[:1])
    assert [item.left_out for item in frozen(place, mia, ids=ids).items.all()] == ["", ""]
    begun(place, mia, first)
    again = frozen(place, mia, ids=ids)
    assert [item.left_out for item in again.items.all()] == ["other_batch", ""]
    stop(first, actor(mia))
    assert [item.left_out for item in frozen(place, mia, ids=ids).items.all()] == ["", ""]


def test_several_at_once_make_each_change_once(committed_place: Place) -> None:
    place, mia = committed_place, make_person("mia", "Manager")
    add_pools(place, 11)
    batch = begun(place, mia, frozen(place, mia))
    tabs = [progress(batch) for _ in range(2)]

    def tab(found: object) -> None:
        running.run(found, actor(mia), lambda action: True, [place.client() for _ in range(3)])  # type: ignore[arg-type]
        connection.close()

    threads = [threading.Thread(target=tab, args=[each]) for each in tabs]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    run_through(place, mia, batch)
    assert ends(batch) == ["done"] * 12
    assert len(written(place)) == 12
    assert limits(place) == [9] * 12
    assert Entry.objects.filter(kind=Kind.INTENT, action=Action.EDIT).count() == 12


def test_more_workers_than_calls_at_once_record_meanwhile_and_wait_their_turn(
    committed_place: Place, settings: Any
) -> None:
    settings.BATCH_CALLS_AT_ONCE = 2
    place, mia = committed_place, make_person("mia", "Manager")
    add_pools(place, 9)
    batch = begun(place, mia, frozen(place, mia))
    seconds = 0.1
    place.sandbox.set_fault(f"latency={seconds}")
    step(place, mia, batch, workers=5)
    assert ends(batch) == ["done"] * 10
    # Each is with Core for so long from when it is received on.
    received = [request.at for request in place.sandbox.journal]
    together = [
        sum(begin <= other < begin + timedelta(seconds=seconds) for other in received)
        for begin in received
    ]
    assert len(received) == 30
    assert max(together) == 2


def test_more_work_at_once_only_where_core_answers_quickly(place: Place, settings: Any) -> None:
    settings.BATCH_CALLS_AT_ONCE = 2
    settings.CORE_LIMITS = replace(settings.CORE_LIMITS, calls_at_once=6)
    company, core = place.company, place.client()
    assert running.workers(company) == 2
    core.get_pool(place.pool)
    answered = core.last_exchange
    assert answered is not None
    calls_left.heard(company, answered)
    assert running.workers(company) == 3  # of six calls in all, half are people's
    settings.CORE_LIMITS = replace(settings.CORE_LIMITS, calls_at_once=12)
    assert running.workers(company) == 4
    settings.CORE_LIMITS = replace(settings.CORE_LIMITS, calls_at_once=2)
    assert running.workers(company) == 2
    settings.CORE_LIMITS = replace(settings.CORE_LIMITS, calls_at_once=12)
    settings.BATCH_CALLS_AT_ONCE = 1
    assert running.workers(company) == 1
    settings.BATCH_CALLS_AT_ONCE = 2
    calls_left.heard(company, replace(answered, took_seconds=2.0))
    assert running.workers(company) == 2
