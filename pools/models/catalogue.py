"""The catalogue: what Core last showed of each pool, so that it can be found without asking.

No evidence, and nobody's source for a change: it is as old as `seen_at` says, and a pool is
read at Core before anything is done to it.
"""

from typing import Final

from django.conf import settings
from django.db import models

from pools.models.bounds import NOTE, SYSTEM_NAME, USERNAME
from pools.models.company import Company

# Core's texts are as long as it likes. What is kept of one is enough to tell it from others,
# and fits into an index of either database.
SEEN_TEXT: Final = SYSTEM_NAME


class SeenPool(models.Model):
    """A pool as it was when it was last read. Its id means nothing outside company and origin.

    `connectors` is JSON as `pools.catalogue.connectors` writes it; empty while Core has not
    told any. `unreadable` names the values that Core told and that can't be read, with blanks
    between the names: here they are null. `note` is the one that is pinned to it here, and `words`
    is what it is found by, as `pools.catalogue.normalizing` makes it of all of these. `reading` is
    the latest reading of the whole company that came across it.
    """

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    origin = models.PositiveIntegerField()
    pool_id = models.BigIntegerField()
    name = models.CharField(max_length=SEEN_TEXT, null=True)  # noqa: DJ001  (Core may tell none)
    limit = models.BigIntegerField(null=True)
    timeout = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(null=True)
    connectors = models.TextField(default="")
    unreadable = models.CharField(max_length=100, default="", db_default="")
    note = models.CharField(max_length=NOTE, default="")
    words = models.TextField()
    seen_at = models.DateTimeField()
    reading = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["company", "origin", "pool_id"], name="one_row_per_seen_pool"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pool_id} {self.name or ''}".strip()


class SeenSystem(models.Model):
    """A system that a pool has a connector of: as Core names it, and as it is found.

    `key` is what people read as the same system (`system_key`), as allowances have it.
    """

    pool = models.ForeignKey(SeenPool, on_delete=models.CASCADE, related_name="systems")
    name = models.CharField(max_length=SYSTEM_NAME)
    # Three characters can become of one.
    key = models.CharField(max_length=3 * SYSTEM_NAME)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["pool", "key"], name="one_row_per_seen_system"),
        ]

    def __str__(self) -> str:
        return self.name


class Reading(models.Model):
    """One person's reading of all pools of a company; under way until `ended_at`.

    `by` is their name then. `pools` are how many have come so far, `total` how many Core
    said at first that there are, None where it did not. Until `paused_until` Core is not asked.
    """

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    origin = models.PositiveIntegerField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    by = models.CharField(max_length=USERNAME)
    began_at = models.DateTimeField()
    next_page = models.PositiveBigIntegerField(default=1)
    pools = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["company", "origin", "ended_at"], name="reading_of_company")
        ]

    def __str__(self) -> str:
        return f"{self.company_id} by {self.by}"
