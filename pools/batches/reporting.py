"""What became of a list as a file: a line for each item, in the order of the list."""

import json
from collections.abc import Iterator
from typing import Any, Final

from pools.batches.pool_export import UNTOLD
from pools.batches.progress import Line, Progress
from pools.batches.stored_items import after_in, seen_in
from pools.changes.exporting import BYTE_ORDER_MARK, Format, as_recorded, cells_of, csv_text
from pools.changes.proposal import COMPARED, Snapshot

FIELDS: Final = (
    *("list", "position", "pool_id", "pool_name", "action", "outcome"),
    *(f"{when}_{name}" for when in ("seen", "wanted") for name in COMPARED),
    *("systems", "left_out", "stopped", "stopped_says"),
    *("change", "found_later", "core_said", "core_reasons", "reason"),
)


def report_of(progress: Progress, form: Format) -> Iterator[str]:
    """All of it; the pools by their ids, as names are not unique."""
    rows = (_row(progress, line) for line in progress.lines)
    if form is Format.CSV:
        yield BYTE_ORDER_MARK + csv_text([FIELDS, *map(cells_of, rows)])
    else:
        yield "[\n" + ",\n".join(map(as_recorded, rows)) + "\n]\n"


def _row(progress: Progress, line: Line) -> dict[str, Any]:
    item, change = line.item, line.change
    attached: dict[str, list[Any]] | None = json.loads(item.systems)
    values = (
        str(progress.batch.pk),
        item.position,
        item.pool_id,
        item.name,
        item.action,
        str(line.end),
        *_values(seen_in(item)),
        *_values(after_in(item)),
        UNTOLD
        if attached is None
        else {name: len(those) for name, those in sorted(attached.items())},
        item.left_out,
        item.stopped,
        json.loads(item.stopped_says or "{}"),
        str(change.change_id) if change else "",
        str(change.verdict) if change and change.verdict else "",
        change.message if change else "",
        change.reasons if change else (),
        progress.batch.reason,
    )
    return dict(zip(FIELDS, values, strict=True))


def _values(snapshot: Snapshot | None) -> list[Any]:
    return [snapshot and snapshot.exported(name) for name in COMPARED]
