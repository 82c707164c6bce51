"""New lists from earlier ones: what failed, what can be put back, what somebody else left."""

import pytest
from django.contrib.auth.models import User

from pools.batches import running
from pools.batches.again import failed, retried, retry, revert, reverted, revertible, take_over
from pools.batches.freezing import NothingToFreeze
from pools.batches.lists_of_company import lists_of
from pools.batches.progress import Phase
from pools.models.batch import Operation, Source
from pools.models.vocabulary import Action
from pools.views.batch_rows import rows_of
from tests.batches.lists import add_pools, begun, ends, frozen, progress, read, run_through, step
from tests.changes.making import settled
from tests.fixtures.panel import actor, give_token, make_person
from tests.fixtures.place import Place


def left_outs(found: object) -> list[str]:
    return [item.left_out for item in found.items.all()]  # type: ignore[attr-defined]


def test_retry_has_what_was_refused_and_not_sent_and_never_what_is_unknown(
    place: Place, mia: User
) -> None:
    ids = add_pools(place, 4)
    batch = begun(place, mia, frozen(place, mia, how={"by": 2}, ids=ids))
    place.at_core.change_pool(ids[1], limit=7)
    place.sandbox.set_fault("status=403;only=writes;times=1")
    step(place, mia, batch)
    assert ends(batch) == ["refused", "not_sent", "done", "done", "done"]
    assert [line.item.pool_id for line in failed(progress(batch))] == ids[:2]
    again = retry(place.client(), progress(batch), actor(mia), mia)
    assert (again.source, again.source_batch, again.reason) == (Source.RETRY, batch.pk, "ZD-4711")
    run_through(place, mia, again)
    assert ends(again) == ["done", "left_out"]
    # What the first list was to make of them: two more than it saw. Nothing is reckoned again.
    assert left_outs(again) == ["", "nothing_to_do"]
    assert [place.at_core.pool(each).limit for each in ids[:2]] == [7, 7]


def test_what_was_retried_is_not_offered_again(place: Place, mia: User) -> None:
    ids = add_pools(place, 2, limit=50)
    batch = begun(place, mia, frozen(place, mia, how={"percent": 90}, ids=ids[1:]))
    place.sandbox.set_fault("status=422;only=writes;times=2")
    step(place, mia, batch)
    assert ends(batch) == ["refused", "refused"]
    first = retry(place.client(), progress(batch), actor(mia), mia)
    # A preview alone has done nothing yet.
    assert (len(failed(progress(batch))), retried(progress(batch))) == (2, {})
    place.sandbox.set_fault("status=422;only=writes;times=1")
    run_through(place, mia, first)
    assert ends(first) == ["refused", "done"]
    assert [line.item.pool_id for line in failed(progress(batch))] == [ids[1]]
    assert list(retried(progress(batch)).values()) == [first.pk]
    second = retry(place.client(), progress(first), actor(mia), mia)
    run_through(place, mia, second)
    # Neither list offers what the newest has done, and each pool was lowered once.
    assert failed(progress(batch)) == failed(progress(first)) == []
    assert [place.at_core.pool(each).limit for each in ids[1:]] == [45, 45]
    with pytest.raises(NothingToFreeze):
        retry(place.client(), progress(batch), actor(mia), mia)


def test_reverting_a_list_puts_back_what_a_retry_of_it_did(place: Place, mia: User) -> None:
    ids = add_pools(place, 2, limit=50)
    batch = begun(place, mia, frozen(place, mia, how={"to": 7}, ids=ids[1:]))
    place.sandbox.set_fault("status=422;only=writes;times=1")
    step(place, mia, batch)
    again = retry(place.client(), progress(batch), actor(mia), mia)
    assert len(revertible(progress(batch))) == 1
    run_through(place, mia, again)
    assert [len(revertible(progress(each))) for each in (batch, again)] == [2, 1]
    back = revert(place.client(), progress(batch), actor(mia), mia)
    run_through(place, mia, back)
    assert [place.at_core.pool(each).limit for each in ids[1:]] == [50, 50]
    assert revertible(progress(batch)) == revertible(progress(again)) == []


def test_what_a_retry_did_and_was_reverted_by_itself_is_not_offered_again(
    place: Place, mia: User
) -> None:
    ids = add_pools(place, 2, limit=50)
    batch = begun(place, mia, frozen(place, mia, how={"to": 7}, ids=ids[1:]))
    place.sandbox.set_fault("status=422;only=writes;times=1")
    step(place, mia, batch)
    again = retry(place.client(), progress(batch), actor(mia), mia)
    run_through(place, mia, again)
    run_through(place, mia, revert(place.client(), progress(again), actor(mia), mia))
    (left,) = revertible(progress(batch))
    assert (left[0].item.batch_id, revertible(progress(again))) == (batch.pk, [])


def test_a_new_pool_that_waits_on_another_list_is_not_made_twice(place: Place, mia: User) -> None:
    deleted = frozen(place, mia, Operation.DELETE, {})
    run_through(place, mia, deleted)
    back = begun(place, mia, revert(place.client(), progress(deleted), actor(mia), mia))
    place.sandbox.set_fault("status=422;only=writes;times=1")
    step(place, mia, back)
    assert ends(back) == ["refused"]
    retry(place.client(), progress(back), actor(mia), mia)
    assert failed(progress(back)) == []


def test_what_settling_found_not_to_have_happened_is_counted_so_and_tried_again(
    place: Place, mia: User
) -> None:
    give_token(mia, place.company, place.sandbox.keys[place.company.slug]["full"])
    place.sandbox.reset()
    batch = begun(place, mia, frozen(place, mia))
    place.sandbox.set_fault("status=503;only=writes")
    step(place, mia, batch)
    assert (ends(batch), failed(progress(batch))) == (["unknown"], [])
    place.sandbox.reset()
    (line,) = progress(batch).lines
    assert line.change
    settled(line.change.change_id)
    assert ends(batch) == ["not_happened"]
    ((listed,), _) = lists_of(place.company, 1, 25)
    assert +listed.counts == {"not_happened": 1}
    again = retry(place.client(), progress(batch), actor(mia), mia)
    run_through(place, mia, again)
    assert (ends(again), place.at_core.pool(place.pool).limit) == (["done"], 9)


def test_what_is_unknown_is_not_tried_again(place: Place, mia: User) -> None:
    batch = begun(place, mia, frozen(place, mia))
    place.sandbox.set_fault("apply-then-fail;only=writes")
    step(place, mia, batch)
    assert (ends(batch), failed(progress(batch))) == (["unknown"], [])
    with pytest.raises(NothingToFreeze):
        retry(place.client(), progress(batch), actor(mia), mia)


def test_revert_puts_back_what_nobody_has_changed_since(place: Place, mia: User) -> None:
    ids = add_pools(place, 3)
    batch = frozen(place, mia, ids=ids)
    run_through(place, mia, batch)
    place.at_core.change_pool(ids[1], limit=11)
    place.at_core.change_pool(ids[2], limit=5)
    back = revert(place.client(), progress(batch), actor(mia), mia)
    assert left_outs(back) == ["", "moved_on", "nothing_to_do", ""]
    run_through(place, mia, back)
    assert [place.at_core.pool(each).limit for each in ids] == [5, 11, 5, 5]
    changes = {line.change.reverts for line in progress(back).lines if line.change}
    first = {line.change.change_id for line in progress(batch).lines if line.change}
    assert changes <= first


def test_deleted_pools_are_made_again_once(place: Place, mia: User) -> None:
    batch = frozen(place, mia, Operation.DELETE, {})
    run_through(place, mia, batch)
    back = revert(place.client(), progress(batch), actor(mia), mia)
    assert [item.kind for item in back.items.all()] == [Action.CREATE]
    run_through(place, mia, back)
    # The new pool is on the list by the id that it got.
    (row,) = rows_of(progress(back), list(progress(back).lines))
    assert (row.pool_id, row.pool_id in read(place)) == (place.at_core.pools()[0].id, True)
    assert row.pool_href.endswith(f"/pools/{row.pool_id}/")
    assert [(pool.name, pool.limit) for pool in place.at_core.pools()] == [("Orders", 5)]
    with pytest.raises(NothingToFreeze):
        revert(place.client(), progress(batch), actor(mia), mia)


def test_what_was_reverted_is_not_offered_again_and_leads_to_the_list_that_did_it(
    place: Place, mia: User
) -> None:
    batch = frozen(place, mia, ids=add_pools(place, 2))
    run_through(place, mia, batch)
    assert len(revertible(progress(batch))) == 3
    back = revert(place.client(), progress(batch), actor(mia), mia)
    # Until it is run, nothing is put back.
    assert (len(revertible(progress(batch))), reverted(progress(batch))) == (3, {})
    place.sandbox.set_fault("status=403;only=writes;times=1")
    run_through(place, mia, back)
    assert sorted(ends(back)) == ["done", "done", "refused"]
    assert len(revertible(progress(batch))) == 1
    assert set(reverted(progress(batch)).values()) == {back.pk}
    said = [row.newer_says for row in rows_of(progress(batch), list(progress(batch).lines))]
    assert sorted(said) == ["", "Reverted on another list", "Reverted on another list"]
    # A list that reverts is none that retries, and the other way round.
    assert (failed(progress(batch)), retried(progress(batch))) == ([], {})
    again = retry(place.client(), progress(back), actor(mia), mia)
    run_through(place, mia, again)
    assert (failed(progress(back)), ends(again)) == ([], ["done"])
    assert len(revertible(progress(back))) == 3
    # What the retry of the other list has put back is known here, too.
    assert (revertible(progress(batch)), len(reverted(progress(batch)))) == ([], 3)


def test_a_clear_cannot_be_reverted(place: Place, mia: User) -> None:
    batch = frozen(place, mia, Operation.CLEAR, {})
    run_through(place, mia, batch)
    assert revertible(progress(batch)) == []


def test_what_is_left_is_somebody_elses_and_the_first_list_sends_none_of_it(
    place: Place, mia: User
) -> None:
    add_pools(place, 2)
    noa = make_person("noa", "Manager")
    batch = begun(place, mia, frozen(place, mia))
    place.sandbox.set_fault("status=401;skip=3")
    step(place, mia, batch)
    place.sandbox.reset()
    running.start(batch, actor(mia), 2)
    before = progress(batch)
    mine = take_over(place.client(), before, actor(noa), noa)
    assert left_outs(mine) == ["", ""]
    assert (mine.made_by, mine.source, mine.source_batch) == (noa, Source.TAKEN_OVER, batch.pk)
    # The first one's page is still open, and asks with what it knew.
    running.run(before, actor(mia), lambda action: True, [place.client()])
    assert progress(batch).phase is Phase.TAKEN_OVER
    assert progress(batch).turns[-1].to_list == str(mine.pk)
    assert ends(batch) == ["done", "not_sent", "not_sent"]
    assert failed(progress(batch)) == []
    run_through(place, noa, mine)
    assert len(place.writes()) == 2
    with pytest.raises(NothingToFreeze):
        take_over(place.client(), progress(batch), actor(mia), mia)
