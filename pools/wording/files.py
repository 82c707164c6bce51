"""What people read of a file of pools that is to be applied: what is wrong with it, and where."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from pools.batches.caps import (
    LONGEST_CELL,
    LONGEST_QUOTED,
    MOST_BYTES,
    MOST_COLUMNS,
    MOST_FLAWS,
    MOST_ROWS,
    TooMany,
)
from pools.batches.file_differences import Clash, NameClash
from pools.batches.flaws import KNOWN, Flaw, Found
from pools.batches.freezing import NothingToFreeze
from pools.batches.patience import TooLong
from pools.core.bounds import LARGEST_POOL_ID, LONGEST_SAID
from pools.models import Company
from pools.wording.names import isolated
from pools.wording.numbers import counted
from pools.wording.situations import Problem

# So many lines are named of one mistake.
_LINES_NAMED: Final = 5
_MEBIBYTES: Final = MOST_BYTES // 2**20
FILE_HELP: Final = f"CSV or JSON, as exported here and edited. UTF-8, at most {_MEBIBYTES} MiB."
BAD_ID: Final = "An id has digits only, as Patchworks gave it."
ZEROS_BEFORE_ID: Final = "An id has no zero in front: write it as Patchworks gave it."
UNREADABLE_THEN: Final = (
    "It couldn't be read when the file was exported: look it up in Patchworks, and enter it."
)
NO_SUCH_ID: Final = f"No id is larger than {LARGEST_POOL_ID}: write it as Patchworks gave it."
_SAYS: Final[Mapping[Flaw, str]] = {
    Flaw.EMPTY: "There is no pool in it. Choose a file, or paste one.",
    Flaw.TOO_LARGE: f"It is too large: at most {_MEBIBYTES} MiB. Leave out the pools that stay as "
    "they are.",
    Flaw.ARCHIVE: "This is a workbook or an archive, whatever its name is. In Excel, save it as "
    "“CSV UTF-8”.",
    Flaw.ENCODING: "It isn't UTF-8. In Excel, save it as “CSV UTF-8”.",
    Flaw.NOT_UTF8: "It isn't UTF-8 from here on. In Excel, save it as “CSV UTF-8”.",
    Flaw.NUL: "There is a NUL character here: it may not be a text file.",
    Flaw.SURROGATE: "There is half of a character here.",
    Flaw.NO_HEADER: "The first line has to name the columns, for example: id,name,limit,timeout",
    Flaw.UNKNOWN_COLUMN: "We don't know this column. The columns are: "
    + ", ".join(sorted(KNOWN))
    + ".",
    Flaw.TWICE: "This column is there twice.",
    Flaw.TOO_MANY_COLUMNS: f"There are too many columns: at most {MOST_COLUMNS}.",
    Flaw.TOO_MANY_ROWS: f"There are too many lines: at most {MOST_ROWS:,}.",
    Flaw.NO_NAMES: "There has to be a column id, or a column name for new pools.",
    Flaw.NOTHING_SET: "There is nothing to set: no column name, limit or timeout.",
    Flaw.TOO_FEW_CELLS: "This line ends too early. It may have been cut off.",
    Flaw.TOO_MANY_CELLS: "This line has more cells than there are columns. A text with a comma in "
    "it needs quotes.",
    Flaw.QUOTES: "The quotes don't match from here on. A quote inside of quotes is written twice.",
    Flaw.CELL_TOO_LONG: f"This is too long: at most {LONGEST_CELL:,} characters.",
    Flaw.NOT_JSON: "This isn't JSON from here on.",
    Flaw.TOO_DEEP: "This is nested too deep.",
    Flaw.NO_LIST: "There is no list “pools” in it.",
    Flaw.NO_POOL: "This isn't a pool.",
    Flaw.NOT_TEXT: "This has to be text, in quotes.",
}
_CLASHES: Final[Mapping[Clash, str]] = {
    Clash.IN_FILE: "Line {other} has the same name. A name that is set has to be unique.",
    Clash.AT_CORE: "Pool {other} has this name already. A name that is set has to be unique.",
    Clash.SEVERAL: "{other} pools have this name. Say which one is meant by its id.",
    Clash.OTHER_VALUES: "Pool {other} has this name, with other values. To change it, add its id.",
    Clash.UNSEARCHABLE: "We can't tell whether another pool has this name.",
}


@dataclass(frozen=True, slots=True)
class Asks:
    """What a person does to say that the ids are the company's, and that new pools are made."""

    ours: str
    create: str


ON_THE_PAGE: Final = Asks("tick that", "tick that below")
IN_A_SHELL: Final = Asks("add --ids-are-ours", "add --create")


@dataclass(frozen=True, slots=True)
class Said:
    """One mistake: in which lines (none: the file as a whole), in which column, what stands there.

    `more` lines have it besides those that are named. `characters` are those of the lines, in
    their order; 0: of no interest.
    """

    sentence: str
    lines: tuple[int, ...] = ()
    column: str = ""
    text: str = ""
    more: int = 0
    characters: tuple[int, ...] = ()

    @property
    def where(self) -> str:
        """Line 7, limit. Or: Line 1, character 14, limit. Or: Lines 2, 3, 4 and 36 more, id."""
        if not self.lines:
            return ""
        places = zip_longest(self.lines, self.characters, fillvalue=0)
        several = bool(self.lines[1:] or self.more)
        named = ", ".join(_place(line, character, several) for line, character in places)
        more = f" and {self.more:,} more" if self.more else ""
        lines = f"Line{'s' if several else ''} {named}{more}"
        return f"{lines}, {isolated(self.column)}" if self.column else lines


def _place(line: int, character: int, several: bool) -> str:
    if not character:
        return f"{line:,}"
    return (
        f"{line:,} (character {character:,})" if several else f"{line:,}, character {character:,}"
    )


def together(mistakes: Iterable[Said]) -> tuple[Said, ...]:
    """The same mistake in many lines is said once; of very many mistakes, the first ones are."""
    found: dict[tuple[str, str], list[Said]] = {}
    for each in mistakes:
        found.setdefault((each.column, each.sentence), []).append(each)
    return tuple(map(_joined, list(found.values())[:MOST_FLAWS]))


def _joined(alike: Sequence[Said]) -> Said:
    first = alike[0]
    lines = tuple(line for each in alike[:_LINES_NAMED] for line in each.lines)
    characters = tuple(at for each in alike[:_LINES_NAMED] for at in each.characters)
    text = first.text if len({each.text for each in alike}) == 1 else ""
    more = max(0, len(alike) - len(lines))
    return Said(first.sentence, lines, first.column, _cut(text), more, characters)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTED else f"{text[:LONGEST_QUOTED]}…"


def flaws_say(found: Iterable[Found]) -> tuple[Said, ...]:
    """What is wrong with a file that can't be read."""
    return together(
        Said(_SAYS[each.flaw], column=each.column, text=each.text)
        if each.line is None
        else Said(
            _SAYS[each.flaw],
            (each.line,),
            each.column,
            each.text,
            characters=(each.character,),
        )
        for each in found
    )


def clashes_say(clashes: Iterable[NameClash]) -> tuple[Said, ...]:
    """Which names are not unique."""
    return together(
        Said(_CLASHES[each.clash].format(other=each.other), (each.line,), "name", each.name)
        for each in clashes
    )


def id_twice(pool_id: int, line: int, character: int) -> str:
    at = f", at character {character:,}" if character else ""
    return f"Pool {pool_id} is in line {line:,} already{at}."


def other_company(slug: str, company: Company) -> str:
    return (
        f"This is a pool of {isolated(slug[:LONGEST_SAID])}, and this page is about "
        f"{company.name}. To copy pools, export them for another company."
    )


def no_id(asks: Asks) -> str:
    return f"There is no id. To make a new pool of it, {asks.create}."


def no_company(company: Company, asks: Asks) -> str:
    return f"The file doesn't say whose ids these are. If they are {company.name}'s, {asks.ours}."


def other_origin(company: Company) -> str:
    return (
        f"{company.name} has had another address since this was exported, or was restored from "
        "a backup: its ids may belong to other pools. Export again."
    )


def ids_are_ours(company: Company) -> str:
    return f"The ids in it are {company.name}'s"


def nothing_wished(lines: int) -> Problem:
    """Where no line of an export was edited."""
    return Problem(
        title="Nothing to change.",
        meaning=f"{counted(lines, 'line')} read, and each says what was exported.",
        next_text="Edit name, limit or timeout in the file, and save it.",
        kind="info",
        status=422,
    )


def not_made(error: TooLong | TooMany | NothingToFreeze) -> Problem:
    """Why a file that is all right does not become a list of changes."""
    if isinstance(error, TooLong):
        title, meaning = "Patchworks answers too slowly for this file.", "Nothing was sent."
    elif isinstance(error, TooMany):
        title = (
            f"The file would change {counted(error.count, 'pool')}: at most {error.cap} at once."
        )
        meaning = "Nothing was sent."
    else:
        title, meaning = "Nothing to change.", ""
    return Problem(
        title=title,
        meaning=meaning,
        next_text="Split the file, and apply one part after the other.",
        kind="warning",
        status=422,
    )
