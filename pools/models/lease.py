"""Who holds a pool: one change at a time, until its outcome is known."""

import hashlib
from typing import Final

from django.db import models

from pools.core.comparing import visible_form
from pools.models.bounds import COMPANY_SLUG
from pools.models.reference import PoolReference
from pools.models.stored import IdField, MomentField, StoredWord

_NEW: Final = "new:"


class Lease(models.Model):
    """Taken with a change's intent, released with its outcome unless that is unknown.

    Then it is released with the verdict, or by hand: leases are what is open.
    """

    company = StoredWord(max_length=COMPANY_SLUG)
    pool_key = StoredWord(max_length=64)
    change = IdField(unique=True)
    held_since = MomentField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["company", "pool_key"], name="one_lease_per_pool"),
        ]

    def __str__(self) -> str:
        return f"{self.company} {self.pool_key}"

    @property
    def pool_id(self) -> int | None:
        """The pool's id; None for the name of a new one."""
        try:
            return PoolReference.read(self.pool_key).pool_id
        except ValueError:
            return None


def pool_key_of(reference: str, pool_name: str) -> str:
    """What a change's lease holds: the pool, or for a new one (no id) its name, as it is seen."""
    if PoolReference.read(reference).pool_id is not None:
        return reference
    return reference + _NEW + hashlib.sha256(visible_form(pool_name).encode()).hexdigest()[:32]


def reference_in(pool_key: str) -> str:
    """The reference that the intent has whose lease holds this: without an id for a new pool."""
    return pool_key.partition(_NEW)[0]
