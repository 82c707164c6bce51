"""Whose changes a person may see."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from pools.ledger import archived, standing
from pools.ledger.archived import Archived
from pools.ledger.verifying import NEWEST_NOTE, Verification, latest, read_note
from pools.models import Company
from pools.models.rows import Columns
from pools.pages.errors import NotHere
from pools.people.roles import SEE_ALL_CHANGES
from pools.wording.verifying import in_archive

_COMPANY: Final = Columns(Company)
# What is in archives, beside the first company: it may name many people.
_GONE: Final = f"CASE WHEN ROW_NUMBER() OVER () = 1 THEN ({archived.NEWEST_FACTS}) END"
# All companies, with the ledger's notes in one query: a page of changes has none to spare.
_ALL: Final = {
    vendor: f"SELECT {_COMPANY.sql}, ({note}), ({standing.AS_TEXT[vendor]}), {_GONE}"  # noqa: S608  # nosec B608
    " FROM pools_company"
    " ORDER BY position, name"
    for vendor, note in NEWEST_NOTE.items()
}


@dataclass(frozen=True, slots=True)
class Visibility:
    """Whose changes a person may see: slugs (None: all), and the companies that are here.

    For who sees all, `verification` is what the last walks along the ledger found, and
    `checkpoints` how it stands with those that are signed. `archived` is what is no longer here.
    """

    companies: frozenset[str] | None
    here: Mapping[str, Company]
    verification: Verification | None = None
    checkpoints: Mapping[str, standing.Standing] = field(default_factory=dict)
    archived: Archived | None = None

    def sees(self, slug: str) -> bool:
        return self.companies is None or slug in self.companies


def sees_all(user: User) -> bool:
    return user.has_perm(SEE_ALL_CHANGES)


def with_archived(companies: QuerySet[Company]) -> QuerySet[Company]:
    """The companies, and what `archived_beside` reads, by the same query."""
    return companies.annotate(gone=RawSQL(_GONE, []))  # noqa: S611  # nosec B611


def archived_beside(companies: Iterable[Company]) -> Archived | None:
    return _read([vars(each)["gone"] for each in companies])


def visibility_of(user: User) -> Visibility:
    """A person sees what happened where they hold a token; auditors see all."""
    if not sees_all(user):
        own = Company.objects.filter(tokens__user=user, tokens__confirmed_at__isnull=False)
        noted = list(with_archived(own))
        here = {company.slug: company for company in noted}
        return Visibility(frozenset(here), here, archived=archived_beside(noted))
    with connection.cursor() as cursor:
        cursor.execute(_ALL[connection.vendor], [])
        rows = cursor.fetchall()
    companies = (_COMPANY.row(columns) for *columns, _, _, _ in rows)
    note, told, _ = rows[0][-3:] if rows else (None, None, None)
    return Visibility(
        None,
        {company.slug: company for company in companies},
        read_note(note) if rows else latest(),
        standing.of_wanted(standing.of_text(told)) if rows else standing.read_wanted(),
        _read([gone for *_, gone in rows]) if rows else archived.newest(),
    )


def where_older_are() -> str:
    """The sentence about what is in archives, for a page that read nothing else of the ledger."""
    return in_archive(archived.newest())


def no_such_entry() -> NotHere:
    """For the page of something on the ledger that isn't there: it may be in an archive."""
    return NotHere(where_older_are())


def _read(facts: Iterable[str | None]) -> Archived | None:
    """By what one of the companies has beside it, if anything was archived."""
    found = next(filter(None, facts), None)
    return archived.read(found) if found else None
