"""Whose changes a person may see."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.contrib.auth.models import User
from django.db import connection

from pools.ledger import standing
from pools.ledger.verifying import NEWEST_NOTE, Verification, latest, read_note
from pools.models import Company
from pools.models.rows import Columns

ALL_CHANGES: Final = "pools.view_all_changes"
_COMPANY: Final = Columns(Company)
# All companies, with the ledger's note in one query: a page of changes has none to spare.
_ALL: Final = {
    vendor: f"SELECT {_COMPANY.sql}, ({note}), ({standing.AS_TEXT[vendor]}) FROM pools_company"  # noqa: S608  # nosec B608
    " ORDER BY position, name"
    for vendor, note in NEWEST_NOTE.items()
}


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
    if not sees_all(user):
        own = Company.objects.filter(tokens__user=user, tokens__confirmed_at__isnull=False)
        here = {company.slug: company for company in own}
        return Visibility(frozenset(here), here)
    with connection.cursor() as cursor:
        cursor.execute(_ALL[connection.vendor], [])
        rows = cursor.fetchall()
    companies = (_COMPANY.row(columns) for *columns, _, _ in rows)
    note, told = rows[0][-2:] if rows else (None, None)
    return Visibility(
        None,
        {company.slug: company for company in companies},
        read_note(note) if rows else latest(),
        standing.of_wanted(standing.of_text(told)) if rows else standing.read_wanted(),
    )
