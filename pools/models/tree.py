"""What is kept of the tree over the ledger, and the checkpoints of it that were signed."""

from django.db import models

from pools.models.stored import MomentField


class TreeTile(models.Model):
    """The hashes of 256 complete subtrees side by side, and the one above them all.

    At level 0 they are of entries, at level n of 256ⁿ entries each. Made from the ledger alone,
    and checked against it by every proof: it saves reading the entries again.
    """

    pk = models.CompositePrimaryKey("level", "number")
    level = models.PositiveSmallIntegerField()
    number = models.BigIntegerField()
    # Before the hashes: SQLite then reads it without them.
    root = models.BinaryField()
    hashes = models.BinaryField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.level}/{self.number}"


class CheckpointStanding(models.Model):
    """How it stands with the last signed checkpoint, or with a copy of it; since when it fails.

    Told to people and to what watches the panel, and overwritten; it proves nothing.
    """

    name = models.CharField(primary_key=True, max_length=10)
    size = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, default="")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class SignedHead(models.Model):
    """A checkpoint as it was signed, by the number of entries that it covers."""

    size = models.BigIntegerField(primary_key=True)
    at = MomentField()
    text = models.TextField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.size)
