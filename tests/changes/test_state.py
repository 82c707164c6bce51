"""What is known of a change, from what is recorded about it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from pools.changes.state import (
    ChangeState,
    call_ends,
    last_word,
    may_still_run,
    outcome_at,
    readback_at,
    state_of,
)
from pools.core import CoreLimits
from pools.models.vocabulary import MADE_HERE, Action, Outcome, Readback, Verdict

NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)
CLEAR_ANSWERS = (Outcome.DONE, Outcome.REFUSED, Outcome.NOT_SENT)
A_MOMENT = timedelta(microseconds=1)

actions = st.sampled_from(MADE_HERE)
outcomes = st.sampled_from([None, *Outcome])
verdicts = st.sampled_from([None, *Verdict])
readbacks = st.sampled_from([None, *Readback])


@pytest.mark.parametrize("outcome", CLEAR_ANSWERS)
@pytest.mark.parametrize("verdict", [None, *Verdict])
def test_a_clear_answer_outranks_the_verdict(outcome: Outcome, verdict: Verdict | None) -> None:
    assert last_word(outcome, verdict) is outcome


@pytest.mark.parametrize("outcome", [None, Outcome.UNKNOWN])
@pytest.mark.parametrize("verdict", list(Verdict))
def test_without_a_clear_answer_the_verdict_counts(
    outcome: Outcome | None, verdict: Verdict
) -> None:
    assert last_word(outcome, verdict) is verdict
    assert state_of(Action.EDIT, outcome, verdict) is ChangeState(verdict)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(None, ChangeState.UNDER_WAY), (Outcome.UNKNOWN, ChangeState.UNKNOWN)],
)
def test_a_change_without_a_last_word_is_open(outcome: Outcome | None, state: ChangeState) -> None:
    assert state_of(Action.EDIT, outcome) is state
    assert state.is_open


@pytest.mark.parametrize("outcome", [None, Outcome.UNKNOWN])
def test_one_that_was_released_is_not_open(outcome: Outcome | None) -> None:
    state = state_of(Action.EDIT, outcome, released=True)
    assert (state, state.is_open) == (ChangeState.RELEASED, False)


@pytest.mark.parametrize("outcome", CLEAR_ANSWERS)
def test_a_clear_answer_outranks_the_release(outcome: Outcome) -> None:
    assert state_of(Action.EDIT, outcome, readback=Readback.SHOWN, released=True) is ChangeState(
        outcome
    )


@pytest.mark.parametrize(
    ("readback", "state", "confirmed"),
    [
        (Readback.SHOWN, ChangeState.DONE, True),
        (Readback.NOT_SHOWN, ChangeState.NOT_SEEN, False),
        (Readback.NOT_READ, ChangeState.NOT_READ, True),
        (Readback.READING, ChangeState.READING_BACK, True),
    ],
)
def test_only_a_pool_that_was_read_and_does_not_show_it_speaks_against_a_change(
    readback: Readback, state: ChangeState, confirmed: bool
) -> None:
    found = state_of(Action.EDIT, Outcome.DONE, readback=readback)
    assert (found, found.took_effect, found.is_confirmed) == (state, True, confirmed)


def test_of_a_clear_nothing_can_be_seen() -> None:
    assert state_of(Action.CLEAR, Outcome.DONE) is ChangeState.DONE


def test_a_verdict_shows_what_reading_back_did_not() -> None:
    assert state_of(Action.EDIT, Outcome.DONE, Verdict.APPLIED) is ChangeState.DONE


@given(actions, outcomes, verdicts, readbacks, st.booleans())
def test_a_state_is_open_or_over_and_takes_effect_only_when_somebody_said_so(
    action: Action,
    outcome: Outcome | None,
    verdict: Verdict | None,
    readback: Readback | None,
    released: bool,
) -> None:
    state = state_of(action, outcome, verdict, readback=readback, released=released)
    told = outcome if outcome in CLEAR_ANSWERS else verdict
    assert state.is_open == (told is None and not released)
    assert state.took_effect == (told in {Outcome.DONE, Verdict.APPLIED})
    assert state.is_verdict == (told in list(Verdict))
    assert state.took_effect or not state.is_confirmed


@given(outcomes, verdicts, readbacks, st.booleans())
def test_what_was_made_outside_has_no_other_state(
    outcome: Outcome | None, verdict: Verdict | None, readback: Readback | None, released: bool
) -> None:
    state = state_of(Action.OUTSIDE, outcome, verdict, readback=readback, released=released)
    assert (state, state.is_open) == (ChangeState.OUTSIDE, False)


def test_a_call_runs_no_longer_than_its_limit(settings: LazySettings) -> None:
    settings.CORE_LIMITS = CoreLimits(deadline_seconds=9)
    assert call_ends(NOON) == NOON + timedelta(seconds=9)
    assert may_still_run(NOON, call_ends(NOON) - A_MOMENT)
    assert not may_still_run(NOON, call_ends(NOON))


def test_an_outcome_that_was_never_recorded_is_unknown_once_no_call_can_run() -> None:
    assert outcome_at(call_ends(NOON) - A_MOMENT, NOON, None) is None
    assert outcome_at(call_ends(NOON), NOON, None) is Outcome.UNKNOWN


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_recorded_outcome_stays(outcome: Outcome) -> None:
    assert outcome_at(NOON + timedelta(days=1), NOON, outcome) is outcome


@pytest.mark.parametrize("verdict", [Verdict.NOT_APPLIED, Verdict.SUPERSEDED, Verdict.DUPLICATE])
def test_what_settling_did_not_find_is_not_seen(verdict: Verdict) -> None:
    late = state_of(Action.EDIT, Outcome.DONE, verdict, readback=Readback.NOT_READ)
    assert late is ChangeState.NOT_SEEN


def test_what_was_never_read_back_is_not_read_once_no_call_can_run() -> None:
    assert readback_at(call_ends(NOON) - A_MOMENT, NOON, None) is Readback.READING
    assert readback_at(call_ends(NOON), NOON, None) is Readback.NOT_READ


@pytest.mark.parametrize("readback", list(Readback))
def test_what_was_read_back_stays(readback: Readback) -> None:
    assert readback_at(NOON + timedelta(days=1), NOON, readback) is readback
