"""The lines of a list: what each shows, and where it leads."""

import json
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.urls import reverse

from pools.batches.again import retried, reverted
from pools.batches.progress import End, Line, Progress
from pools.batches.stored_items import after_in, seen_in
from pools.changes import Difference, differences
from pools.models.vocabulary import Action
from pools.wording.batches import RETRIED, REVERTED, STANDINGS, deed_of, says_of
from pools.wording.connectors import UNNAMED_SYSTEM
from pools.wording.outcomes import Standing


@dataclass(frozen=True, slots=True)
class Row:
    """One item. `standing` is the mark of one that has no change on the record.

    `systems` is None where Core did not say which connectors use the pool. `pool_id` is also that
    of a pool that it made; `newer_href` the list that tried it again, or
    put it back, as `newer_says`.
    """

    line: Line
    deed: str
    differences: tuple[Difference, ...]
    values: str
    systems: tuple[tuple[str, int], ...] | None
    pool_id: int | None
    pool_href: str
    newer_href: str
    newer_says: str
    says: str
    standing: Standing | None


def rows_of(progress: Progress, lines: list[Line]) -> list[Row]:
    """Each line as it is shown. Ids of pools lead somewhere only where they still mean the same."""
    newer = {pk: (batch, RETRIED) for pk, batch in retried(progress).items()}
    newer |= {pk: (batch, REVERTED) for pk, batch in reverted(progress).items()}
    return [_row(progress, line, *newer.get(line.item.pk, (None, ""))) for line in lines]


def _row(progress: Progress, line: Line, newer: UUID | None, newer_says: str) -> Row:
    item, slug = line.item, progress.batch.company.slug
    pool_id = _made_by(line) if item.kind is Action.CREATE else item.pool_id
    seen, after = seen_in(item), after_in(item)
    attached: dict[str, list[object]] | None = json.loads(item.systems)
    linked = not progress.moved and pool_id is not None and item.left_out != "gone"
    values = ""
    if item.kind is Action.CREATE and after is not None:
        timeout = "none" if after.timeout is None else f"{after.timeout} s"
        values = f"limit {after.limit}, timeout {timeout}"
    return Row(
        line=line,
        deed=deed_of(item),
        differences=differences(seen, after) if seen and after else (),
        values=values,
        systems=None
        if attached is None
        else tuple(
            (name or UNNAMED_SYSTEM, len(those)) for name, those in sorted(attached.items())
        ),
        pool_href=reverse("pools:pool_detail", args=[slug, pool_id]) if linked else "",
        says=says_of(line, progress),
        pool_id=pool_id,
        newer_href=reverse("pools:batch", args=[slug, newer]) if newer else "",
        newer_says=newer_says,
        standing=None if line.change else STANDINGS[line.end],
    )


def _made_by(line: Line) -> int | None:
    """The pool that a create made, where that is known."""
    change = line.change
    return change.pool_id if change is not None and change.state.took_effect else None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the bar: how wide it is of a hundred, and what it stands for."""

    end: End
    x: float
    width: float


_ENDED: Final = (
    *(End.DONE, End.HAPPENED, End.REFUSED, End.NOT_SENT, End.NOT_HAPPENED, End.UNKNOWN),
)


def bar_of(progress: Progress) -> list[Part]:
    """The items that are to be sent, by what became of them."""
    counts, whole = progress.counts, progress.to_send or 1
    parts, x = [], 0.0
    for end in (*_ENDED, End.UNDER_WAY):
        if counts[end]:
            width = 100 * counts[end] / whole
            parts.append(Part(end, round(x, 2), round(width, 2)))
            x += width
    return parts
