"""Past the panel: connectors that were attached elsewhere, pools that were deleted elsewhere."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from pools.changes import Difference, Snapshot, drift, foreign_tokens, history_of, make_change
from pools.changes.state import ChangeState
from pools.core import CoreClient, NotFound, Page, Pool, PoolChanges, PoolQuery, Refused
from pools.ledger.proof import prove
from pools.models import Company, Entry
from pools.models.reference import PoolReference
from pools.models.vocabulary import Action, Kind
from pools.wording.changes import heading_of
from pools.wording.messages import message_for
from pools.wording.outcomes import meaning_of
from pools.wording.situations import Situation
from tests.changes.noticing import READS, drifts, list_all, look, noticed, outside, read_list
from tests.fixtures.clock import a_minute_later
from tests.fixtures.place import ADA, Place, give_token, make_place


@pytest.fixture
def known(place: Place) -> Place:
    """A place whose pool was edited here: from a limit of 5 to 10."""
    place.make(Action.EDIT)
    return place


@pytest.mark.parametrize("read", READS)
def test_a_connector_that_was_attached_outside_is_noticed(
    known: Place, read: Callable[[Place], object]
) -> None:
    connector = known.at_core.add_connector(known.pool, name="Shop")
    read(known)
    read(known)
    ((before, after),) = noticed()
    assert (before.connector_ids, after.connector_ids) == ((), (connector,))
    item = history_of(known.company, known.pool)[0]
    assert item.differences == (Difference("connectors", "none", str(connector)),)
    assert (item.actor_name, item.since is not None) == ("", True)


def test_connectors_that_cannot_all_be_read_are_not_compared(known: Place) -> None:
    known.at_core.add_connector(known.pool, id="unreadable")
    look(known)
    outside(known, limit=7)
    look(known)
    ((_, after),) = noticed()
    assert (after.limit, after.connector_ids) == (7, ())


def test_connectors_of_which_some_cannot_be_read_are_not_compared(known: Place) -> None:
    known.at_core.add_connector(known.pool, name="Shop")
    known.at_core.add_connector(known.pool, id="unreadable")
    look(known)
    assert noticed() == []


def test_a_name_that_only_its_bytes_tell_apart_is_not_different_beside_a_change(
    known: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where Core composes the letters of whatever it saves."""
    outside(known, name="Cafe\u0301")
    update = CoreClient.update_pool

    def composed(core: CoreClient, pool_id: int, changed: PoolChanges) -> Pool:
        pool = update(core, pool_id, changed)
        outside(known, name="Caf\u00e9")
        return pool

    monkeypatch.setattr(CoreClient, "update_pool", composed)
    result = known.make(Action.EDIT, seen=known.seen(), changed=PoolChanges(limit=12))
    assert result.differences == (Difference("limit", "10", "12"),)
    assert result.beside == ()
    outside(known, name="Cafe\u0301", timeout=60)
    look(known)
    item = history_of(known.company, known.pool)[0]
    assert item.differences == (Difference("timeout", "none", "60"),)


def test_what_others_changed_while_a_change_was_sent_is_nobodys(
    known: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = CoreClient.update_pool

    def updated(core: CoreClient, pool_id: int, changed: PoolChanges) -> Pool:
        pool = update(core, pool_id, changed)
        outside(known, timeout=60)
        return pool

    monkeypatch.setattr(CoreClient, "update_pool", updated)
    result = known.make(Action.EDIT, seen=known.seen(), changed=PoolChanges(limit=12))
    assert result.differences == (Difference("limit", "10", "12"),)
    assert result.beside == (Difference("timeout", "none", "60"),)
    said = message_for(result, Situation(known.company, "/", Action.EDIT))
    assert "didn't ask for is different too: timeout none → 60." in said.text
    assert said.level == "warning"
    ((before, after),) = noticed()
    assert (before.timeout, after.timeout) == (None, 60)
    look(known)
    assert len(noticed()) == 1


@pytest.fixture
def replacing(known: Place) -> Iterator[Place]:
    """A Core whose PUT replaces the whole pool: a timeout that is not sent is gone."""
    outside(known, timeout=30)
    look(known)
    known.sandbox.switch(update="replaces")
    yield known
    known.sandbox.switch(update="merges")


# Read back at once; not read back, and read later; not shown at first, and shown later.
@pytest.mark.parametrize("later", ["", "rate-limit=1;only=get;skip=1", "do-nothing;only=writes"])
def test_what_core_changed_with_our_own_change_is_beside_it(
    replacing: Place, settings: Any, later: str
) -> None:
    settings.CORE_LIMITS = replace(settings.CORE_LIMITS, read_retries=0)
    seen, changed = replacing.seen(), PoolChanges(limit=12)
    replacing.sandbox.set_fault(later or None)
    result = replacing.make(Action.EDIT, seen=seen, changed=changed)
    replacing.sandbox.set_fault(None)
    if "do-nothing" in later:
        replacing.client().update_pool(replacing.pool, changed)  # it was only late
    look(replacing)
    look(replacing)
    item = history_of(replacing.company, replacing.pool)[0]
    assert (item.outside, item.beside) == (True, result.change_id)
    assert item.differences == (Difference("timeout", "30", "none"),)
    assert "Patchworks changed it with that change, or someone else did" in meaning_of(item)
    assert "outside" not in heading_of(item).lower() + meaning_of(item).lower()
    assert len(noticed()) == 2  # with the one that was outside
    assert prove().misfits == ()


def test_what_was_changed_outside_later_is_beside_nothing(known: Place) -> None:
    outside(known, timeout=30)
    look(known)
    item = history_of(known.company, known.pool)[0]
    assert (item.outside, item.beside) == (True, None)
    assert meaning_of(item).startswith("Changed outside the panel")


def gone(place: Place, reader: int | None = ADA.id) -> None:
    """Reading a pool that is not there any more."""
    with pytest.raises(NotFound):
        drift.read_pool(place.client(), place.company, place.pool, reader)


def test_a_pool_that_was_deleted_outside_is_noticed_once(known: Place) -> None:
    give_token(known)
    known.make(Action.EDIT, seen=known.seen(), changed=PoolChanges(limit=12))
    known.at_core.delete_pool(known.pool)
    gone(known)
    gone(known)
    (entry,) = drifts()
    item = history_of(known.company, known.pool)[0]
    assert (item.gone, item.actor_name, item.pool_name) == (True, "", "Orders")
    assert (item.before, item.after) == (Snapshot("Orders", 12, None, ()), None)
    assert item.since == Entry.objects.filter(kind=Kind.READBACK).order_by("-seq")[0].at
    assert (item.at, prove().misfits) == (entry.at, ())


def test_so_it_is_by_a_change_that_finds_it_gone(known: Place) -> None:
    give_token(known)
    known.make(Action.EDIT, seen=known.seen(), changed=PoolChanges(limit=12))
    seen = known.seen()
    known.at_core.delete_pool(known.pool)
    with pytest.raises(NotFound):
        known.make(Action.CLEAR, seen=seen)
    assert len(drifts()) == 1


def test_what_a_token_does_not_show_was_deleted_only_if_it_shows_another_pool(
    known: Place,
) -> None:
    """A token that has shown nothing of the company yet may be another company's."""
    known.at_core.delete_pool(known.pool)
    gone(known)
    assert drifts() == []
    known.make(Action.CREATE)
    gone(known)
    assert len(drifts()) == 1


def test_a_pool_from_before_a_move_is_no_witness(known: Place) -> None:
    """Another Core has one of that id and name, too; the token may be another company's there."""
    witness = known.at_core.add_pool("Returns", 5)
    edit = known.propose(Action.EDIT, pool_id=witness.id, seen=Snapshot("Returns", 5, None, ()))
    make_change(known.client(), edit)
    Company.objects.filter(pk=known.company.pk).update(origin=known.company.origin + 1)
    known.company.refresh_from_db()
    own = PoolReference(known.company.origin, known.pool)
    assert foreign_tokens.latest_of(known.company.slug, own) == ()
    assert not foreign_tokens.are_listed(known.company, [known.client().get_pool(witness.id)])


def test_another_companys_token_deletes_nothing(known: Place) -> None:
    known.make(Action.CREATE)
    other = make_place(known.sandbox)
    with pytest.raises(NotFound):
        drift.read_pool(other.client(), known.company, known.pool, ADA.id)
    assert drifts() == []


def test_a_new_pool_that_core_does_not_show_yet_was_not_deleted(known: Place) -> None:
    """It reads from a copy that lags behind."""
    give_token(known)
    known.sandbox.set_fault("status=404;only=get")
    created = known.make(Action.CREATE)
    assert (created.state, created.pool_id is not None) == (ChangeState.NOT_SEEN, True)
    new = replace(known, pool=created.pool_id or 0)
    gone(new)
    assert drifts() == []
    known.sandbox.reset()
    look(new)
    assert history_of(new.company, new.pool)[0].state is ChangeState.DONE
    assert drifts() == []


def test_a_copy_that_lags_behind_a_change_is_nobodys_change(known: Place) -> None:
    """The first read showed the change, the next one came from another copy."""
    outside(known, limit=5)
    look(known)
    assert noticed() == []
    outside(known, limit=10)
    look(known)
    assert noticed() == []
    outside(known, limit=5)
    with a_minute_later():
        look(known)
    ((before, after),) = noticed()
    assert (before.limit, after.limit) == (10, 5)


def test_before_the_next_change_nothing_waits_to_be_recorded(known: Place) -> None:
    outside(known, limit=5)
    known.make(Action.EDIT, seen=known.seen(), changed=PoolChanges(limit=12))
    ((before, after),) = noticed()
    assert (before.limit, after.limit) == (10, 5)


def test_a_new_pool_may_be_missing_for_a_while(known: Place) -> None:
    give_token(known)
    created = known.make(Action.CREATE)
    assert (created.state, created.pool_id is not None) == (ChangeState.DONE, True)
    new = replace(known, pool=created.pool_id or 0)
    new.at_core.delete_pool(new.pool)
    gone(new)
    assert drifts() == []
    with a_minute_later():
        gone(new)
    assert len(drifts()) == 1


@pytest.mark.parametrize("fault", ["status=404", "status=404,empty"])
def test_a_way_to_core_that_is_lost_deletes_nothing(known: Place, fault: str) -> None:
    """A gateway's own 404, in JSON or without a body, for whatever is asked for."""
    give_token(known)
    known.make(Action.EDIT, seen=known.seen(), changed=PoolChanges(limit=12))
    known.sandbox.set_fault(f"{fault};only=reads")
    with pytest.raises(Refused):
        look(known)
    assert drifts() == []


def test_a_404_without_a_body_may_be_a_pools(known: Place) -> None:
    give_token(known)
    known.make(Action.EDIT, seen=known.seen(), changed=PoolChanges(limit=12))
    known.sandbox.set_fault("status=404,empty;only=get")
    gone(known)
    assert len(drifts()) == 1


@pytest.mark.parametrize("fault", ["", "do-nothing;only=writes"])
def test_a_pool_that_was_deleted_here_was_not_deleted_outside(known: Place, fault: str) -> None:
    give_token(known)
    known.sandbox.set_fault(fault)
    known.make(Action.DELETE, seen=known.seen())
    known.sandbox.reset()
    if fault:
        known.at_core.delete_pool(known.pool)
    gone(known)
    assert drifts() == []


# --- A list that was read whole ----------------------------------------------------------------


@pytest.fixture
def listed(known: Place) -> Place:
    """A place with two pools that were changed here: Orders, and Returns."""
    give_token(known)
    known.make(Action.CREATE)
    return known


def asked_for(place: Place) -> list[str]:
    return [each.target.partition("?")[0].rpartition("/")[2] for each in place.sandbox.journal]


def test_a_whole_list_notices_once_that_a_pool_was_deleted_outside(listed: Place) -> None:
    listed.at_core.delete_pool(listed.pool)
    listed.sandbox.reset()
    list_all(listed)
    assert asked_for(listed) == ["connection-pools", str(listed.pool)]
    list_all(listed)
    assert len(asked_for(listed)) == 3
    (entry,) = drifts()
    item = history_of(listed.company, listed.pool)[0]
    assert (item.gone, item.actor_name, item.pool_name) == (True, "", "Orders")
    assert (item.change_id, prove().misfits) == (entry.change, ())


@pytest.mark.parametrize("query", [PoolQuery(search="Returns"), PoolQuery(per_page=1)])
def test_a_part_of_the_list_tells_nothing_of_the_others(listed: Place, query: PoolQuery) -> None:
    listed.at_core.add_pool("A third")
    listed.at_core.delete_pool(listed.pool)
    listed.sandbox.reset()
    read_list(listed.client(), listed.company, query)
    assert (drifts(), len(asked_for(listed))) == ([], 1)


@pytest.mark.parametrize("fault", ["status=500", "status=403", "rate-limit=30"])
def test_only_a_404_says_that_it_is_gone(listed: Place, fault: str) -> None:
    listed.at_core.delete_pool(listed.pool)
    listed.sandbox.set_fault(f"{fault};only=get")
    list_all(listed)
    assert drifts() == []


def test_a_list_of_another_company_deletes_nothing(listed: Place) -> None:
    other = make_place(listed.sandbox)
    listed.sandbox.reset()
    read_list(other.client(), listed.company, PoolQuery())
    assert (drifts(), len(asked_for(listed))) == ([], 1)


def test_a_list_with_a_known_id_under_another_name_deletes_nothing(listed: Place) -> None:
    """An id may be another company's; under its own name it is evidence."""
    (kept,) = (pool.id for pool in listed.at_core.pools() if pool.id != listed.pool)
    listed.at_core.delete_pool(listed.pool)
    listed.at_core.change_pool(kept, name="A stranger")
    list_all(listed)
    assert [each for each in history_of(listed.company, listed.pool) if each.gone] == []
    listed.at_core.change_pool(kept, name="Returns")
    list_all(listed)
    assert history_of(listed.company, listed.pool)[0].gone


def test_the_last_pool_is_missed_by_whoever_has_changed_it(known: Place) -> None:
    give_token(known)
    known.make(Action.EDIT, seen=known.seen(), changed=PoolChanges(limit=12))
    known.at_core.delete_pool(known.pool)
    list_all(known)
    assert drifts() == []
    list_all(known, ADA.id)
    assert len(drifts()) == 1


def test_no_more_than_three_are_asked_for_at_a_time(listed: Place) -> None:
    for _ in range(5):
        listed.make(Action.CREATE)
    for pool in listed.at_core.pools():
        if pool.name == "Returns":
            listed.at_core.delete_pool(pool.id)
    listed.sandbox.reset()
    with a_minute_later():  # before that, new pools may be missing by themselves
        for found in (3, 6, 6):
            list_all(listed, ADA.id)
            assert len(drifts()) == found
    assert len(asked_for(listed)) == 3 + 6


def test_pools_that_are_known_to_be_gone_cost_one_query_more(
    listed: Place, django_assert_num_queries: Callable[..., Any]
) -> None:
    listed.at_core.delete_pool(listed.pool)
    list_all(listed)
    with django_assert_num_queries(4):
        list_all(listed)


def test_a_pool_that_was_deleted_here_or_is_held_is_not_asked_for(listed: Place) -> None:
    listed.make(Action.DELETE, seen=listed.seen())
    listed.sandbox.reset()
    list_all(listed)
    assert (drifts(), len(asked_for(listed))) == ([], 1)


def test_a_pool_that_core_has_and_does_not_list_is_there(
    listed: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for once, and then not for a while."""
    whole = CoreClient.list_pools

    def without_it(core: CoreClient, query: PoolQuery) -> Page:
        page = whole(core, query)
        rest = tuple(pool for pool in page.pools if pool.id != listed.pool)
        return replace(page, pools=rest, total=len(rest))

    monkeypatch.setattr(CoreClient, "list_pools", without_it)
    listed.sandbox.reset()
    list_all(listed)
    list_all(listed)
    assert (drifts(), len(asked_for(listed))) == ([], 3)


def test_a_pool_of_another_origin_is_no_pool_of_this_list(listed: Place) -> None:
    listed.company.origin += 1
    listed.company.save()
    listed.sandbox.reset()
    list_all(listed, ADA.id)
    assert (drifts(), len(asked_for(listed))) == ([], 1)
