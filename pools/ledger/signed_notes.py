"""Checkpoints of the tree as C2SP has them: signed notes, their keys, and cosignatures.

https://c2sp.org/signed-note, tlog-checkpoint and tlog-cosignature say the format. Nothing here
reads or knows the ledger: a witness signs another panel's checkpoints with it.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pools.ledger.hashes import BYTES

SigningKey = Ed25519PrivateKey
ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
# Signatures that a note may have, unknown ones included; the format asks for at least 16.
MOST_SIGNATURES: Final = 100
NAME: Final = re.compile(r"[^\s+]{1,255}")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_SIGNATURE: Final = re.compile(r"— ([^\s+]{1,255}) ([A-Za-z0-9+/]+={0,2})")
_KEY: Final = re.compile(r"([^\s+]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")


class BadNote(ValueError):
    """What is no checkpoint, no key, or not signed by a key that is known; the text says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a key that signs or, if its kind is COSIGNATURE, cosigns."""

    name: str
    kind: int
    raw: bytes

    @property
    def hash(self) -> bytes:
        """Four bytes that stand beside a signature, to say which key made it."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.raw).digest()[:4]

    def __str__(self) -> str:
        encoded = b64encode(bytes([self.kind]) + self.raw).decode()
        return f"{self.name}+{self.hash.hex()}+{encoded}"


@dataclass(frozen=True, slots=True)
class Signature:
    """A line under a note: whose, which key, and what was signed with it."""

    name: str
    key_hash: bytes
    raw: bytes

    def __str__(self) -> str:
        return f"— {self.name} {b64encode(self.key_hash + self.raw).decode()}"


@dataclass(frozen=True, slots=True)
class Note:
    """A checkpoint with its signatures: how large which log's tree was, and its root."""

    origin: str
    size: int
    root: bytes
    signatures: tuple[Signature, ...] = ()

    @property
    def body(self) -> str:
        """What is signed: three lines."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    def __str__(self) -> str:
        return f"{self.body}\n" + "".join(f"{each}\n" for each in self.signatures)


def signing_key(seed: bytes) -> SigningKey:
    """The private key of 32 bytes: any will do."""
    return SigningKey.from_private_bytes(seed)


def public_key(private: SigningKey, name: str, kind: int = ED25519) -> PublicKey:
    """The public half, as it is published."""
    return PublicKey(name, kind, private.public_key().public_bytes_raw())


def read_key(text: str) -> PublicKey:
    """A published key: `name+hash+base64`. Raises BadNote."""
    read = _KEY.fullmatch(text.strip())
    if read is None:
        raise BadNote("It is no public key: a name, eight hex digits and base64, joined by +.")
    raw = decoded(read[3])
    if len(raw) != 1 + BYTES or raw[0] not in {ED25519, COSIGNATURE}:
        raise BadNote("It is no Ed25519 key.")
    key = PublicKey(read[1], raw[0], raw[1:])
    if key.hash.hex() != read[2]:
        raise BadNote("Its hash does not fit: part of it was altered.")
    return key


def signed(note: Note, private: SigningKey, name: str) -> Signature:
    """What a log's own key signs."""
    key = public_key(private, name)
    return Signature(name, key.hash, private.sign(note.body.encode()))


def cosigned(note: Note, private: SigningKey, name: str, seconds: int) -> Signature:
    """What a witness signs: the same, and when, in seconds since 1970."""
    key = public_key(private, name, COSIGNATURE)
    made = private.sign(_cosigned_message(note, seconds))
    return Signature(name, key.hash, seconds.to_bytes(8) + made)


def signers(note: Note, keys: Iterable[PublicKey]) -> list[PublicKey]:
    """Which of these keys have signed it. Unknown ones are ignored, as the format asks.

    Raises BadNote where the signature of a key that is known does not fit.
    """
    known = {(key.name, key.hash): key for key in keys}
    found = []
    for line in note.signatures:
        key = known.get((line.name, line.key_hash))
        if key is None:
            continue
        if not _fits(note, key, line.raw):
            raise BadNote(f"The signature of {key.name} does not fit: it is forged or damaged.")
        if key not in found:
            found.append(key)
    return found


def read_note(text: str) -> Note:
    """A checkpoint, of three lines, with its signatures. Raises BadNote."""
    lines = text.split("\n")
    if len(lines) < 6 or lines[3] or lines[-1]:
        raise BadNote("It is no checkpoint: three lines, an empty one, and signatures.")
    if len(lines) - 5 > MOST_SIGNATURES:
        raise BadNote("It has too many signatures.")
    return Note(*_body(lines[:3]), _signatures(lines[4:-1]))


def read_notes(lines: Iterable[str]) -> Iterator[Note | BadNote]:
    """Every checkpoint in a file of several, and what looks like one and cannot be read.

    A signature begins a line in no other text; what stands before the first of several, in
    four lines, is what it signs.
    """
    before: list[str] = []
    below: list[str] = []
    for line in (*lines, ""):
        text = line.rstrip("\r\n")
        if text.startswith("— "):
            below.append(text)
            continue
        if below:
            yield _one_of_several(before, below)
            before, below = [], []
        before = [*before[-3:], text]


def _one_of_several(before: Sequence[str], below: Sequence[str]) -> Note | BadNote:
    try:
        return read_note("\n".join([*before, *below, ""]))
    except BadNote as bad:
        return bad


def _body(lines: Sequence[str]) -> tuple[str, int, bytes]:
    origin, size, root = lines
    if not origin or not origin.isprintable():
        raise BadNote("It names no log.")
    if not _SIZE.fullmatch(size):
        raise BadNote("It names no size.")
    raw = decoded(root)
    if len(raw) != BYTES:
        raise BadNote("It names no root.")
    return origin, int(size), raw


def _signatures(lines: Iterable[str]) -> tuple[Signature, ...]:
    found = []
    for line in lines:
        read = _SIGNATURE.fullmatch(line)
        raw = decoded(read[2]) if read else b""
        if read is None or len(raw) <= 4:
            raise BadNote("A line of its signatures is none.")
        found.append(Signature(read[1], raw[:4], raw[4:]))
    return tuple(found)


def _fits(note: Note, key: PublicKey, raw: bytes) -> bool:
    message = note.body.encode()
    if key.kind == COSIGNATURE:
        message, raw = _cosigned_message(note, int.from_bytes(raw[:8])), raw[8:]
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(raw, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _cosigned_message(note: Note, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{note.body}".encode()


def decoded(text: str) -> bytes:
    """Base64 in its one spelling: otherwise the same note could be written in several ways.

    Raises BadNote.
    """
    try:
        raw = b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raw = b""
    if b64encode(raw).decode() != text:
        raise BadNote("It is not base64 as it should be.")
    return raw
