"""Checkpoints of this ledger that a witness has signed, and gave back.

Whoever has the keys and the database can write a whole new history, and sign it. They cannot
sign as the witness. So the newest of these goes into each bundle, with the proof that history only
grew since.
"""

from collections.abc import Iterable
from dataclasses import replace

from django.conf import settings
from django.db import transaction

from pools.evidence.older import BadOlder, Contradicts, OlderCheckpoint, read_older
from pools.ledger import clock, standing
from pools.ledger.appending import lock
from pools.ledger.signed_checkpoints import SignedCheckpoint, log_signed, public_keys
from pools.ledger.signed_notes import Note, PublicKey, read_key, read_note, signers
from pools.models.tree import SignedHead


class NoWitness(BadOlder):
    """Nobody whom WITNESS_KEYS names has signed it."""


def keep_cosigned(text: str) -> SignedCheckpoint:
    """Adds what witnesses have signed to the checkpoint that it is of, and logs that.

    Outside any transaction. Raises BadOlder and what comes of it, or a database error.
    """
    given = read_note(read_older(text).text)
    witnesses = signers(given, map(read_key, settings.WITNESS_KEYS))
    if not witnesses:
        raise NoWitness
    with transaction.atomic(durable=True):
        lock()
        kept = SignedHead.objects.filter(size=given.size).first()
        # What is kept may have been altered, so that it is not even a checkpoint.
        if kept and not kept.text.startswith(str(replace(given, signatures=()))):
            raise Contradicts
        ours = read_note(kept.text) if kept else _of(given, map(read_key, public_keys()))
        note = _joined(ours, _of(given, witnesses))
        at = kept.at if kept else clock.now()
        SignedHead(size=note.size, at=at, text=str(note)).save()
        standing.note_success(standing.WITNESS, note.size)
    log_signed(note)
    return SignedCheckpoint(note.origin, note.size, note.root, str(note), at)


def _of(note: Note, keys: Iterable[PublicKey]) -> Note:
    """With the signatures of these keys alone: of others, anybody can add any."""
    hashes = {key.hash for key in keys}
    own = tuple(each for each in note.signatures if each.key_hash in hashes)
    return replace(note, signatures=own)


def _joined(ours: Note, theirs: Note) -> Note:
    """Of a witness that has signed it twice, the line that came last."""
    again = {each.key_hash for each in theirs.signatures}
    before = (each for each in ours.signatures if each.key_hash not in again)
    return replace(ours, signatures=(*before, *theirs.signatures))


def newest_cosigned() -> OlderCheckpoint | None:
    """The newest that a witness has signed under the name that this ledger has now, if any.

    Raises BadOlder where it is no longer what the ledger says.
    """
    known = standing.read().get(standing.WITNESS)
    kept = SignedHead.objects.filter(size=known.size).first() if known else None
    if kept is None or not kept.text.startswith(f"{settings.LEDGER_ORIGIN}\n"):
        return None
    return read_older(kept.text)
