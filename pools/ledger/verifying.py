"""Verifying the ledger from within: what a walk along it finds, and the note of the last one.

`manage.py verify_audit` prints what it finds. `tend` walks the whole ledger once a day, and an
auditor what is new since: both note it on the ledger itself, sealed like everything else there.
Whoever can write to the database can cut the note off with the rest; that shows against the
checkpoints in the log alone.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import connection, transaction

from pools.ledger import archived, clock
from pools.ledger.appending import NOBODY, Actor, head, record_event
from pools.ledger.chain import FACTS, as_one_text, sealed_in, wrong_audit_keys
from pools.ledger.guarding import missing_triggers, was_emptied
from pools.ledger.logged_checkpoints import Checkpoint
from pools.ledger.proof import NAMED, Proof, prove
from pools.ledger.signed_checkpoints import public_keys
from pools.ledger.signed_notes import BadNote, Note, PublicKey, read_key
from pools.ledger.signed_proof import Signed, SignedProof, stored, verified

EMPTIED: Final = (
    "The ledger is empty, but something is stored that is only ever written with an entry."
)
UNGUARDED: Final = (
    "The database does not keep the ledger from being altered; we can't tell since when."
)
UNSIGNED_ARCHIVE: Final = (
    "Entry {gone.seq} says that entries 1 to {gone.through} are in an archive, but no signed "
    "checkpoint covers it yet: without its seal, anybody may have written it."
)
LACKS: Final = "Missing, switched off or altered:"
# By an index of events by their action; for a page that asks for it with something else, too.
_NEWEST: Final = """
SELECT {} FROM pools_entry WHERE kind = 'event' AND action = 'ledger_verified'
ORDER BY at DESC, seq DESC LIMIT 1
"""
NEWEST_NOTE: Final[Mapping[str, str]] = {
    vendor: _NEWEST.format(as_one_text(vendor)) for vendor in ("sqlite", "postgresql")
}
log = structlog.get_logger("panel.ledger")


@dataclass(frozen=True, slots=True)
class Examined:
    """What a walk found, and each thing that is wrong, as a sentence.

    `signed` is what signed checkpoints show, whether the seals fit or not; None where there
    are none, or where the walk did not begin with the first entry.
    """

    proof: Proof
    findings: tuple[str, ...]
    signed: SignedProof | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """The entries that were walked along, and when that ended."""

    first: int
    last: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Verification:
    """The last walk along the whole ledger, the last one along what came after, what was wrong."""

    whole: Walk
    newer: Walk | None
    findings: tuple[str, ...]

    @property
    def reached(self) -> int:
        return (self.newer or self.whole).last


class TooMuch(Exception):
    """There is no earlier walk to go on from, or too much is new for a page to wait for."""


def examine(
    first: int = 1,
    checkpoints: Sequence[Checkpoint] = (),
    *,
    notes: Sequence[Note | BadNote] = (),
    keys: Sequence[PublicKey] = (),
    sealed: bool = True,
) -> Examined:
    """Walks the ledger from an entry on, and looks at what guards it. Raises django.db.Error.

    Signed checkpoints are those that the panel keeps, and `notes`: these must be signed with
    `keys`, or with those of the ledger where there are none.
    """
    while True:
        known = archived.newest()
        examined = _examined(first, checkpoints, notes, keys, sealed=sealed)
        if not examined.findings or archived.newest() == known:
            return examined
        # Entries were archived during the walk: what it missed says nothing.


def _examined(
    first: int,
    checkpoints: Sequence[Checkpoint],
    notes: Sequence[Note | BadNote],
    keys: Sequence[PublicKey],
    *,
    sealed: bool,
) -> Examined:
    readable, wrong = _signed(notes, keys) if first == 1 else ([], [])
    signed = Signed(readable) if first == 1 else None
    proof = prove(first, checkpoints, signed=signed, sealed=sealed)
    shown = signed.found(to_the_end=not proof.broken) if signed else None
    if proof.broken and sealed and readable:
        # The seals speak against it: what is signed may speak for it all the same.
        signed = Signed(readable)
        again = prove(signed=signed, sealed=False)
        shown = signed.found(to_the_end=not again.broken)
    findings = [*_findings(proof, sealed=sealed), *wrong, *(shown.findings if shown else ())]
    gone = proof.archived
    if gone and shown and not sealed and shown.holds and shown.size < gone.seq:
        findings.append(UNSIGNED_ARCHIVE.format(gone=gone))
    return Examined(proof, tuple(findings), shown if readable else None)


def _signed(
    notes: Sequence[Note | BadNote], keys: Sequence[PublicKey]
) -> tuple[list[Note], list[str]]:
    """The signed checkpoints to compare, and what is wrong with some."""
    own = [read_key(key) for key in public_keys()]
    witnesses = [read_key(key) for key in settings.WITNESS_KEYS]
    kept, wrong = verified(stored(), [*own, *witnesses, *keys])
    given, more = verified(notes, keys or [*own, *witnesses])
    return [*kept, *given], [*wrong, *more]


def _findings(proof: Proof, *, sealed: bool) -> list[str]:
    found = [f"Entry {each.seq} does not fit. {each.reason}" for each in proof.misfits]
    if more := proof.misfit_count - len(proof.misfits):
        found.append(f"{more} more {'does' if more == 1 else 'do'} not fit.")
    found += wrong_audit_keys() if proof.broken and sealed else []
    found += proof.of_nobody
    if proof.head.seq == 0 and not proof.broken and was_emptied():
        found.append(EMPTIED)
    if missing := missing_triggers():
        found.append(f"{UNGUARDED} {LACKS} {', '.join(missing)}.")
    return found


def latest() -> Verification | None:
    """What the last note says; None where there is none that can be believed."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST_NOTE[connection.vendor])
        row = cursor.fetchone()
    return read_note(row[0] if row else None)


def read_note(text: str | None) -> Verification | None:
    """The same of a note that was selected. One that does not fit its own seal says nothing.

    Then a walk is due: it finds what is wrong there.
    """
    if not text:
        return None
    if (note := sealed_in(text)) is None:
        log.error("the note of the last verification does not fit: run manage.py verify_audit")
        return None
    try:
        return _read(json.loads(note[FACTS]))
    except (ValueError, LookupError, TypeError):
        return None  # not as we write entries: the next walk reports it


def is_due(every: timedelta) -> bool:
    """Whether the whole ledger, if there is one, was not walked along for so long."""
    if head().seq == 0:
        return False
    last = latest()
    return last is None or clock.now() - last.whole.at >= every


def verify_whole(by: Actor = NOBODY) -> Verification:
    """Walks the whole ledger and notes what was found. Raises django.db.Error."""
    examined = examine()
    walk = Walk(examined.proof.first, examined.proof.head.seq, clock.now())
    return _noted(Verification(walk, None, examined.findings), by)


def verify_new(by: Actor, most: int) -> Verification:
    """Walks along what is new since the last walk, and notes it. Raises TooMuch for more than
    `most` entries, or as above.

    Where something did not fit, only walking all of it again can tell that it does now.
    """
    last = latest()
    if last is None or last.findings or head().seq - last.reached > most:
        raise TooMuch
    first = last.reached + 1
    examined = examine(first)
    walk = Walk(first, examined.proof.head.seq, clock.now())
    return _noted(Verification(last.whole, walk, examined.findings), by)


def _noted(found: Verification, by: Actor) -> Verification:
    """Said in the log first: a ledger that does not fit may not take an entry either."""
    if found.findings:
        log.error("the ledger does not fit: run manage.py verify_audit", found=found.findings)
    facts: dict[str, Any] = {"whole": _written(found.whole), "findings": [*found.findings]}
    if found.newer:
        facts["newer"] = _written(found.newer)
    with transaction.atomic(durable=True):
        record_event("ledger_verified", by, facts=facts)
    return found


def _written(walk: Walk) -> dict[str, Any]:
    return {"first": walk.first, "last": walk.last, "at": walk.at.isoformat()}


def _read(facts: Mapping[str, Any]) -> Verification:
    newer = facts.get("newer")
    findings = tuple(map(str, facts["findings"]))[: 2 * NAMED]
    return Verification(_walk(facts["whole"]), _walk(newer) if newer else None, findings)


def _walk(facts: Mapping[str, Any]) -> Walk:
    return Walk(int(facts["first"]), int(facts["last"]), datetime.fromisoformat(facts["at"]))
