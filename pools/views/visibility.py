"""Whose changes a person may see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.contrib.auth.models import User

from pools.models import Company

ALL_CHANGES: Final = "pools.view_all_changes"


@dataclass(frozen=True, slots=True)
class Visibility:
    """Whose changes a person may see: slugs (None: all), and the companies that are here."""

    companies: frozenset[str] | None
    here: Mapping[str, Company]

    def sees(self, slug: str) -> bool:
        return self.companies is None or slug in self.companies


def sees_all(user: User) -> bool:
    return user.has_perm(ALL_CHANGES)


def visibility_of(user: User) -> Visibility:
    """A person sees what happened where they hold a token; auditors see all."""
    companies = Company.objects.all()
    if sees_all(user):
        return Visibility(None, {company.slug: company for company in companies})
    own = companies.filter(tokens__user=user, tokens__confirmed_at__isnull=False)
    here = {company.slug: company for company in own}
    return Visibility(frozenset(here), here)
