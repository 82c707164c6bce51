"""Who holds a pool: one change at a time, until its outcome is known."""

from django.db import models


class Lease(models.Model):
    """Taken with a change's intent, given back with its outcome unless that is unknown.

    Then it is given back with the verdict, or by hand: leases are what is open.
    """

    company = models.CharField(max_length=50)
    pool_key = models.CharField(max_length=64)
    change = models.UUIDField(unique=True)
    held_since = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["company", "pool_key"], name="one_lease_per_pool"),
        ]

    def __str__(self) -> str:
        return f"{self.company} {self.pool_key}"
