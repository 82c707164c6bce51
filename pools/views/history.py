"""A change as an entry of a history: what can be done with it, and where it leads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse

from pools.changes import HistoryItem, open_changes
from pools.changes.history import changes_by_id
from pools.changes.reverting import REVERTIBLE, CannotRevert, Undo
from pools.guidance.gathering import NoteWritten
from pools.models import Company
from pools.models.vocabulary import Action
from pools.pages.guards import person
from pools.pages.ticket import ticket_of
from pools.views.workplace import rights_of
from pools.wording.changes import as_text


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A change, its text to copy, and the way to revert it (empty: not offered).

    `reverts` is the change that it reverts, `reverted_by` the one that reverts it.
    """

    change: HistoryItem
    text: str
    revert_href: str
    reverts: HistoryItem | None
    reverted_by: HistoryItem | None


def entries_of(
    request: HttpRequest,
    company: Company,
    items: Sequence[HistoryItem],
    *,
    held: bool,
    gone: bool = False,
) -> list[HistoryEntry]:
    """A pool's history. While a change of unknown outcome holds the pool, none is reverted.

    `gone`: there is no such pool now, so that only its deletion can be reverted. Of a pool
    that is there, that alone cannot: it would be made a second time.
    """
    deletion = frozenset({Action.DELETE})
    revertible = deletion if gone else REVERTIBLE - deletion
    return _entries(request, company, items, frozenset() if held else revertible)


def with_notes(
    entries: Sequence[HistoryEntry], written: Sequence[NoteWritten]
) -> list[HistoryEntry | NoteWritten]:
    """A history with what became of the pool's note, both newest first."""
    merged: list[HistoryEntry | NoteWritten] = list(entries)
    for note in written[::-1]:
        older = (
            place
            for place, each in enumerate(merged)
            if (at := each.at if isinstance(each, NoteWritten) else each.change.at)
            and at <= note.at
        )
        merged.insert(next(older, len(merged)), note)
    return merged


def entry_of(request: HttpRequest, company: Company | str, item: HistoryItem) -> HistoryEntry:
    """One change by itself; of a company that is gone there is only the slug."""
    free = isinstance(company, Company) and (
        item.pool_id is None or not open_changes(company, item.pool_id)
    )
    revertible = REVERTIBLE if free else frozenset()
    (entry,) = _entries(request, company, [item], revertible)
    return entry


def _entries(
    request: HttpRequest,
    company: Company | str,
    items: Sequence[HistoryItem],
    revertible: frozenset[Action],
) -> list[HistoryEntry]:
    rights = rights_of(person(request))
    name, slug = (company, company) if isinstance(company, str) else (company.name, company.slug)
    origin = 0 if isinstance(company, str) else company.origin
    if not isinstance(company, str) and company.archived_at is not None:
        revertible = frozenset()
    others = _linked(items)

    def revert_href(item: HistoryItem) -> str:
        needed = Action.CREATE if item.action is Action.DELETE else Action.EDIT
        if item.action not in revertible or item.reverted_by:
            return ""
        if not rights[Action.EDIT] or not rights[needed]:
            return ""
        try:
            Undo.of(item, origin)
        except CannotRevert:
            return ""
        return reverse("pools:change_revert", args=[slug, item.change_id])

    return [
        HistoryEntry(
            change=item,
            text=as_text(item, name, _address(request, item), ticket_of(request)),
            revert_href=revert_href(item),
            reverts=others.get(item.reverts),
            reverted_by=others.get(item.reverted_by),
        )
        for item in items
    ]


def _linked(items: Iterable[HistoryItem]) -> dict[UUID | None, HistoryItem]:
    """The changes that these revert or are reverted by; asked for only if not among them."""
    by_id: dict[UUID | None, HistoryItem] = {item.change_id: item for item in items}
    wanted = {each for item in items for each in (item.reverts, item.reverted_by) if each}
    if missing := wanted - by_id.keys():
        by_id |= {item.change_id: item for item in changes_by_id(list(missing))}
    return by_id


def _address(request: HttpRequest, item: HistoryItem) -> str:
    if not item.has_page:
        return ""
    return request.build_absolute_uri(reverse("pools:change", args=[item.change_id]))
