"""Other pools of a company that were last seen with the same name, as people see names."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import Error as AnyDatabaseError

from pools.catalogue.normalizing import searchable
from pools.core.comparing import same_value, visible_form
from pools.database_faults import cause_of
from pools.models import Company, SeenPool

log = structlog.get_logger("panel.catalogue")


@dataclass(frozen=True, slots=True)
class Namesake:
    """A pool that had the name when it was last seen."""

    pool_id: int
    seen_at: datetime


def namesakes(company: Company, name: str, but: int | None) -> list[Namesake]:
    """The company's pools of that name, where it is now, in the order of their ids.

    `but` is the pool that has the name or is to get it. Core is not asked, and a database that
    refuses has none: nobody's change ends over this.
    """
    try:
        return list(_named(company, name, but))
    except AnyDatabaseError as error:
        log.warning("catalogue not read", error=type(error).__name__, cause=cause_of(error))
        return []


def _named(company: Company, name: str, but: int | None) -> Iterator[Namesake]:
    """The database leaves out what has other words; equal names have the same ones."""
    rows = SeenPool.objects.filter(
        company=company,
        origin=company.origin,
        words__contains=searchable([visible_form(name)]).strip(),
    ).order_by("pool_id")
    for pool_id, seen_name, seen_at in rows.values_list("pool_id", "name", "seen_at"):
        if pool_id != but and same_value(seen_name, name):
            yield Namesake(pool_id, seen_at)
