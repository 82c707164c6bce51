"""The tree, its proofs and its checkpoints once more, as plainly as RFC 6962 defines them.

Slow, and written without a look at the panel's own or at the verifier's: what all three agree on
is what the documents say.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ORIGIN = "panel.example/ledger"


def root(leaves: Sequence[bytes]) -> bytes:
    """MTH, 2.1."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    middle = _middle(len(leaves))
    return hashlib.sha256(b"\1" + root(leaves[:middle]) + root(leaves[middle:])).digest()


def inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH, 2.1.1."""
    if len(leaves) == 1:
        return []
    middle = _middle(len(leaves))
    if index < middle:
        return [*inclusion(index, leaves[:middle]), root(leaves[middle:])]
    return [*inclusion(index - middle, leaves[middle:]), root(leaves[:middle])]


def consistency(old: int, leaves: Sequence[bytes], *, known: bool = True) -> list[bytes]:
    """PROOF and SUBPROOF, 2.1.2; of an old tree of none, nothing."""
    if old == 0:
        return []
    if old == len(leaves):
        return [] if known else [root(leaves)]
    middle = _middle(len(leaves))
    if old <= middle:
        return [*consistency(old, leaves[:middle], known=known), root(leaves[middle:])]
    return [*consistency(old - middle, leaves[middle:], known=False), root(leaves[:middle])]


def _middle(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


@dataclass(frozen=True)
class Signer:
    """Somebody with a key: of the panel (1), or of a witness (4)."""

    name: str = ORIGIN
    kind: int = 1
    seed: bytes = b"s" * 32

    @property
    def private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def key_id(self) -> bytes:
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:4]

    @property
    def key(self) -> str:
        """As it is published."""
        data = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{data}"

    def line(self, body: str, at: int = 1_790_000_000) -> str:
        """What it adds to a checkpoint."""
        if self.kind == 4:
            message = f"cosignature/v1\ntime {at}\n{body}".encode()
            signature = at.to_bytes(8, "big") + self.private.sign(message)
        else:
            signature = self.private.sign(body.encode())
        return f"— {self.name} {base64.b64encode(self.key_id + signature).decode()}\n"


PANEL = Signer()
WITNESS = Signer("witness.example/w1", 4, b"w" * 32)


def checkpoint(leaves: Sequence[bytes], *signers: Signer, origin: str = ORIGIN) -> str:
    body = f"{origin}\n{len(leaves)}\n{base64.b64encode(root(leaves)).decode()}\n"
    return body + "\n" + "".join(each.line(body) for each in signers or [PANEL])


def growth(old: int, leaves: Sequence[bytes]) -> str:
    steps = (base64.b64encode(each).decode() + "\n" for each in consistency(old, leaves))
    return f"old {old}\n{''.join(steps)}\n{checkpoint(leaves)}"
