"""The Merkle tree over the ledger (RFC 6962), and its proofs for whoever has no key.

Leaf n is what the digest of entry n + 1 covers, byte for byte. So the tree stands over every
entry there is, old ones included, and changes none.

Kept are only tiles: the hashes of 256 subtrees in one row, written once the last of them is
complete. What is not in a tile yet is read from the ledger, so that appending an entry writes
nothing besides, and what is rolled back leaves nothing behind. Entries that were archived leave
their hashes here: only so is there a proof of them still.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Final

from django.db import connection, transaction

from pools.ledger import archived
from pools.ledger.chain import Chain, Row, covered, rows_between
from pools.ledger.hashes import BYTES, EMPTY, folded, leaf_hash, left_half, node_hash
from pools.models.entry import Entry
from pools.models.tree import TreeTile

# Levels of the tree in a tile, and subtrees side by side in it.
HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
# Tiles read at a time.
_AT_ONCE: Final = 16


class DoesNotFit(Exception):
    """An entry that does not fit the chain, or a tile that does not fit the entries."""


def tree_size() -> int:
    """How many entries the ledger has: the leaves of its tree."""
    return Entry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


def in_tiles() -> int:
    """How many of them are in tiles by now."""
    return _count(0) * WIDTH


def root_at(size: int) -> bytes:
    """The root over the first `size` entries. Raises ValueError where there are fewer."""
    return Tree(size).root()


def inclusion_proof(index: int, size: int) -> list[bytes]:
    """RFC 6962, 2.1.1, for the entry of number `index` + 1. For many, ask one `Tree`."""
    return Tree(size).inclusion(index)


def consistency_proof(old_size: int, new_size: int) -> list[bytes]:
    """RFC 6962, 2.1.2: that the tree of the new size begins with that of the old one."""
    return Tree(new_size).consistency(old_size)


class Tree:
    """The tree over the first `size` entries. What it reads it keeps, for the next question.

    `newest` are the hashes of the last entries where the caller has them already. Raises
    ValueError where the ledger is smaller.
    """

    def __init__(self, size: int, newest: Sequence[bytes] = ()) -> None:
        if size < 0 or (size > len(newest) and size > tree_size()):
            raise ValueError(f"The ledger has no {size} entries.")
        self.size = size
        self._tiles: dict[tuple[int, int], Sequence[bytes]] = {}
        if newest:
            first = size - len(newest)
            if first % WIDTH:
                raise ValueError("The newest entries are those of a tile that has just begun.")
            for start in range(0, len(newest), WIDTH):
                self._tiles[0, (first + start) // WIDTH] = newest[start : start + WIDTH]

    def root(self, size: int | None = None) -> bytes:
        """Of the whole tree, or as it was when it was smaller."""
        size = self.size if size is None else size
        if not 0 <= size <= self.size:
            raise ValueError(f"The tree has no {size} leaves.")
        return self._over(0, size) if size else EMPTY

    def peaks(self, size: int) -> list[bytes]:
        """The roots of the complete subtrees that the first `size` leaves consist of."""
        peaks, start = [], 0
        for height in reversed(range(size.bit_length())):
            if size >> height & 1:
                peaks.append(self._complete(height, start >> height))
                start += 1 << height
        return peaks

    def leaf(self, index: int) -> bytes:
        """The hash of the entry of number `index` + 1."""
        if not 0 <= index < self.size:
            raise ValueError(f"The tree has no leaf {index}.")
        return self._complete(0, index)

    def inclusion(self, index: int) -> list[bytes]:
        """The roots beside the way from a leaf to the root, from below."""
        if not 0 <= index < self.size:
            raise ValueError(f"The tree has no leaf {index}.")
        proof: list[bytes] = []
        start, end = 0, self.size
        while end - start > 1:
            middle = start + left_half(end - start)
            if index < middle:
                proof.append(self._over(middle, end))
                end = middle
            else:
                proof.append(self._over(start, middle))
                start = middle
        return proof[::-1]

    def consistency(self, old_size: int) -> list[bytes]:
        """The roots that lead from the old tree's root to this one's, from below."""
        if not 0 <= old_size <= self.size:
            raise ValueError(f"The tree has no {old_size} leaves.")
        if old_size in {0, self.size}:
            return []
        proof: list[bytes] = []
        start, end = 0, self.size
        while old_size != end:
            middle = start + left_half(end - start)
            if old_size <= middle:
                proof.append(self._over(middle, end))
                end = middle
            else:
                proof.append(self._over(start, middle))
                start = middle
        # The old tree's own root is known to whoever asks, if it is a subtree of this one.
        return [*([self._over(start, end)] if start else []), *proof[::-1]]

    def _over(self, start: int, end: int) -> bytes:
        """The root over the leaves from `start` to before `end`, as the tree's shape has it."""
        count = end - start
        if count & (count - 1) == 0:
            return self._complete(count.bit_length() - 1, start // count)
        middle = start + left_half(count)
        return node_hash(self._over(start, middle), self._over(middle, end))

    def _complete(self, height: int, number: int) -> bytes:
        """The root of a complete subtree: of 2 to the power of `height` leaves."""
        level, above = divmod(height, HEIGHT)
        tile, first = divmod(number << above, WIDTH)
        return folded(self._tile(level, tile)[first : first + (1 << above)])

    def _tile(self, level: int, number: int) -> Sequence[bytes]:
        key = level, number
        if key not in self._tiles:
            self._tiles[key] = _stored(level, number) or self._made(level, number)
        return self._tiles[key]

    def _made(self, level: int, number: int) -> list[bytes]:
        """A tile that is not stored: its subtrees that are complete, from what is below."""
        first = number * WIDTH
        end = min(first + WIDTH, self.size >> (HEIGHT * level))
        if level == 0:
            return _leaves(rows_between(first + 1, end), first + 1, end)
        return self._roots(level - 1, first, end)

    def _roots(self, level: int, first: int, end: int) -> list[bytes]:
        """The roots of tiles, stored ones read at once."""
        stored = _stored_roots(level, first, end)
        return [
            stored.get(number) or folded(self._tile(level, number)) for number in range(first, end)
        ]


def _stored(level: int, number: int) -> list[bytes]:
    """A tile's hashes; none where it is not stored."""
    found = TreeTile.objects.filter(level=level, number=number)
    hashes = found.values_list("hashes", flat=True).first()
    return _split(bytes(hashes)) if hashes is not None else []


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[n : n + BYTES] for n in range(0, len(hashes), BYTES)]


def _stored_roots(level: int, first: int, end: int) -> dict[int, bytes]:
    found = TreeTile.objects.filter(level=level, number__gte=first, number__lt=end)
    return {number: bytes(root) for number, root in found.values_list("number", "root")}


def _leaves(rows: Sequence[Row], first: int, last: int) -> list[bytes]:
    if [row[0] for row in rows] != list(range(first, last + 1)):
        raise DoesNotFit(f"Of the entries {first} to {last}, some are missing or there twice.")
    return [leaf_of(row) for row in rows]


def leaf_of(row: Row) -> bytes:
    """The hash of an entry's leaf. Raises DoesNotFit where SQLite keeps what is no entry."""
    try:
        return leaf_hash(covered(row))
    except (TypeError, UnicodeEncodeError):
        raise DoesNotFit(f"Entry {row[0]} cannot be read.") from None


class Newest:
    """The entries behind the last tile, checked against the chain while they are read.

    What was altered before it came into the tree is never taken for what was written: the
    seals are compared once more. Raises DoesNotFit.
    """

    def __init__(self) -> None:
        self._tiles = _count(0)
        self.size = self._tiles * WIDTH
        self.hashes: list[bytes] = []
        self._first = self.size

    @property
    def first(self) -> int:
        """How many entries come before `hashes`: they are in tiles."""
        return self._first

    def chunks(self) -> Iterator[int]:
        """Reads on to the end of the ledger, and writes every tile that is complete by then.

        Gives the number of entries that were read, chunk by chunk.
        """
        chain = Chain(self.size + 1)
        for rows in chain.chunks():
            self.hashes += map(leaf_of, rows)
            self.size = rows[-1][0]
            self._keep()
            yield len(rows)
        if chain.misfit is not None:
            raise DoesNotFit(f"Entry {chain.misfit.seq} does not fit. {chain.misfit.reason}")

    def _keep(self) -> None:
        complete = len(self.hashes) // WIDTH
        if not complete:
            return
        numbers = range(self._tiles, self._tiles + complete)
        _keep(0, [(n, self.hashes[i * WIDTH : (i + 1) * WIDTH]) for i, n in enumerate(numbers)])
        del self.hashes[: complete * WIDTH]
        self._tiles += complete
        self._first += complete * WIDTH


def _keep(level: int, tiles: Sequence[tuple[int, Sequence[bytes]]]) -> None:
    """Writes tiles, and those above that they complete: all of them or none."""
    with transaction.atomic():
        _write(level, tiles)
        before, now = _count(level + 1), (tiles[-1][0] + 1) // WIDTH
        above = []
        for number in range(before, now):
            roots = _stored_roots(level, number * WIDTH, (number + 1) * WIDTH)
            above.append((number, [roots[n] for n in sorted(roots)]))
        if above:
            _keep(level + 1, above)


def _write(level: int, tiles: Sequence[tuple[int, Sequence[bytes]]]) -> None:
    tile = partial(TreeTile, level=level)
    TreeTile.objects.bulk_create(
        [tile(number=n, root=folded(hashes), hashes=b"".join(hashes)) for n, hashes in tiles],
        # Another process may write the same ones.
        ignore_conflicts=True,
    )


def _count(level: int) -> int:
    """How many tiles of a level there are: they are written in their order."""
    last = TreeTile.objects.filter(level=level).order_by("-number")
    number = last.values_list("number", flat=True).first()
    return 0 if number is None else number + 1


def kept_leaves(size: int) -> Iterator[list[bytes]]:
    """The hashes of the first `size` entries that tiles have, in order, up to a gap."""
    for first in range(0, size // WIDTH, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, size // WIDTH))
        found = TreeTile.objects.filter(level=0, number__in=numbers)
        tiles = dict(found.values_list("number", "hashes"))
        for number in numbers:
            if number not in tiles:
                return
            yield _split(bytes(tiles[number]))


def forget_tiles(leaves: Iterable[bytes] | None = None) -> None:
    """Removes every tile that can be made again from the ledger; in a transaction.

    The hashes of archived entries are kept; or, where they are given, replaced.
    """
    known = archived.newest()
    kept = known.through // WIDTH if known and leaves is None else 0
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pools_treetile WHERE level > 0 OR number >= %s", [kept])
    remaining, number = iter(leaves or ()), 0
    while hashes := list(islice(remaining, WIDTH)):
        _keep(0, [(number, hashes)])
        number += 1
