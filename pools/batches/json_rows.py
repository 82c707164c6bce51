"""JSON as rows: read value by value, so that what is wrong has its place."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from pools.batches.caps import LONGEST_QUOTED
from pools.batches.flaws import KNOWN, Flaw, Flaws, Row, judge_columns, refusal
from pools.batches.pool_export import CONNECTORS

_BLANK: Final = re.compile(r"[ \t\r\n]*")
_MOST_DIGITS: Final = 40
# What a file says of itself first, and that holds for each of its pools.
_PLACE: Final = ("company", "origin")


class _Refused(ValueError):
    """JSON that a file may not have."""


def json_rows(text: str, flaws: Flaws) -> Iterator[Row]:
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
        elif judge_columns(given, flaws, line, there):
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
        raise refusal(Flaw.NO_LIST)

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
            raise refusal(Flaw.TOO_DEEP, self._line(position)) from None
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
        raise refusal(Flaw.NOT_JSON, self._line(position), there, position - begin + 1)


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
