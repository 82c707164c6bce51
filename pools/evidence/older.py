"""An older checkpoint that somebody kept: history is proved to have only grown since."""

from dataclasses import dataclass

from django.conf import settings

from pools.ledger.signed_checkpoints import public_keys
from pools.ledger.signed_notes import BadNote, read_key, read_note, signers
from pools.ledger.tree import root_at, tree_size


class BadOlder(Exception):
    """What was given is no checkpoint of this ledger."""


class NotOurs(BadOlder):
    """Nobody who signs for this ledger has signed it."""


class OtherName(BadOlder):
    """It has another name than this ledger has now: a proof of growth is of one name."""


class Contradicts(BadOlder):
    """It was signed for this ledger, and the ledger no longer is what it says: it was altered."""


@dataclass(frozen=True, slots=True)
class OlderCheckpoint:
    """A checkpoint of this ledger, of `size` entries; `text` is the whole note."""

    size: int
    text: str


def read_older(text: str) -> OlderCheckpoint:
    """A checkpoint as somebody pasted it. Raises BadOlder and what comes of it."""
    whole = "\n".join(line.strip() for line in text.strip().splitlines()) + "\n"
    try:
        note = read_note(whole)
        ours = signers(note, map(read_key, public_keys()))
    except BadNote:
        raise BadOlder from None
    if not ours:
        raise NotOurs
    if note.origin != settings.LEDGER_ORIGIN:
        raise OtherName
    if note.size > tree_size() or root_at(note.size) != note.root:
        raise Contradicts
    return OlderCheckpoint(note.size, whole)
