"""Every way to tamper with a ledger, at length: found without a key, by a signed checkpoint."""

import pytest

from tests.fixtures.sampling import share_of
from tests.ledger.tampering import WAYS
from tests.ledger.tampering_signed import tamper_with_signed_ledgers

TRIES, HISTORIES = share_of(200), share_of(1000)


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(900)
def test_everything_is_found_without_a_key_and_nothing_else() -> None:
    counts = tamper_with_signed_ledgers(TRIES, seed=3, rewritten=HISTORIES, clean=HISTORIES)
    print(counts.table())
    every = dict.fromkeys(WAYS, TRIES)
    assert (counts.tried, counts.found) == (every, every)
    # Sealed and signed again, the host's own proofs see nothing; the checkpoint elsewhere does.
    assert (counts.rewritten, counts.sealed_well) == (HISTORIES, HISTORIES)
    assert counts.rewritten_found == HISTORIES
    assert (counts.clean, counts.false_alarms) == (HISTORIES, 0)
