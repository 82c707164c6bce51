"""What the record says of pools: of those of a page, of one, and of one that is gone.

A page reads all that it needs of it by one query.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from pools.changes.entries import Recorded, Sql, read_where
from pools.changes.history import HistoryItem, items_in, items_of
from pools.changes.proposal import COMPARED, Snapshot
from pools.changes.recent_clears import RecentClears, clears_sql, counted
from pools.changes.state import ChangeState
from pools.models import Company, Entry, Lease
from pools.models.reference import FIRST_ORIGIN, PoolReference
from pools.models.stored import GarbledText
from pools.models.vocabulary import Action, Kind


class PoolGone(Exception):
    """Core has no such pool, and the record knows of one: by its deletion, or else its last change.

    `deleted`: it was deleted here. `values` are the last that were recorded.
    """

    def __init__(self, item: HistoryItem) -> None:
        super().__init__("the pool is gone")
        self.item = item
        self.deleted = item.action is Action.DELETE and item.took_effect
        self.values = item.before if self.deleted else item.after or item.before


class AlreadyDeleted(PoolGone):
    """Somebody wanted to delete a pool that was deleted here just before: done, by another."""


class PoolVanished(Exception):
    """Core has no such pool any more; it had it when the form of a change was opened.

    The record knows nothing of it. `name` and `values` are those that the form showed.
    """

    def __init__(self, pool_id: int, seen: Snapshot) -> None:
        super().__init__("the pool is gone since the form was opened")
        self.pool_id = pool_id
        self.name = seen.name or ""
        self.values = seen


def gone_pool(company: Company, pool_id: int) -> PoolGone | None:
    """What the record knows of a pool that Core does not have."""
    past = history_of(company, pool_id)
    # Ids can begin again: what was deleted before a create was another pool.
    since = takewhile(lambda item: not (item.action is Action.CREATE and item.took_effect), past)
    deletions = (
        item for item in since if item.gone or (item.action is Action.DELETE and item.took_effect)
    )
    item = next(deletions, next(iter(past), None))
    return PoolGone(item) if item else None


def history_of(company: Company, pool_id: int, limit: int = 50) -> list[HistoryItem]:
    """The latest changes of a pool, newest first, by one query."""
    return record_of_pool(company, pool_id, limit).history


def changers_of(company: Company, pool_id: int, now: Snapshot) -> dict[str, HistoryItem]:
    """By field the change that gave it the value that it has now, as far as the record tells."""
    newest: dict[str, HistoryItem] = {}
    for item in history_of(company, pool_id):
        if item.took_effect or item.outside:
            newest = {each.field: item for each in item.differences} | newest

    def gave(item: HistoryItem, field: str) -> bool:
        left = item.after or item.wanted
        return left is not None and left.looks_same_in(field, now)

    return {
        field: newest[field] for field in COMPARED if field in newest and gave(newest[field], field)
    }


def has_earlier_namesake(company: Company, pool_id: int) -> bool:
    """Whether a pool of an earlier origin had this id: another one, with changes of its own."""
    earlier = range(FIRST_ORIGIN, company.origin)
    references = [str(PoolReference(origin, pool_id)) for origin in earlier]
    about = Entry.objects.filter(company=company.slug, pool_id__in=references)
    return bool(references) and about.exists()


@dataclass(frozen=True, slots=True)
class PoolsRecord:
    """What the record says of the pools of a page.

    `newest` is the newest entry about each, by reference, and `last` the latest change of
    each, by id; pools without any are in neither. `held` are the company's open changes, as
    `open_changes` gives them, and `cleared` the recent clears, by id.
    """

    newest: Mapping[str, Recorded]
    last: Mapping[int, HistoryItem]
    held: list[HistoryItem]
    cleared: Mapping[int, RecentClears]


@dataclass(frozen=True, slots=True)
class PoolRecord:
    """What the record says of one pool.

    `newest` is the newest entry about it, by reference, `history` its latest changes, newest
    first, `held` its open ones, as `open_changes` gives them, and `cleared` its recent clears.
    """

    newest: Mapping[str, Recorded]
    history: list[HistoryItem]
    held: list[HistoryItem]
    cleared: RecentClears


# Which changes a page reads, as SQL: those that hold a pool, and a pool's latest. Of each change
# of those one entry: a create's intent does not know the pool's id yet.
_HELD: Final = "SELECT change FROM pools_lease WHERE company = %s"
_LATEST: Final = f"""
SELECT change FROM (
  SELECT change FROM pools_entry WHERE company = %s AND pool_id = %s AND (
    kind IN ('{Kind.INTENT}', '{Kind.DRIFT}')
    OR kind IN ('{Kind.OUTCOME}', '{Kind.SETTLED}') AND action = '{Action.CREATE}'
  ) ORDER BY seq DESC LIMIT %s
) AS latest
"""  # noqa: S608  # nosec B608


def record_of(company: Company, pool_ids: Iterable[int]) -> PoolsRecord:
    """All of it by one query."""
    wanted = {company.reference(pool_id) for pool_id in pool_ids}
    entries = _read(company, wanted, (_HELD, [company.slug]))
    newest = _newest_of(company, wanted, entries)
    latest = {entry.change for entry in newest.values()}
    items = items_of(entries)
    return PoolsRecord(
        newest=newest,
        last={
            item.pool_id: item
            for item in items
            if item.pool_id is not None and item.change_id in latest
        },
        held=_held(entries, items),
        cleared=_cleared(company, items),
    )


def record_of_pool(company: Company, pool_id: int, limit: int = 50) -> PoolRecord:
    """All of it by one query. The history has so many changes at most."""
    reference = company.reference(pool_id)
    held = f"{_HELD} AND pool_key = %s", [company.slug, reference]
    latest = _LATEST, [company.slug, reference, limit]
    entries = _read(company, {reference}, held, latest)
    items = items_of(entries)
    listed = {entry.change for entry in entries if entry.marks["listed"]}
    past = [item for item in items if item.change_id in listed]
    # What reverts a change of a pool is a later change of the same pool: it is here too.
    reverting = {item.reverts: item.change_id for item in past[::-1] if item.state.is_confirmed}
    return PoolRecord(
        newest=_newest_of(company, {reference}, entries),
        history=[item._replace(reverted_by=reverting.get(item.change_id)) for item in past],
        held=_held(entries, items),
        cleared=_cleared(company, items).get(pool_id, RecentClears()),
    )


def _cleared(company: Company, items: Iterable[HistoryItem]) -> dict[int, RecentClears]:
    return counted(item for item in items if item.origin == company.origin)


def _read(
    company: Company, references: Collection[str], held: Sql, listed: Sql | None = None
) -> list[Recorded]:
    """Every entry of the changes that hold, of each pool's newest, its clears, and those listed."""
    parts = [held, *([listed] if listed else [])]
    marks: dict[str, Sql] = {"held": (f"change IN ({held[0]})", held[1])}
    if listed:
        marks["listed"] = f"change IN ({listed[0]})", listed[1]
    if references:
        newest, facts = _newest(company, references)
        parts.append((f"SELECT change FROM pools_entry WHERE seq IN ({newest})", facts))  # noqa: S608  # nosec
        parts.append(clears_sql(company, references))
    changes = " UNION ALL ".join(sql for sql, _ in parts)
    facts = [each for _, given in parts for each in given]
    return read_where((f"change IN ({changes})", facts), marks)


def _newest_of(
    company: Company, references: Collection[str], entries: Iterable[Recorded]
) -> dict[str, Recorded]:
    """The newest of these entries about each pool; they are in order."""
    return {
        entry.pool_id: entry
        for entry in entries
        if entry.pool_id in references and _is_of(company, entry)
    }


def _held(entries: Iterable[Recorded], items: Iterable[HistoryItem]) -> list[HistoryItem]:
    holding = {entry.change for entry in entries if entry.marks["held"]}
    return [
        item for item in items if item.change_id in holding and item.state is ChangeState.UNKNOWN
    ]


def _is_of(company: Company, entry: Recorded) -> bool:
    """As the database compares: what is no text equals none."""
    return entry.company == company.slug and not {GarbledText} & {
        type(entry.company),
        type(entry.pool_id),
    }


def newest_entries(company: Company, references: Iterable[str]) -> list[Recorded]:
    """The newest entry about each pool, of those that there are any about; oldest first."""
    wanted = list(references)
    if not wanted:
        return []
    sql, facts = _newest(company, wanted)
    return read_where((f"seq IN ({sql})", facts))


def newest_entry_about(company: Company, reference: str) -> Recorded | None:
    return next(iter(newest_entries(company, [reference])), None)


def _newest(company: Company, references: Collection[str]) -> Sql:
    """The numbers of those entries, as SQL and what goes into it.

    Each pool's newest entry is found by a seek of its own: grouping would read all of what
    ever happened to the pools of a page. Only placeholders are put into the text.
    """
    values = ", ".join(["(%s)"] * len(references))
    sql = (
        f"WITH ids(pool_id) AS (VALUES {values}) "  # noqa: S608  # nosec
        "SELECT (SELECT MAX(seq) FROM pools_entry WHERE company = %s"
        " AND pool_id = ids.pool_id AND change IS NOT NULL) FROM ids"
    )
    return sql, [*references, company.slug]


def open_changes(company: Company, pool_id: int | None = None) -> list[HistoryItem]:
    """Changes whose outcome is unknown and that hold their pool; of one pool, or of all.

    Those of all include creates, which have no pool yet. Newest first, by one query.
    """
    leases = Lease.objects.filter(company=company.slug)
    if pool_id is not None:
        leases = leases.filter(pool_key=company.reference(pool_id))
    held = items_in(Entry.objects.filter(change__in=leases.values("change")))
    return [item for item in held if item.state is ChangeState.UNKNOWN]
