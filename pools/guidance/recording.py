"""What is kept is on the ledger, or is not kept."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, transaction

from pools.ledger.appending import LedgerUnwritable, lock


@contextmanager
def recording() -> Iterator[None]:
    """One transaction for what is kept and for its event: both or neither.

    Anyone else who does the same waits, so that nobody decides by what was replaced meanwhile.
    Raises LedgerUnwritable.
    """
    try:
        with transaction.atomic(durable=True):
            lock()
            yield
    except DatabaseError as error:
        raise LedgerUnwritable("what was to be kept could not be recorded") from error
