"""Every way to tamper with a ledger is found, and the right entry named first."""

import pytest

from tests.ledger.tampering import WAYS, tamper_with_ledgers

TRIES = 6


@pytest.mark.django_db(transaction=True)
def test_everything_is_found_and_named_and_nothing_else() -> None:
    counts = tamper_with_ledgers(TRIES, seed=1, per_ledger=3)
    print(counts.table())
    every = dict.fromkeys(WAYS, TRIES)
    assert (counts.tried, counts.found, counts.named) == (every, every, every)
    assert (counts.clean, counts.false_alarms) == (100, 0)
