"""The file of an archive: entries that are taken out of the ledger, and what proves them alone.

    {"after":0,"checkpoint":"…","growth":"…","roots":[]}
    1|1|000…|{"action":…}
    …

The first line says how many entries came before and the roots over those; the signed checkpoint
over all up to the last one here; and the proof that a later one goes on from it. Then comes each
entry as it is hashed, one a line.

docs/verify_ledger.py reads the same.
"""

import json
import re
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from pools.ledger import archived, tree
from pools.ledger.canonical import canonical_json
from pools.ledger.chain import sealer
from pools.ledger.hashes import DoesNotFit, Growing, check_consistency, leaf_hash
from pools.ledger.signed_notes import BadNote, Note, PublicKey, read_note, signers
from pools.ledger.tree import Tree, tree_size
from pools.ledger.witnessing import Request, read_request

_LONGEST_LINE: Final = 1 << 20
_ENTRY: Final = re.compile(rb"[0-9]{1,5}\|([1-9][0-9]{0,17})\|([0-9a-f]{64})\|(\{.*\})", re.DOTALL)


class NotAnArchive(Exception):
    """Why a file proves nothing, as a sentence."""


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of a file: as it is hashed, its number, the digest before it, its other columns."""

    data: bytes
    seq: int
    previous: str
    columns: dict[str, Any]


def beginning(before: int, peaks: Sequence[bytes], **more: str) -> bytes:
    """The line before entries that are not the ledger's first, or are an archive."""
    roots = [b64encode(each).decode() for each in peaks]
    return canonical_json({"after": before, "roots": roots, **more}).encode() + b"\n"


def head(before: int, peaks: Sequence[bytes], checkpoint: Note, growth: Request) -> bytes:
    """The line before the entries of an archive."""
    return beginning(before, peaks, checkpoint=str(checkpoint), growth=str(growth))


class ArchiveFile:
    """An archive that is read. Raises NotAnArchive or OSError, whatever is in the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            line = file.readline(_LONGEST_LINE)
        try:
            said = json.loads(line)
            self.before = int(said["after"])
            self._tree = Growing(self.before, map(b64decode, said["roots"]))
            self.checkpoint = read_note(said["checkpoint"])
            self.growth = read_request(said["growth"])
        except (BadNote, DoesNotFit) as reason:
            raise NotAnArchive(f"{path} is no archive, or damaged. {reason}") from None
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise NotAnArchive(f"{path} is no archive.") from None
        if self.before >= self.last:
            raise NotAnArchive(f"{path} is no archive: there is no entry in it.")

    @property
    def first(self) -> int:
        """The number of its first entry."""
        return self.before + 1

    @property
    def last(self) -> int:
        """The number of its last entry."""
        return self.checkpoint.size

    def must_be_signed(self, keys: Sequence[PublicKey]) -> None:
        """Both of its checkpoints by one of these keys, of one log that only grew."""
        for note in (self.checkpoint, self.growth.note):
            try:
                known = signers(note, [key for key in keys if key.name == note.origin])
            except BadNote as reason:
                raise NotAnArchive(f"{self.path} is not genuine. {reason}") from None
            if not known:
                raise NotAnArchive(
                    f"{self.path} is an archive of {note.origin!r}, signed by no key of this "
                    "ledger: it is another panel's."
                )
        try:
            check_consistency(
                self.checkpoint.size,
                self.growth.note.size,
                self.checkpoint.root,
                self.growth.note.root,
                self.growth.proof,
            )
        except DoesNotFit as reason:
            raise NotAnArchive(f"{self.path} is not genuine. {reason}") from None

    def lines(self) -> Iterator[Line]:
        """Its entries in order: at the end, all of them are those that were signed."""
        tree, number = Growing(self.before, self._tree.roots), self.before
        with self.path.open("rb") as file:
            file.readline(_LONGEST_LINE)
            while raw := file.readline(_LONGEST_LINE):
                number += 1
                line = raw.removesuffix(b"\n")
                if line == raw or (read := _read(line)) is None or read.seq != number:
                    raise NotAnArchive(f"{self.path}: entry {number} is missing or damaged.")
                tree.add(leaf_hash(line))
                yield read
        if number != self.last or tree.root() != self.checkpoint.root:
            raise NotAnArchive(
                f"{self.path}: its entries are not those that were signed, or some are missing."
            )

    def sealed_lines(self) -> Iterator[tuple[Line, str]]:
        """The same, each with its digest, which must be what the next one goes on from."""
        sealed, last = sealer(), ""
        for line in self.lines():
            if last not in ("", line.previous):
                raise NotAnArchive(
                    f"{self.path}: entry {line.seq - 1} does not fit its seal. AUDIT_KEYS is "
                    "another panel's, or the file was altered."
                )
            key_id = str(line.columns.get("key_id"))
            digest = sealed(line.data, key_id)
            if digest is None:
                raise NotAnArchive(
                    f"{self.path}: the key {key_id} of entry {line.seq} is not in AUDIT_KEYS. It "
                    "is another panel's, or that key is missing."
                )
            last = digest
            yield line, digest

    def digest(self) -> str:
        """SHA-256 of the file, as `sha256sum` prints it."""
        found = sha256()
        with self.path.open("rb") as file:
            while chunk := file.read(_LONGEST_LINE):
                found.update(chunk)
        return found.hexdigest()


def compared(path: Path, keys: Sequence[PublicKey], *, sealed: bool = True) -> ArchiveFile:
    """An archive whose entries are those that this ledger had. Raises NotAnArchive or OSError.

    With a key of `keys` it must be signed. Unless `sealed`, the seals are not looked at.
    """
    file = ArchiveFile(path)
    file.must_be_signed(keys)
    last = ""
    if sealed:
        ((_, last),) = deque(file.sealed_lines(), maxlen=1)
    else:
        deque(file.lines(), maxlen=0)
    try:
        same = Tree(tree_size()).root(file.last) == file.checkpoint.root
    except (ValueError, tree.DoesNotFit):
        same = False
    gone = archived.newest()
    if gone and gone.through == file.last and last not in ("", gone.last_digest):
        same = False
    if not same:
        raise NotAnArchive(f"{path}: its entries are not those of this ledger.")
    return file


def _read(line: bytes) -> Line | None:
    found = _ENTRY.fullmatch(line)
    if found is None:
        return None
    try:
        columns = json.loads(found[3])
    except (ValueError, RecursionError):
        return None
    return Line(line, int(found[1]), found[2].decode(), columns)
