"""What a person meets first: what is open in their companies, and what was done there last.

All of it by one query, from the record alone.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from pools.changes.entries import Sql, read_where
from pools.changes.history import items_of
from pools.changes.lines import ChangeLine
from pools.changes.queries_together import MOST_ASKED_EACH
from pools.models.vocabulary import Kind

# Of their own changes, so many are read: several are often of one pool.
OWN_CHANGES: Final = 30
_HELD: Final = "SELECT change FROM pools_lease WHERE company IN ({})"
_OWN: Final = f"""
SELECT change FROM (
  SELECT change FROM pools_entry
  WHERE actor_id = %s AND kind = '{Kind.INTENT}' AND company IN ({{}})
  ORDER BY seq DESC LIMIT %s
) AS own
"""  # noqa: S608  # nosec B608
# No index is in order over several companies: each is asked.
_LATEST: Final = f"""
SELECT change FROM (
  SELECT change FROM pools_entry
  WHERE company = %s AND kind IN ('{Kind.INTENT}', '{Kind.DRIFT}')
  ORDER BY at DESC, seq DESC LIMIT %s
) AS latest
"""  # noqa: S608  # nosec B608
# Of very many companies the newest entries are soon found.
_LATEST_OF_MANY: Final = f"""
SELECT change FROM (
  SELECT change FROM pools_entry
  WHERE company IN ({{}}) AND kind IN ('{Kind.INTENT}', '{Kind.DRIFT}')
  ORDER BY seq DESC LIMIT %s
) AS latest
"""  # noqa: S608  # nosec B608


@dataclass(frozen=True, slots=True)
class Recent:
    """Changes that hold their pool, a person's own, and the latest of all; newest first."""

    held: list[ChangeLine]
    own: list[ChangeLine]
    latest: list[ChangeLine]


def recent(user_id: int, companies: Collection[str], limit: int) -> Recent:
    """`companies` are the slugs of those whose changes the person may see.

    `latest` are at most `limit`; a person's own are among the newest OWN_CHANGES of theirs.
    """
    slugs = sorted(companies)
    if not slugs:
        return Recent([], [], [])
    places = ", ".join(["%s"] * len(slugs))
    held: Sql = (_HELD.format(places), slugs)
    own: Sql = (_OWN.format(places), [str(user_id), *slugs, OWN_CHANGES])
    latest: list[Sql] = [(_LATEST, [slug, limit]) for slug in slugs]
    if len(slugs) > MOST_ASKED_EACH:
        latest = [(_LATEST_OF_MANY.format(places), [*slugs, limit])]
    parts = [held, own, *latest]
    changes = " UNION ALL ".join(sql for sql, _ in parts)
    facts = [fact for _, given in parts for fact in given]
    marks = {
        name: (f"change IN ({sql})", given)
        for name, (sql, given) in {"held": held, "own": own}.items()
    }
    entries = read_where((f"change IN ({changes})", facts), marks)
    first = {entry.change: entry for entry in reversed(entries)}
    lines = [
        (first[item.change_id].marks, ChangeLine(first[item.change_id].seq, entry.company, item))
        for item in items_of(entries)
        if (entry := first.get(item.change_id))
    ]
    return Recent(
        held=[line for marked, line in lines if marked["held"]],
        own=[line for marked, line in lines if marked["own"]],
        latest=[line for _, line in lines][:limit],
    )
