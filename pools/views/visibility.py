"""Whose changes a person may see."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.contrib.auth.models import User
from django.db import connection
from django.db.models.expressions import RawSQL

from pools.ledger import standing
from pools.ledger.verifying import NEWEST_NOTE, Verification, latest, read_note
from pools.models import Company

ALL_CHANGES: Final = "pools.view_all_changes"


@dataclass(frozen=True, slots=True)
class Visibility:
    """Whose changes a person may see: slugs (None: all), and the companies that are here.

    For who sees all, `verification` is what the last walks along the ledger found, and
    `checkpoints` how it stands with those that are signed.
    """

    companies: frozenset[str] | None
    here: Mapping[str, Company]
    verification: Verification | None = None
    checkpoints: Mapping[str, standing.Standing] = field(default_factory=dict)

    def sees(self, slug: str) -> bool:
        return self.companies is None or slug in self.companies


def sees_all(user: User) -> bool:
    return user.has_perm(ALL_CHANGES)


def visibility_of(user: User) -> Visibility:
    """A person sees what happened where they hold a token; auditors see all."""
    companies = Company.objects.all()
    if sees_all(user):
        # With the ledger's note in one query: a page of changes has none to spare.
        told = standing.AS_TEXT[connection.vendor]
        noted = list(
            companies.annotate(
                note=RawSQL(NEWEST_NOTE[connection.vendor], []),  # noqa: S611  # nosec B611
                standing=RawSQL(told, []),  # noqa: S611  # nosec B611
            )
        )
        beside = vars(noted[0]) if noted else {}
        return Visibility(
            None,
            {company.slug: company for company in noted},
            read_note(beside["note"]) if noted else latest(),
            standing.of_wanted(standing.of_text(beside["standing"]))
            if noted
            else standing.read_wanted(),
        )
    own = companies.filter(tokens__user=user, tokens__confirmed_at__isnull=False)
    here = {company.slug: company for company in own}
    return Visibility(frozenset(here), here)
