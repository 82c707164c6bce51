"""What was changed outside the panel is noticed when the pool is read, and nothing else is."""

import json
import threading
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, connection
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pools.changes import (
    Conflict,
    Difference,
    Snapshot,
    drift,
    history_of,
    open_changes,
    release_lease,
    sending,
    settle,
)
from pools.changes.entries import Recorded
from pools.changes.exporting import Format, exported
from pools.changes.filtering import Filters
from pools.changes.lines import whole_change
from pools.changes.paging import newest
from pools.changes.pool_records import newest_entries, record_of
from pools.changes.recording import Intent, record_intent, record_readback
from pools.core import CoreClient, Pool, PoolChanges
from pools.ledger.appending import Actor
from pools.models import Company, Entry
from pools.models.vocabulary import Action, Kind, Outcome, Readback, Verdict
from sandbox.running import RunningSandbox
from tests.changes.making import APPLIED, NOT_APPLIED, late_intent, left, outcome_of
from tests.changes.noticing import READS, drifts, list_all, look, noticed, outside
from tests.changes.recorded import NOON
from tests.fixtures.clock import a_minute_later, once_quiet
from tests.fixtures.place import Place, give_token, make_place

Queries = Callable[[int], AbstractContextManager[Any]]
BOB = Actor(id=8, name="Bob")


@pytest.fixture
def known(place: Place) -> Place:
    """A place whose pool was edited here: from a limit of 5 to 10."""
    place.make(Action.EDIT)
    return place


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("changed", [{"limit": 7}, {"timeout": 60}, {"name": "New"}])
def test_a_change_made_outside_is_noticed(
    known: Place, read: Callable[[Place], object], changed: dict[str, Any]
) -> None:
    outside(known, **changed)
    read(known)
    ((before, after),) = noticed()
    assert before == Snapshot("Orders", 10, None, ())
    assert after == before._replace(**changed)


def test_it_is_attributed_to_nobody_and_has_a_window(known: Place) -> None:
    outside(known, limit=7)
    look(known)
    with a_minute_later():
        (item, edited) = history_of(known.company, known.pool)
    readback = Entry.objects.get(kind=Kind.READBACK)
    assert (item.outside, item.actor_name, item.outcome, item.verdict) == (True, "", None, None)
    assert (item.since, item.at) == (readback.at, drifts()[0].at)
    assert (item.pool_id, item.pool_name) == (known.pool, "Orders")
    assert item.differences == (Difference("limit", "10", "7"),)
    assert edited.action is Action.EDIT


def test_it_is_noticed_once(known: Place) -> None:
    outside(known, limit=7)
    for read in (look, list_all, look):
        read(known)
    assert len(noticed()) == 1


def test_it_goes_on_from_what_was_noticed(known: Place) -> None:
    outside(known, limit=7)
    look(known)
    outside(known, limit=10)
    look(known)
    (_, (before, after)) = noticed()
    assert (before.limit, after.limit) == (7, 10)
    item = history_of(known.company, known.pool)[0]
    assert item.since == drifts()[0].at


def test_a_pool_that_was_never_changed_here_has_nothing_to_differ_from(place: Place) -> None:
    outside(place, limit=7)
    look(place)
    assert noticed() == []


@pytest.mark.parametrize("action", [Action.CREATE, Action.EDIT, Action.CLEAR])
def test_what_the_panel_did_itself_is_no_drift(place: Place, action: Action) -> None:
    result = place.make(action)
    look(place, result.pool_id)
    list_all(place)
    assert noticed() == []


def test_a_new_pool_is_known_from_its_create(place: Place) -> None:
    made = place.make(Action.CREATE).pool_id
    assert made is not None
    place.at_core.change_pool(made, limit=99)
    look(place, made)
    ((before, after),) = noticed()
    assert (before.limit, after.limit) == (3, 99)


@pytest.mark.parametrize("fault", ["status=422;only=writes", "rate-limit=1;only=writes"])
def test_a_refused_change_leaves_what_was_read_before_it(place: Place, fault: str) -> None:
    place.sandbox.set_fault(fault)
    place.make(Action.EDIT)
    place.sandbox.reset()
    look(place)
    assert noticed() == []
    outside(place, limit=7)
    look(place)
    assert len(noticed()) == 1
    assert history_of(place.company, place.pool)[0].since == Entry.objects.get(kind=Kind.INTENT).at


def test_a_pool_deleted_here_that_comes_back_is_not_told(place: Place) -> None:
    pool = place.client().get_pool(place.pool)
    place.make(Action.DELETE)
    assert drift.record_differences(place.company, [pool], drift.as_of()) is None


# --- Not yet known ---------------------------------------------------------------------------


def test_while_a_change_is_under_way_nothing_is_noticed(place: Place) -> None:
    late_intent(place)
    outside(place, limit=10)
    look(place)
    assert noticed() == []


@pytest.mark.parametrize("fault", [APPLIED, NOT_APPLIED])
def test_while_its_outcome_is_unknown_nothing_is_noticed(place: Place, fault: str) -> None:
    change = left(place, Action.EDIT, fault)
    look(place)
    assert noticed() == []
    release_lease(change, BOB, "looked")
    look(place)
    assert noticed() == []


def test_after_a_release_the_next_change_makes_the_values_known(place: Place) -> None:
    release_lease(left(place, Action.EDIT), BOB, "looked")
    place.make(Action.CLEAR, seen=place.seen())
    outside(place, limit=7)
    look(place)
    ((before, after),) = noticed()
    assert (before.limit, after.limit) == (10, 7)


@pytest.mark.parametrize("fault", [APPLIED, NOT_APPLIED])
def test_a_verdict_makes_the_values_known(settled_place: Place, fault: str) -> None:
    place = settled_place
    change = left(place, Action.EDIT, fault)
    with once_quiet():
        settle(change)
        look(place)
        assert noticed() == []
        outside(place, limit=7)
        look(place)
    assert [after.limit for _, after in noticed()] == [7]


def test_a_clear_of_unknown_outcome_changed_no_values(place: Place) -> None:
    change = left(place, Action.CLEAR)
    with once_quiet():
        assert settle(change).verdict is Verdict.UNKNOWABLE
    look(place)
    assert noticed() == []
    outside(place, limit=7)
    look(place)
    ((before, after),) = noticed()
    assert (before.limit, after.limit) == (5, 7)
    since = history_of(place.company, place.pool)[0].since
    assert since == Entry.objects.get(kind=Kind.INTENT).at


def test_an_outcome_that_came_too_late_makes_nothing_known(settled_place: Place) -> None:
    place = settled_place
    intent = late_intent(place)
    with once_quiet():
        settle(intent.change_id)
    outcome_of(intent, Outcome.DONE)
    look(place)
    assert noticed() == []


def done(place: Place) -> Intent:
    """An edit whose outcome is recorded, and that is still being read back."""
    intent = late_intent(place)
    place.at_core.change_pool(place.pool, limit=10)
    outcome_of(intent, Outcome.DONE)
    return intent


def read_back(intent: Intent) -> None:
    record_readback(intent, Readback.SHOWN, intent.wanted, pool_id=intent.change.pool_id)


def test_a_pool_read_back_after_the_next_change_was_made_is_not_known(place: Place) -> None:
    intent = done(place)
    place.make(Action.EDIT, seen=place.seen(), changed=PoolChanges(limit=20))
    read_back(intent)
    look(place)
    assert noticed() == []


def test_a_pool_read_back_while_the_next_change_is_made_is_not_known(place: Place) -> None:
    intent = done(place)
    change = place.propose(Action.CLEAR)
    record_intent(Intent(uuid.uuid4(), change, intent.wanted, None, as_of=drift.as_of()))
    read_back(intent)
    outside(place, limit=7)
    look(place)
    assert noticed() == []


# --- Reads that are no evidence ----------------------------------------------------------------


def test_a_read_from_before_the_record_is_no_drift(place: Place) -> None:
    before = drift.as_of()
    pool = place.client().get_pool(place.pool)
    place.make(Action.EDIT)
    assert drift.record_differences(place.company, [pool], before) is None
    assert noticed() == []


def test_a_read_during_a_change_is_no_drift(known: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    change = known.propose(Action.EDIT, seen=known.seen(), changed=PoolChanges(limit=20))

    def meanwhile(core: CoreClient, pool_id: int, changed: PoolChanges) -> Pool:
        monkeypatch.undo()
        written = core.update_pool(pool_id, changed)
        look(known)
        list_all(known)
        return written

    monkeypatch.setattr(CoreClient, "update_pool", meanwhile)
    known.make(Action.EDIT, seen=change.seen, changed=change.changed)
    assert noticed() == []


@pytest.mark.parametrize(
    "fault", ["missing=limit", "null=name", "text-for-number=limit", "text-for-number=timeout"]
)
@pytest.mark.parametrize("read", READS)
def test_what_cannot_be_read_is_no_drift(
    known: Place, read: Callable[[Place], object], fault: str
) -> None:
    known.sandbox.set_fault(fault)
    read(known)
    known.sandbox.reset()
    read(known)
    assert noticed() == []


@pytest.mark.parametrize("fault", ["missing=timeout", "text-for-number=timeout"])
def test_a_timeout_that_is_not_told_is_not_none(known: Place, fault: str) -> None:
    outside(known, timeout=60)
    look(known)
    known.sandbox.set_fault(fault)
    look(known)
    known.sandbox.reset()
    look(known)
    assert len(noticed()) == 1


def test_beside_what_cannot_be_read_the_rest_is_noticed(known: Place) -> None:
    outside(known, limit=7)
    known.sandbox.set_fault("null=name")
    look(known)
    ((_, after),) = noticed()
    assert after == Snapshot("Orders", 7, None, ())


@pytest.mark.parametrize("fault", ["text-for-number=timeout", "text-for-number=limit"])
def test_what_was_not_read_back_is_not_known(
    place: Place, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside(place, timeout=60)
    place.sandbox.set_fault(f"{fault};only=get")
    place.make(Action.CLEAR, seen=Snapshot.from_pool(place.client().get_pool(place.pool)))
    place.sandbox.reset()
    look(place)
    assert noticed() == []


def test_where_reading_back_failed_what_was_wanted_counts(place: Place) -> None:
    place.sandbox.set_fault("status=500;only=get;skip=1")
    place.make(Action.EDIT)
    place.sandbox.reset()
    look(place)
    assert noticed() == []
    outside(place, limit=7)
    look(place)
    ((before, after),) = noticed()
    assert (before.limit, after.limit) == (10, 7)


def once(monkeypatch: pytest.MonkeyPatch, step: str, happens: Callable[[], None]) -> None:
    """Something happens right before a step of the next change."""
    go_on = getattr(sending, step)

    def late(*arguments: Any, **named: Any) -> Any:
        monkeypatch.undo()
        happens()
        return go_on(*arguments, **named)

    monkeypatch.setattr(sending, step, late)


def test_where_reading_back_failed_what_core_answered_is_not_all(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.sandbox.set_fault("missing=name;only=update")
    once(monkeypatch, "record_outcome", lambda: place.sandbox.set_fault("status=500;only=get"))
    assert place.make(Action.EDIT).outcome is Outcome.DONE
    place.sandbox.reset()
    outside(place, name="New")
    look(place)
    ((before, after),) = noticed()
    assert (before.name, after.name) == ("Orders", "New")


@pytest.mark.parametrize("action", [Action.EDIT, Action.CLEAR])
def test_what_was_not_told_before_a_refused_change_is_not_known(
    place: Place, action: Action, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside(place, timeout=60)
    place.sandbox.set_fault("text-for-number=timeout")
    once(monkeypatch, "record_intent", lambda: place.sandbox.set_fault("status=422;only=writes"))
    assert place.make(action).outcome is Outcome.REFUSED
    place.sandbox.reset()
    look(place)
    assert noticed() == []


def test_a_limit_that_was_recorded_as_none_could_not_be_read(place: Place) -> None:
    known = drift.LastKnown(Snapshot("Orders", None, None), NOON)
    assert known.differing(place.client().get_pool(place.pool)) == []


def test_a_change_that_core_shows_late_is_no_drift(place: Place) -> None:
    place.sandbox.set_fault("do-nothing;only=update")
    assert not place.make(Action.EDIT).verified
    place.sandbox.reset()
    look(place)
    outside(place, limit=10)
    look(place)
    assert noticed() == []
    outside(place, limit=7)
    look(place)
    assert len(noticed()) == 1


def test_core_trims_names(place: Place) -> None:
    place.make(Action.EDIT, changed=PoolChanges(name=" New\u200b "))
    look(place)
    list_all(place)
    assert noticed() == []


def test_another_companys_pool_is_another_pool(known: Place) -> None:
    other = make_place(known.sandbox)
    pool = known.client().get_pool(known.pool)
    assert drift.record_differences(other.company, [pool], drift.as_of()) is None


# --- Where ------------------------------------------------------------------------------------


def test_a_changes_own_reading_notices_too(known: Place) -> None:
    outside(known, limit=7)
    with pytest.raises(Conflict):
        known.make(Action.EDIT)
    assert len(noticed()) == 1


def test_a_change_goes_on_from_what_it_noticed(known: Place) -> None:
    outside(known, limit=7)
    seen = Snapshot("Orders", 7, None, ())
    result = known.make(Action.EDIT, seen=seen, changed=PoolChanges(limit=8))
    assert result.outcome is Outcome.DONE
    kinds = list(Entry.objects.order_by("-seq").values_list("kind", flat=True)[:4])
    assert kinds == [Kind.READBACK, Kind.OUTCOME, Kind.INTENT, Kind.DRIFT]
    gets = [one for one in known.sandbox.journal if one.method == "GET"]
    assert len(gets) == 2 + 2


def test_lists_and_exports_show_it(known: Place) -> None:
    outside(known, limit=7)
    look(known)
    (entry,) = drifts()
    filters = Filters(companies=frozenset({known.company.slug}))
    assert [each.action for each in newest(filters, 9)] == ["outside", "edit"]
    (told,) = [row for row in json.loads("".join(exported(filters, Format.JSON))) if not row["who"]]
    assert (told["action"], told["outcome"], told["before_limit"], told["after_limit"]) == (
        "outside",
        "",
        10,
        7,
    )
    assert told["last_known_at"] < told["time"]
    assert record_of(known.company, [known.pool]).last[known.pool].change_id == entry.change


def test_it_is_a_line_of_its_own_with_one_step(known: Place) -> None:
    outside(known, limit=7)
    look(known)
    (entry,) = drifts()
    assert entry.change is not None
    whole = whole_change(entry.change)
    assert whole is not None
    assert ([step.kind for step in whole.steps], whole.line.item.outside) == ([Kind.DRIFT], True)


@pytest.mark.parametrize("outcome", [*Outcome, *Verdict])
def test_it_has_no_outcome_to_be_found_by(known: Place, outcome: Outcome | Verdict) -> None:
    outside(known, limit=7)
    look(known)
    with a_minute_later():
        found = newest(Filters(outcome=outcome), 9)
        assert open_changes(known.company) == []
    assert "outside" not in {each.action for each in found}
    assert [each.action for each in newest(Filters(action="outside"), 9)] == ["outside"]


@pytest.mark.parametrize("count", [1, 98])
def test_a_page_is_three_queries_however_long_and_whether_or_not_it_is_all(
    place: Place, count: int, django_assert_num_queries: Queries
) -> None:
    for number in range(count - 1):
        place.at_core.add_pool(f"Pool {number}")
    place.make(Action.EDIT)
    place.make(Action.CREATE)
    list_all(place)
    with django_assert_num_queries(3):
        list_all(place)
    place.at_core.add_pool("One more")
    place.at_core.add_pool("Two more")
    list_all(place)
    with django_assert_num_queries(3):
        list_all(place)


# --- Any course of events ---------------------------------------------------------------------

STEPS = ["edit", "clear", "refused", "settled", "outside", "look", "list"]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.sampled_from(STEPS), min_size=2, max_size=8))
def test_every_change_made_outside_is_noticed_once_and_nothing_else(
    sandbox: RunningSandbox, db: None, steps: list[str]
) -> None:
    place = make_place(sandbox)
    give_token(place)
    recorded: int | None = None
    expected = []
    for number, step in enumerate(steps, 20):
        now = place.at_core.pool(place.pool).limit
        if step == "outside":
            outside(place, limit=number)
            continue
        if recorded not in {None, now}:
            expected.append((recorded, now))
        if step in {"look", "list"}:
            list_all(place) if step == "list" else look(place)
            recorded = None if recorded is None else now
        else:
            recorded = make(place, step, number)
    mine = [json.loads(entry.facts) for entry in drifts() if entry.company == place.company.slug]
    assert [(each["before"]["limit"], each["after"]["limit"]) for each in mine] == expected


def make(place: Place, step: str, limit: int) -> int:
    """A change of the pool as it is, and the limit that the pool has afterwards."""
    seen = place.seen()
    if step == "clear":
        place.make(Action.CLEAR, seen=seen)
        return seen.limit or 0
    fault = {"edit": "", "refused": "status=422;only=writes", "settled": APPLIED}[step]
    place.sandbox.set_fault(fault)
    result = place.make(Action.EDIT, seen=seen, changed=PoolChanges(limit=limit))
    place.sandbox.reset()
    if step == "settled":
        with once_quiet():
            assert settle(result.change_id).verdict is Verdict.APPLIED
    return (seen.limit or 0) if step == "refused" else limit


# --- When the ledger is busy, or gone -----------------------------------------------------------


def test_where_it_cannot_be_recorded_reading_goes_on(
    known: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside(known, limit=7)

    def fail(*arguments: Any, **named: Any) -> None:
        raise DatabaseError

    with monkeypatch.context() as full:
        full.setattr(drift, "append", fail)
        assert look(known).limit == 7
        list_all(known)
    assert noticed() == []
    look(known)
    assert len(noticed()) == 1


def test_two_readers_at_once_make_one_entry(committed_place: Place) -> None:
    place = committed_place
    place.make(Action.EDIT)
    outside(place, limit=7)
    ready = threading.Barrier(4)

    def read() -> None:
        ready.wait()
        try:
            look(place)
        finally:
            connection.close()

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(noticed()) == 1


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Something happens between a first look at the ledger and the lock."""

    def found(company: Company, pool_ids: Any) -> list[Recorded]:
        monkeypatch.undo()
        before = newest_entries(company, pool_ids)
        happens()
        return before

    monkeypatch.setattr(drift, "newest_entries", found)


def test_a_change_that_begins_meanwhile_wins(known: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    outside(known, limit=7)
    change = known.propose(Action.CLEAR)
    intent = Intent(uuid.uuid4(), change, change.seen, None, as_of=drift.as_of())
    meanwhile(monkeypatch, lambda: record_intent(intent))
    look(known)
    assert noticed() == []


def test_a_change_that_is_made_meanwhile_wins(
    known: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside(known, limit=7)
    to_twenty = PoolChanges(limit=20)
    seen = known.seen()
    meanwhile(monkeypatch, lambda: known.make(Action.EDIT, seen=seen, changed=to_twenty))
    look(known)
    assert [(before.limit, after.limit) for before, after in noticed()] == [(10, 7)]


# --- In the pages -------------------------------------------------------------------------------


def test_the_pages_notice(settled_place: Place, client: Client) -> None:
    place = settled_place
    ada = User.objects.get()
    ada.groups.add(Group.objects.get(name="Manager"))
    client.force_login(ada)
    place.make(Action.EDIT)
    for limit, path in [(1, ""), (2, f"{place.pool}/"), (3, f"{place.pool}/edit/")]:
        outside(place, limit=limit)
        assert client.get(f"/c/{place.company.slug}/pools/{path}").status_code == 200
    assert [after.limit for _, after in noticed()] == [1, 2, 3]
