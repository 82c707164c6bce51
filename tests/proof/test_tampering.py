"""Every way to tamper with a ledger, at length: found, and the right entry named first."""

import pytest

from tests.fixtures.sampling import share_of
from tests.ledger.tampering import WAYS, tamper_with_ledgers

TRIES = share_of(100)


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(400)
def test_everything_is_found_and_named_and_nothing_else() -> None:
    counts = tamper_with_ledgers(TRIES, seed=2)
    print(counts.table())
    every = dict.fromkeys(WAYS, TRIES)
    assert (counts.tried, counts.found, counts.named) == (every, every, every)
    assert counts.clean >= 2 * TRIES
    assert counts.false_alarms == 0
