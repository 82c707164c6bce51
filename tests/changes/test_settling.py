"""Settling: what became of a change of unknown outcome, found out by reading alone."""

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from pools.changes import (
    SettlingState,
    due,
    history_of,
    open_changes,
    quiet_until,
    release_lease,
    settle,
    settle_all,
    settling,
    settling_reads,
)
from pools.changes.history import changes_by_id
from pools.changes.pool_records import record_of
from pools.changes.recording import Intent, record_intent, record_readback
from pools.changes.sending import NEWEST_LOOKED_AT
from pools.changes.settling_reads import Case, Observation, Undecided, observe
from pools.core import (
    ApiKey,
    Busy,
    CoreClient,
    CredentialExpired,
    Page,
    PoolFields,
    PoolQuery,
    Reason,
    Unauthenticated,
)
from pools.ledger.appending import NOBODY, Actor, LedgerUnwritable, append
from pools.ledger.proof import prove
from pools.models import Entry, Lease, Token
from pools.models.vocabulary import Action, Kind, Outcome, Readback, Verdict
from pools.secret import Secret
from pools.tokens import keeping
from tests.changes.making import APPLIED, NOT_APPLIED, begin, late_intent, left, outcome_of, settled
from tests.fixtures.clock import once_quiet, travel
from tests.fixtures.place import ADA, Place, give_token, make_place
from tests.fixtures.sampling import paired
from tests.fixtures.waiting import wait_until

BOB = Actor(id=8, name="Bob", address="192.0.2.8")
FIELDS = PoolFields("Returns", 3, 60)


def verdict(change: uuid.UUID) -> Verdict | None:
    found = settled(change)
    assert (found.state, found.error) == (SettlingState.SETTLED, None)
    return found.verdict


@pytest.mark.parametrize(
    ("action", "fault", "expected"),
    [
        (Action.EDIT, APPLIED, Verdict.APPLIED),
        (Action.EDIT, NOT_APPLIED, Verdict.NOT_APPLIED),
        (Action.DELETE, APPLIED, Verdict.APPLIED),
        (Action.DELETE, NOT_APPLIED, Verdict.NOT_APPLIED),
        (Action.CREATE, APPLIED, Verdict.APPLIED),
        (Action.CREATE, NOT_APPLIED, Verdict.NOT_APPLIED),
        (Action.CLEAR, APPLIED, Verdict.UNKNOWABLE),
        (Action.CLEAR, NOT_APPLIED, Verdict.UNKNOWABLE),
    ],
)
def test_the_verdict_is_what_happened(
    settled_place: Place, action: Action, fault: str, expected: Verdict
) -> None:
    assert verdict(left(settled_place, action, fault)) is expected
    assert settled_place.writes() == []
    assert prove().misfits == ()


def test_an_edit_that_was_overtaken_is_superseded(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    settled_place.at_core.change_pool(settled_place.pool, limit=7)
    assert verdict(change) is Verdict.SUPERSEDED


def test_an_edit_of_a_pool_that_is_gone_is_superseded(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    settled_place.at_core.delete_pool(settled_place.pool)
    assert verdict(change) is Verdict.SUPERSEDED
    (item,) = changes_by_id([change])
    assert item.after is None


def test_a_verdict_gives_the_pool_back(settled_place: Place) -> None:
    verdict(left(settled_place, Action.EDIT, NOT_APPLIED))
    assert (Lease.objects.count(), open_changes(settled_place.company)) == (0, [])
    assert settled_place.make(Action.EDIT).outcome is Outcome.DONE


def test_a_verdict_says_who_asked_and_what_was_read(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    settled(change, BOB)
    entry = Entry.objects.get(kind=Kind.SETTLED)
    facts = json.loads(entry.facts)
    assert (entry.actor_name, entry.outcome, entry.action) == ("Bob", "applied", "edit")
    assert (entry.pool_id, entry.pool_name) == (str(settled_place.pool), "Orders")
    assert (facts["address"], facts["problem"]) == ("192.0.2.8", "")
    assert (facts["before"]["limit"], facts["wanted"]["limit"], facts["after"]["limit"]) == (
        5,
        10,
        10,
    )
    assert len(facts["read_at"]) == 2


def test_the_history_shows_the_verdict(settled_place: Place) -> None:
    settled(left(settled_place, Action.EDIT), BOB)
    (item,) = history_of(settled_place.company, settled_place.pool)
    assert (item.outcome, item.verdict) == (Outcome.UNKNOWN, Verdict.APPLIED)
    assert (item.settled_by, item.actor_name) == ("Bob", "Ada")
    assert item.settled_at == Entry.objects.get(kind=Kind.SETTLED).at
    assert item.after is not None
    assert item.after.limit == 10


def test_a_create_that_was_applied_is_in_its_pools_history(settled_place: Place) -> None:
    change = left(settled_place, Action.CREATE)
    verdict(change)
    made = settled_place.at_core.pools()[-1].id
    (item,) = history_of(settled_place.company, made)
    assert (item.change_id, item.pool_id, item.settled_by) == (change, made, "")
    assert record_of(settled_place.company, [made]).last[made].change_id == change


def test_an_intent_without_an_outcome_is_settled(settled_place: Place) -> None:
    assert verdict(late_intent(settled_place).change_id) is Verdict.NOT_APPLIED


# --- Creates -----------------------------------------------------------------------------


def test_a_pool_of_that_name_from_before_is_not_the_new_one(settled_place: Place) -> None:
    settled_place.at_core.add_pool("Returns", 3, 60)
    assert verdict(left(settled_place, Action.CREATE, NOT_APPLIED)) is Verdict.NOT_APPLIED


def test_two_new_pools_of_that_name_are_a_duplicate(settled_place: Place) -> None:
    change = left(settled_place, Action.CREATE)
    settled_place.at_core.add_pool("Returns", 3, 60)
    assert verdict(change) is Verdict.DUPLICATE
    ids = [pool.id for pool in settled_place.at_core.pools()][-2:]
    assert sorted(json.loads(Entry.objects.get(kind=Kind.SETTLED).facts)["pools"]) == ids


def test_a_new_pool_with_other_values_is_superseded(settled_place: Place) -> None:
    change = left(settled_place, Action.CREATE)
    settled_place.at_core.change_pool(settled_place.at_core.pools()[-1].id, limit=99)
    assert verdict(change) is Verdict.SUPERSEDED


@pytest.mark.parametrize("name", ["a,b", ",", "100%_\\", "  Returns\u200b ", "É" * 255])
def test_any_name_is_found_again(settled_place: Place, name: str) -> None:
    change = left(settled_place, Action.CREATE, fields=PoolFields(name, 3, None))
    assert verdict(change) is Verdict.APPLIED


def test_a_core_that_keeps_spaces_is_understood_too(settled_place: Place) -> None:
    settled_place.sandbox.switch(text_input="as-sent")
    try:
        change = left(settled_place, Action.CREATE, fields=PoolFields(" Returns ", 3, None))
    finally:
        settled_place.sandbox.switch(text_input="laravel-12")
    assert verdict(change) is Verdict.APPLIED


def test_a_company_that_was_empty_has_only_new_pools(settled_place: Place) -> None:
    settled_place.at_core.delete_pool(settled_place.pool)
    assert verdict(left(settled_place, Action.CREATE)) is Verdict.APPLIED


def test_a_new_pool_is_found_behind_a_page_of_newer_ones(settled_place: Place) -> None:
    change = left(settled_place, Action.CREATE)
    for number in range(120):
        settled_place.at_core.add_pool(f"Later {number}")
    assert verdict(change) is Verdict.APPLIED


def test_where_the_list_has_no_end_there_is_no_verdict(
    settled_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling_reads, "MOST_PAGES", 1)
    change = left(settled_place, Action.CREATE)
    for number in range(120):
        settled_place.at_core.add_pool(f"Later {number}")
    found = settled(change)
    assert (found.state, type(found.error)) == (SettlingState.NOT_READ, Undecided)
    assert Lease.objects.count() == 1


def other_list(monkeypatch: pytest.MonkeyPatch, altered: Callable[[Page], Page]) -> None:
    """Core lists its pools in another way from now on."""
    list_pools = CoreClient.list_pools

    def listed(core: CoreClient, query: PoolQuery) -> Page:
        return altered(list_pools(core, query))

    monkeypatch.setattr(CoreClient, "list_pools", listed)


LISTS: dict[str, Callable[[Page], Page]] = {
    "another page than was asked for": lambda page: replace(page, number=page.number + 1),
    "a row twice": lambda page: replace(page, pools=page.pools[:1] * 2, last_page=None),
    "oldest first": lambda page: replace(
        page, pools=page.pools[::-1], total=None, last_page=None, more=None
    ),
}


@pytest.mark.parametrize("altered", LISTS.values(), ids=LISTS.keys())
def test_a_list_that_may_have_missed_some_makes_no_verdict(
    settled_place: Place, altered: Callable[[Page], Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    change = left(settled_place, Action.CREATE, NOT_APPLIED)
    with once_quiet(3600):
        settled_place.at_core.add_pool("Much later")
        other_list(monkeypatch, altered)
        found = settle(change)
    assert (found.state, type(found.error)) == (SettlingState.NOT_READ, Undecided)


def test_a_list_that_was_read_whole_may_have_any_order(
    settled_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = left(settled_place, Action.CREATE)
    settled_place.at_core.add_pool("Later")
    other_list(monkeypatch, lambda page: replace(page, pools=page.pools[::-1], sort=None))
    assert verdict(change) is Verdict.APPLIED


def test_what_an_order_once_showed_does_not_count_where_there_is_none(
    settled_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(NEWEST_LOOKED_AT):
        settled_place.at_core.add_pool(f"Earlier {number}")
    change = left(settled_place, Action.CREATE)
    other_list(monkeypatch, lambda page: replace(page, pools=page.pools[::-1], sort=None))
    found = settled(change)
    assert (found.state, type(found.error)) == (SettlingState.NOT_READ, Undecided)


def test_a_list_that_does_not_say_how_long_it_is_is_read_to_its_end(
    settled_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled_place.at_core.delete_pool(settled_place.pool)
    change = left(settled_place, Action.CREATE)
    for number in range(101):
        settled_place.at_core.add_pool(f"Later {number}")
    other_list(monkeypatch, lambda page: replace(page, total=None, last_page=None))
    assert verdict(change) is Verdict.APPLIED


def test_without_evidence_of_before_there_is_no_verdict(settled_place: Place) -> None:
    found = settled(begin(settled_place, Action.CREATE))
    assert (found.state, type(found.error)) == (SettlingState.NOT_READ, Undecided)


# --- When --------------------------------------------------------------------------------


def test_a_call_that_is_still_running_is_left_alone(settled_place: Place) -> None:
    intent = late_intent(settled_place)
    assert settle(intent.change_id).state is SettlingState.UNDER_WAY
    assert settled_place.sandbox.journal == []


def test_within_the_quiet_time_nothing_is_read(settled_place: Place, settings: Settings) -> None:
    settings.SETTLE_QUIET_SECONDS = 60
    change = left(settled_place, Action.EDIT)
    found = settle(change)
    (item,) = changes_by_id([change])
    assert (found.state, found.not_before) == (SettlingState.WAITING, quiet_until(item))
    assert settled_place.sandbox.journal == []


def test_the_quiet_time_counts_from_the_outcome(settled_place: Place, settings: Settings) -> None:
    settings.SETTLE_QUIET_SECONDS = 60
    (item,) = changes_by_id([left(settled_place, Action.EDIT)])
    outcome = Entry.objects.get(kind=Kind.OUTCOME)
    assert (quiet_until(item) - outcome.at).total_seconds() == 60


def test_without_an_outcome_it_counts_from_the_end_of_the_call(
    settled_place: Place, settings: Settings
) -> None:
    settings.SETTLE_QUIET_SECONDS = 60
    (item,) = changes_by_id([begin(settled_place, Action.EDIT)])
    call = settings.CORE_LIMITS.deadline_seconds
    assert item.at is not None
    assert (quiet_until(item) - item.at).total_seconds() == 60 + call


def test_what_is_due_is_open_and_quiet(settled_place: Place, settings: Settings) -> None:
    settings.SETTLE_QUIET_SECONDS = 60
    change = left(settled_place, Action.EDIT)
    begin(settled_place, Action.CREATE)
    (item,) = changes_by_id([change])
    until = quiet_until(item)
    assert due() == []
    with travel(until, tick=False):
        assert due() == [change]
    with once_quiet(120):
        settle(change)
        assert change not in due()


@pytest.mark.parametrize("action", [Action.EDIT, Action.DELETE, Action.CREATE])
def test_read_at_once_a_late_change_looks_as_if_it_had_not_been_made(
    settled_place: Place, action: Action, settings: Settings
) -> None:
    """Why there is a quiet time: the same Core, read at once and read after it."""
    place = settled_place
    settings.SETTLE_QUIET_SECONDS = 1.5
    place.sandbox.set_fault("apply-late=1;status=504;only=writes")
    change = place.make(action).change_id
    place.sandbox.set_fault(None)
    with once_quiet():
        case = settling.take_up(change)
    assert isinstance(case, Case)
    at_once = settling_reads.observe(case)
    assert isinstance(at_once, Observation)
    assert at_once.verdict is Verdict.NOT_APPLIED
    assert settle(change).state is SettlingState.WAITING
    wait_until(lambda: settle(change).state is not SettlingState.WAITING)
    assert settle(change).verdict is Verdict.APPLIED


def test_two_reads_that_differ_make_no_verdict(
    settled_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = left(settled_place, Action.EDIT, NOT_APPLIED)

    def meanwhile(seconds: float) -> None:
        settled_place.at_core.change_pool(settled_place.pool, limit=10)

    monkeypatch.setattr("pools.changes.settling.time.sleep", meanwhile)
    assert settled(change).state is SettlingState.DISAGREE
    assert (Lease.objects.count(), Entry.objects.filter(kind=Kind.SETTLED).count()) == (1, 0)
    assert verdict(change) is Verdict.APPLIED


# --- Who ---------------------------------------------------------------------------------


def no_token(change: uuid.UUID) -> Exception | None:
    found = settled(change)
    assert found.state is SettlingState.NO_TOKEN
    assert Lease.objects.count() == 1
    return found.error


def test_nobody_elses_token_is_used(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    Token.objects.update(user=User.objects.create_user("bob"))
    assert isinstance(no_token(change), keeping.TokenMissing)


def test_a_person_who_is_disabled_settles_nothing(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    User.objects.update(is_active=False)
    assert isinstance(no_token(change), keeping.PersonDisabled)


def test_a_person_who_is_disabled_between_the_reads_settles_nothing(
    settled_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = left(settled_place, Action.EDIT)

    def disabled(seconds: float) -> None:
        User.objects.update(is_active=False)

    monkeypatch.setattr("pools.changes.settling.time.sleep", disabled)
    assert isinstance(no_token(change), keeping.PersonDisabled)


def test_a_person_who_is_gone_settles_nothing(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    User.objects.all().delete()
    assert isinstance(no_token(change), keeping.TokenMissing)


def test_a_company_that_is_gone_is_not_read(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    settled_place.company.delete()
    assert isinstance(no_token(change), keeping.TokenMissing)


def test_a_token_that_has_expired_opens_nothing(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    Token.objects.update(expires_at=timezone.now())
    assert isinstance(no_token(change), CredentialExpired)


def test_nothing_is_settled_from_the_address_that_a_company_moved_to(
    settled_place: Place,
) -> None:
    change = left(settled_place, Action.EDIT)
    settled_place.company.base_url = "https://elsewhere.example"
    settled_place.company.save()
    assert settled(change).state is SettlingState.MOVED


def test_a_token_that_core_refuses_is_noted(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    settled_place.at_core.revoke_key()
    assert isinstance(no_token(change), Unauthenticated)
    assert Token.objects.get().refused_at is not None


@pytest.mark.parametrize("action", [Action.EDIT, Action.DELETE])
def test_a_way_to_core_that_is_lost_settles_nothing(settled_place: Place, action: Action) -> None:
    """A gateway's own 404, for whatever is asked for."""
    change = left(settled_place, action, NOT_APPLIED)
    settled_place.sandbox.set_fault("status=404;only=reads")
    assert settled(change).state is SettlingState.NOT_READ


def test_a_newer_token_that_opens_another_company_proves_nothing(settled_place: Place) -> None:
    place, other = settled_place, make_place(settled_place.sandbox)
    changes = [left(place, action) for action in (Action.DELETE, Action.CREATE)]
    replace_token(place, other)
    for change in changes:
        found = settled(change)
        assert (found.state, type(found.error)) == (SettlingState.NOT_READ, Undecided)


def replace_token(place: Place, other: Place) -> None:
    """Ada replaces her token by one that opens another company."""
    Token.objects.all().delete()
    ada = User.objects.get()
    key = ApiKey(Secret(place.sandbox.keys[other.company.slug]["full"]))
    newer, _ = keeping.add_token(ada, place.company, key, "another", by=ADA)
    keeping.confirm_token(newer, by=ADA)


def test_a_newer_token_that_shows_another_known_pool_under_its_name_is_believed(
    settled_place: Place,
) -> None:
    settled_place.make(Action.CREATE)
    change = left(settled_place, Action.DELETE)
    Token.objects.all().delete()
    give_token(settled_place)
    # The same id under another name may be another company's.
    (witness,) = settled_place.at_core.pools()
    settled_place.at_core.change_pool(witness.id, name="A stranger")
    assert settled(change).state is SettlingState.NOT_READ
    settled_place.at_core.change_pool(witness.id, name="Returns")
    assert verdict(change) is Verdict.APPLIED


def test_a_newer_token_needs_no_witness_for_what_it_shows(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    Token.objects.all().delete()
    give_token(settled_place)
    assert verdict(change) is Verdict.APPLIED


def test_a_clear_needs_no_token(settled_place: Place) -> None:
    change = left(settled_place, Action.CLEAR)
    Token.objects.all().delete()
    assert verdict(change) is Verdict.UNKNOWABLE
    assert settled_place.sandbox.journal == []


# --- What Core shows -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "action"),
    paired(
        [
            "status=500",
            "reset=before",
            "cut=40",
            "redirect=302",
            "status=404,html",
            "list-for-object",
            "missing=limit",
            "text-for-number=limit",
            "null=name",
            "rate-limit=60",
        ],
        [Action.EDIT, Action.CREATE],
    ),
)
def test_where_core_cannot_be_read_the_change_stays_open(
    settled_place: Place, action: Action, fault: str
) -> None:
    change = left(settled_place, action)
    settled_place.sandbox.set_fault(fault)
    found = settled(change)
    assert (found.state, found.verdict) == (SettlingState.NOT_READ, None)
    assert Lease.objects.count() == 1


@pytest.mark.parametrize("fault", ["status=500;skip=1", "missing=limit;skip=1"])
def test_both_reads_are_needed(settled_place: Place, fault: str) -> None:
    change = left(settled_place, Action.EDIT)
    settled_place.sandbox.set_fault(fault)
    assert settled(change).state is SettlingState.NOT_READ


def test_core_can_say_when_to_come_back(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    settled_place.sandbox.set_fault("rate-limit=60")
    not_before = settled(change).not_before
    assert not_before is not None
    assert not_before > timezone.now()


def test_what_core_did_not_tell_before_an_edit_is_left_out_of_account(
    settled_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = settled_place
    place.at_core.change_pool(place.pool, timeout=60)

    def told_from_now_on(intent: Intent) -> None:
        place.sandbox.set_fault(APPLIED)
        record_intent(intent)

    monkeypatch.setattr("pools.changes.sending.record_intent", told_from_now_on)
    change = left(place, Action.EDIT, "text-for-number=timeout")
    assert verdict(change) is Verdict.APPLIED


# --- One verdict -----------------------------------------------------------------------------


def test_a_change_is_settled_once(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    verdict(change)
    again = settled(change)
    assert (again.state, again.verdict) == (SettlingState.ALREADY, Verdict.APPLIED)
    assert Entry.objects.filter(kind=Kind.SETTLED).count() == 1


@pytest.mark.parametrize("change", [None, uuid.uuid4()])
def test_what_is_not_open_is_not_settled(settled_place: Place, change: uuid.UUID | None) -> None:
    change = change or settled_place.make(Action.EDIT).change_id
    assert settled(change).state is SettlingState.ALREADY


def test_what_was_released_by_hand_stays_so(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    release_lease(change, BOB, "looked")
    assert settled(change).state is SettlingState.ALREADY
    assert due() == []


def while_reading(
    monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object], *, reads: int = 2
) -> None:
    """Something happens during the last of so many reads."""
    seen: list[Case] = []

    def observed(case: Case) -> Any:
        seen.append(case)
        if len(seen) == reads:
            monkeypatch.undo()
            happens()
        return observe(case)

    monkeypatch.setattr(settling, "observe", observed)


@pytest.mark.parametrize("reads", [1, 2])
@pytest.mark.parametrize("meanwhile", ["settled", "released"])
def test_what_happens_while_reading_counts(
    settled_place: Place, monkeypatch: pytest.MonkeyPatch, meanwhile: str, reads: int
) -> None:
    change = left(settled_place, Action.EDIT)

    def other() -> None:
        if meanwhile == "released":
            release_lease(change, BOB, "looked")
        else:
            list(settle_all([change]))

    while_reading(monkeypatch, other, reads=reads)
    assert settled(change).state is SettlingState.ALREADY
    assert Entry.objects.filter(kind=Kind.SETTLED).count() == (meanwhile == "settled")


def test_an_outcome_that_arrives_while_reading_starts_the_quiet_time_anew(
    settled_place: Place, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    intent = late_intent(settled_place)
    settings.SETTLE_QUIET_SECONDS = 20

    while_reading(monkeypatch, lambda: outcome_of(intent, Outcome.UNKNOWN))
    assert settled(intent.change_id).state is SettlingState.WAITING


@pytest.mark.parametrize("reads", [1, 2])
def test_a_change_that_turns_out_done_while_reading_gets_no_verdict(
    settled_place: Place, monkeypatch: pytest.MonkeyPatch, reads: int
) -> None:
    intent = late_intent(settled_place)

    def ends() -> None:
        outcome_of(intent, Outcome.DONE)
        record_readback(intent, Readback.NOT_READ, None, pool_id=intent.change.pool_id)

    while_reading(monkeypatch, ends, reads=reads)
    assert settled(intent.change_id).state is SettlingState.ALREADY
    assert not Entry.objects.filter(kind=Kind.SETTLED).exists()
    assert prove().misfits == ()


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_outcome_after_the_verdict_is_kept_beside_it(
    settled_place: Place, outcome: Outcome
) -> None:
    intent = late_intent(settled_place)
    assert verdict(intent.change_id) is Verdict.NOT_APPLIED
    outcome_of(intent, outcome)
    (item,) = history_of(settled_place.company, settled_place.pool)
    assert (item.outcome, item.verdict) == (outcome, Verdict.NOT_APPLIED)
    assert (Lease.objects.count(), open_changes(settled_place.company)) == (0, [])
    assert settled(intent.change_id).state is SettlingState.ALREADY
    assert prove().misfits == ()


def test_a_late_outcome_does_not_give_back_what_another_change_holds(
    settled_place: Place,
) -> None:
    intent = late_intent(settled_place)
    verdict(intent.change_id)
    held = left(settled_place, Action.EDIT)
    outcome_of(intent, Outcome.DONE)
    assert Lease.objects.get().change == held


def test_the_database_takes_one_verdict(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    verdict(change)
    with pytest.raises(IntegrityError), transaction.atomic():
        append(Kind.SETTLED, Action.EDIT, NOBODY, change=change, outcome="applied")


@pytest.mark.parametrize("at", ["lock", "append"])
def test_a_verdict_that_cannot_be_written_leaves_all_as_it_was(
    settled_place: Place, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    change = left(settled_place, Action.EDIT)

    def fail(*arguments: Any, **named: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(settling, at, fail)
    with pytest.raises(LedgerUnwritable):
        settled(change)
    monkeypatch.undo()
    assert Lease.objects.count() == 1
    assert verdict(change) is Verdict.APPLIED


def test_those_who_wait_for_a_verdict_do_not_take_every_thread(
    settled_place: Place, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.CORE_LIMITS = replace(settings.CORE_LIMITS, calls_at_once=2)
    first, second = left(settled_place, Action.EDIT), left(settled_place, Action.CREATE)
    meanwhile: list[Any] = []

    def waits(seconds: float) -> None:
        monkeypatch.undo()
        meanwhile.extend(settle(change) for change in (first, second))

    monkeypatch.setattr("pools.changes.settling.time.sleep", waits)
    assert verdict(first) is Verdict.APPLIED
    assert [type(each.error) for each in meanwhile] == [Busy, Busy]
    assert verdict(second) is Verdict.APPLIED


@pytest.fixture
def short(settings: Settings) -> None:
    """A deadline in which two slow calls have no room."""
    settings.CORE_LIMITS = replace(settings.CORE_LIMITS, deadline_seconds=2.5, read_retries=0)


def test_both_reads_that_a_person_waits_for_share_one_deadline(
    settled_place: Place, settings: Settings, short: None
) -> None:
    change = left(settled_place, Action.EDIT)
    settled_place.sandbox.set_fault("latency=1.4")
    found = settled(change)
    assert found.state is SettlingState.NOT_READ
    assert getattr(found.error, "reason", None) is Reason.DEADLINE
    # The time between them is no call's.
    settled_place.sandbox.set_fault(None)
    settings.SETTLE_READS_APART_SECONDS = 2.6
    assert verdict(change) is Verdict.APPLIED


def test_where_nobody_waits_each_reading_has_a_deadline_for_all_its_calls(
    settled_place: Place, short: None
) -> None:
    edit = left(settled_place, Action.EDIT)
    settled_place.sandbox.set_fault("latency=1.4")
    with once_quiet():
        assert [each.verdict for each in settle_all([edit])] == [Verdict.APPLIED]
    settled_place.sandbox.set_fault(None)
    settled_place.make(Action.CREATE)
    delete = left(settled_place, Action.DELETE, seen=settled_place.seen())
    Token.objects.all().delete()
    give_token(settled_place)
    # The pool is gone; that the newer token is the company's own is a second call.
    settled_place.sandbox.set_fault("latency=1.4")
    with once_quiet():
        assert [each.state for each in settle_all([delete])] == [SettlingState.NOT_READ]


def test_a_change_is_waited_for_by_one_at_a_time(
    settled_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = left(settled_place, Action.EDIT), left(settled_place, Action.CREATE)
    meanwhile: list[Any] = []

    def waits(seconds: float) -> None:
        monkeypatch.undo()
        meanwhile.extend(settle(change).state for change in (first, second))

    monkeypatch.setattr("pools.changes.settling.time.sleep", waits)
    assert verdict(first) is Verdict.APPLIED
    assert meanwhile == [SettlingState.NOT_READ, SettlingState.SETTLED]


def test_nothing_is_read_while_a_transaction_is_open(
    committed_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_token(committed_place)
    change = left(committed_place, Action.EDIT)
    reading = settling_reads.observe

    def observe(case: Case) -> Any:
        assert not transaction.get_connection().in_atomic_block
        return reading(case)

    monkeypatch.setattr(settling, "observe", observe)
    assert verdict(change) is Verdict.APPLIED
