"""A change in words: which moments are told, and how they read in a ticket."""

from typing import Any

import pytest

from pools.changes import HistoryItem, Snapshot
from pools.changes.history import changes_by_id
from pools.changes.lines import Step
from pools.changes.reverting import CannotRevert, RevertObstacle, Undo
from pools.changes.state import ChangeState
from pools.core import Reason
from pools.models.reference import FIRST_ORIGIN
from pools.models.vocabulary import Action, Kind, Outcome, Readback, Verdict
from pools.wording.changes import as_text, compared, in_brief, step_in_words
from pools.wording.outcomes import meaning_of, standing_of
from tests.changes.recorded import AFTER, BEFORE, a_change

pytestmark = pytest.mark.django_db
FOUND = Snapshot("NetSuite orders", 30, None, (1, 2))


def item(action: Action = Action.EDIT, outcome: Outcome = Outcome.UNKNOWN) -> HistoryItem:
    return changes_by_id([a_change(action=action, outcome=outcome)])[0]


def settled(verdict: Verdict, after: Snapshot | None) -> HistoryItem:
    return item()._replace(verdict=verdict, after=after)


def told(change: HistoryItem) -> list[str]:
    """The lines of its text that say values."""
    lines = as_text(change, "Acme", "https://panel.example/").splitlines()
    return [line for line in lines if line.startswith(("Name", "Limit", "Timeout", "Conn"))]


@pytest.mark.parametrize(
    ("verdict", "after", "moments", "line"),
    [
        (Verdict.APPLIED, AFTER, ("Before", "As found later"), "5 → 10 (as found later)"),
        (Verdict.NOT_APPLIED, BEFORE, ("Before", "As asked for"), "5 → 10 (as asked for)"),
        (
            Verdict.SUPERSEDED,
            FOUND,
            ("Before", "As asked for", "As found later"),
            "5 → 10 (as asked for) → 30 (as found later)",
        ),
        (Verdict.SUPERSEDED, None, ("Before", "As asked for"), "5 → 10 (as asked for)"),
    ],
)
def test_what_was_asked_for_is_told_where_it_did_not_come_to_that(
    verdict: Verdict, after: Snapshot | None, moments: tuple[str, ...], line: str
) -> None:
    change = settled(verdict, after)
    assert compared(change)[0] == moments
    assert told(change) == [f"Limit: {line}"]


@pytest.mark.parametrize(
    ("action", "outcome", "words"),
    [
        (Action.EDIT, Outcome.DONE, "limit 5 → 10"),
        (Action.EDIT, Outcome.REFUSED, "limit 5 → 10"),
        (Action.CLEAR, Outcome.DONE, "cleared"),
        (Action.CLEAR, Outcome.UNKNOWN, "clear"),
        (Action.CREATE, Outcome.DONE, "created"),
    ],
)
def test_a_line_of_a_list_says_what_a_change_did_or_was_to_do(
    action: Action, outcome: Outcome, words: str
) -> None:
    assert in_brief(item(action, outcome)) == words


def test_a_line_of_a_list_says_that_a_pool_was_renamed_and_not_how() -> None:
    wanted = AFTER._replace(name="Orders", timeout=30)
    change = item()._replace(wanted=wanted, after=wanted)
    assert in_brief(change) == "renamed, limit 5 → 10, timeout none → 30"


def test_of_a_deleted_pool_its_values_are_told() -> None:
    change = item(Action.DELETE, Outcome.DONE)
    assert told(change) == [
        "Name: NetSuite orders",
        "Limit: 5",
        "Timeout: none",
        "Connectors: 1, 2",
    ]


def test_of_a_clear_no_values_are_told() -> None:
    assert told(item(Action.CLEAR, Outcome.DONE)) == []


@pytest.mark.parametrize(
    ("action", "readback", "word"),
    [
        (Action.EDIT, Readback.NOT_SHOWN, "done, not seen"),
        (Action.CREATE, Readback.NOT_SHOWN, "done, not seen"),
        (Action.EDIT, Readback.NOT_READ, "done, not checked"),
        (Action.EDIT, Readback.READING, "done, being checked"),
        (Action.EDIT, Readback.SHOWN, "done"),
        (Action.CLEAR, None, "done"),
    ],
)
def test_what_reading_back_did_not_show_is_not_said_to_be_plainly_done(
    action: Action, readback: Readback | None, word: str
) -> None:
    change = item(action, Outcome.DONE)._replace(readback=readback)
    assert standing_of(change).word == word
    assert f"Outcome: {word}. " in as_text(change, "Acme", "https://panel.example/")


@pytest.mark.parametrize(
    ("action", "after", "found"),
    [
        (Action.EDIT, FOUND, "the pool had neither the values from before nor the new ones."),
        (Action.EDIT, None, "the pool was gone."),
        (
            Action.CREATE,
            FOUND,
            "there was a new pool that may be it, but not with this name and all the values.",
        ),
    ],
)
def test_other_values_than_were_sent_need_not_be_somebody_elses(
    action: Action, after: Snapshot | None, found: str
) -> None:
    change = settled(Verdict.SUPERSEDED, after)._replace(action=action)
    said = meaning_of(change)
    assert f"We checked later: {found}" in said
    either = "Either Patchworks kept other values than we sent, or someone else"
    assert (either in said) is (after is not None)


@pytest.mark.parametrize(
    ("readback", "found"),
    [(Readback.SHOWN, "the pool was gone"), (Readback.NOT_SHOWN, "the pool was still there")],
)
def test_of_a_delete_the_pool_is_looked_for(readback: Readback, found: str) -> None:
    change = item(Action.DELETE, Outcome.DONE)._replace(readback=readback)
    assert found in meaning_of(change)


def test_what_settling_found_was_seen() -> None:
    late = settled(Verdict.APPLIED, AFTER)._replace(outcome=Outcome.DONE)
    assert late.state is ChangeState.DONE


def test_cores_late_answer_stands_over_a_verdict() -> None:
    late = settled(Verdict.NOT_APPLIED, BEFORE)._replace(outcome=Outcome.DONE)
    refused = settled(Verdict.APPLIED, AFTER)._replace(outcome=Outcome.REFUSED)
    assert (standing_of(late).word, late.took_effect) == ("done, not seen", True)
    assert (standing_of(refused).word, refused.took_effect) == ("refused", False)


def test_what_core_refused_after_all_changed_nothing_whatever_the_verdict() -> None:
    refused = settled(Verdict.SUPERSEDED, AFTER)._replace(outcome=Outcome.REFUSED)
    with pytest.raises(CannotRevert) as raised:
        Undo.of(refused, FIRST_ORIGIN)
    assert raised.value.obstacle is RevertObstacle.WITHOUT_EFFECT


@pytest.mark.parametrize("action", [Action.EDIT, Action.CLEAR])
def test_a_refusal_for_want_of_the_pool_says_so(action: Action) -> None:
    refused = item(action, Outcome.REFUSED)
    about = "No query results for model [App\\Models\\Pool]"
    missing, another = (
        refused._replace(pool_id=7, message=f"{about} {number}") for number in (7, 17)
    )
    told = [
        "It no longer has this pool." in meaning_of(each) for each in (refused, missing, another)
    ]
    assert told == [False, True, False]


def test_a_late_answer_shows_what_the_pool_had_when_it_was_looked_at() -> None:
    late = settled(Verdict.NOT_APPLIED, BEFORE)._replace(outcome=Outcome.DONE)
    assert compared(late)[0] == ("Before", "As asked for", "After")


@pytest.mark.parametrize("field", ["name", "limit", "connector_ids"])
def test_what_was_not_told_is_not_shown_as_changed(field: str) -> None:
    nothing: dict[str, Any] = {field: None}
    after = AFTER._replace(**nothing)
    change = item(outcome=Outcome.DONE)._replace(before=AFTER, wanted=AFTER, after=after)
    (row,) = [row for row in compared(change)[1] if "not known" in row.cells]
    assert not row.differs
    assert told(change) == []


@pytest.mark.parametrize(
    ("problem", "status", "cause"),
    [
        ("server error", 503, "Patchworks had an error (503)."),
        ("deadline", None, "Patchworks took too long to answer."),
        ("", None, "Patchworks gave no clear answer."),
    ],
)
@pytest.mark.parametrize("verdict", [None, *Verdict])
def test_why_an_outcome_is_unknown_comes_first(
    problem: str, status: int | None, cause: str, verdict: Verdict | None
) -> None:
    change = item()._replace(problem=problem, status=status, verdict=verdict)
    assert meaning_of(change).startswith(f"{cause} ")


@pytest.mark.parametrize("problem", [*Reason, "not found"])
def test_a_step_says_its_cause_in_a_sentence(problem: str) -> None:
    facts = {"problem": problem, "status": 503}
    step = Step(2, None, Kind.OUTCOME, "edit", "olga", Outcome.UNKNOWN, "", facts, "0" * 64)
    note = step_in_words(step).note
    assert note.endswith((".", "?")) == (problem != Reason.REFUSED_BY_CORE)
    assert problem != Reason.SERVER_ERROR or note == "Patchworks had an error (503)."
