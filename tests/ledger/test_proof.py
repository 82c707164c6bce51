"""Beyond the chain: complete changes, checkpoints, and a ledger that grows during the proof."""

import threading
import uuid
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from pools.ledger import chain, proof
from pools.ledger.appending import append
from pools.ledger.chain import Misfit
from pools.ledger.logged_checkpoints import Checkpoint
from pools.ledger.proof import Proof, prove
from pools.models import Entry, Lease
from pools.models.vocabulary import Kind
from tests.fixtures.leases import take_lease
from tests.fixtures.ledger import ADA, CHANGE, INSERT, append_events, tamper, values_like
from tests.ledger.telling import Panel

pytestmark = pytest.mark.django_db
# Hypothesis' own choices, so that a failure is told by the shortest story.
dice = st.randoms(use_true_random=False)


def tell(*kinds: Kind, outcome: str = "done", held: bool = False) -> None:
    with transaction.atomic():
        for kind in kinds:
            ended = {Kind.OUTCOME: outcome, Kind.SETTLED: "applied"}.get(kind, "")
            append(kind, "edit", ADA, outcome=ended, change=CHANGE)
        if held:
            take_lease(Entry.objects.get(change=CHANGE, kind=Kind.INTENT))


def noted(seq: int) -> Checkpoint:
    return Checkpoint(*Entry.objects.values_list("seq", "digest", "at").get(seq=seq))


@settings(max_examples=20, deadline=None)
@given(dice, st.integers(1, 30), st.integers(1, 31), st.sampled_from([1, 4, 2000]))
def test_what_the_panel_writes_has_no_misfit(
    dice: Random, entries: int, first: int, chunk: int
) -> None:
    with transaction.atomic(), patch.object(chain, "CHUNK", chunk):
        Panel(dice).write(entries)
        first = min(first, entries)
        found = prove(first, [noted(seq) for seq in range(1, entries + 1, 3)])
        transaction.set_rollback(True)
    assert (found.misfits, found.broken, found.head.seq) == ((), False, entries)


@settings(max_examples=20, deadline=None)
@given(dice, st.sampled_from([2, 5, 2000]))
def test_a_ledger_that_grows_meanwhile_has_no_misfit(dice: Random, chunk: int) -> None:
    """The panel may write on after every single question to the database."""
    busy = False

    def write_on(execute: Any, sql: str, *arguments: Any) -> Any:
        nonlocal busy
        answer = execute(sql, *arguments)
        if not busy:
            busy = True
            panel.write(dice.choice([0, 0, 0, 1, 3]))
            busy = False
        return answer

    with transaction.atomic(), patch.object(chain, "CHUNK", chunk):
        panel = Panel(dice)
        panel.write(10)
        with connection.execute_wrapper(write_on):
            found = prove(1, [noted(10)])
        transaction.set_rollback(True)
    assert found.misfits == ()


def test_a_change_that_ends_right_behind_the_walk_has_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look = proof._Changes.without_lease

    def ended_meanwhile(changes: Any) -> list[str]:
        tell(Kind.OUTCOME)
        Lease.objects.all().delete()
        return look(changes)

    monkeypatch.setattr(proof._Changes, "without_lease", ended_meanwhile)
    tell(Kind.INTENT, held=True)
    found = prove()
    assert (found.misfits, found.head.seq, found.open_changes) == ((), 2, 0)


@pytest.mark.django_db(transaction=True)
def test_a_ledger_that_others_write_to_has_no_misfit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "CHUNK", 2)

    def write_on() -> None:
        panel = Panel(Random(1))
        for _ in range(15):
            panel.write(2)
        connection.close()

    writer = threading.Thread(target=write_on)
    writer.start()
    proofs = []
    while writer.is_alive():
        proofs.append(prove())
    assert [found.misfits for found in proofs] == [()] * len(proofs)
    assert prove().head.seq == 30


UNEVEN: dict[str, tuple[tuple[Kind, ...], str, tuple[int, str]]] = {
    "no end": (
        (Kind.INTENT,),
        "",
        (1, "It has no outcome, verdict or release, but it holds no pool."),
    ),
    "unknown": (
        (Kind.INTENT, Kind.OUTCOME),
        "unknown",
        (1, "Its outcome is unknown, and it has no verdict or release, but it holds no pool."),
    ),
    "no intent": ((Kind.OUTCOME,), "done", (1, "There is no intent of its change.")),
    "before its intent": (
        (Kind.OUTCOME, Kind.INTENT),
        "done",
        (1, "It comes before the intent of its change, entry 2."),
    ),
    "read back without outcome": (
        (Kind.INTENT, Kind.READBACK, Kind.RELEASED),
        "",
        (2, "It reads back a change that has no outcome."),
    ),
    "two releases": (
        (Kind.INTENT, Kind.RELEASED, Kind.RELEASED),
        "",
        (3, "It is the second release of its change."),
    ),
    "verdict after the end": (
        (Kind.INTENT, Kind.OUTCOME, Kind.SETTLED),
        "refused",
        (3, "It is the verdict of a change that had ended."),
    ),
    "release after a verdict": (
        (Kind.INTENT, Kind.SETTLED, Kind.RELEASED),
        "",
        (3, "It is the release of a change that had ended."),
    ),
    "made here and outside": (
        (Kind.INTENT, Kind.OUTCOME, Kind.DRIFT),
        "done",
        (3, "Its change is recorded both as made here and as made outside."),
    ),
}


@pytest.mark.parametrize(("kinds", "outcome", "misfit"), UNEVEN.values(), ids=UNEVEN.keys())
def test_a_change_that_is_not_told_whole(
    kinds: tuple[Kind, ...], outcome: str, misfit: tuple[int, str]
) -> None:
    tell(*kinds, outcome=outcome)
    append_events(2)
    assert prove().misfits == (Misfit(*misfit),)


@pytest.mark.parametrize("kind", [Kind.OUTCOME, Kind.DRIFT])
def test_an_entry_of_no_change(kind: Kind) -> None:
    with transaction.atomic():
        append(kind, "edit", ADA)
    assert prove().misfits == (Misfit(1, "It names no change."),)


@pytest.mark.parametrize(
    ("kinds", "outcome"),
    [
        ((Kind.INTENT, Kind.SETTLED, Kind.OUTCOME, Kind.READBACK), "done"),
        ((Kind.INTENT, Kind.RELEASED, Kind.OUTCOME), "unknown"),
        ((Kind.INTENT, Kind.OUTCOME, Kind.SETTLED), "unknown"),
        ((Kind.INTENT, Kind.OUTCOME, Kind.RELEASED), "unknown"),
    ],
)
def test_an_outcome_may_come_late(kinds: tuple[Kind, ...], outcome: str) -> None:
    tell(*kinds, outcome=outcome)
    assert prove().misfits == ()


@pytest.mark.parametrize("kinds", [(Kind.INTENT,), (Kind.INTENT, Kind.OUTCOME)])
def test_a_change_that_holds_its_pool_is_open(kinds: tuple[Kind, ...]) -> None:
    tell(*kinds, outcome="unknown", held=True)
    assert (prove().misfits, prove().open_changes) == ((), 1)


def tell_read_back(*words: str) -> None:
    tell(Kind.INTENT, Kind.OUTCOME)
    with transaction.atomic():
        for word in words:
            append(Kind.READBACK, "edit", ADA, outcome=word, change=CHANGE)


@pytest.mark.parametrize(
    "words", [("not_read", "shown"), ("not_read", "not_shown", "shown"), ("not_read",), ("",)]
)
def test_what_was_not_seen_may_be_seen_later(words: tuple[str, ...]) -> None:
    tell_read_back(*words)
    append_events(2)
    assert (prove().misfits, prove(4).misfits) == ((), ())


@pytest.mark.parametrize(
    "words", [("shown", "shown"), ("shown", "not_shown"), ("", ""), ("shown", "not_read")]
)
def test_what_was_seen_is_not_read_back_again(words: tuple[str, ...]) -> None:
    tell_read_back(*words)
    misfit = Misfit(4, "It is the second read-back of its change.")
    assert prove().misfits == (misfit,)
    assert prove(4).misfits == (misfit,)


def test_a_change_begun_before_the_walk_is_looked_up() -> None:
    tell(Kind.INTENT)
    append_events(2)
    tell(Kind.OUTCOME)
    assert prove(3).misfits == ()


def test_misfits_of_changes_do_not_end_the_walk() -> None:
    tell(Kind.OUTCOME)
    append_events(3)
    tamper("UPDATE pools_entry SET reason = 'x' WHERE seq = 3")
    assert [misfit.seq for misfit in prove().misfits] == [1, 3]


def test_misfits_are_told_in_the_order_of_their_entries() -> None:
    """The first of these is known to be one only at the end."""
    tell(Kind.INTENT)
    with transaction.atomic():
        append(Kind.OUTCOME, "edit", ADA)
    assert [misfit.seq for misfit in prove().misfits] == [1, 2]


def test_the_first_misfits_are_kept_and_the_others_counted() -> None:
    with transaction.atomic():
        for _ in range(30):
            append(Kind.OUTCOME, "edit", ADA, change=uuid.uuid4())
    found = prove()
    assert [misfit.seq for misfit in found.misfits] == list(range(1, 21))
    assert found.misfit_count == 30


def checked(*checkpoints: Checkpoint, first: int = 1) -> tuple[int, int, list[Misfit]]:
    found = prove(first, checkpoints)
    return found.checkpoints, found.uncompared, list(found.misfits)


def test_checkpoints_are_found() -> None:
    append_events(5)
    empty = Checkpoint(0, chain.FIRST, None)
    assert checked(empty, noted(5), noted(2)) == (3, 0, [])


def test_checkpoints_before_the_walk_are_counted() -> None:
    append_events(5)
    assert checked(noted(2), noted(3), noted(5), first=4) == (2, 1, [])


def test_a_cut_end_shows_against_a_checkpoint() -> None:
    append_events(5)
    last = noted(5)
    tamper("DELETE FROM pools_entry WHERE seq > 2")
    assert prove().misfits == ()
    reason = (
        f"It is missing: a checkpoint notes entry 5 of {last.at and last.at.isoformat()};"
        " 3 entries were cut off the end."
    )
    assert checked(noted(1), last) == (1, 0, [Misfit(3, reason)])


def test_an_end_written_anew_shows_against_a_checkpoint() -> None:
    append_events(5)
    noted_then = [noted(2), noted(4)]
    tamper("DELETE FROM pools_entry WHERE seq > 2")
    append_events(4)
    reason = (
        f"A checkpoint names another entry 4 of {(at := noted_then[1].at) and at.isoformat()}: "
        "what came after entry 2 was cut off, at least in part, and written again."
    )
    assert checked(*noted_then) == (1, 0, [Misfit(4, reason)])


def test_where_nothing_older_is_noted_it_does_not_say_since_when_it_was_written_anew() -> None:
    append_events(5)
    last = noted(4)
    tamper("DELETE FROM pools_entry WHERE seq > 2")
    append_events(4)
    (misfit,) = checked(last)[2]
    assert misfit.reason.endswith(": the record was cut off, at least in part, and written again.")


def test_where_the_end_was_cut_off_no_change_is_said_to_have_no_end() -> None:
    tell(Kind.INTENT, Kind.OUTCOME)
    last = noted(2)
    tamper("DELETE FROM pools_entry WHERE seq = 2")
    assert [misfit.seq for misfit in prove(1, [last]).misfits] == [2]


@pytest.mark.parametrize("first", [1, 3])
def test_a_number_before_the_first_is_found(first: int) -> None:
    append_events(3)
    tamper(INSERT + values_like(2, seq="-4"))
    assert prove(first).misfits == (Misfit(-4, "Its number is before the first."),)


@pytest.mark.parametrize("chunk", [1, 2, 3, 2000])
@pytest.mark.parametrize("twice", [1, 3, 5])
def test_a_number_that_is_there_twice_is_found(
    chunk: int, twice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a table put in the place of ours, whose numbers need not differ."""
    monkeypatch.setattr(chain, "CHUNK", chunk)
    append_events(5)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE pools_entry RENAME TO kept")
        cursor.execute("CREATE TABLE pools_entry AS SELECT * FROM kept")
        cursor.execute(INSERT + values_like(twice, reason="'forged'"))
    assert [misfit.seq for misfit in prove().misfits] == [twice]


def test_one_altered_while_it_is_walked_along_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    append_events(4)
    monkeypatch.setattr(chain, "CHUNK", 2)
    walk = chain.Chain()
    walked = walk.chunks()
    next(walked)
    tamper("DELETE FROM pools_entry WHERE seq = 3")
    list(walked)
    assert walk.misfit == Misfit(3, "It is there twice, or was altered during this walk.")


def test_the_proof_of_an_empty_ledger_is_empty() -> None:
    assert prove() == Proof(
        first=1,
        head=chain.Head(0, chain.FIRST, None),
        broken=False,
        misfits=(),
        misfit_count=0,
        open_changes=0,
        of_nobody=(),
        checkpoints=0,
        uncompared=0,
    )


def test_ended_changes_are_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    monkeypatch.setattr(chain, "CHUNK", 10)
    follow = proof._Changes.follow

    def watched(changes: Any, rows: Any) -> None:
        follow(changes, rows)
        kept.append(len(changes.open))

    monkeypatch.setattr(proof._Changes, "follow", watched)
    with transaction.atomic():
        for _ in range(20):
            change = uuid.uuid4()
            append(Kind.INTENT, "edit", ADA, change=change)
            append(Kind.OUTCOME, "edit", ADA, change=change, outcome="done")
    assert prove().misfits == ()
    assert max(kept) <= 1
