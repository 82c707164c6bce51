"""A company at Patchworks: where its Core is, and how the panel shows it."""

from typing import Any, Final, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from pools.core.bounds import LONGEST_URL
from pools.models.bounds import COMPANY_NAME, COMPANY_SLUG, USUAL_POSITION
from pools.models.reference import FIRST_ORIGIN, PoolReference

# Rights over pools and people, by the words in which the administration shows them.
RIGHT_NAMES: Final = (
    ("view_pools", "See pools and their history"),
    ("edit_pools", "Edit pools"),
    ("clear_pools", "Clear pending requests"),
    ("create_pools", "Create pools"),
    ("delete_pools", "Delete pools"),
    ("set_allowances", "Set allowances"),
    ("view_all_changes", "See every company's changes"),
    ("manage_people", "Manage people, roles and companies"),
)
# Words of the panel's own addresses, at the place where a short name stands.
OWN_WORDS: Final = frozenset({"new"})


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


class Companies(models.QuerySet["Company"]):
    """Companies, by whether people work in them."""

    def active(self) -> Self:
        """Those that are not archived."""
        return self.filter(archived_at__isnull=True)


class Company(models.Model):
    """One company. Pool ids, tokens and changes mean nothing outside theirs.

    Archived: it is in no list, nothing is asked of its Core, and its history stays readable.
    """

    name = models.CharField(max_length=COMPANY_NAME)
    slug = models.SlugField(
        "short name",
        max_length=COMPANY_SLUG,
        unique=True,
        help_text=(
            "Part of the address of each of this company's pages, and its name in the ledger. "
            "You can't change it later."
        ),
    )
    base_url = models.CharField(
        "Core API address",
        max_length=LONGEST_URL,
        help_text=(
            "Scheme, host and path, for example https://core.wearepatchworks.com. Stored tokens "
            "work only with this address: if you change it, they stop working and everyone has "
            "to add theirs again."
        ),
    )
    sign_in_url = models.CharField(
        "sign-in address",
        max_length=LONGEST_URL,
        blank=True,
        help_text=(
            "Where Patchworks signs people in, for example "
            "https://app.wearepatchworks.com/fabric/api/login. Leave it empty if people "
            "shouldn't sign in to Patchworks from here."
        ),
    )
    colour = models.CharField(
        max_length=10,
        choices=Colour.choices,
        default=Colour.TEAL,
        help_text="The colour of the band on this company's pages.",
    )
    reason_required_for = models.JSONField("reason required", default=list, blank=True)
    position = models.PositiveSmallIntegerField("order", default=USUAL_POSITION)
    archived_at = models.DateTimeField(null=True, editable=False)
    origin = models.PositiveIntegerField(default=FIRST_ORIGIN, editable=False)

    objects = Companies.as_manager()

    class Meta:
        ordering = ["position", "name"]
        verbose_name_plural = "companies"
        permissions = RIGHT_NAMES

    # As it is in the database; None for a company that is not there yet.
    stored_url: str | None = None

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Another address begins another origin: what is there are other pools."""
        if self.stored_url not in {None, self.base_url}:
            self.origin += 1
        super().save(*args, **kwargs)
        self.stored_url = self.base_url

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        company = super().from_db(*args, **kwargs)
        company.stored_url = company.__dict__.get("base_url")
        return company

    def reference(self, pool_id: int | None) -> str:
        """A pool of this company, where it is now, as the ledger names it."""
        return str(PoolReference(self.origin, pool_id))

    def clean(self) -> None:
        """Both addresses by the service module's own rules, normalised."""
        errors = {}
        for field in ("base_url", "sign_in_url"):
            if not (address := getattr(self, field)):
                continue
            try:
                checked = settings.CORE_LIMITS.checked_url(address)
            except ValueError as error:
                errors[field] = str(error)
            else:
                setattr(self, field, checked)
        if errors:
            raise ValidationError(errors)
