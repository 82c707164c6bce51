"""Signing the tree's root: proof for whoever holds a public key and nothing of ours.

A signature says that the ledger had these entries. So nothing is signed that is not committed,
that does not fit the chain, or that does not go on from what was signed before: two checkpoints
that contradict each other would prove that the log cannot be trusted.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import transaction

from pools.database_faults import patience
from pools.ledger import archived, clock, standing, tree
from pools.ledger.appending import NOBODY, lock, record_event
from pools.ledger.chain import raw_keys
from pools.ledger.signed_notes import (
    BadNote,
    Note,
    SigningKey,
    public_key,
    read_key,
    read_note,
    signed,
    signers,
    signing_key,
)
from pools.models.entry import Entry
from pools.models.tree import SignedHead
from pools.models.vocabulary import Kind

ENTRIES: Final = 100
EVERY: Final = timedelta(minutes=5)
# Whoever appended does not wait for more than this to be read; `tend` reads the rest.
MOST_AT_ONCE: Final = 1000
# How long the ledger's lock is waited for: somebody may wait for the page.
LOCK_SECONDS: Final = 1
KEY_EVENT: Final = "signing_key_used"
# Kept at INFO whatever LOG_LEVEL is, as the other checkpoints are.
EVENT: Final = "signed checkpoint"
log = structlog.get_logger("panel.ledger")


class NotSigned(Exception):
    """Why no checkpoint is signed, as a sentence."""


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint of this ledger as it was signed: `text` is the whole note."""

    origin: str
    size: int
    root: bytes
    text: str
    at: datetime | None


def private_keys() -> list[SigningKey]:
    """The keys of SIGNING_KEYS, the newest first. All of them sign."""
    keys = raw_keys(settings.SIGNING_KEYS)
    return [signing_key(key) for _, key in keys]


def public_keys() -> list[str]:
    """What verifies this ledger's checkpoints, as `name+hash+base64`.

    First the keys in use, the newest first, then those that were: each is on the ledger itself.
    """
    present = [str(public_key(key, settings.LEDGER_ORIGIN)) for key in private_keys()]
    return list(dict.fromkeys([*present, *_used_keys()]))


def _used_keys() -> list[str]:
    used = Entry.objects.filter(kind=Kind.EVENT, action=KEY_EVENT).order_by("-at", "-seq")
    found = []
    # Older ones may be in an archive, with their entries.
    gone = archived.newest()
    for text in [*used.values_list("reason", flat=True), *(gone.keys if gone else ())]:
        with suppress(BadNote):
            found.append(str(read_key(text)))
    return found


def latest_checkpoint() -> SignedCheckpoint | None:
    """The newest that was signed, with every signature of ours."""
    newest = SignedHead.objects.order_by("-size").first()
    if newest is None:
        return None
    try:
        note = read_note(newest.text)
    except BadNote:
        return None
    return SignedCheckpoint(note.origin, note.size, note.root, newest.text, newest.at)


def sign_checkpoint(size: int | None = None) -> str:
    """Signs the ledger as it is, or as it was with `size` entries; the note's text.

    Outside any transaction. What is new is kept and logged. Raises NotSigned, ValueError where
    there are fewer entries, or a database error.
    """
    keys = private_keys()
    if not keys:
        raise NotSigned("SIGNING_KEYS is not set.")
    _record_new(keys)
    whole = _read_tree()
    note = _note_of(whole, whole.size if size is None else size, keys)
    _keep(note)
    return str(note)


def sign_if_due() -> bool:
    """Signs a checkpoint where one is due and nobody has. Whether one was. Logs what keeps it."""
    if not settings.SIGNING_KEYS or not is_due():
        return False
    try:
        sign_checkpoint()
    except NotSigned as reason:
        why = str(reason)
    else:
        return True
    if standing.note_failure(standing.SIGNED, why):
        log.error("no checkpoint is signed", reason=why)
    return False


def sign_after_append(seq: int) -> None:
    """Every so many entries, once the transaction that appends this one is committed."""
    if seq % ENTRIES == 0 and settings.SIGNING_KEYS:
        transaction.on_commit(_sign_what_is_little, robust=True)


def _sign_what_is_little() -> None:
    """Nobody waits for a ledger that is new to the tree, and nothing fails by it."""
    try:
        if tree.tree_size() - tree.in_tiles() <= MOST_AT_ONCE:
            sign_if_due()
    except AnyDatabaseError as error:
        log.warning("no signed checkpoint", error=type(error).__name__)


def is_due() -> bool:
    """Whether enough entries, or enough time, have passed since the last one.

    A clock that was put back does not put it off.
    """
    size, last = tree.tree_size(), latest_checkpoint()
    if last is None:
        return size > 0
    if size == last.size:
        return False
    passed = clock.now() - last.at if last.at is not None else EVERY
    return size - last.size >= ENTRIES or not timedelta() <= passed < EVERY


def _read_tree() -> tree.Tree:
    newest = tree.Newest()
    try:
        for _ in newest.chunks():
            pass
        return tree.Tree(newest.size, newest.hashes)
    except tree.DoesNotFit as misfit:
        raise NotSigned(f"{misfit} Run manage.py verify_audit.") from None


def _note_of(whole: tree.Tree, size: int, keys: Sequence[SigningKey]) -> Note:
    try:
        _must_go_on(whole)
        note = Note(settings.LEDGER_ORIGIN, size, whole.root(size))
    except tree.DoesNotFit as misfit:
        raise NotSigned(f"{misfit} Run manage.py verify_audit.") from None
    signatures = tuple(signed(note, key, note.origin) for key in keys)
    return Note(note.origin, note.size, note.root, signatures)


def _must_go_on(whole: tree.Tree) -> None:
    if not SignedHead.objects.exists():
        return
    last = latest_checkpoint()
    if last is None or not _is_ours(last):
        raise NotSigned(
            "The last checkpoint that is kept is not as it was signed. Run manage.py verify_audit."
        )
    if last.size > whole.size:
        raise NotSigned(
            f"The last checkpoint is of {last.size} entries, but the ledger has {whole.size}: "
            "its end was cut off. Run manage.py verify_audit."
        )
    if whole.root(last.size) != last.root:
        raise NotSigned(
            f"The first {last.size} entries are not those that were signed before. "
            "Run manage.py verify_audit."
        )


def _is_ours(checkpoint: SignedCheckpoint) -> bool:
    try:
        return bool(signers(read_note(checkpoint.text), map(read_key, public_keys())))
    except BadNote:
        return False


def _keep(note: Note) -> None:
    """Kept and logged once, whoever comes first; an older one than the newest is not kept."""
    # Durable: what is signed must not come from a transaction that may be undone.
    with patience(LOCK_SECONDS, durable=True):
        lock()
        if SignedHead.objects.filter(size__gte=note.size).exists():
            return
        SignedHead.objects.bulk_create([SignedHead(size=note.size, at=clock.now(), text=str(note))])
        standing.note_success(standing.SIGNED, note.size)
    log_signed(note)


def log_signed(note: Note) -> None:
    """As one line, from which the whole note can be put together again."""
    lines = [str(each).removeprefix("— ") for each in note.signatures]
    origin, size, root = note.body.splitlines()
    log.info(EVENT, origin=origin, size=int(size), root=root, signatures=" ".join(lines))


def _record_new(keys: Sequence[SigningKey]) -> None:
    """Each key that signs is an entry before it signs: what it signed can be checked for good."""
    used = set(_used_keys())
    for key in keys:
        text = str(public_key(key, settings.LEDGER_ORIGIN))
        if text not in used:
            with transaction.atomic(durable=True):
                record_event(KEY_EVENT, NOBODY, reason=text)
