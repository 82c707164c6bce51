"""Leases, held against what the ledger says is open."""

from io import StringIO
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from adminpanel.checks import stored_state
from pools.ledger import leases
from pools.ledger.appending import append
from pools.ledger.leases import Held, open_change, reasons_against_leases
from pools.ledger.proof import prove
from pools.models import Entry, Lease
from pools.models.lease import pool_key_of
from pools.models.vocabulary import Kind
from tests.fixtures.leases import take_lease
from tests.fixtures.ledger import ADA, CHANGE, append_events, verify_audit

pytestmark = pytest.mark.django_db
OTHER = UUID(int=2)
ON_SQLITE = pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite keeps other forms")


def tell(*kinds: Kind, change: UUID = CHANGE, pool: str = "7", outcome: str = "unknown") -> Entry:
    """Entries of a change; returns the intent."""
    with transaction.atomic():
        told = [
            append(
                kind,
                "edit" if pool else "create",
                ADA,
                company="acme",
                pool_id=pool,
                pool_name="Orders",
                outcome=outcome if kind == Kind.OUTCOME else "",
                change=change,
            )
            for kind in kinds
        ]
    return told[0]


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def found() -> tuple[list[str], list[str], list[str]]:
    """By the proof: reasons of misfits, leases of nobody; and what is said at a start."""
    proof = prove()
    return [each.reason for each in proof.misfits], list(proof.of_nobody), reasons_against_leases()


@pytest.mark.parametrize("pool", ["7", ""])
@pytest.mark.parametrize("kinds", [(Kind.INTENT,), (Kind.INTENT, Kind.OUTCOME)])
def test_what_an_open_change_holds_fits(kinds: tuple[Kind, ...], pool: str) -> None:
    take_lease(tell(*kinds, pool=pool))
    assert found() == ([], [], [])


ALTERED = {
    "another pool": ("pool_key = '8'", "pool_key is '8' and was '7'"),
    "another company": ("company = 'globex'", "company is 'globex' and was 'acme'"),
    "the name of a new pool": ("pool_key = 'new:7'", "pool_key is 'new:7' and was '7'"),
}


@pytest.mark.parametrize(("alteration", "said"), ALTERED.values(), ids=ALTERED.keys())
def test_a_lease_that_was_moved_is_named(alteration: str, said: str) -> None:
    take_lease(tell(Kind.INTENT))
    execute(f"UPDATE pools_lease SET {alteration}")
    reason = f"Its lease was altered: {said}."
    assert found() == ([reason], [], [f"The change of entry 1 is open. {reason}"])


def test_a_lease_of_another_time_is_named() -> None:
    intent = tell(Kind.INTENT)
    take_lease(intent)
    Lease.objects.update(held_since=intent.at.replace(year=2020))
    (reason,), _, (said,) = found()
    assert reason.startswith("Its lease was altered: held_since is '2020-")
    assert said.endswith(reason)


@ON_SQLITE
@pytest.mark.parametrize("column", ["company", "pool_key", "change", "held_since"])
def test_a_lease_in_another_form_is_named(column: str) -> None:
    take_lease(tell(Kind.INTENT))
    execute(f"UPDATE pools_lease SET {column} = CAST({column} AS BLOB)")
    misfits, of_nobody, said = found()
    assert len(misfits) == 1
    assert len(of_nobody) == (column == "change")
    assert len(said) == 1 + (column == "change")


def test_a_lease_that_is_gone_is_named_by_its_change() -> None:
    tell(Kind.INTENT, Kind.OUTCOME)
    assert found() == (
        ["Its outcome is unknown, and it has no verdict or release, but it holds no pool."],
        [],
        ["The change of entry 1 is open and holds no pool."],
    )


@pytest.mark.parametrize("end", [Kind.OUTCOME, Kind.SETTLED, Kind.RELEASED])
def test_a_lease_that_was_kept_after_the_end_is_of_nobody(end: Kind) -> None:
    take_lease(tell(Kind.INTENT, end, outcome="done"))
    sentence = f"No open change holds pool 7 of acme, for the change {CHANGE.hex}."
    assert found() == ([], [sentence], [sentence])


def test_a_lease_of_no_change_at_all_is_of_nobody_and_the_proof_fails() -> None:
    append_events(1)
    Lease.objects.create(
        company="acme", pool_key="9", change=CHANGE, held_since=Entry.objects.get().at
    )
    sentence = f"No open change holds pool 9 of acme, for the change {CHANGE.hex}."
    assert found() == ([], [sentence], [sentence])
    code, said = verify_audit()
    assert code == 1
    assert said.startswith(f"{sentence}\nEntry 1 fits.\n")


def test_a_proof_from_later_on_judges_all_leases() -> None:
    take_lease(tell(Kind.INTENT))
    append_events(3)
    assert prove(4).of_nobody == ()
    execute("UPDATE pools_lease SET pool_key = '8'")
    assert [misfit.seq for misfit in prove(4).misfits] == [1]


def test_a_change_that_ends_meanwhile_leaves_no_lease_of_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between reading the leases and reading the ledger."""
    read = leases.read

    def ended_meanwhile() -> list[Held]:
        held = read()
        if held:
            tell(Kind.OUTCOME, outcome="done")
            Lease.objects.all().delete()
        return held

    take_lease(tell(Kind.INTENT))
    monkeypatch.setattr(leases, "read", ended_meanwhile)
    assert (prove().of_nobody, reasons_against_leases()) == ((), [])


def test_the_check_of_a_deployment_says_what_does_not_fit() -> None:
    tell(Kind.INTENT)
    (error,) = stored_state(None)
    assert error.msg == (
        "The leases do not fit the ledger: The change of entry 1 is open and holds no pool. "
        "Run `manage.py verify_audit`, then `manage.py guard_ledger` to correct them."
    )


def test_they_are_put_right_and_each_is_on_the_ledger() -> None:
    tell(Kind.INTENT)
    take_lease(tell(Kind.INTENT, change=OTHER, pool="8"))
    execute("UPDATE pools_lease SET pool_key = '9'")
    take_lease(tell(Kind.INTENT, Kind.SETTLED, change=UUID(int=3), pool="10"))
    said = StringIO()
    call_command("guard_ledger", stdout=said)
    assert said.getvalue().splitlines()[0] == "No trigger was missing."
    assert [line.split(":")[0] for line in said.getvalue().splitlines()[1:]] == ["Corrected"] * 3
    assert found() == ([], [], [])
    events = Entry.objects.filter(kind=Kind.EVENT).order_by("seq")
    assert [(event.action, event.actor_name) for event in events] == [("lease_put_right", "")] * 3
    assert events[0].reason == "The change of entry 1 is open and holds no pool."


ENDS: dict[str, tuple[tuple[Kind, ...], str, bool]] = {
    "under way": ((Kind.INTENT,), "", True),
    "unknown": ((Kind.INTENT, Kind.OUTCOME), "unknown", True),
    "done": ((Kind.INTENT, Kind.OUTCOME), "done", False),
    "refused": ((Kind.INTENT, Kind.OUTCOME), "refused", False),
    "settled": ((Kind.INTENT, Kind.SETTLED), "", False),
    "released": ((Kind.INTENT, Kind.OUTCOME, Kind.RELEASED), "unknown", False),
    "done after a verdict": ((Kind.INTENT, Kind.SETTLED, Kind.OUTCOME), "done", False),
}


@pytest.mark.parametrize(("kinds", "outcome", "is_open"), ENDS.values(), ids=ENDS.keys())
def test_the_ledger_says_whether_a_change_of_a_pool_is_open(
    kinds: tuple[Kind, ...], outcome: str, is_open: bool
) -> None:
    tell(*kinds, outcome=outcome)
    assert open_change("acme", "7") == (CHANGE if is_open else None)
    assert (open_change("acme", "8"), open_change("globex", "7")) == (None, None)


def test_a_new_pool_is_held_by_its_name() -> None:
    tell(Kind.INTENT, pool="")
    assert open_change("acme", pool_key_of("", "\u200fOrders")) == CHANGE
    assert open_change("acme", pool_key_of("", "Refunds")) is None


@pytest.mark.parametrize("chunk", [1, 2, 50_000])
def test_all_of_a_long_ledger_is_looked_through(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "CHUNK", chunk)
    for number in range(1, 6):
        append_events(1)
        tell(Kind.INTENT, change=UUID(int=number), pool=str(number))
    assert len(reasons_against_leases()) == 5
