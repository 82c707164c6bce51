"""The lines of the lists of changes and of events: what each shows, and where it leads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from pools.changes import HistoryItem, Snapshot
from pools.changes.folding import Folded, reverted_by
from pools.changes.lines import ChangeLine, EventLine
from pools.changes.proposal import Difference
from pools.changes.state import ChangeState
from pools.models import Company
from pools.models.vocabulary import Action
from pools.pages.dates import Clocked, Teller
from pools.tickets import Part
from pools.views.changes_address import address_with
from pools.views.visibility import Visibility
from pools.wording.batches import operation_recorded, share_of
from pools.wording.events import line_facts_of, title_of
from pools.wording.moments import day_of
from pools.wording.names import shown_name
from pools.wording.outcomes import STANDINGS, Standing, standing_of, window_of
from pools.wording.versions import in_words

_NO_CHANGE = UUID(int=0)


class ChangeRow(NamedTuple):
    """A change as a line of the list. An address that is empty leads nowhere.

    `window` is when it was made, of one that was made outside the panel; else empty. The template
    takes it apart: all of it, in this order.
    """

    line: ChangeLine
    item: HistoryItem
    time: Clocked
    tone: str
    icon: str
    outcome: str
    settled: str
    differences: tuple[Difference, ...]
    gone: bool
    window: str
    values: str
    href: str
    who_href: str
    pool_id: int | None
    pool_name: str
    pool_href: str
    reason: list[Part]
    company: Company | None
    company_name: str
    list_href: str

    @property
    def is_list(self) -> bool:
        """Whether it is a ListRow."""
        return False


@dataclass(frozen=True, slots=True)
class ListRow:
    """A list of changes as one line. `rows` are its own lines, where it is unfolded.

    `share` is how many of its pools fit; `outcomes` what became of these. `href` unfolds it, or
    folds it again. `reverted_href` is the list that it reverts.
    """

    line: ChangeLine
    time: Clocked
    company: Company | None
    title: str
    share: str
    outcomes: list[tuple[Standing, int]]
    rows: list[ChangeRow]
    anchor: str
    href: str
    who_href: str
    list_href: str
    reverted_href: str

    @property
    def is_list(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class EventRow:
    line: EventLine
    time: Clocked
    company: Company | None
    title: str
    facts: list[tuple[str, str]]
    who_href: str


def days_of(
    visible: Visibility,
    words: Mapping[str, str],
    lines: Sequence[ChangeLine | EventLine],
    path: str,
) -> list[dict[str, Any]]:
    """The lines by day of the reader's zone, newest day first. None: its time can't be read."""
    zone, row = timezone.get_current_timezone(), _row_maker(visible, words, path)
    return [
        {"day": day, "name": day_of(day), "rows": [row(line) for line in those]}
        for day, those in groupby(
            lines, key=lambda line: line.at and line.at.astimezone(zone).date()
        )
    ]


def _row_maker(
    visible: Visibility, words: Mapping[str, str], path: str
) -> Callable[[ChangeLine | EventLine], ChangeRow | ListRow | EventRow]:
    """What makes the lines of a page. An address that many of them have is made once."""
    of_change = reverse("pools:change", args=[_NO_CHANGE]).split(str(_NO_CHANGE))
    teller, tickets = Teller(), settings.TICKETS
    time, now = teller.clocked, teller.now
    who_href = cache(lambda name: address_with(path, words, who=name))
    of_pools = cache(pool_addresses)
    of_list = cache(lambda slug, batch: reverse("pools:batch", args=[slug, batch]))

    here = {name: words.get(name, "") for name in ("before", "after", "page")}

    def row(line: ChangeLine | EventLine) -> ChangeRow | ListRow | EventRow:
        company = visible.here.get(line.company)
        if isinstance(line, EventLine):
            title, facts = title_of(line.action), line_facts_of(line)
            return EventRow(line, time(line.at), company, title, facts, who_href(line.actor_name))
        return list_row(line, line.folded, company) if line.folded else change_row(line, company)

    def list_row(line: ChangeLine, folded: Folded, company: Company | None) -> ListRow:
        anchor = f"list-{folded.batch}"
        there = "" if line.unfolded else str(folded.batch)
        reverted = reverted_by(folded.frozen)
        return ListRow(
            line=line,
            time=time(line.at),
            company=company,
            title=operation_recorded(folded.frozen),
            share=share_of(folded.frozen, folded.number),
            outcomes=[
                (STANDINGS[state], folded.counts[state])
                for state in ChangeState
                if state in folded.counts
            ],
            rows=[change_row(each, company) for each in line.unfolded],
            anchor=anchor,
            href=f"{address_with(path, words, **here, list=there)}#{anchor}",
            who_href=who_href(line.item.actor_name),
            list_href=of_list(company.slug, folded.batch) if company else "",
            reverted_href=of_list(company.slug, reverted) if company and reverted else "",
        )

    def change_row(line: ChangeLine, company: Company | None) -> ChangeRow:
        item, standing = line.item, standing_of(line.item)
        outside = item.outside
        return ChangeRow(
            line=line,
            item=item,
            time=time(line.at),
            tone=standing.tone,
            icon=standing.icon,
            outcome=standing.outcome,
            settled=standing.settled,
            differences=item.differences,
            gone=outside and item.gone,
            window=window_of(item, now) if outside else "",
            values=_values(item.after or item.before) if item.action is Action.CREATE else "",
            href=str(item.change_id).join(of_change) if item.has_page else "",
            who_href="" if outside else who_href(item.actor_name),
            pool_id=item.pool_id,
            pool_name=shown_name(item.pool_name),
            pool_href=of_pools(company)(item) if company else "",
            reason=tickets.parts(item.reason),
            company=company,
            company_name=company.name if company else line.company,
            list_href=of_list(company.slug, item.batch) if company and item.batch else "",
        )

    return row


def pool_addresses(company: Company) -> Callable[[HistoryItem], str]:
    """Where the pool of a change is, of a company's changes.

    Empty where there is no such pool to go to: of another origin it is somebody else's.
    """
    before, _, after = reverse("pools:pool_detail", args=[company.slug, 0]).rpartition("0")

    def address(item: HistoryItem) -> str:
        if item.pool_id is None or item.origin != company.origin:
            return ""
        return f"{before}{item.pool_id}{after}"

    return address


def _values(snapshot: Snapshot | None) -> str:
    if snapshot is None:
        return ""
    return f"limit {in_words(snapshot, 'limit')}, timeout {in_words(snapshot, 'timeout')}"
