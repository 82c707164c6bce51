"""How many requests at a time a company's account at a system allows."""

from typing import Any

from django.db import models
from django.db.models import Q

from pools.core.comparing import picture
from pools.models.bounds import ALLOWANCE, SYSTEM_NAME
from pools.models.company import Company


def system_key(name: str) -> str:
    """What is equal of a system's names where people read the same one, whatever the case."""
    return picture(picture(name).casefold())


class Allowance(models.Model):
    """The number that the limits of a company's pools with a connector of a system add up to.

    Neither Core nor the system tells it: Managers keep it. `system` is as they wrote it, `key`
    what it is found by.
    """

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="allowances")
    system = models.CharField(max_length=SYSTEM_NAME)
    # Three characters can become of one.
    key = models.CharField(max_length=3 * SYSTEM_NAME, editable=False)
    number = models.PositiveIntegerField()

    class Meta:
        ordering = ["key"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["company", "key"], name="one_allowance_per_system"),
            models.CheckConstraint(
                condition=Q(number__gte=ALLOWANCE.least, number__lte=ALLOWANCE.largest),
                name="allowance_in_bounds",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system}: {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = system_key(self.system)
        super().save(*args, **kwargs)
