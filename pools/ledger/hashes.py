"""The hashes of a Merkle tree as RFC 6962 and RFC 9162 have it, and how its proofs are checked.

Nothing here reads or knows the ledger: a witness checks another panel's tree with it.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

EMPTY: Final = sha256(b"").digest()
BYTES: Final = 32


class DoesNotFit(ValueError):
    """A proof that does not show what it should."""


def leaf_hash(data: bytes) -> bytes:
    """Of what an entry says, as its seal covers it."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Of two subtrees. The first byte keeps a node from passing for a leaf."""
    return sha256(b"\x01" + left + right).digest()


def folded(hashes: Sequence[bytes]) -> bytes:
    """The root over complete subtrees of one size; as many as a power of two."""
    while len(hashes) > 1:
        pairs = range(0, len(hashes), 2)
        hashes = [sha256(b"\x01" + hashes[n] + hashes[n + 1]).digest() for n in pairs]
    return hashes[0]


def left_half(size: int) -> int:
    """How many leaves the left half of a tree has: the largest power of two below its size."""
    return 1 << ((size - 1).bit_length() - 1)


class Growing:
    """A tree that only grows: its size, and the roots of the complete subtrees it consists of."""

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        self.size = size
        self.roots = list(roots)
        if len(self.roots) != size.bit_count():
            raise DoesNotFit(f"A tree of {size} leaves has {size.bit_count()} complete subtrees.")

    def add(self, leaf: bytes) -> None:
        """The next leaf, by its hash. Costs two hashes on average, one a level at most."""
        self.roots.append(leaf)
        self.size += 1
        complete = self.size
        while complete % 2 == 0:
            right = self.roots.pop()
            self.roots[-1] = node_hash(self.roots[-1], right)
            complete //= 2

    def root(self) -> bytes:
        """Of all leaves so far."""
        return joined(self.roots)


def joined(roots: Sequence[bytes]) -> bytes:
    """The root over complete subtrees, the largest first."""
    if not roots:
        return EMPTY
    root = roots[-1]
    for left in reversed(roots[:-1]):
        root = node_hash(left, root)
    return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over the hashes of leaves."""
    tree = Growing()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def check_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """RFC 9162, 2.1.3.2. Raises DoesNotFit unless the leaf is that one of the tree."""
    if not 0 <= index < size:
        raise DoesNotFit("The tree has no such leaf.")
    number, last, found = index, size - 1, leaf
    for each in proof:
        if last == 0:
            raise DoesNotFit("The proof is too long.")
        if number % 2 or number == last:
            found = node_hash(each, found)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            found = node_hash(found, each)
        number, last = number >> 1, last >> 1
    if last != 0 or found != root:
        raise DoesNotFit("The proof does not lead to the root.")


def check_consistency(
    old_size: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """RFC 9162, 2.1.4.2. Raises DoesNotFit unless the tree begins with the old one."""
    if not 0 <= old_size <= size:
        raise DoesNotFit("The tree is smaller than the old one.")
    if old_size == 0 or old_size == size:
        before = EMPTY if old_size == 0 else root
        if proof or old_root != before:
            raise DoesNotFit("The roots differ, or there is a proof where none is due.")
        return
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        raise DoesNotFit("The proof is too short.")
    _check_path(old_size - 1, size - 1, path, old_root, root)


def _check_path(
    number: int, last: int, path: Sequence[bytes], old_root: bytes, root: bytes
) -> None:
    while number % 2:
        number, last = number >> 1, last >> 1
    old_found = found = path[0]
    for each in path[1:]:
        if last == 0:
            raise DoesNotFit("The proof is too long.")
        if number % 2 or number == last:
            old_found, found = node_hash(each, old_found), node_hash(each, found)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            found = node_hash(found, each)
        number, last = number >> 1, last >> 1
    if last != 0 or old_found != old_root or found != root:
        raise DoesNotFit("The proof does not lead from the old root to the new one.")
