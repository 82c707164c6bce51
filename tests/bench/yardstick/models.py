"""The rows of Core's first company, for Django admin's changelist."""

from typing import ClassVar

from django.db import models


class Row(models.Model):
    name = models.CharField(max_length=255)
    limit = models.IntegerField()
    timeout = models.IntegerField(null=True)
    connectors = models.IntegerField()
    created = models.DateTimeField()
    updated = models.DateTimeField()

    objects: ClassVar[models.Manager["Row"]] = models.Manager()

    class Meta:
        app_label = "yardstick"

    def __str__(self) -> str:
        return self.name
