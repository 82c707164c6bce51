"""Since when a person is disabled."""

from django.conf import settings
from django.db import models


class DisabledSince(models.Model):
    """When a person was shut out; gone once they are let in again.

    Days after it, their stored tokens are destroyed.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="disabled_since",
    )
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
