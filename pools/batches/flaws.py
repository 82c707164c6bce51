"""What can be wrong with a file of pools, and where it is: noted until there are too many."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pools.batches.caps import LONGEST_QUOTED, MOST_FLAWS
from pools.batches.pool_export import CONNECTORS, EXPORTED, FROM, TIMES, VALUES, WHERE

KNOWN: Final = frozenset({*WHERE, *VALUES, *TIMES, *CONNECTORS, *EXPORTED, FROM})
# What no text of a pool may have.
UNFIT: Final = re.compile("[\x00\ud800-\udfff]")


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


@dataclass(slots=True)
class Flaws:
    """What was found so far; raises Unusable when that is enough."""

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


def refusal(flaw: Flaw, line: int | None = None, text: str = "", character: int = 0) -> Unusable:
    """To be raised where nothing that follows can be read."""
    return Unusable([Found(flaw, line, "", _cut(text), character)])


def _cut(text: str) -> str:
    shown = UNFIT.sub("\ufffd", text)
    return shown if len(shown) <= LONGEST_QUOTED else f"{shown[:LONGEST_QUOTED]}…"


def judge_columns(columns: Iterable[str], flaws: Flaws, line: int, character: int = 0) -> bool:
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
