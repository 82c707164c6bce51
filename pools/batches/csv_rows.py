"""CSV as rows: what spreadsheets write.

Commas, semicolons or tabs, quoted or not, any kind of line end.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Final

from pools.batches.caps import MOST_COLUMNS
from pools.batches.flaws import KNOWN, Flaw, Flaws, Row, judge_columns, refusal
from pools.batches.pool_export import COMMENT
from pools.changes.exporting import undefused

_SEPARATORS: Final = (",", ";", "\t")
_SEPARATOR_SAID: Final = re.compile(r'"?sep=([,;\t])"?\r?\n', re.IGNORECASE)


def csv_rows(text: str, flaws: Flaws) -> Iterator[Row]:
    """Each pool with the line that it begins in. Raises Unusable."""
    said = _SEPARATOR_SAID.match(text)
    skipped = said.end() if said else 0
    lines = _records(text[skipped:], said[1] if said else _separator(text), flaws)
    first = next(lines, None)
    if first is None:
        raise refusal(Flaw.EMPTY)
    offset = 1 if said else 0
    columns = _columns(first[1], first[0] + offset, flaws)
    for line, cells in lines:
        if row := _csv_row(line + offset, cells, columns, flaws):
            yield row


def _records(text: str, separator: str, flaws: Flaws) -> Iterator[tuple[int, list[str]]]:
    """Each record that is no blank and no comment, with the line that it begins in."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # What follows can't be told from what is quoted.
            long = "field larger" in str(error)
            flaws.add(Flaw.CELL_TOO_LONG if long else Flaw.QUOTES, line)
            flaws.end()
        if any(cells) and not _is_comment(cells):
            yield line, cells


def _is_comment(cells: Sequence[str]) -> bool:
    """What an export says of itself; a spreadsheet adds empty cells to it."""
    return cells[0].startswith(COMMENT) and not any(cells[1:])


def _separator(text: str) -> str:
    """The one that makes most columns that are known of the heading."""
    heading = text.lstrip("\r\n").split("\n", 1)[0].rstrip("\r")

    def known(separator: str) -> int:
        return len(KNOWN.intersection(map(_column, heading[:10_000].split(separator))))

    return max(_SEPARATORS, key=known)


def _column(heading: str) -> str:
    """A column by its heading, however it is written: Exported limit."""
    return heading.strip().strip('"').strip().casefold().replace(" ", "_")


def _columns(headings: Sequence[str], line: int, flaws: Flaws) -> list[str]:
    """The columns, in their order. Those without a heading, at the end, are none."""
    while headings and not headings[-1].strip():
        headings = headings[:-1]
    columns = [_column(heading) for heading in headings]
    if not KNOWN.intersection(columns):
        raise refusal(Flaw.NO_HEADER, line, text=" ".join(headings[:5]))
    if len(columns) > MOST_COLUMNS:
        raise refusal(Flaw.TOO_MANY_COLUMNS, line, text=str(len(columns)))
    judge_columns(columns, flaws, line)
    flaws.end()
    return columns


def _csv_row(line: int, cells: list[str], columns: list[str], flaws: Flaws) -> Row | None:
    if len(cells) < len(columns):
        flaws.add(Flaw.TOO_FEW_CELLS, line, columns[len(cells)], f"{len(cells)} of {len(columns)}")
        return None
    if any(cells[len(columns) :]):
        flaws.add(Flaw.TOO_MANY_CELLS, line, text=f"{len(cells)} instead of {len(columns)}")
        return None
    return Row(line, dict(zip(columns, map(undefused, cells), strict=False)))
