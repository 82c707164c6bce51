"""Whether the tiles that are kept of the tree are those of the entries."""

from contextlib import suppress
from typing import Final

from django.db import ProgrammingError, transaction

from pools.ledger import tree
from pools.ledger.hashes import folded
from pools.models.tree import TreeTile

NAMED: Final = 3
# Tiles read at a time.
AHEAD: Final = 16
TileAt = tuple[int, int]


class TilesCompared:
    """The tiles along a walk from the first entry on: each must be what the entries make it."""

    def __init__(self) -> None:
        self._levels: list[list[bytes]] = [[]]
        self._counts: list[int] = [0]
        self._kept: dict[TileAt, tuple[bytes, bytes] | None] = {}
        self._unfit: list[TileAt] = []

    def add(self, leaf: bytes) -> None:
        """The next leaf, by its hash."""
        self._levels[0].append(leaf)
        if len(self._levels[0]) == tree.WIDTH:
            self._full(0)

    def findings(self) -> list[str]:
        """What does not fit, as sentences."""
        found = [
            f"Tile {level}/{number} of the tree does not fit the entries."
            for level, number in self._unfit[:NAMED]
        ]
        if more := len(self._unfit[NAMED:]):
            found.append(f"{more} more do not fit.")
        if found:
            found.append("`manage.py guard_ledger --tree` makes the tree again.")
        return found

    def _full(self, level: int) -> None:
        hashes, number = self._levels[level], self._counts[level]
        root = folded(hashes)
        kept = self._kept_at(level, number)
        if kept is not None and kept != (root, b"".join(hashes)):
            self._unfit.append((level, number))
        self._levels[level], self._counts[level] = [], number + 1
        if len(self._levels) == level + 1:
            self._levels.append([])
            self._counts.append(0)
        self._levels[level + 1].append(root)
        if len(self._levels[level + 1]) == tree.WIDTH:
            self._full(level + 1)

    def _kept_at(self, level: int, number: int) -> tuple[bytes, bytes] | None:
        if (level, number) not in self._kept:
            self._kept = _read(level, range(number, number + AHEAD))
        return self._kept[level, number]


def _read(level: int, numbers: range) -> dict[TileAt, tuple[bytes, bytes] | None]:
    """None for each that is not kept, or that the role may not read: they prove nothing."""
    kept: dict[TileAt, tuple[bytes, bytes] | None] = {(level, n): None for n in numbers}
    with suppress(ProgrammingError), transaction.atomic():
        found = TreeTile.objects.filter(level=level, number__in=numbers)
        rows = found.values_list("number", "root", "hashes")
        for number, root, hashes in rows:
            kept[level, number] = bytes(root), bytes(hashes)
    return kept
