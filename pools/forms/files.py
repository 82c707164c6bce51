"""A file of pools that is to be applied: how it is sent, and whether its values may be.

Each value is judged as in the form of one pool. What nobody changed since the file was exported is
not judged at all.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from pools.batches.caps import MOST_BYTES, MOST_FLAWS
from pools.batches.file_differences import Line
from pools.batches.files import Sheet, read_file
from pools.batches.flaws import Row, Unusable
from pools.batches.pool_export import FROM, VALUES
from pools.changes.proposal import UNREADABLE
from pools.core.bounds import LARGEST_POOL_ID, LIMIT, NAME, TIMEOUT, TextBounds
from pools.core.decoding import read_time
from pools.core.numbers import whole_number
from pools.forms.checks import BLANKS, BoundedTextField, CheckedForm, WholeNumberField
from pools.models import Company
from pools.models.bounds import REASON
from pools.models.vocabulary import Action
from pools.wording import files as words
from pools.wording.files import Said

_JUDGES: Final[Mapping[str, forms.Field]] = {
    "name": BoundedTextField(bounds=NAME),
    "limit": WholeNumberField(bounds=LIMIT),
    "timeout": WholeNumberField(bounds=TIMEOUT),
}
_ZONED: Final = re.compile(r"(?:Z|[+-]\d\d:?\d\d)\Z", re.ASCII)
_ID: Final = re.compile("0|[1-9][0-9]{0,18}")


def _wrong_with(text: str) -> str:
    """What keeps a text from being a pool's id."""
    if not (text.isascii() and text.isdecimal()):
        return words.BAD_ID
    return words.ZEROS_BEFORE_ID if text.startswith("0") else words.NO_SUCH_ID


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person said of the file: whether its ids are this company's, though it does not say
    so, and whether rows without an id make new pools. `asks`: how they would say so."""

    ours: bool = False
    create: bool = False
    asks: words.Asks = words.ON_THE_PAGE


class Misjudged(Exception):
    """Something is wrong with values of the file; `said` tells all, up to a number."""

    def __init__(self, said: Sequence[Said]) -> None:
        super().__init__("values are wrong")
        self.said = tuple(said)


def lines_of(content: bytes | str, company: Company, choices: Choices) -> list[Line]:
    """The lines of a file. Raises Misjudged with all that is wrong: with it, and with its values.

    Of a file that can't be read, the rows that can be are judged all the same.
    """
    flaws: tuple[Said, ...] = ()
    try:
        sheet = read_file(content)
    except Unusable as error:
        sheet, flaws = Sheet(error.rows), words.flaws_say(error.found)
    try:
        lines = judged(sheet, company, choices)
    except Misjudged as error:
        raise Misjudged((*flaws, *error.said)[:MOST_FLAWS]) from None
    if flaws:
        raise Misjudged(flaws)
    return lines


def judged(sheet: Sheet, company: Company, choices: Choices) -> list[Line]:
    """The lines that a file has, each value judged. Raises Misjudged."""
    judge = _Judge(company, choices)
    lines = [line for row in sheet.rows if (line := judge.line(row)) is not None]
    if judge.said:
        raise Misjudged(words.together(judge.said))
    return lines


@dataclass(slots=True)
class _Judge:
    company: Company
    choices: Choices
    said: list[Said] = field(default_factory=list)
    _rows: dict[int, Row] = field(default_factory=dict)

    def line(self, row: Row) -> Line | None:
        wrong = len(self.said)
        pool_id = self._id(row)
        wanted = self._wanted(row, creating=not row.cells.get("id", "").strip(BLANKS))
        if len(self.said) > wrong:
            return None
        if pool_id is None:
            return Line(row.line, None, wanted)
        return Line(row.line, pool_id, wanted, _exported(row), _created(row))

    def _id(self, row: Row) -> int | None:
        text = row.cells.get("id", "").strip(BLANKS)
        if not text:
            if not self.choices.create:
                self._say(row, "id", words.no_id(self.choices.asks))
            return None
        if not _ID.fullmatch(text) or int(text) > LARGEST_POOL_ID:
            self._say(row, "id", _wrong_with(text))
            return None
        pool_id = int(text)
        if (first := self._rows.setdefault(pool_id, row)) is not row:
            self._say(row, "id", words.id_twice(pool_id, first.line, first.character))
        self._judge_place(row)
        return pool_id

    def _judge_place(self, row: Row) -> None:
        """Whether its id is this company's, where it is now."""
        company = row.cells.get("company", "").strip(BLANKS)
        origin = row.cells.get("origin", "").strip(BLANKS)
        if company and company != self.company.slug:
            self._say(row, "company", words.other_company(company, self.company))
        elif not company and not self.choices.ours:
            self._say(row, "company", words.no_company(self.company, self.choices.asks))
        elif origin and origin != str(self.company.origin):
            self._say(row, "origin", words.other_origin(self.company))

    def _wanted(self, row: Row, *, creating: bool) -> dict[str, Any]:
        wanted: dict[str, Any] = {}
        for name in VALUES:
            cell = row.cells.get(name)
            if cell is None and not (creating and name in {"name", "limit"}):
                continue
            if not creating and cell in (UNREADABLE, row.cells.get(f"exported_{name}")):
                continue
            if creating and cell == UNREADABLE and row.cells.get(FROM):
                self._say(row, name, words.UNREADABLE_THEN, cell)
                continue
            try:
                wanted[name] = _JUDGES[name].clean(cell or "")
            except ValidationError as error:
                self._say(row, name, " ".join(error.messages), cell or "")
        return wanted

    def _say(self, row: Row, column: str, sentence: str, text: str = "") -> None:
        self.said.append(Said(sentence, (row.line,), column, text, characters=(row.character,)))


def _exported(row: Row) -> dict[str, Any] | None:
    """What each pool had when the file was made; None where the file does not say."""
    known = {name: row.cells.get(f"exported_{name}") for name in VALUES}
    if all(cell is None for cell in known.values()):
        return None
    return {
        name: cell if name == "name" else whole_number(cell)
        for name, cell in known.items()
        if cell is not None
    }


def _created(row: Row) -> datetime | None:
    """When the pool was made that was exported. Spreadsheets write times of their own, without a
    zone: those say nothing."""
    text = row.cells.get("created_at", "").strip(BLANKS)
    return read_time(text) if _ZONED.search(text) else None


class ApplyForm(CheckedForm):
    """A file, or what is pasted of one, and what to make of it."""

    file = forms.FileField(label="File", required=False, help_text=words.FILE_HELP)
    text = forms.CharField(
        label="Or paste it",
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={
                "rows": 8,
                "spellcheck": "false",
                "autocapitalize": "none",
                "autocorrect": "off",
                "autocomplete": "off",
                "translate": "no",
                "class": "code",
            }
        ),
    )
    create = forms.BooleanField(label="Make a new pool of each line without an id", required=False)
    ours = forms.BooleanField(required=False)
    reason = BoundedTextField(
        label="Reason",
        bounds=TextBounds(REASON),
        required=False,
        help_text="For example ZD-4711. Shown in the history, for each pool.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self, *args: Any, company: Company, begun: str, may_create: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        # What was kept of it comes before.
        self.initial.setdefault("reason", begun)
        self.fields["ours"].label = words.ids_are_ours(company)
        self.fields["file"].widget.attrs["accept"] = ".csv,.json,.txt,.tsv"
        if not may_create:
            del self.fields["create"]
        needed = {Action.EDIT.value, *([Action.CREATE.value] if may_create else [])}
        self.fields["reason"].required = bool(needed & set(company.reason_required_for))

    @property
    def choices(self) -> Choices:
        return Choices(self.cleaned_data["ours"], self.cleaned_data.get("create", False))

    def with_text(self, text: str) -> Self:
        """The same, with the file's text where it can be mended."""
        posted = cast(QueryDict, self.data).copy()
        posted["text"] = text
        self.data = posted
        return self

    def content(self) -> bytes | str:
        """What was sent: the file before what was pasted."""
        sent: UploadedFile[Any] | None = self.cleaned_data["file"]
        if sent is None:
            pasted: str = self.cleaned_data["text"]
            return pasted
        if (sent.size or 0) > MOST_BYTES:
            return bytes(MOST_BYTES + 1)
        content: bytes = sent.read()
        return content
