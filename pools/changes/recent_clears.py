"""How often a pool was cleared lately: several times in a week point at a leak, not at a jam."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from pools.changes.entries import Sql, read_where
from pools.changes.history import HistoryItem, items_of
from pools.changes.state import ChangeState
from pools.models import Company
from pools.models.stored import AS_STORED
from pools.models.vocabulary import Action, Kind

LATELY: Final = timedelta(days=7)
# From so many on, something keeps filling the pool again.
OFTEN: Final = 3
# It may or may not have cleared the pool, and nobody will know.
_UNCLEAR: Final = frozenset({ChangeState.UNKNOWN, ChangeState.RELEASED, ChangeState.UNKNOWABLE})


@dataclass(frozen=True, slots=True)
class RecentClears:
    """The clears of a pool in the last seven days: those done, and those of unknown outcome."""

    done: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        return self.done + self.unknown

    @property
    def often(self) -> bool:
        return self.total >= OFTEN


def recent_clears(company: Company, pool_id: int) -> RecentClears:
    """Those of one pool, by one query."""
    sql, facts = clears_sql(company, [company.reference(pool_id)])
    found = items_of(read_where((f"change IN ({sql})", facts)))
    return counted(found).get(pool_id, RecentClears())


def counted(items: Iterable[HistoryItem]) -> dict[int, RecentClears]:
    """The recent clears among changes of one origin, by the pool's id; without any, it is in none.

    One that may still be running, that Core refused or that never left is none.
    """
    found: dict[int, list[ChangeState]] = {}
    since = _since()
    for item in items:
        if item.action is Action.CLEAR and item.pool_id is not None and item.at and item.at > since:
            found.setdefault(item.pool_id, []).append(item.state)
    clears = {
        pool_id: RecentClears(states.count(ChangeState.DONE), sum(s in _UNCLEAR for s in states))
        for pool_id, states in found.items()
    }
    return {pool_id: each for pool_id, each in clears.items() if each.total}


def clears_sql(company: Company, references: Iterable[str]) -> Sql:
    """Which changes these are, as a part of a query and what goes into it."""
    pools = list(references)
    marks = ", ".join(["%s"] * len(pools))
    # From the company's clears of these days, which are few: SQLite would look a plain column up
    # in the index of a pool's entries, which leads to all that ever happened to it.
    pool = AS_STORED[connection.vendor].format("pool_id")
    sql = (
        "SELECT change FROM pools_entry WHERE company = %s"  # noqa: S608  # nosec B608
        f" AND action = '{Action.CLEAR}' AND kind IN ('{Kind.INTENT}', '{Kind.DRIFT}')"
        f" AND at > %s AND {pool} IN ({marks})"
    )
    return sql, [company.slug, connection.ops.adapt_datetimefield_value(_since()), *pools]


def _since() -> datetime:
    return timezone.now() - LATELY
