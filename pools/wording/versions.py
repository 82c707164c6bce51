"""Versions of a pool side by side, where it is no longer as a person saw it."""

from dataclasses import dataclass
from typing import Final, Self

from pools.changes import Snapshot
from pools.changes.proposal import COMPARED, CONNECTORS, UNREADABLE, differences
from pools.changes.telling_apart import told_apart

OPENED: Final = "As you opened it"
LEFT: Final = "As that edit left it"
WANTED: Final = "As you want it"
REVERTED: Final = "After reverting"
NOT_KNOWN: Final = "not known"
_LABELS: Final = {CONNECTORS: "Connectors"}


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One field as text. `differs`: it was changed since. `own`: the person changes it.

    What is not known differs from nothing.
    """

    field: str
    label: str
    opened: str
    now: str
    wanted: str
    differs: bool
    own: bool


@dataclass(frozen=True, slots=True)
class Versions:
    """The headings of the first and the third version ("": there is no third), and the rows."""

    opened: str
    wanted: str
    rows: tuple[VersionRow, ...]

    @classmethod
    def of(
        cls,
        opened: Snapshot,
        now: Snapshot,
        wanted: Snapshot | None = None,
        *,
        headings: tuple[str, str] = (OPENED, WANTED),
    ) -> Self:
        """`wanted` are the values that the pool would have; None where no value is wanted."""
        rows = [_row(field, opened, now, wanted) for field in COMPARED]
        # Nobody attaches connectors here: they are shown if they have changed.
        if differences(opened, now, [CONNECTORS]):
            rows.append(_row(CONNECTORS, opened, now, now if wanted else None))
        return cls(headings[0], headings[1] if wanted else "", tuple(rows))

    @property
    def by_field(self) -> dict[str, VersionRow]:
        return {row.field: row for row in self.rows}

    @property
    def differ(self) -> bool:
        """Whether the pool is known to have been changed since."""
        return any(row.differs for row in self.rows)


def _row(field: str, opened: Snapshot, now: Snapshot, wanted: Snapshot | None) -> VersionRow:
    unreadable = opened.unreadable | now.unreadable
    shown = told_apart(*(in_words(each, field) for each in (opened, now, wanted or now)))
    return VersionRow(
        field=field,
        label=_LABELS.get(field) or field.capitalize(),
        opened=shown[0],
        now=shown[1],
        wanted=shown[2] if wanted else "",
        differs=field not in unreadable and bool(differences(opened, now, [field])),
        own=wanted is not None and wanted.differs_in(field, now),
    )


def in_words(snapshot: Snapshot, field: str) -> str:
    """A value of a pool. A timeout may be none; anything else that is None isn't known."""
    value: str | int | tuple[int, ...] | None = getattr(snapshot, field)
    if field in snapshot.unreadable:
        return UNREADABLE
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if value is None:
        return "none" if field == "timeout" else NOT_KNOWN
    return str(value)
