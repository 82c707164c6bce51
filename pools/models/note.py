"""A note that is pinned to a pool, or to a company."""

from django.db import models
from django.db.models import Q

from pools.models.bounds import NOTE, USERNAME
from pools.models.company import Company


class PinnedNote(models.Model):
    """What those who may edit want everybody to read before they change something.

    Of a pool, which is an id of an origin; or of the company, where both are None. There is one
    of each at most. `entry` is the number of the ledger's entry that says so: whoever saw
    another one has not read this text.
    """

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="notes")
    origin = models.PositiveIntegerField(null=True)
    pool_id = models.PositiveBigIntegerField(null=True)
    text = models.CharField(max_length=NOTE)
    written_by = models.CharField(max_length=USERNAME)
    written_at = models.DateTimeField()
    entry = models.PositiveBigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["company", "origin", "pool_id"],
                condition=Q(pool_id__isnull=False),
                name="one_note_per_pool",
            ),
            models.UniqueConstraint(
                fields=["company"], condition=Q(pool_id__isnull=True), name="one_note_per_company"
            ),
            models.CheckConstraint(
                condition=Q(origin__isnull=True, pool_id__isnull=True)
                | Q(origin__isnull=False, pool_id__isnull=False),
                name="note_of_a_pool_or_a_company",
            ),
        ]

    def __str__(self) -> str:
        return self.text
