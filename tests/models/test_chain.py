"""Whoever owns the database can alter the ledger; the chain then names the entry."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from pools.models import Entry
from pools.models.chain import CHUNK, Misfit, digest_of, verify_chain
from tests.models.conftest import INSERT, append_events, tamper, values_like

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
    monkeypatch.setattr("pools.models.chain.CHUNK", 3)
    append_events(9)
    tamper("UPDATE pools_entry SET reason = 'x' WHERE seq = 9")
    assert CHUNK > 3
    assert verify_chain() == Misfit(9, MISFIT)
