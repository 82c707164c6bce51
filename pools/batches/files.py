"""A file of pools as rows: the export, edited, or a file of one's own. No input or output.

It reads what spreadsheets write: commas, semicolons or tabs, quoted or not, any kind of line end,
with or without a byte order mark. Whatever is wrong with the file is found at once, up to a number,
each with its line. What a value may be is judged elsewhere: here it is text, as it stands there.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NoReturn

from pools.batches.exporting import COMMENT, CONNECTORS, EXPORTED, FROM, TIMES, VALUES, WHERE
from pools.changes.exporting import undefused

# About 8,000 pools; a body has no room for more.
MOST_BYTES: Final = 2**20
MOST_COLUMNS: Final = 40
MOST_ROWS: Final = 20_000
# More are not told: who has so many looks at the first ones.
MOST_FLAWS: Final = 50
LONGEST_CELL: Final = 2_000
LONGEST_QUOTED: Final = 60
KNOWN: Final = frozenset({*WHERE, *VALUES, *TIMES, *CONNECTORS, *EXPORTED, FROM})
_SEPARATORS: Final = (",", ";", "\t")
_SEPARATOR_SAID: Final = re.compile(r'"?sep=([,;\t])"?\r?\n', re.IGNORECASE)
_UNFIT: Final = re.compile("[\x00\ud800-\udfff]")
_BLANK: Final = re.compile(r"[ \t\r\n]*")
_MOST_DIGITS: Final = 40
# What a file says of itself first, and that holds for each of its pools.
_PLACE: Final = ("company", "origin")


class Flaw(StrEnum):
    """What can be wrong with a file, whatever its values are."""

    EMPTY = "empty"
    TOO_LARGE = "too large"
    ARCHIVE = "a workbook or an archive"
    ENCODING = "another encoding"
    NOT_UTF8 = "not UTF-8"
    NUL = "NUL"
    SURROGATE = "half of a character"
    NO_HEADER = "no heading"
    UNKNOWN_COLUMN = "unknown column"
    TWICE = "a column twice"
    TOO_MANY_COLUMNS = "too many columns"
    TOO_MANY_ROWS = "too many rows"
    NO_NAMES = "neither ids nor names"
    NOTHING_SET = "no column to set"
    TOO_FEW_CELLS = "too few cells"
    TOO_MANY_CELLS = "too many cells"
    QUOTES = "quotes"
    CELL_TOO_LONG = "cell too long"
    NOT_JSON = "not JSON"
    TOO_DEEP = "nested too deep"
    NO_LIST = "no list of pools"
    NO_POOL = "no pool"
    NOT_TEXT = "not text"


@dataclass(frozen=True, slots=True)
class Found:
    """A flaw, where it is, and what stands there. `line` None: it is about the whole file.

    `character` is the one of that line, from 1, in JSON, which may have many pools in a line.
    """

    flaw: Flaw
    line: int | None = None
    column: str = ""
    text: str = ""
    character: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A pool of the file: its line, and its cells as text. A column that it lacks is left alone.

    `character` is where it begins in that line, in JSON.
    """

    line: int
    cells: Mapping[str, str]
    character: int = 0


class Unusable(Exception):
    """The file can't be read; `found` says all that is wrong with it, up to a number.

    `rows` could be read all the same: what is wrong with their values can be said at once too.
    """

    def __init__(self, found: Sequence[Found], rows: Sequence[Row] = ()) -> None:
        super().__init__("the file can't be read")
        self.found = tuple(found[:MOST_FLAWS])
        self.rows = tuple(rows)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a file, in their order."""

    rows: tuple[Row, ...]


@dataclass(slots=True)
class _Flaws:
    found: list[Found] = field(default_factory=list)

    def add(
        self,
        flaw: Flaw,
        line: int | None = None,
        column: str = "",
        text: str = "",
        character: int = 0,
    ) -> None:
        self.found.append(Found(flaw, line, _cut(column), _cut(text), character))
        if len(self.found) >= MOST_FLAWS:
            raise Unusable(self.found)

    def end(self) -> None:
        if self.found:
            raise Unusable(self.found)


def read_file(content: bytes | str) -> Sheet:
    """The rows of a file, or of what was pasted. Raises Unusable."""
    text = _decoded(content) if isinstance(content, bytes) else content.removeprefix("\ufeff")
    flaws = _Flaws()
    if not text.strip():
        _refuse(Flaw.EMPTY)
    if len(text) > MOST_BYTES:
        _refuse(Flaw.TOO_LARGE)
    if "\0" in text:
        _refuse(Flaw.NUL, text.count("\n", 0, text.index("\0")) + 1)
    rows = _json_rows(text, flaws) if text.lstrip()[0] in "[{" else _csv_rows(text, flaws)
    kept: list[Row] = []
    try:
        _keep(rows, kept, flaws)
        flaws.end()
    except Unusable as error:
        # Where reading had to end, what was wrong before is said too.
        more = [each for each in error.found if each not in flaws.found]
        raise Unusable([*flaws.found, *more], kept) from None
    if not kept:
        _refuse(Flaw.EMPTY)
    return Sheet(tuple(kept))


def _keep(rows: Iterable[Row], kept: list[Row], flaws: _Flaws) -> None:
    for row in rows:
        kept.append(row)
        if len(kept) > MOST_ROWS:
            _refuse(Flaw.TOO_MANY_ROWS)
        for name, cell in row.cells.items():
            if _UNFIT.search(cell):
                flaws.add(Flaw.SURROGATE, row.line, name, character=row.character)
            elif len(cell) > LONGEST_CELL and name in VALUES:
                flaws.add(Flaw.CELL_TOO_LONG, row.line, name, character=row.character)


def _refuse(flaw: Flaw, line: int | None = None, text: str = "", character: int = 0) -> NoReturn:
    raise Unusable([Found(flaw, line, "", _cut(text), character)])


def _cut(text: str) -> str:
    shown = _UNFIT.sub("\ufffd", text)
    return shown if len(shown) <= LONGEST_QUOTED else f"{shown[:LONGEST_QUOTED]}…"


def _decoded(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        _refuse(Flaw.TOO_LARGE)
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")):
        _refuse(Flaw.ARCHIVE)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        _refuse(Flaw.ENCODING)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    _refuse(Flaw.NOT_UTF8, line)


# --- CSV ----------------------------------------------------------------------------------


def _csv_rows(text: str, flaws: _Flaws) -> Iterator[Row]:
    said = _SEPARATOR_SAID.match(text)
    skipped = said.end() if said else 0
    lines = _records(text[skipped:], said[1] if said else _separator(text), flaws)
    first = next(lines, None)
    if first is None:
        _refuse(Flaw.EMPTY)
    offset = 1 if said else 0
    columns = _columns(first[1], first[0] + offset, flaws)
    for line, cells in lines:
        if row := _csv_row(line + offset, cells, columns, flaws):
            yield row


def _records(text: str, separator: str, flaws: _Flaws) -> Iterator[tuple[int, list[str]]]:
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


def _columns(headings: Sequence[str], line: int, flaws: _Flaws) -> list[str]:
    """The columns, in their order. Those without a heading, at the end, are none."""
    while headings and not headings[-1].strip():
        headings = headings[:-1]
    columns = [_column(heading) for heading in headings]
    if not KNOWN.intersection(columns):
        _refuse(Flaw.NO_HEADER, line, text=" ".join(headings[:5]))
    if len(columns) > MOST_COLUMNS:
        _refuse(Flaw.TOO_MANY_COLUMNS, line, text=str(len(columns)))
    _judge_columns(columns, flaws, line)
    flaws.end()
    return columns


def _judge_columns(columns: Iterable[str], flaws: _Flaws, line: int, character: int = 0) -> bool:
    """Whether they say which pool it is about; what is wrong with them is noted."""
    known: set[str] = set()
    for column in columns:
        if column not in KNOWN:
            flaws.add(Flaw.UNKNOWN_COLUMN, line, column, character=character)
        elif column in known:
            flaws.add(Flaw.TWICE, line, column, character=character)
        known.add(column)
    if not known & {"id", "name"}:
        flaws.add(Flaw.NO_NAMES, line, character=character)
        return False
    if not known & set(VALUES):
        flaws.add(Flaw.NOTHING_SET, line, character=character)
    return True


def _csv_row(line: int, cells: list[str], columns: list[str], flaws: _Flaws) -> Row | None:
    if len(cells) < len(columns):
        flaws.add(Flaw.TOO_FEW_CELLS, line, columns[len(cells)], f"{len(cells)} of {len(columns)}")
        return None
    if any(cells[len(columns) :]):
        flaws.add(Flaw.TOO_MANY_CELLS, line, text=f"{len(cells)} instead of {len(columns)}")
        return None
    return Row(line, dict(zip(columns, map(undefused, cells), strict=False)))


# --- JSON ---------------------------------------------------------------------------------


class _Refused(ValueError):
    """JSON that a file may not have."""


def _json_rows(text: str, flaws: _Flaws) -> Iterator[Row]:
    """Each pool with its line; what the file says of itself first holds for each of them."""
    reader = _JsonText(text)
    about, position = reader.list_of_pools()
    line, begin, counted_to = 1, 0, 0
    for at, given in reader.items(position):
        line += text.count("\n", counted_to, at)
        begin = max(begin, text.rfind("\n", counted_to, at) + 1)
        counted_to = at
        there = at - begin + 1
        if not isinstance(given, dict):
            shown = json.dumps(given)[:LONGEST_QUOTED]
            flaws.add(Flaw.NO_POOL, line, text=shown, character=there)
        elif _judge_columns(given, flaws, line, there):
            named = {**about, **given}
            for name in {"name", "exported_name", "company"} & named.keys():
                if not isinstance(named[name], str | None):
                    shown = json.dumps(named[name])[:LONGEST_QUOTED]
                    flaws.add(Flaw.NOT_TEXT, line, name, shown, there)
            known = named.keys() & (KNOWN - set(CONNECTORS))
            yield Row(line, {name: _as_cell(named[name]) for name in known}, there)


def _as_cell(value: Any) -> str:
    """A value as the cell of a CSV file would have it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


class _JsonText:
    """JSON that is read value by value, so that each has its place."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._decoder = json.JSONDecoder(
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_whole,
            parse_float=_fraction,
        )

    def list_of_pools(self) -> tuple[dict[str, Any], int]:
        """What stands beside the pools, and where their list begins."""
        about: dict[str, Any] = {}
        position = self._skip(0)
        if self._text[position] == "[":
            return about, position
        position = self._skip(position + 1)
        while self._text[position : position + 1] != "}":
            if self._text[position : position + 1] != '"':
                self._fail(position)
            key, position = self._value(position)
            position = self._expect(":", position)
            if key == "pools" and self._text[position : position + 1] == "[":
                return {name: about[name] for name in _PLACE if name in about}, position
            about[key], position = self._value(position)
            position = self._skip(position)
            if self._text[position : position + 1] != "}":
                position = self._expect(",", position)
        _refuse(Flaw.NO_LIST)

    def items(self, position: int) -> Iterator[tuple[int, Any]]:
        """Each value of the list that begins there, with its place; then the file's end."""
        position = self._skip(position + 1)
        if self._text[position : position + 1] == "]":
            return
        while True:
            at = position
            value, position = self._value(position)
            yield at, value
            position = self._skip(position)
            if self._text[position : position + 1] == "]":
                self._end(position + 1)
                return
            position = self._expect(",", position)

    def _end(self, position: int) -> None:
        """What follows the list: nothing, or more that the file says of itself."""
        rest = self._text[position:].strip()
        if rest in {"", "}"}:
            return
        try:
            self._decoder.decode("{" + rest.removeprefix(","))
        except (ValueError, RecursionError):
            self._fail(position)

    def _value(self, position: int) -> tuple[Any, int]:
        try:
            value, end = self._decoder.raw_decode(self._text, position)
        except json.JSONDecodeError as error:
            self._fail(error.pos)
        except _Refused as error:
            self._fail(position, str(error))
        except RecursionError:
            _refuse(Flaw.TOO_DEEP, self._line(position))
        except ValueError:
            self._fail(position)
        return value, end

    def _expect(self, mark: str, position: int) -> int:
        position = self._skip(position)
        if self._text[position : position + 1] != mark:
            self._fail(position)
        return self._skip(position + 1)

    def _skip(self, position: int) -> int:
        blank = _BLANK.match(self._text, position)
        return blank.end() if blank else position

    def _line(self, position: int) -> int:
        return self._text.count("\n", 0, position) + 1

    def _fail(self, position: int, text: str = "") -> NoReturn:
        begin = self._text.rfind("\n", 0, position) + 1
        there = text or self._text[position : position + 20].split("\n")[0]
        _refuse(Flaw.NOT_JSON, self._line(position), there, position - begin + 1)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Refused(f"{twice} twice")
    return found


def _no_constant(text: str) -> NoReturn:
    raise _Refused(text)


def _whole(text: str) -> int | str:
    """Python refuses to read very long ones; as text they are judged like all others."""
    return int(text) if len(text) <= _MOST_DIGITS else text


def _fraction(text: str) -> str:
    """As it is written: 1.0 is no whole number to those who judge it."""
    return text
