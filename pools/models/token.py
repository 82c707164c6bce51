"""A person's credential for one company, sealed; and what may be shown of it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from pools.models.bounds import TOKEN_LABEL
from pools.models.company import Company


class Token(models.Model):
    """One credential of one person for one company.

    Unconfirmed: it was entered and worked, and the person has not yet said that what it
    gives access to is what they meant. At most one confirmed and one unconfirmed per person
    and company. `sealed` opens only for this row, person, kind and company at its present address.
    `opens_…`: what it gave access to when it was last looked at; the columns keep their names.
    Ids and names are those of the company's `opens_origin`; None: of an unknown one.
    """

    class Kind(models.TextChoices):
        API_KEY = "api_key", "API key"
        BEARER = "bearer", "Bearer token"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens"
    )
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="tokens")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    label = models.CharField(max_length=TOKEN_LABEL, blank=True)
    sealed = models.TextField()
    fingerprint = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    last_worked_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    opens_total = models.PositiveBigIntegerField(null=True, blank=True)
    opens_names = models.JSONField(default=list)
    opens_ids = models.JSONField(default=list)
    opens_origin = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["company__name", "-created_at"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["user", "company"],
                condition=Q(confirmed_at__isnull=False),
                name="one_confirmed_token",
            ),
            models.UniqueConstraint(
                fields=["user", "company"],
                condition=Q(confirmed_at__isnull=True),
                name="one_unconfirmed_token",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.fingerprint}"
