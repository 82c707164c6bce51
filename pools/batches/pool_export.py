"""The whole of a filtered list as a file, CSV or JSON, written while it is read.

Its last line says whether all pools are in it: a file without that line was cut on its way.
`exported_name`, `exported_limit` and `exported_timeout` say what a pool had: a file that was edited
changes what differs from these, and nothing else. What can't be read has a word of its own, since
an empty timeout is one that a pool has.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from threading import BoundedSemaphore
from time import sleep
from typing import Any, Final, TypeVar

from pools.batches.patience import Pause
from pools.batches.whole_list import End, Step, WholeList
from pools.changes.exporting import (
    BYTE_ORDER_MARK,
    Format,
    as_recorded,
    cells_of,
    csv_text,
    time_text,
)
from pools.changes.proposal import UNREADABLE, Snapshot
from pools.changes.verdicts import comes_as_number
from pools.core import Connector, Pool

UNTOLD: Final = "not told"
COMMENT: Final = "# "
WHERE: Final = ("company", "origin", "id")
VALUES: Final = ("name", "limit", "timeout")
TIMES: Final = ("created_at", "updated_at")
CONNECTORS: Final = ("systems", "connectors")
EXPORTED: Final = ("exported_timeout", "exported_limit", "exported_name")
FROM: Final = "from"
# Each holds a thread for as long as it takes.
AT_ONCE: Final = 2
# A line each so many seconds keeps a connection alive that a proxy would cut.
BEAT_SECONDS: Final = 5.0
_places: Final = BoundedSemaphore(AT_ONCE)

_Each = TypeVar("_Each")


class TooManyExports(Exception):
    """As many exports run in this process as it allows itself."""


def has_room() -> bool:
    """Whether one more export may begin now."""
    if not _places.acquire(blocking=False):
        return False
    _places.release()
    return True


@dataclass(frozen=True, slots=True)
class Shape:
    """What the file is like. `ids`: without them, its rows make new pools in any company."""

    format: Format
    connectors: bool = False
    ids: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """The last one is never empty, and changes nothing: a line that was cut lacks it."""
        return (
            *(WHERE if self.ids else ()),
            *VALUES,
            *(TIMES if self.ids else ()),
            *(CONNECTORS if self.connectors else ()),
            *(EXPORTED if self.ids else (FROM,)),
        )


@dataclass(slots=True)
class PoolExport:
    """A file, piece by piece. `about` is said at the beginning of JSON; `says` how it ended.

    `wait` makes the pauses, if not as usual.
    """

    listed: WholeList
    shape: Shape
    about: Mapping[str, Any]
    says: Callable[[End], str]
    wait: Callable[[float], None] | None = None
    _steps: Iterator[Step] = field(init=False)

    def __post_init__(self) -> None:
        self._steps = iter(self.listed)

    def begin(self) -> Exception | None:
        """Makes the first step; what went wrong, where there is nothing to write at all."""
        first = next(self._steps, None)
        if first is None and self.listed.end.error is not None:
            return self.listed.end.error
        self._steps = chain(() if first is None else (first,), self._steps)
        return None

    def __iter__(self) -> Iterator[str]:
        if not _places.acquire(blocking=False):
            self._steps = iter(())
            self.listed.end.pools, self.listed.end.error = 0, TooManyExports("others run")
            yield from self._written()
            return
        try:
            yield from self._written()
        finally:
            _places.release()

    def _written(self) -> Iterator[str]:
        writer = _Json(self.about) if self.shape.format is Format.JSON else _Csv(self.shape)
        yield writer.head()
        # A page is held back until the next step, so that a pause has something to say.
        held: Sequence[dict[str, Any]] = ()
        for step in self._steps:
            if isinstance(step, Pause):
                yield from self._spread(writer, held, step.seconds)
                held = ()
            else:
                if held:
                    yield writer.rows(held)
                held = [self._row(pool) for pool in step]
        if held:
            yield writer.rows(held)
        yield writer.tail(self.says(self.listed.end))

    def _spread(
        self, writer: "_Csv | _Json", rows: Sequence[dict[str, Any]], seconds: float
    ) -> Iterator[str]:
        """The rows, a few each beat of a pause."""
        beats = max(1, round(seconds / BEAT_SECONDS))
        share = -(-len(rows) // beats)
        for beat in range(beats):
            if some := rows[beat * share : (beat + 1) * share]:
                yield writer.rows(some)
            (self.wait or sleep)(seconds / beats)

    def _row(self, pool: Pool) -> dict[str, Any]:
        """A pool as both kinds of file have it, in the order of the columns."""
        seen = Snapshot.from_pool(pool)
        if comes_as_number(pool):
            # Of 007 it would make another name.
            seen = seen._replace(unreadable=seen.unreadable | {"name"})
        values = {name: seen.exported(name) for name in VALUES}
        row: dict[str, Any] = {}
        company, exported = (
            self.listed.company,
            dict(zip(EXPORTED, reversed(values.values()), strict=True)),
        )
        if self.shape.ids:
            row |= {"company": company.slug, "origin": company.origin, "id": pool.id}
        row |= values
        if self.shape.ids:
            row |= {name: _time(getattr(pool, name)) for name in TIMES}
        if self.shape.connectors:
            row |= self._connectors(pool)
        return row | (exported if self.shape.ids else {FROM: company.slug})

    def _connectors(self, pool: Pool) -> dict[str, Any]:
        if pool.connectors is None and self.shape.format is Format.CSV:
            unread = UNREADABLE if "connectors" in pool.unreadable else UNTOLD
            return dict.fromkeys(CONNECTORS, unread)
        return {"systems": _systems(pool.connectors), "connectors": pool.connectors}


class _Csv:
    def __init__(self, shape: Shape) -> None:
        self._columns = shape.columns

    def head(self) -> str:
        return BYTE_ORDER_MARK + csv_text([self._columns])

    def rows(self, rows: Iterable[dict[str, Any]]) -> str:
        return csv_text(map(self._cells, rows))

    def _cells(self, row: dict[str, Any]) -> list[str]:
        if "connectors" in row:
            row |= {
                "systems": _listed(row["systems"], str),
                "connectors": _listed(row["connectors"], _in_words),
            }
        return cells_of(row)

    def tail(self, said: str) -> str:
        return csv_text([[f"{COMMENT}{said}"]])


class _Json:
    def __init__(self, about: Mapping[str, Any]) -> None:
        self._about = as_recorded(about)
        self._between = "\n"

    def head(self) -> str:
        return f'{self._about[:-1]}, "pools": ['

    def rows(self, rows: Iterable[dict[str, Any]]) -> str:
        return "".join(map(self._line, rows))

    def _line(self, row: dict[str, Any]) -> str:
        if row.get("connectors"):
            row["connectors"] = [_in_full(each) for each in row["connectors"]]
        line, self._between = f"{self._between}{as_recorded(row)}", ",\n"
        return line

    def tail(self, said: str) -> str:
        return f'\n], "end": {as_recorded(said)}}}\n'


def _listed(given: Sequence[_Each] | str, say: Callable[[_Each], str]) -> str:
    return given if isinstance(given, str) else ", ".join(map(say, given))


def _systems(connectors: Sequence[Connector] | None) -> list[str] | None:
    """Each system once, in the order of their names; None where Core did not say."""
    if connectors is None:
        return None
    names = {each.system.name for each in connectors if each.system and each.system.name}
    return sorted(names, key=str.casefold)


def _in_words(connector: Connector) -> str:
    number = "" if connector.id is None else f" ({connector.id})"
    return f"{connector.name or 'no name'}{number}"


def _in_full(connector: Connector) -> dict[str, Any]:
    system = connector.system
    return {"id": connector.id, "name": connector.name, "system": system and system.name}


def _time(at: datetime | None) -> str | None:
    return None if at is None else time_text(at)
