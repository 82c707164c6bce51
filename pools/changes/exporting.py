"""Changes and events as CSV (RFC 4180) and as JSON, written while they are read.

Times are UTC. The CSV begins with a byte order mark: without one, Excel reads its letters
in the code page of the computer. What a spreadsheet could take for a formula has an
apostrophe before it. The JSON has every text as it was recorded.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

from pools.changes.filtering import Filters
from pools.changes.history import HistoryItem
from pools.changes.lines import ChangeLine, EventLine, all_lines
from pools.changes.proposal import COMPARED, CONNECTORS, Snapshot
from pools.changes.state import ChangeState
from pools.core.comparing import visible_form

# Those of East Asian width too: some spreadsheets take them for the others.
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Where commas are no separators, a spreadsheet begins a cell or a row behind one of these.
_BEGINS_A_CELL: Final = re.compile("([;\t\r\n])")
# What nearly no cell begins with: something else than a plain letter or digit (or a list). Looked
# for in all cells of a row at once, each behind this mark.
_BEFORE_A_CELL: Final = "\0"
_BEGINS_OTHERWISE: Final = re.compile(r"\0[^0-9A-Za-z[\0]")
_DROPPED_AT_THE_START: Final = ("\t", "\r", "\n")
BYTE_ORDER_MARK: Final = "\ufeff"
_NUMBERS: Final = {int}
SNAPSHOT_FIELDS: Final = (*COMPARED, CONNECTORS)
_BEFORE, _AFTER = (
    tuple(f"{when}_{field}" for field in SNAPSHOT_FIELDS) for when in ("before", "after")
)
# Nobody attaches connectors here: they are never asked for.
_WANTED: Final = tuple(f"wanted_{field}" for field in COMPARED)
CHANGE_FIELDS: Final = (
    *("entry", "time", "change", "company", "origin", "pool_id", "pool_name", "action", "outcome"),
    *("who", "reason"),
    *_BEFORE,
    *_WANTED,
    *_AFTER,
    *("verified", "read_back", "core_said", "core_reasons"),
    *("released_by", "released_reason", "request_id"),
    *(
        "verdict",
        "settled_at",
        "settled_by",
        "last_known_at",
        "found_beside",
        "reverts",
        "list",
        "unreadable",
    ),
)
EVENT_FIELDS: Final = (
    *("entry", "time", "company", "event", "outcome", "who", "from_address", "reason", "facts"),
    "unreadable",
)


class Format(StrEnum):
    """What a list can be exported as."""

    CSV = "csv"
    JSON = "json"


CONTENT_TYPES: Final = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSON: "application/json",
}


def exported(filters: Filters, form: Format) -> Iterator[str]:
    """The lines that fit, newest first, many at a time. An error ends it without its end."""
    fields = EVENT_FIELDS if filters.events else CHANGE_FIELDS
    blocks = (map(_fields, lines) for lines in all_lines(filters))
    return _csv(fields, blocks) if form is Format.CSV else _json(blocks)


def defused(cell: str) -> str:
    """A cell that no spreadsheet runs, whatever invisible stands before its formula."""
    parts = _BEGINS_A_CELL.split(cell)
    guarded = "".join(
        f"'{part}" if visible_form(part).startswith(FORMULA_STARTS) else part for part in parts
    )
    return f"'{guarded}" if cell.startswith(_DROPPED_AT_THE_START) else guarded


def undefused(cell: str) -> str:
    """What a defused cell was before; any other cell stays as it is."""
    plain = "".join(
        part[1:] if part.startswith("'") and defused(part[1:]) == part else part
        for part in _BEGINS_A_CELL.split(cell)
    )
    if plain.startswith("'") and plain[1:].startswith(_DROPPED_AT_THE_START):
        plain = plain[1:]
    return plain if defused(plain) == cell else cell


# The lines of one read of the ledger: to send each by itself costs more than to make it.
_Block: TypeAlias = Iterable[Mapping[str, Any]]


def _csv(fields: tuple[str, ...], blocks: Iterable[_Block]) -> Iterator[str]:
    yield BYTE_ORDER_MARK + csv_text([fields])
    for rows in blocks:
        yield csv_text(map(cells_of, rows))


def csv_text(rows: Iterable[Iterable[str]]) -> str:
    """Rows as lines of a CSV file."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\r\n").writerows(rows)
    return file.getvalue()


def cells_of(row: Mapping[str, Any]) -> list[str]:
    """The cells of a line, in the order of its fields, none of which a spreadsheet runs."""
    cells = [
        value if type(value) is str else "" if value is None else _cell(value)
        for value in row.values()
    ]
    row_of_them = _BEFORE_A_CELL + _BEFORE_A_CELL.join(cells)
    may_run = _BEGINS_OTHERWISE.search(row_of_them) or _BEGINS_A_CELL.search(row_of_them)
    return list(map(defused, cells)) if may_run else cells


as_recorded: Final = json.JSONEncoder(ensure_ascii=False).encode
_in_order: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode


def _json(blocks: Iterable[_Block]) -> Iterator[str]:
    before = "[\n"
    for rows in blocks:
        if block := ",\n".join(map(as_recorded, rows)):
            yield before + block
            before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _cell(value: Any) -> str:
    if type(value) is int:
        return str(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):  # texts; of numbers, none is said as [], unlike not known
        return "\n".join(value)
    # Numbers are written alike in both, and sooner.
    if isinstance(value, dict) or (isinstance(value, list) and not {*map(type, value)} <= _NUMBERS):
        return _in_order(value)
    return str(value)


def _fields(line: ChangeLine | EventLine) -> dict[str, Any]:
    return _change(line) if isinstance(line, ChangeLine) else _event(line)


def _change(line: ChangeLine) -> dict[str, Any]:
    item = line.item
    return {
        "entry": line.seq,
        "time": time_text(item.at),
        "change": str(item.change_id) if item.has_page else "",
        "company": line.company,
        "origin": item.origin,
        "pool_id": item.pool_id,
        "pool_name": item.pool_name,
        "action": str(item.action),
        "outcome": _outcome(item),
        "who": item.actor_name,
        "reason": item.reason,
        **_values(_BEFORE, item.before),
        **_values(_WANTED, item.wanted, COMPARED),
        **_values(_AFTER, item.after),
        "verified": item.verified,
        "read_back": item.readback and str(item.readback),
        "core_said": item.message,
        "core_reasons": item.reasons,
        "released_by": item.released_by,
        "released_reason": item.released_reason,
        "request_id": item.request_id,
        "verdict": item.verdict and str(item.verdict),
        "settled_at": item.settled_at and time_text(item.settled_at),
        "settled_by": item.settled_by,
        "last_known_at": item.since and time_text(item.since),
        "found_beside": item.beside and str(item.beside),
        "reverts": item.reverts and str(item.reverts),
        "list": item.batch and str(item.batch),
        "unreadable": _unreadable(item.unreadable),
    }


def _outcome(item: HistoryItem) -> str:
    """What was made outside the panel has none."""
    if item.outside:
        return ""
    if item.lost:
        return str(ChangeState.UNREADABLE)
    return str(item.outcome or ChangeState.UNDER_WAY)


def _event(line: EventLine) -> dict[str, Any]:
    return {
        "entry": line.seq,
        "time": time_text(line.at),
        "company": line.company,
        "event": line.action,
        "outcome": line.outcome,
        "who": line.actor_name,
        "from_address": line.address,
        "reason": line.reason,
        "facts": dict(line.facts),
        "unreadable": _unreadable([] if line.readable else [line.seq]),
    }


def _values(
    columns: tuple[str, ...], snapshot: Snapshot | None, fields: tuple[str, ...] = SNAPSHOT_FIELDS
) -> dict[str, Any]:
    """The fields of a snapshot, each in its column."""
    if snapshot is None:
        return dict.fromkeys(columns)
    if snapshot.unreadable:
        return dict(zip(columns, map(snapshot.exported, fields), strict=True))
    # In the order of SNAPSHOT_FIELDS; what was asked for has no column for the last of them.
    name, limit, timeout, ids, _ = snapshot
    values = (name, limit, timeout, None if ids is None else list(ids))
    return dict(zip(columns, values, strict=False))


def _unreadable(entries: Iterable[int]) -> str:
    return "; ".join(f"entry {seq} cannot be read" for seq in entries)


def time_text(at: datetime | None) -> str:
    """A time in UTC as exports write it; "" where there is none."""
    if at is None:
        return ""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
