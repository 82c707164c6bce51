"""Setting companies up: each act on the ledger or not done.

Only administrators get this far: the views see to it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from django.db import DatabaseError, transaction
from django.utils import timezone

from pools.ledger.appending import Actor, LedgerUnwritable, lock, record_event
from pools.models import Company, Entry

# A restore of Patchworks', which no column tells of: only its event does.
IDS_BEGAN_AGAIN: Final = "ids_began_again"
# Each changed value before and after, by the name of its field.
Changed = Mapping[str, list[Any]]


def add(company: Company, changed: Changed, *, by: Actor) -> None:
    """Adds a company. Raises LedgerUnwritable: then it is not there."""
    with _recording("company_added", company, by, changed):
        company.save()


def change(company: Company, changed: Changed, *, by: Actor) -> None:
    """Saves what was changed, and leaves the rest as it is by now. Raises LedgerUnwritable."""
    if not changed:
        return
    fields = {*changed} - {IDS_BEGAN_AGAIN}
    with _recording("company_changed", company, by, changed):
        if begins_anew := {"base_url", IDS_BEGAN_AGAIN} & {*changed}:
            fields.add("origin")
            # Somebody else may have begun one since this company was read.
            company.refresh_from_db(fields=["origin"])
        if begins_anew == {IDS_BEGAN_AGAIN}:
            company.origin += 1  # an address does that by itself
        company.save(update_fields=fields)


def archive(company: Company, *, by: Actor) -> None:
    """Puts it away: out of lists, and its Core is asked nothing. Raises LedgerUnwritable."""
    with _recording("company_archived", company, by):
        company.archived_at = timezone.now()
        company.save(update_fields=["archived_at"])


def bring_back(company: Company, *, by: Actor) -> None:
    """Has people work in it again, with the tokens that they had. Raises LedgerUnwritable."""
    with _recording("company_brought_back", company, by):
        company.archived_at = None
        company.save(update_fields=["archived_at"])


def people_with_tokens(company: Company) -> int:
    """How many people have stored a token for this company."""
    return company.tokens.values("user").distinct().count()


def last_changed_by(company: Company) -> str:
    """Who changed it last, by the record; empty where that does not say."""
    changes = Entry.objects.filter(action="company_changed", company=company.slug)
    return changes.order_by("-seq").values_list("actor_name", flat=True).first() or ""


@contextmanager
def _recording(
    action: str, company: Company, by: Actor, changed: Changed | None = None
) -> Iterator[None]:
    """One transaction for what is done to a company and for its event: both or neither."""
    try:
        with transaction.atomic(durable=True):
            lock()
            yield
            about: dict[str, Any] = {"id": str(company.pk), "name": company.name}
            if changed:
                about["changed"] = dict(changed)
            record_event(action, by, company=company.slug, facts=about)
    except DatabaseError as error:
        raise LedgerUnwritable("what was done to a company could not be recorded") from error
