"""A company at Patchworks: where its Core is, and how the panel shows it."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from pools.core.addresses import check_base_url


class Colour(models.TextChoices):
    """The colour of the band that tells one company's pages from another's."""

    TEAL = "teal", "Teal"
    BLUE = "blue", "Blue"
    VIOLET = "violet", "Violet"
    MAGENTA = "magenta", "Magenta"
    RED = "red", "Red"
    ORANGE = "orange", "Orange"
    OLIVE = "olive", "Olive"
    GREEN = "green", "Green"


class Company(models.Model):
    """One company. Pool ids, tokens and changes mean nothing outside theirs."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(
        max_length=50,
        unique=True,
        help_text="Part of every address of this company's pages, and its name in the ledger.",
    )
    base_url = models.CharField(
        "Core's address",
        max_length=500,
        help_text=(
            "Scheme, host and path, for instance https://core.wearepatchworks.com. "
            "Stored tokens are bound to this address: after a change of it they no longer "
            "open, and everyone has to add theirs again."
        ),
    )
    sign_in_url = models.CharField(
        "sign-in address",
        max_length=500,
        blank=True,
        help_text=(
            "Where Patchworks signs people in, for instance "
            "https://app.wearepatchworks.com/fabric/api/login. Empty: not offered."
        ),
    )
    colour = models.CharField(max_length=10, choices=Colour.choices, default=Colour.TEAL)
    reason_required_for = models.JSONField(
        "reason required",
        default=list,
        blank=True,
        help_text="The changes that nobody can make here without giving a reason.",
    )

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "companies"
        permissions = [
            ("view_pools", "See pools and their history"),
            ("edit_pools", "Edit pools"),
            ("clear_pools", "Clear pending requests"),
            ("create_pools", "Create pools"),
            ("delete_pools", "Delete pools"),
            ("view_all_changes", "See the changes of every company"),
            ("manage_people", "Look after people, roles and companies"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Both addresses by the service module's own rules, normalised."""
        errors = {}
        for field in ("base_url", "sign_in_url"):
            if not (address := getattr(self, field)):
                continue
            try:
                checked = check_base_url(address, settings.CORE_LIMITS.plain_http_hosts)
            except ValueError as error:
                errors[field] = str(error)
            else:
                setattr(self, field, checked)
        if errors:
            raise ValidationError(errors)
