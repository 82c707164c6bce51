"""A change in words: which moments are told, and how they read in a ticket."""

from dataclasses import replace

import pytest

from pools.change_text import as_text, compared, standing_of
from pools.changes import Action, HistoryItem, Outcome, Snapshot, Verdict
from pools.changes.history import changes_by_id
from tests.changes.recorded import AFTER, BEFORE, a_change

pytestmark = pytest.mark.django_db
FOUND = Snapshot("NetSuite orders", 30, None, (1, 2))


def item(action: Action = Action.EDIT, outcome: Outcome = Outcome.UNKNOWN) -> HistoryItem:
    return changes_by_id([a_change(action=action, outcome=outcome)])[0]


def settled(verdict: Verdict, after: Snapshot | None) -> HistoryItem:
    return replace(item(), verdict=verdict, after=after)


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
    ("action", "verified", "word"),
    [
        (Action.EDIT, False, "done, not seen"),
        (Action.CREATE, False, "done, not seen"),
        (Action.EDIT, True, "done"),
        (Action.CLEAR, False, "done"),
    ],
)
def test_what_reading_back_did_not_show_is_not_said_to_be_plainly_done(
    action: Action, verified: bool, word: str
) -> None:
    change = replace(item(action, Outcome.DONE), verified=verified)
    assert standing_of(change).word == word
    assert f"Outcome: {word}. " in as_text(change, "Acme", "https://panel.example/")


def test_what_settling_found_was_seen() -> None:
    assert not replace(settled(Verdict.APPLIED, AFTER), outcome=Outcome.DONE).unseen


def test_cores_late_answer_stands_over_a_verdict() -> None:
    late = replace(settled(Verdict.NOT_APPLIED, BEFORE), outcome=Outcome.DONE)
    refused = replace(settled(Verdict.APPLIED, AFTER), outcome=Outcome.REFUSED)
    assert (standing_of(late).word, late.took_effect) == ("done, not seen", True)
    assert (standing_of(refused).word, refused.took_effect) == ("refused", False)
