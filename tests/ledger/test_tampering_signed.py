"""What was tampered with is found without a key, by one signed checkpoint kept elsewhere."""

import pytest

from tests.ledger.tampering import WAYS
from tests.ledger.tampering_signed import tamper_with_signed_ledgers


@pytest.mark.django_db(transaction=True)
def test_everything_is_found_without_a_key_and_nothing_else() -> None:
    counts = tamper_with_signed_ledgers(2, seed=1, rewritten=8, clean=8, per_ledger=2)
    print(counts.table())
    every = dict.fromkeys(WAYS, 2)
    assert (counts.tried, counts.found) == (every, every)
    assert (counts.rewritten, counts.sealed_well, counts.rewritten_found) == (8, 8, 8)
    assert (counts.clean, counts.false_alarms) == (8, 0)
