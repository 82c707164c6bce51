"""A pool as a line of the list: its facts, where it leads, and what may be done to it."""

from typing import Any, Final, NamedTuple

from pools.changes import HistoryItem
from pools.changes.pool_records import PoolsRecord, record_of
from pools.changes.recent_clears import RecentClears
from pools.core import Pool
from pools.guidance.gathering import Note
from pools.models import Company
from pools.models.vocabulary import MADE_HERE, Action
from pools.pages.dates import Teller, Told
from pools.pages.template_functions import url
from pools.views.workplace import Workplace
from pools.wording.actions import ActionWords, words_for
from pools.wording.connectors import SystemConnectors, by_system

# What can be done to a pool that is there: its words, and the name of where it is done.
_OFFERED: Final = tuple(
    (action, words_for(action), f"pool_{action}")
    for action in MADE_HERE
    if action is not Action.CREATE
)


class Offer(NamedTuple):
    """Something that the person may do to a pool now: its words, and where it is done."""

    action: Action
    words: ActionWords
    href: str


class Tool(NamedTuple):
    """The same at a pool's line, by which the template takes it apart."""

    href: str
    button: str
    key: str
    risky: bool


class PoolRow(NamedTuple):
    """A pool as a line of the table. An address that is empty leads nowhere.

    `systems` is None where Core did not say which connectors use the pool, `updated` where it did
    not say that, `changed` where there is no last change. `ticks`: its table has a column of ticks.
    Its addresses are as short as they can be where it stands: a page has many lines. The template
    takes it apart: all of it, in this order.
    """

    id: int | None
    name: str | None
    limit: int | None
    timeout: int | None
    created: str
    updated: Told | None
    unreadable: frozenset[str]
    systems: list[SystemConnectors] | None
    last_change: HistoryItem | None
    changed: Told | None
    change_href: str
    held: bool
    cleared: RecentClears | None
    note: Note | None
    detail_href: str
    tools: list[Tool]
    ticks: bool


class Addresses:
    """Addresses of a company's pools; each is looked up once, and filled in for every pool.

    `on_list`: as a link on their list needs them.
    """

    def __init__(self, company: Company, *, on_list: bool = False) -> None:
        self._slug = company.slug
        self._changes = url("pools:change_list")
        self._above = url("pools:pool_list", company.slug) if on_list else ""
        self._around: dict[str, tuple[str, str]] = {}

    def of(self, name: str, pool_id: int) -> str:
        if name not in self._around:
            any_pool = 2**63 - 1
            address = url(f"pools:{name}", self._slug, any_pool)
            before, _, after = address.rpartition(str(any_pool))
            self._around[name] = before.removeprefix(self._above), after
        before, after = self._around[name]
        return f"{before}{pool_id}{after}"

    def of_change(self, entry: int) -> str:
        """Of the change that an entry of the record belongs to, by the entry's number."""
        return f"{self._changes}{entry}/"


def row_of(workplace: Workplace, pool: Pool) -> dict[str, Any]:
    """What the line of a pool that was just changed, and so read, is made of."""
    record = record_of(workplace.company, [pool.id] if pool.id is not None else [])
    at = Addresses(workplace.company, on_list=True)
    row = pool_row(workplace, at, Teller(), pool, record, set())
    return {"row": row}


def pool_row(
    workplace: Workplace,
    at: Addresses,
    teller: Teller,
    pool: Pool,
    record: PoolsRecord,
    held: set[int | None],
) -> PoolRow:
    change = None if pool.id is None else record.last.get(pool.id)
    newest = record.newest.get(workplace.company.reference(pool.id)) if change else None
    return PoolRow(
        id=pool.id,
        name=pool.name,
        limit=pool.limit,
        timeout=pool.timeout,
        created=teller.exact(pool.created_at),
        updated=teller.told(pool.updated_at) if pool.updated_at else None,
        unreadable=pool.unreadable,
        systems=None if pool.connectors is None else by_system(pool),
        last_change=change,
        changed=teller.told(change.at) if change else None,
        change_href=at.of_change(newest.seq) if change and change.has_page and newest else "",
        cleared=None if pool.id is None else record.cleared.get(pool.id),
        note=None if pool.id is None else workplace.kept.notes.get(pool.id),
        held=pool.id is not None and pool.id in held,
        detail_href="" if pool.id is None else at.of("pool_detail", pool.id),
        tools=[
            Tool(href, words.button, words.key, words.risky)
            for _, words, href in offers_for(workplace, at, pool.id, pool.id in held)
        ],
        ticks=workplace.may_choose,
    )


def offers_for(workplace: Workplace, at: Addresses, pool_id: int | None, held: bool) -> list[Offer]:
    """What the person may do to a pool; nothing while a change of unknown outcome holds it."""
    if pool_id is None or held:
        return []
    return [
        Offer(action, words, at.of(name, pool_id))
        for action, words, name in _OFFERED
        if workplace.may[action]
    ]
