"""Proving the ledger by its signed checkpoints: without a key of ours, and against who has them.

Whoever has the keys and the database can seal a whole new history. They cannot make it have the
root that was signed before, and was kept where they could not reach it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from django.db import ProgrammingError, connection, transaction

from pools.ledger.archived import Archived
from pools.ledger.chain import Row
from pools.ledger.hashes import EMPTY, Growing
from pools.ledger.signed_checkpoints import EVENT
from pools.ledger.signed_notes import BadNote, Note, PublicKey, read_note, read_notes, signers
from pools.ledger.tile_proof import TilesCompared
from pools.ledger.tree import DoesNotFit, kept_leaves, leaf_of
from pools.models.tree import SignedHead

# Findings of one kind that are named; the others are counted.
NAMED: Final = 5
# What the log's line says of each, in either LOG_FORMAT and however it is wrapped. What else
# stands there is no matter: a signature is no other's.
_LOGGED: Final = {
    "origin": re.compile(r"""origin\\?"?[:=] ?\\?["']?([^\s"'\\,]+)"""),
    "size": re.compile(r"""size\\?"?[:=] ?(\d{1,18})"""),
    "root": re.compile(r"""root\\?"?[:=] ?\\?["']?([A-Za-z0-9+/]{43}=)"""),
    "signatures": re.compile(r"""signatures\\?"?[:=] ?\\?["']?([^"'\\]+)"""),
}


@dataclass(frozen=True, slots=True)
class SignedProof:
    """What signed checkpoints show: `matched` of them hold, of up to `size` entries.

    `uncompared` is how many could not be held against a walk that started later or broke off.
    """

    matched: int
    size: int
    uncompared: int
    findings: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether there is one, and none speaks against the ledger."""
        return self.matched > 0 and not self.findings and not self.uncompared


class Signed:
    """Signed checkpoints along a walk from the first entry on. Constant memory.

    Of archived entries there are hashes, which must be those that the event about it has.
    """

    def __init__(self, notes: Iterable[Note], *, tiles: bool = True) -> None:
        self._ahead = sorted(set(notes), key=lambda note: -note.size)
        self._tree = Growing()
        self._tiles = TilesCompared() if tiles else None
        self._differ: list[Note] = []
        self._matched = self._size = 0
        self._lost: list[str] = []
        self._compare()

    def follow_archived(self, archived: Archived) -> None:
        """The entries that are in archives: before any other."""
        with suppress(ProgrammingError), transaction.atomic():
            for leaves in kept_leaves(archived.through):
                for leaf in leaves:
                    self._add(leaf)
        if self._tree.size != archived.through or self._tree.root() != archived.root:
            self._lost.append(
                f"What is kept of the tree over entries 1 to {archived.through}, which are in an "
                f"archive, is not what entry {archived.seq} says. `manage.py guard_ledger --tree "
                "--archive FILE` makes it again."
            )

    def follow(self, rows: Iterable[Row]) -> None:
        """The next entries, whatever is in them."""
        for row in rows if not self._lost else ():
            try:
                leaf = leaf_of(row)
            except DoesNotFit:
                leaf = EMPTY  # the hash of no entry: what is signed above it differs
            self._add(leaf)

    def _add(self, leaf: bytes) -> None:
        self._tree.add(leaf)
        if self._tiles:
            self._tiles.add(leaf)
        if self._ahead and self._ahead[-1].size == self._tree.size:
            self._compare()

    def found(self, *, to_the_end: bool) -> SignedProof:
        """What came of it. `to_the_end`: the walk reached the last entry there is."""
        findings = [self._differs(note) for note in self._differ[:NAMED]]
        if more := len(self._differ) - NAMED:
            name = "checkpoint names" if more == 1 else "checkpoints name"
            findings += [f"{more} more signed {name} other entries."] if more > 0 else []
        findings += self._lost
        if self._ahead and to_the_end and not self._lost:
            findings.append(self._cut(self._ahead[0]))
        if self._tiles:
            findings += self._tiles.findings()
        uncompared = 0 if to_the_end and not self._lost else len(self._ahead)
        return SignedProof(self._matched, self._size, uncompared, tuple(findings))

    def _compare(self) -> None:
        while self._ahead and self._ahead[-1].size == self._tree.size:
            note = self._ahead.pop()
            if note.root == self._tree.root():
                self._matched, self._size = self._matched + 1, note.size
            else:
                self._differ.append(note)

    def _differs(self, note: Note) -> str:
        still = f" The first {self._size} still are." if 0 < self._size < note.size else ""
        return (
            f"The first {note.size} entries are not those that were signed: a checkpoint of "
            f"{note.origin} has another root.{still}"
        )

    def _cut(self, note: Note) -> str:
        cut = note.size - self._tree.size
        were = "entry was" if cut == 1 else "entries were"
        return (
            f"A signed checkpoint of {note.origin} is of {note.size} entries: "
            f"{cut} {were} cut off the end."
        )


def verified(
    notes: Iterable[Note | BadNote], keys: Sequence[PublicKey]
) -> tuple[list[Note], list[str]]:
    """Those that can be read, and why some prove nothing: damaged, forged, or by nobody known.

    Those too are held against the ledger: they may still show that it was altered.
    """
    readable: list[Note] = []
    wrong: list[str] = []
    for note in notes:
        if isinstance(note, BadNote):
            wrong.append(f"A signed checkpoint cannot be read. {note}")
            continue
        readable.append(note)
        try:
            if not signers(note, keys):
                wrong.append(
                    f"The checkpoint of {note.origin} of {note.size} entries is signed by no key "
                    "that is known."
                )
        except BadNote as reason:
            wrong.append(f"The checkpoint of {note.size} entries is not genuine. {reason}")
    if len(wrong) > NAMED:
        prove = "checkpoint proves" if len(wrong) == NAMED + 1 else "checkpoints prove"
        wrong = [*wrong[:NAMED], f"{len(wrong) - NAMED} more signed {prove} nothing."]
    return readable, wrong


def stored() -> list[Note | BadNote]:
    """The checkpoints that the panel keeps.

    None where the role may not read them, and in a database from before they had a table.
    """
    if "pools_signedhead" not in connection.introspection.table_names():
        return []
    with suppress(ProgrammingError), transaction.atomic():
        return [_read(text) for text in SignedHead.objects.values_list("text", flat=True)]
    return []


def in_lines(lines: Iterable[str]) -> list[Note | BadNote]:
    """The signed checkpoints of a file that has some, or of a log of the panel."""
    logged: list[Note | BadNote] = []

    def others() -> Iterator[str]:
        for line in lines:
            if EVENT in line:
                logged.append(_of_log(line))
            else:
                yield line

    return [*read_notes(others()), *logged]


def _of_log(line: str) -> Note | BadNote:
    parts = {name: pattern.search(line) for name, pattern in _LOGGED.items()}
    said = {name: found[1] for name, found in parts.items() if found}
    if len(said) < len(_LOGGED):
        return BadNote("A line of a log has only part of it.")
    words = said["signatures"].split()
    pairs = zip(words[::2], words[1::2], strict=False)
    below = "".join(f"— {name} {signature}\n" for name, signature in pairs)
    return _read(f"{said['origin']}\n{said['size']}\n{said['root']}\n\n{below}")


def _read(text: str) -> Note | BadNote:
    try:
        return read_note(text)
    except BadNote as bad:
        return bad
