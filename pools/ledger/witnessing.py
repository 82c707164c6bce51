"""A witness: signs another log's checkpoint once it is sure that the log has only grown.

What it gets is what https://c2sp.org/tlog-witness asks a log to send: the size that the witness
saw last, a proof of consistency, and the checkpoint. What it saw last it keeps in a file, written
before anything is signed for somebody else. Nothing here needs the panel's settings or database.
"""

import fcntl
import os
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pools.ledger.hashes import EMPTY, DoesNotFit, check_consistency
from pools.ledger.signed_notes import (
    COSIGNATURE,
    BadNote,
    Note,
    PublicKey,
    SigningKey,
    cosigned,
    decoded,
    public_key,
    read_note,
    signers,
)

# The format's own limit.
MOST_HASHES = 63


class NotWitnessed(Exception):
    """Why a checkpoint is not signed, as a sentence."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a log asks to be signed: its checkpoint, and how it grew from an old size."""

    old_size: int
    proof: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        lines = [f"old {self.old_size}", *(b64encode(each).decode() for each in self.proof)]
        return "\n".join([*lines, "", str(self.note)])


def read_request(text: str) -> Request:
    """Raises BadNote where it is none."""
    head, _, note = text.partition("\n\n")
    first, *proof = head.split("\n")
    number = first.removeprefix("old ")
    if first == number or not number.isascii() or not number.isdecimal() or len(number) > 18:
        raise BadNote("It does not begin with the size that was seen last, such as: old 4200")
    if len(proof) > MOST_HASHES:
        raise BadNote("Its proof is too long.")
    return Request(int(number), tuple(decoded(line) for line in proof), read_note(note))


def witness(
    request: Request,
    state: Path,
    log_keys: Sequence[PublicKey],
    private: SigningKey,
    name: str,
    seconds: int,
) -> Note:
    """The checkpoint with the witness's own line. Raises NotWitnessed, BadNote or OSError.

    `seconds` since 1970 is when. A second witness with the same file waits for the first.
    """
    note = request.note
    if not signers(note, [key for key in log_keys if key.name == note.origin]):
        raise NotWitnessed(f"It is signed by no key of {note.origin} that is known here.")
    with _kept(state) as last:
        _must_have_grown(request, last)
        own = public_key(private, name, COSIGNATURE)
        if seconds < _time_of(last, own):
            raise NotWitnessed("The clock is behind the last signature: set it right first.")
        line = cosigned(note, private, name, seconds)
        others = [each for each in note.signatures if each.key_hash != own.hash]
        witnessed = replace(note, signatures=(*others, line))
        _keep(state, witnessed)
    return witnessed


def _must_have_grown(request: Request, last: Note | None) -> None:
    note = request.note
    size, root = (last.size, last.root) if last else (0, EMPTY)
    if last and last.origin != note.origin:
        raise NotWitnessed(f"What was seen last is of another log, {last.origin}.")
    if note.size < size:
        raise NotWitnessed(f"It has {note.size} entries, and had {size}: its end was cut off.")
    if request.old_size != size:
        raise NotWitnessed(
            f"It proves nothing from the size that was seen last. Ask for it with: --since {size}"
        )
    try:
        check_consistency(size, note.size, root, note.root, request.proof)
    except DoesNotFit as misfit:
        raise NotWitnessed(
            f"It does not go on from the {size} entries that were seen last. {misfit} "
            "Keep both checkpoints: together they show that the log was altered."
        ) from None


def _time_of(last: Note | None, own: PublicKey) -> int:
    mine = [each for each in last.signatures if each.key_hash == own.hash] if last else []
    return int.from_bytes(mine[0].raw[:8]) if mine else 0


@contextmanager
def _kept(state: Path) -> Iterator[Note | None]:
    """What was seen last, for as long as nobody else may look."""
    with state.with_name(f"{state.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield read_note(state.read_text("utf-8")) if state.exists() else None


def _keep(state: Path, note: Note) -> None:
    """Whole or not at all, and on the disk when this returns."""
    fresh = state.with_name(f"{state.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(str(note))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(state)
