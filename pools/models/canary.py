"""A known text under each token key: a wrong key is noticed before anyone relies on it."""

from django.db import models


class KeyCanary(models.Model):
    """Sealed when a key is first used; it must open whenever the panel starts."""

    key_id = models.CharField(primary_key=True, max_length=32)
    sealed = models.TextField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.key_id
