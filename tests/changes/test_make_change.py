"""A change at a real Core: read, recorded, sent once, recorded, read back."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import time_machine

from pools.changes import Conflict, Difference, Snapshot, make_change
from pools.changes.history import changes_by_id
from pools.changes.recording import Intent, record_intent, record_readback
from pools.changes.reverting import CannotRevert, RevertObstacle, Undo
from pools.changes.state import ChangeState
from pools.core import (
    Budget,
    Forbidden,
    Invalid,
    NotFound,
    NotSent,
    PoolChanges,
    PoolFields,
    Unanswered,
    Unauthenticated,
)
from pools.models import Entry, Lease
from pools.models.vocabulary import Action, Kind, Outcome, Readback
from tests.fixtures.ledger_chain import verify_chain
from tests.fixtures.place import ACTIONS, LIMITS, Place

WHOLE = [Kind.INTENT, Kind.OUTCOME, Kind.READBACK]


def kinds() -> list[str]:
    return list(Entry.objects.order_by("seq").values_list("kind", flat=True))


def test_an_edit_is_done_and_verified(place: Place) -> None:
    result = place.make(Action.EDIT)
    assert (result.outcome, result.verified, result.error) == (Outcome.DONE, True, None)
    assert result.before == Snapshot("Orders", 5, None, ())
    assert result.after == Snapshot("Orders", 10, None, ())
    assert place.at_core.pool(place.pool).limit == 10


def test_an_edit_sends_only_what_changed(place: Place) -> None:
    place.make(Action.EDIT)
    assert [json.loads(write.body) for write in place.writes()] == [{"limit": 10}]


def test_a_create_is_done_and_verified(place: Place) -> None:
    result = place.make(Action.CREATE)
    assert (result.outcome, result.verified, result.before) == (Outcome.DONE, True, None)
    assert result.after == Snapshot("Returns", 3, 60, ())
    assert result.pool_id is not None
    assert place.at_core.pool(result.pool_id).name == "Returns"


def test_a_delete_is_verified_by_the_pool_being_gone(place: Place) -> None:
    result = place.make(Action.DELETE)
    assert (result.outcome, result.verified, result.after) == (Outcome.DONE, True, None)
    assert not place.at_core.has(place.pool)


def test_a_clear_is_done_and_never_verified(place: Place) -> None:
    result = place.make(Action.CLEAR)
    assert (result.outcome, result.verified) == (Outcome.DONE, False)
    assert [applied.action for applied in place.sandbox.applied] == ["clear"]


@pytest.mark.parametrize("action", ACTIONS)
def test_every_change_is_recorded_whole(place: Place, action: Action) -> None:
    place.make(action)
    assert kinds() == WHOLE
    assert verify_chain() is None


@pytest.mark.parametrize("action", ACTIONS)
def test_a_change_is_one_write_under_its_own_id(place: Place, action: Action) -> None:
    result = place.make(action)
    assert [write.request_id for write in place.writes()] == [str(result.change_id)]


def test_the_intent_says_who_what_where_and_why(place: Place) -> None:
    result = place.make(Action.EDIT)
    intent = Entry.objects.get(kind=Kind.INTENT)
    assert (intent.actor_id, intent.actor_name, intent.company) == ("7", "Ada", place.company.slug)
    assert (intent.pool_id, intent.pool_name) == (str(place.pool), "Orders")
    assert (intent.action, intent.reason, intent.change) == ("edit", "T-1", result.change_id)
    assert json.loads(intent.facts) == {
        "address": "192.0.2.7",
        "before": {"name": "Orders", "limit": 5, "timeout": None, "connector_ids": []},
        "wanted": {"name": "Orders", "limit": 10, "timeout": None, "connector_ids": []},
        "request_id": str(result.change_id),
    }


def test_the_outcome_can_be_read_without_the_intent(place: Place) -> None:
    result = place.make(Action.CREATE)
    outcome = Entry.objects.get(kind=Kind.OUTCOME)
    facts = json.loads(outcome.facts)
    assert (outcome.actor_name, outcome.reason, outcome.outcome) == ("Ada", "T-1", "done")
    assert (outcome.pool_id, outcome.pool_name) == (str(result.pool_id), "Returns")
    assert facts["wanted"]["limit"] == facts["after"]["limit"] == 3
    assert facts["status"] == 200


def test_a_create_records_the_newest_pool_before_it(place: Place) -> None:
    place.make(Action.CREATE)
    facts = json.loads(Entry.objects.get(kind=Kind.INTENT).facts)
    assert facts["newest"]["id"] == place.pool


def test_the_newest_pool_of_a_company_without_pools_is_none(place: Place) -> None:
    place.at_core.delete_pool(place.pool)
    place.make(Action.CREATE)
    assert json.loads(Entry.objects.get(kind=Kind.INTENT).facts)["newest"] is None


def overtaken_by(place: Place, action: Action, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next change is overtaken by another, after reading and before being recorded."""
    recording = "pools.changes.sending.record_intent"

    def record_late(intent: Intent) -> None:
        monkeypatch.setattr(recording, record_intent)
        place.make(action)
        record_intent(intent)

    monkeypatch.setattr(recording, record_late)


def test_a_change_between_reading_and_recording_is_a_conflict(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    overtaken_by(place, Action.EDIT, monkeypatch)
    with pytest.raises(Conflict):
        place.make(Action.DELETE)
    assert [write.method for write in place.writes()] == ["PUT"]


def test_a_clear_between_reading_and_recording_leaves_the_pool_as_seen(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    overtaken_by(place, Action.CLEAR, monkeypatch)
    assert place.make(Action.EDIT).outcome is Outcome.DONE
    assert [write.method for write in place.writes()] == ["POST", "PUT"]


def test_a_refusal_is_recorded_with_cores_words(place: Place) -> None:
    place.sandbox.set_fault("status=422;only=writes")
    result = place.make(Action.EDIT)
    outcome = Entry.objects.get(kind=Kind.OUTCOME)
    facts = json.loads(outcome.facts)
    assert result.outcome is Outcome.REFUSED
    assert isinstance(result.error, Invalid)
    assert (outcome.outcome, facts["status"], facts["error"]) == ("refused", 422, "Invalid")
    assert facts["message"] == result.error.detail != ""
    assert facts["fields"] == {name: list(texts) for name, texts in result.error.fields.items()}
    assert kinds() == [Kind.INTENT, Kind.OUTCOME]


def test_a_key_that_may_only_read_is_refused(place: Place) -> None:
    result = make_change(place.client("read_only"), place.propose(Action.CLEAR))
    assert result.outcome is Outcome.REFUSED
    assert isinstance(result.error, Forbidden)


@pytest.mark.parametrize("action", [Action.EDIT, Action.CLEAR, Action.DELETE])
def test_a_pool_that_is_gone_is_said_before_anything_is_recorded(
    place: Place, action: Action
) -> None:
    place.at_core.delete_pool(place.pool)
    with pytest.raises(NotFound):
        place.make(action)
    assert (kinds(), place.writes()) == ([], [])


@pytest.mark.parametrize("action", ACTIONS)
def test_a_token_that_is_refused_is_said_before_anything_is_recorded(
    place: Place, action: Action
) -> None:
    core = place.client()
    place.at_core.revoke_key()
    with pytest.raises(Unauthenticated):
        make_change(core, place.propose(action))
    assert (kinds(), place.writes()) == ([], [])


@pytest.mark.parametrize("action", ACTIONS)
def test_an_unreadable_core_is_said_before_anything_is_recorded(
    place: Place, action: Action
) -> None:
    place.sandbox.set_fault("status=500")
    with pytest.raises(Unanswered):
        place.make(action)
    assert (kinds(), place.writes()) == ([], [])


@pytest.mark.parametrize(
    ("action", "changed"),
    [
        (Action.EDIT, {"limit": 6}),
        (Action.EDIT, {"limit": 10}),
        (Action.DELETE, {"name": "x"}),
        (Action.DELETE, {"limit": 6}),
        (Action.DELETE, {"timeout": 9}),
    ],
)
def test_what_a_change_depends_on_is_a_conflict_once_it_was_changed(
    place: Place, action: Action, changed: dict[str, str | int]
) -> None:
    place.at_core.change_pool(place.pool, **changed)
    with pytest.raises(Conflict) as conflict:
        place.make(action)
    assert {name: getattr(conflict.value.now, name) for name in changed} == changed
    assert (kinds(), place.writes(), Lease.objects.count()) == ([], [], 0)


@pytest.mark.parametrize(
    ("action", "changed"),
    [
        (Action.EDIT, {"name": "x"}),
        (Action.EDIT, {"timeout": 9}),
        (Action.EDIT, {"name": "Orders\u200f"}),
        (Action.CLEAR, {"name": "Orders\u200f"}),
        (Action.CLEAR, {"limit": 6}),
        (Action.CLEAR, {"timeout": 9}),
    ],
)
def test_what_a_change_does_not_depend_on_is_no_conflict(
    place: Place, action: Action, changed: dict[str, str | int]
) -> None:
    place.at_core.change_pool(place.pool, **changed)
    result = place.make(action)
    assert (result.outcome, result.state) == (Outcome.DONE, ChangeState.DONE)
    assert result.before is not None
    assert {name: getattr(result.before, name) for name in changed} == changed
    assert [difference.field for difference in result.differences] == (
        ["limit"] if action is Action.EDIT else []
    )


def test_a_clear_is_not_sent_to_another_pool_than_was_confirmed(place: Place) -> None:
    """Its id is another pool's by now: databases give one again, after a restart or a restore."""
    place.at_core.change_pool(place.pool, name="Payments")
    with pytest.raises(Conflict):
        place.make(Action.CLEAR)
    assert (kinds(), place.writes()) == ([], [])


def test_a_clear_depends_on_the_pools_being_there(place: Place) -> None:
    place.at_core.delete_pool(place.pool)
    with pytest.raises(NotFound):
        place.make(Action.CLEAR)
    assert (kinds(), place.writes()) == ([], [])


def test_a_connector_more_is_a_conflict_for_a_delete(place: Place) -> None:
    place.at_core.add_connector(place.pool, name="Shop")
    with pytest.raises(Conflict):
        place.make(Action.DELETE)
    assert place.writes() == []


@pytest.mark.parametrize("action", [Action.EDIT, Action.CLEAR])
def test_a_connector_more_is_no_conflict_otherwise(place: Place, action: Action) -> None:
    place.at_core.add_connector(place.pool, name="Shop")
    assert place.make(action).outcome is Outcome.DONE


@pytest.mark.parametrize("action", ACTIONS)
def test_a_change_that_may_have_happened_is_unknown(place: Place, action: Action) -> None:
    place.sandbox.set_fault("apply-then-fail;only=writes")
    result = place.make(action)
    assert (result.outcome, result.verified) == (Outcome.UNKNOWN, False)
    assert isinstance(result.error, Unanswered)
    assert len(place.sandbox.applied) == 1
    assert kinds() == [Kind.INTENT, Kind.OUTCOME]


@pytest.mark.parametrize("action", [Action.CREATE, Action.EDIT, Action.DELETE])
def test_core_saying_done_and_doing_nothing_is_not_verified(place: Place, action: Action) -> None:
    place.sandbox.set_fault("do-nothing;only=writes")
    result = place.make(action)
    assert (result.outcome, result.readback) == (Outcome.DONE, Readback.NOT_SHOWN)


def test_a_delete_that_did_nothing_shows_the_pool_that_is_still_there(place: Place) -> None:
    place.sandbox.set_fault("do-nothing;only=writes")
    assert place.make(Action.DELETE).after == Snapshot("Orders", 5, None, ())


@pytest.mark.parametrize("action", ACTIONS)
def test_reading_back_may_fail_the_change_stays_done(place: Place, action: Action) -> None:
    place.sandbox.set_fault("status=500;only=reads;skip=1")
    result = place.make(action)
    not_read = None if action is Action.CLEAR else Readback.NOT_READ
    assert (result.outcome, result.readback) == (Outcome.DONE, not_read)
    entry = Entry.objects.get(kind=Kind.READBACK)
    facts = json.loads(entry.facts)
    assert (facts["verified"], facts["problem"]) == (False, "server error")
    assert entry.outcome == (not_read or "")


@pytest.mark.parametrize(
    "fault", ["rate-limit=1", "status=403", "status=401", "cut=20", "hang=before,9"]
)
@pytest.mark.parametrize("action", [Action.CREATE, Action.EDIT, Action.DELETE])
def test_what_was_not_read_is_not_said_not_to_be_there(
    place: Place, action: Action, fault: str
) -> None:
    place.sandbox.set_fault(f"{fault};only=reads;skip=1")
    change = place.propose(action)
    result = make_change(place.client(limits=replace(LIMITS, read_timeout_seconds=0.3)), change)
    assert (result.outcome, result.state) == (Outcome.DONE, ChangeState.NOT_READ)
    assert changes_by_id([result.change_id])[0].state is ChangeState.NOT_READ


@pytest.mark.parametrize("action", [Action.CREATE, Action.EDIT])
def test_a_value_that_cannot_be_read_is_not_read(place: Place, action: Action) -> None:
    place.sandbox.set_fault("text-for-number=limit;only=reads;skip=1")
    result = place.make(action)
    assert (result.outcome, result.state) == (Outcome.DONE, ChangeState.NOT_READ)


def test_a_value_that_cannot_be_read_is_not_told_as_changed(place: Place) -> None:
    place.sandbox.set_fault("text-for-number=limit;only=reads;skip=1")
    result = place.make(Action.EDIT, changed=PoolChanges(timeout=60))
    assert result.state is ChangeState.DONE
    assert result.differences == (Difference("timeout", "none", "60"),)


def test_a_pool_that_is_gone_does_not_show_an_edit(place: Place) -> None:
    place.sandbox.set_fault("status=404;only=get;skip=1")
    assert place.make(Action.EDIT).readback is Readback.NOT_SHOWN


@pytest.mark.parametrize("fault", ["status=404", "status=404,empty"])
@pytest.mark.parametrize("action", [Action.CREATE, Action.EDIT, Action.DELETE])
def test_a_way_to_core_that_is_lost_shows_nothing_of_a_change(
    place: Place, action: Action, fault: str
) -> None:
    """A gateway's own 404, for whatever is asked for: neither that it is gone, nor there."""
    place.sandbox.set_fault(f"{fault};only=reads;skip=1")
    result = place.make(action)
    assert (result.outcome, result.state) == (Outcome.DONE, ChangeState.NOT_READ)


def test_without_reading_back_an_edit_shows_what_core_answered(place: Place) -> None:
    place.sandbox.set_fault("status=500;only=reads;skip=1")
    after = place.make(Action.EDIT).after
    assert after is not None
    assert (after.name, after.limit) == ("Orders", 10)


def test_a_change_that_was_not_sent_is_recorded_as_that(place: Place) -> None:
    """The service module refuses a name that Core cannot take: nothing leaves."""
    result = place.make(Action.CREATE, fields=PoolFields("x" * 300, 1, None))
    assert result.outcome is Outcome.NOT_SENT
    assert isinstance(result.error, NotSent)
    assert (place.writes(), Lease.objects.count()) == ([], 0)


def test_a_change_of_a_renamed_pool_goes_by_its_old_name(place: Place) -> None:
    result = place.make(Action.EDIT, changed=PoolChanges(name="Returns"))
    assert result.pool_name == "Returns"
    assert set(Entry.objects.values_list("pool_name", flat=True)) == {"Orders"}


def test_what_was_seen_is_compared_as_it_is_now(place: Place) -> None:
    place.at_core.change_pool(place.pool, limit=7)
    seen = place.seen()._replace(limit=7)
    assert place.make(Action.EDIT, seen=seen).before == Snapshot("Orders", 7, None, ())


def test_a_process_that_was_suspended_after_its_intent_sends_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its change may have been settled meanwhile, and its pool been changed by others."""
    with time_machine.travel(datetime.now(UTC)) as clock:

        def then_suspended(intent: Intent) -> None:
            record_intent(intent)
            clock.shift(60)

        monkeypatch.setattr("pools.changes.sending.record_intent", then_suspended)
        assert place.make(Action.EDIT).outcome is Outcome.NOT_SENT
    assert place.writes() == []


@pytest.mark.parametrize(("left", "outcome"), [(0.19, Outcome.NOT_SENT), (0.21, Outcome.DONE)])
def test_with_hardly_any_time_left_nothing_is_sent(
    place: Place, monkeypatch: pytest.MonkeyPatch, left: float, outcome: Outcome
) -> None:
    """A call that is cut off at once would be of unknown outcome for nothing."""
    monkeypatch.setattr(Budget, "share_left", lambda _: left)
    assert place.make(Action.EDIT).outcome is outcome
    assert len(place.writes()) == (outcome is Outcome.DONE)


def test_what_somebody_has_seen_in_between_is_not_read_back_once_more(place: Place) -> None:
    result = place.make(Action.EDIT)
    change = place.propose(Action.EDIT)
    intent = Intent(result.change_id, change, result.before, result.after)
    record_readback(intent, Readback.NOT_READ, None, pool_id=place.pool)
    assert changes_by_id([result.change_id])[0].state is ChangeState.DONE
    assert Entry.objects.filter(kind=Kind.READBACK).count() == 1


def test_a_limit_that_was_not_known_before_an_edit_is_not_put_back(place: Place) -> None:
    """None stands for it, and no pool has a limit of none."""
    place.sandbox.set_fault("text-for-number=limit;only=reads;times=1")
    seen = Snapshot("Orders", None, None, (), frozenset({"limit"}))
    result = place.make(Action.EDIT, seen=seen)
    (item,) = changes_by_id([result.change_id])
    assert (item.state, item.before and item.before.limit) == (ChangeState.DONE, None)
    with pytest.raises(CannotRevert) as refusal:
        Undo.of(item, place.company.origin)
    assert refusal.value.obstacle is RevertObstacle.NOT_RECORDED
