"""Whoever owns the database can alter the ledger; the chain then names the entry."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from pools.ledger.appending import Actor, append
from pools.ledger.chain import CHUNK, COLUMNS, Chain, Misfit, digest_of
from pools.models import Entry
from pools.models.vocabulary import Kind
from tests.fixtures.clock import travel
from tests.fixtures.ledger import INSERT, append_events, tamper, values_like
from tests.fixtures.ledger_chain import verify_chain

pytestmark = pytest.mark.django_db
MISFIT = "Its digest does not fit what it says."
NOT_NEXT = "It does not continue the entry before it."

SWAP = (
    "UPDATE pools_entry SET seq = 99 WHERE seq = 4",
    "UPDATE pools_entry SET seq = 4 WHERE seq = 5",
    "UPDATE pools_entry SET seq = 5 WHERE seq = 99",
)
DUPLICATE = (
    "UPDATE pools_entry SET seq = -seq WHERE seq > 5",
    "UPDATE pools_entry SET seq = 1 - seq WHERE seq < 0",
    INSERT + values_like(5, seq="6"),
)
TAMPERED: dict[str, tuple[tuple[str, ...], Misfit]] = {
    "edited reason": (("UPDATE pools_entry SET reason = 'x' WHERE seq = 4",), Misfit(4, MISFIT)),
    "edited actor": (("UPDATE pools_entry SET actor_id = '8' WHERE seq = 4",), Misfit(4, MISFIT)),
    "edited facts": (("UPDATE pools_entry SET facts = '{}' WHERE seq = 4",), Misfit(4, MISFIT)),
    "edited time": (
        ("UPDATE pools_entry SET at = '2020-01-01 00:00:00.000001+00:00' WHERE seq = 4",),
        Misfit(4, MISFIT),
    ),
    "given a form": (
        ("UPDATE pools_entry SET form = '00000000000000000000000000000001' WHERE seq = 4",),
        Misfit(4, MISFIT),
    ),
    "edited digest": (
        (f"UPDATE pools_entry SET digest = '{'a' * 64}' WHERE seq = 4",),
        Misfit(4, MISFIT),
    ),
    "edited previous": (
        (f"UPDATE pools_entry SET previous = '{'a' * 64}' WHERE seq = 4",),
        Misfit(4, NOT_NEXT),
    ),
    "deleted from the middle": (
        ("DELETE FROM pools_entry WHERE seq = 4",),
        Misfit(4, "It is missing: entry 5 follows entry 3."),
    ),
    "deleted from the middle, numbers closed": (
        (
            "DELETE FROM pools_entry WHERE seq = 4",
            "UPDATE pools_entry SET seq = -seq WHERE seq > 4",
            "UPDATE pools_entry SET seq = -seq - 1 WHERE seq < 0",
        ),
        Misfit(4, NOT_NEXT),
    ),
    "first deleted": (
        ("DELETE FROM pools_entry WHERE seq = 1",),
        Misfit(1, "It is missing: entry 2 follows entry 0."),
    ),
    "first replaced": (
        ("UPDATE pools_entry SET reason = 'x' WHERE seq = 1",),
        Misfit(1, MISFIT),
    ),
    "swapped": (SWAP, Misfit(4, NOT_NEXT)),
    "duplicated": (DUPLICATE, Misfit(6, NOT_NEXT)),
    "forged at the end": (
        (INSERT + values_like(10, seq="11", previous="digest"),),
        Misfit(11, MISFIT),
    ),
    "wrong key id": (
        ("UPDATE pools_entry SET key_id = 'stolen' WHERE seq = 4",),
        Misfit(4, "Its key stolen is not in AUDIT_KEYS."),
    ),
    "unknown version": (
        ("UPDATE pools_entry SET version = 2 WHERE seq = 4",),
        Misfit(4, "Its form 2 is not known to this panel."),
    ),
}


@pytest.mark.parametrize(("statements", "misfit"), TAMPERED.values(), ids=TAMPERED.keys())
def test_names_the_first_entry_that_does_not_fit(
    statements: tuple[str, ...], misfit: Misfit
) -> None:
    append_events(10)
    tamper(*statements)
    assert verify_chain() == misfit


def another(column: str) -> str:
    """An SQL expression for another value than a column has."""
    if column in {"seq", "version"}:
        return f"{column} + 1"
    if column == "at":
        return "'2020-01-01 00:00:00.000001+00:00'"
    if column in {"change", "form", "batch"}:
        return "'00000000000000000000000000000001'"
    return f"'x' || substr({column}, 2)"


@pytest.mark.parametrize("column", COLUMNS)
def test_no_column_can_be_altered(column: str) -> None:
    append_events(3)
    tamper(f"UPDATE pools_entry SET {column} = {another(column)} WHERE seq = 3")
    found = verify_chain()
    assert found is not None
    assert found.seq == 3


ODD = {
    "sqlite": {
        "a time as bytes": "at = CAST(at AS BLOB)",
        "a time spelled with a T": "at = replace(at, ' ', 'T')",
        "a time with a T, as bytes": "at = CAST(replace(at, ' ', 'T') AS BLOB)",
        "a time with something behind it": "at = at || char(0) || 'x'",
        "no UTF-8": "reason = CAST(x'ff' AS TEXT)",
        "bytes": "reason = x'41'",
        "bytes for a time": "at = x'41'",
        "a number for a time": "at = 12345",
        "no time": "at = 'noon'",
        "another way to write the time": "at = replace(at, '.', '.0')",
        "another zone": "at = at || '+05:00'",
        "bytes for an id": "change = x'41'",
        "no id": "change = 'x'",
        "bytes for a digest": "digest = x'41'",
        "letters for a digest": "digest = 'é'",
        "letters for a version": "version = 'one'",
        "bytes for a key": "key_id = x'41'",
    },
    "postgresql": {
        "before our era": "at = (at::text || ' BC')::timestamptz",
        "never": "at = 'infinity'",
        "always": "at = '-infinity'",
        "letters for a digest": "digest = 'é'",
        "ten thousand years later": "at = at + interval '10000 years'",
    },
}[connection.vendor]


@pytest.mark.parametrize("change", ODD.values(), ids=ODD.keys())
def test_what_no_panel_writes_is_named_too(change: str) -> None:
    append_events(3)
    tamper(f"UPDATE pools_entry SET {change} WHERE seq = 2")
    found = verify_chain()
    assert found is not None
    assert found.seq == 2


@pytest.mark.parametrize("change", ODD.values(), ids=ODD.keys())
def test_an_entry_that_is_trusted_may_be_anything(change: str) -> None:
    append_events(3)
    tamper(f"UPDATE pools_entry SET {change} WHERE seq = 3")
    chain = Chain(4)
    assert (list(chain.chunks()), chain.misfit, chain.head.seq) == ([], None, 3)


def test_a_whole_second_is_written_in_full() -> None:
    """SQLite keeps it without a fraction."""
    with travel(datetime(2026, 5, 12, 12, tzinfo=UTC), tick=False):
        append_events(2)
    assert verify_chain() is None


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps it in one form")
def test_a_whole_second_is_not_stored_with_its_noughts() -> None:
    with travel(datetime(2026, 5, 12, 12, tzinfo=UTC), tick=False):
        append_events(3)
    tamper("UPDATE pools_entry SET at = at || '.000000' WHERE seq = 2")
    found = verify_chain()
    assert found is not None
    assert found.seq == 2


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps it in one form")
@pytest.mark.parametrize("column", [name for name in COLUMNS if name != "seq"])
def test_no_column_can_be_stored_as_bytes(column: str) -> None:
    with transaction.atomic():
        for number in (1, 2, 3):
            one = UUID(int=number)
            append(
                Kind.INTENT,
                "edit",
                Actor(7, "Ada"),
                company="acme",
                pool_id="7",
                change=one,
                form=one,
                batch=one,
            )
    tamper(f"UPDATE pools_entry SET {column} = CAST({column} AS BLOB) WHERE seq = 2")
    found = verify_chain()
    assert found is not None
    assert found.seq == 2


def test_text_is_read_as_ever_after_what_was_none() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps nothing else")
    append_events(3)
    tamper("UPDATE pools_entry SET reason = CAST(x'ff' AS TEXT) WHERE seq = 2")
    before = connection.connection.text_factory
    verify_chain()
    assert connection.connection.text_factory is before


texts = st.text() | st.sampled_from(["\x00", "\ud800", "\u2028", "'; --", "%s", "\\", '"'])
fact_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=10,
)


@settings(max_examples=40, deadline=None)
@given(texts, texts, texts, fact_values, st.integers(0, 999_999))
def test_whatever_is_appended_is_kept_as_it_was_sealed(
    name: str, pool: str, reason: str, fact: Any, microsecond: int
) -> None:
    at = datetime(2026, 5, 12, 12, 0, 0, microsecond, tzinfo=UTC)
    with transaction.atomic(), travel(at, tick=False):
        append(
            Kind.EVENT,
            "deed",
            Actor(7, name),
            pool_name=pool,
            reason=reason,
            facts={"fact": fact},
            change=UUID(int=7),
        )
        found = verify_chain()
        transaction.set_rollback(True)
    assert found is None


def rehash(from_seq: int, digest: Callable[[tuple[Any, ...]], str]) -> None:
    """Makes the chain whole again from an entry on, as someone without the key can."""
    previous = Entry.objects.get(seq=from_seq - 1).digest
    for row in list(Entry.objects.filter(seq__gte=from_seq).order_by("seq").values_list()):
        made = digest((*row[:-2], previous))
        tamper(
            f"UPDATE pools_entry SET previous = '{previous}', digest = '{made}'"
            f" WHERE seq = {row[0]}"
        )
        previous = made


def test_a_chain_made_again_with_another_key_is_found_at_its_start() -> None:
    append_events(6)
    tamper("UPDATE pools_entry SET reason = 'x' WHERE seq = 4")
    rehash(4, lambda row: digest_of(row, b"guessed" * 5))
    assert verify_chain() == Misfit(4, MISFIT)


def test_a_chain_made_again_without_any_key_is_found_at_its_start() -> None:
    append_events(6)
    tamper("UPDATE pools_entry SET reason = 'x' WHERE seq = 4")
    rehash(4, lambda row: hashlib.sha256(repr(row).encode()).hexdigest())
    assert verify_chain() == Misfit(4, MISFIT)


def test_a_clean_ledger_has_no_misfit() -> None:
    append_events(10)
    assert verify_chain() is None


def test_an_empty_ledger_has_no_misfit() -> None:
    assert verify_chain() is None


@pytest.mark.parametrize("start", [1, 2, 10])
def test_can_start_anywhere(start: int) -> None:
    append_events(10)
    assert verify_chain(start) is None


def test_a_later_start_does_not_see_what_is_before_it() -> None:
    append_events(10)
    tamper("UPDATE pools_entry SET reason = 'x' WHERE seq = 4")
    assert verify_chain(6) is None


def test_a_start_beyond_the_end_is_a_misfit() -> None:
    append_events(3)
    assert verify_chain(9) == Misfit(8, "It is missing.")


def test_reads_on_after_a_full_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pools.ledger.chain.CHUNK", 3)
    append_events(9)
    tamper("UPDATE pools_entry SET reason = 'x' WHERE seq = 9")
    assert CHUNK > 3
    assert verify_chain() == Misfit(9, MISFIT)
