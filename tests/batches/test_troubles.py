"""A list that runs while something goes wrong: nothing is sent twice, and what can go on does."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from pools.batches import running
from pools.batches.again import failed
from pools.batches.progress import End, Phase
from pools.batches.running import Why, stop
from pools.models import Batch, BatchItem
from pools.models.batch import Operation, Stopped
from tests.batches.lists import add_pools, begun, ends, frozen, progress, run_through
from tests.fixtures.panel import actor, make_person
from tests.fixtures.place import IMPATIENT, Place


@pytest.fixture
def place(committed_place: Place, settings: Any) -> Place:
    """Three calls at a time, each in a thread of its own; Core is not waited for long."""
    settings.BATCH_CALLS_AT_ONCE = 3
    settings.CORE_LIMITS = IMPATIENT
    return committed_place


@pytest.fixture
def mia(place: Place) -> User:
    return make_person("mia", "Manager")


def request(place: Place, user: User, batch: Batch) -> None:
    """One request of its page."""
    clients = [place.client(limits=IMPATIENT) for _ in range(3)]
    running.run(progress(batch), actor(user), lambda action: True, clients)


@contextmanager
def beside(*requests: Any) -> Iterator[None]:
    """Requests that run while the block does, and are waited for."""

    def run(each: Any) -> None:
        each()
        connection.close()

    threads = [threading.Thread(target=run, args=[each]) for each in requests]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join()


def sent_once_each(place: Place) -> int:
    """How many pools were written to, each of them once."""
    targets = [each.target for each in place.writes()]
    assert len(set(targets)) == len(targets)
    return len(targets)


def test_a_core_that_hangs_stops_the_list_and_what_was_sent_is_unknown(
    place: Place, mia: User
) -> None:
    add_pools(place, 8)
    batch = begun(place, mia, frozen(place, mia))
    place.sandbox.set_fault("hang=before;only=writes")
    request(place, mia, batch)
    found = progress(batch)
    unknown = found.counts[End.UNKNOWN]
    assert (found.phase, found.stopped_for) == (Phase.STOPPED, Why.NO_ANSWER)
    # Three, and what was in flight beside the third of them.
    assert 3 <= unknown <= 5
    assert found.left == 9 - unknown
    assert sent_once_each(place) == unknown
    # Once it answers again, the rest is done; what is unknown is neither sent nor tried again.
    place.sandbox.set_fault("")
    run_through(place, mia, batch)
    assert progress(batch).counts == {End.UNKNOWN: unknown, End.DONE: 9 - unknown}
    assert sent_once_each(place) == 9
    assert failed(progress(batch)) == []


def test_a_core_that_hangs_before_anything_is_sent_leaves_all_of_it_to_be_tried_again(
    place: Place, mia: User
) -> None:
    add_pools(place, 8)
    batch = begun(place, mia, frozen(place, mia))
    place.sandbox.set_fault("hang=before;only=reads")
    request(place, mia, batch)
    found = progress(batch)
    assert (found.stopped_for, place.writes()) == (Why.NO_ANSWER, [])
    assert found.counts[End.NOT_SENT] + found.left == 9
    assert len(failed(found)) == found.counts[End.NOT_SENT] >= 3


def test_stop_is_heard_while_core_is_slow(place: Place, mia: User) -> None:
    add_pools(place, 8)
    batch = begun(place, mia, frozen(place, mia))
    place.sandbox.set_fault("latency=0.5")
    with beside(lambda: request(place, mia, batch)):
        while not place.sandbox.journal:
            time.sleep(0.01)
        stop(batch, actor(mia), left=9)
    # What was in flight has ended; nothing was begun after it. A busy machine may be too late for
    # an answer.
    found = progress(batch)
    assert (found.phase, found.stopped_for) == (Phase.STOPPED, "")
    sent = found.counts[End.DONE] + found.counts[End.UNKNOWN]
    assert (sent, found.left) == (sent_once_each(place), 9 - found.ended)
    # Without it, all nine would have been begun.
    assert found.ended <= 6


def test_two_lists_over_the_same_pools_at_once_do_each_pool_on_one_of_them(
    place: Place, mia: User
) -> None:
    add_pools(place, 8)
    lists = [frozen(place, mia, how={"to": limit}) for limit in (8, 9)]
    for each in lists:
        begun(place, mia, each)
    with beside(*(lambda each=each: request(place, mia, each) for each in lists)):
        pass
    for each in lists:
        run_through(place, mia, each)
    for pair in zip(*map(ends, lists), strict=True):
        assert sorted(pair) == ["done", "not_sent"]
    why = BatchItem.objects.exclude(stopped="").values_list("stopped", flat=True)
    assert set(why) <= {Stopped.CONFLICT, Stopped.LOCKED}
    assert sent_once_each(place) == 9


def test_two_lists_that_clear_the_same_pools_clear_each_once_for_either(
    place: Place, mia: User
) -> None:
    add_pools(place, 4)
    lists = [frozen(place, mia, Operation.CLEAR, {}) for _ in range(2)]
    for each in lists:
        begun(place, mia, each)
    with beside(*(lambda each=each: request(place, mia, each) for each in lists)):
        pass
    for each in lists:
        run_through(place, mia, each)
    counts = [progress(each).counts for each in lists]
    # One that met the other's change of the same pool was left as it is, and says so.
    assert all(count[End.DONE] + count[End.NOT_SENT] == 5 for count in counts)
    done = sum(count[End.DONE] for count in counts)
    assert len({each.request_id for each in place.writes()}) == len(place.writes()) == done


def test_limited_for_a_minute_it_waits_and_repeats_no_change(place: Place, mia: User) -> None:
    add_pools(place, 8)
    batch = begun(place, mia, frozen(place, mia))
    place.sandbox.set_fault("rate-limit=60;skip=8")
    request(place, mia, batch)
    found = progress(batch)
    assert (found.phase, 30 < found.paused_seconds <= 61) == (Phase.RUNNING, True)
    received = len(place.sandbox.journal)
    # Neither this tab nor another one asks before that.
    for _ in range(2):
        request(place, mia, batch)
    assert len(place.sandbox.journal) == received
    place.sandbox.set_fault("")
    Batch.objects.update(paused_until=None)
    for _ in range(3):
        request(place, mia, batch)
    counts = progress(batch).counts
    # Only where the change itself was answered so it is refused, which is known.
    assert counts[End.DONE] + counts[End.REFUSED] == 9
    assert counts[End.REFUSED] <= 3
    assert sent_once_each(place) == 9


def test_a_token_refused_in_the_middle_leaves_the_rest_waiting(place: Place, mia: User) -> None:
    add_pools(place, 8)
    batch = begun(place, mia, frozen(place, mia))
    place.sandbox.set_fault("status=401;skip=9")
    request(place, mia, batch)
    found = progress(batch)
    assert (found.phase, found.stopped_for) == (Phase.STOPPED, Why.REFUSED_TOKEN)
    assert found.counts[End.UNKNOWN] == 0
    place.sandbox.set_fault("")
    run_through(place, mia, batch)
    counts = progress(batch).counts
    assert counts[End.DONE] + counts[End.REFUSED] == 9
    assert sent_once_each(place) == 9
