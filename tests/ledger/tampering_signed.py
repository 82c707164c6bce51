"""Tampers with ledgers as `tampering` does, and finds it by signed checkpoints, without a key.

    DATABASE_URL=… python -m tests.ledger.tampering_signed 200

For an empty, migrated database. One checkpoint of the whole ledger was signed, and kept
elsewhere, before anybody tampered with it. What proves has no key of AUDIT_KEYS. Besides, whole
histories are written again and sealed with every key of the host: the seals then say that all is
well, which is looked at too.

Two things cannot be found, and are left out of what is tried: the seal of the last entry alone,
which says nothing, and which no later entry has covered yet; and an entry that is forged behind
all that was signed. The panel signs no more after either.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()

from django.conf import settings
from django.test import override_settings

from pools.ledger.proof import prove
from pools.ledger.signed_notes import Note, public_key, signed, signers
from pools.ledger.signed_proof import Signed
from pools.ledger.tree import Tree
from pools.models.vocabulary import Kind
from pools.secret import Secret
from tests.fixtures.ledger_flush import undefended_ledger
from tests.fixtures.signing import PRIVATE
from tests.ledger.tampering import (
    AT,
    DIGEST,
    KIND,
    REASON,
    SECOND_KEY,
    WAYS,
    Ledger,
    Row,
    _raw,
    _sealed,
    _store,
    _tidy,
    _written,
)

ORIGIN: Final = "panel.example/ledger"
KEY: Final = public_key(PRIVATE, ORIGIN)
ACTOR_NAME: Final = 8


@dataclass
class Counts:
    """What was tried, by way, and found without a key; and of clean ledgers, false alarms."""

    tried: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    rewritten: int = 0
    rewritten_found: int = 0
    sealed_well: int = 0
    clean: int = 0
    false_alarms: int = 0

    def table(self) -> str:
        lines = ["| tampered with | tried | found without a key |", "|---|---:|---:|"]
        lines += [f"| {name} | {self.tried[name]:,} | {self.found[name]:,} |" for name in WAYS]
        again = "written again, and sealed with every key"
        lines.append(f"| {again} | {self.rewritten:,} | {self.rewritten_found:,} |")
        lines.append(f"| nothing | {self.clean:,} | {self.false_alarms:,} |")
        return "\n".join(lines)


def tamper_with_signed_ledgers(
    tries: int, *, seed: int, rewritten: int, clean: int, per_ledger: int = 25
) -> Counts:
    """Tries every way so often, and writes so many histories again; as many are left clean.

    The database must have an empty ledger, and has an empty one afterwards.
    """
    counts, dice = Counts(), Random(seed)
    with _open_ledger() as raw:
        for tried in range(max(tries, rewritten // 8, clean // 8)):
            if tried % per_ledger == 0:
                ledger = _written(dice, raw)
                note = _noted()
            for name in WAYS if tried < tries else ():
                _try(counts, name, dice, ledger, raw, note)
            for _ in range(8):
                if counts.rewritten < rewritten:
                    _write_again(counts, dice, ledger, raw, note)
                if counts.clean < clean:
                    _leave_alone(counts, dice, ledger, raw)
            _tidy(raw)
    return counts


@contextmanager
def _open_ledger() -> Iterator[Any]:
    keys = (*settings.AUDIT_KEYS, ("second", Secret(SECOND_KEY)))
    with closing(_raw()) as raw, undefended_ledger(), override_settings(AUDIT_KEYS=keys):
        try:
            yield raw
        finally:
            _store(raw, [], [])


def _noted(size: int | None = None) -> Note:
    """A checkpoint of the ledger as it is, signed."""
    with override_settings(AUDIT_KEYS=()):
        count = prove(sealed=False).head.seq if size is None else size
        note = Note(ORIGIN, count, Tree(count).root())
    note = Note(note.origin, note.size, note.root, (signed(note, PRIVATE, ORIGIN),))
    assert signers(note, [KEY]) == [KEY]
    return note


def _is_found(*notes: Note) -> bool:
    """Whether anything speaks against the ledger, without a key of ours."""
    held = Signed(notes, tiles=False)
    with override_settings(AUDIT_KEYS=()):
        proof = prove(signed=held, sealed=False)
    findings = held.found(to_the_end=not proof.broken).findings
    return bool(proof.misfit_count or proof.of_nobody or findings)


def _try(counts: Counts, name: str, dice: Random, ledger: Ledger, raw: Any, note: Note) -> None:
    tampered = WAYS[name](dice, ledger)
    while _is_not_covered(name, tampered.rows, ledger):
        tampered = WAYS[name](dice, ledger)
    leases = ledger.leases if tampered.leases is None else tampered.leases
    _store(raw, tampered.rows, leases)
    counts.tried[name] += 1
    counts.found[name] += _is_found(note)


def _is_not_covered(name: str, rows: list[Row], ledger: Ledger) -> bool:
    if name == "forged" and rows[:-1] == ledger.rows:
        return True
    same = (
        rows[:-1] == ledger.rows[:-1]
        and rows[-1:]
        and rows[-1][:DIGEST] == ledger.rows[-1][:DIGEST]
    )
    return bool(same and rows[-1] != ledger.rows[-1])


def _reason(dice: Random, rows: list[Row]) -> list[Row]:
    dice.choice(rows)[REASON] += "."
    return rows


def _person(dice: Random, rows: list[Row]) -> list[Row]:
    row = dice.choice(rows)
    row[ACTOR_NAME] = f"{row[ACTOR_NAME]}2"
    return rows


def _fewer_events(dice: Random, rows: list[Row]) -> list[Row]:
    rows.pop(dice.choice([n for n, row in enumerate(rows) if row[KIND] == Kind.EVENT]))
    return rows


def _more_events(dice: Random, rows: list[Row]) -> list[Row]:
    event = list(dice.choice([row for row in rows if row[KIND] == Kind.EVENT]))
    rows.insert(dice.randrange(len(rows) + 1), event)
    return rows


def _later(dice: Random, rows: list[Row]) -> list[Row]:
    """The first two events at each other's time."""
    one, other = [row for row in rows if row[KIND] == Kind.EVENT][:2]
    one[AT], other[AT] = other[AT], one[AT]
    return rows


HISTORIES: Final[list[Callable[[Random, list[Row]], list[Row]]]] = [
    _reason, _person, _fewer_events, _more_events, _later,
]  # fmt: skip


def _write_again(counts: Counts, dice: Random, ledger: Ledger, raw: Any, note: Note) -> None:
    """With every key of the host: sealed, and signed again as well."""
    again = _sealed(dice.choice(HISTORIES)(dice, ledger.copy()))
    covered = again[: len(ledger.rows)]
    if [row[:DIGEST] for row in covered] == [row[:DIGEST] for row in ledger.rows]:
        return  # what was signed is as it was: an event was added behind it, if anything
    _store(raw, again, ledger.leases)
    sealed = prove()
    own = _noted()
    counts.sealed_well += sealed.misfit_count == 0 and not sealed.of_nobody and not _is_found(own)
    counts.rewritten += 1
    counts.rewritten_found += _is_found(note)


def _leave_alone(counts: Counts, dice: Random, ledger: Ledger, raw: Any) -> None:
    _store(raw, ledger.rows, ledger.leases)
    sizes = dice.sample(range(len(ledger.rows) + 1), 3)
    counts.clean += 1
    counts.false_alarms += _is_found(*map(_noted, sizes))


if __name__ == "__main__":
    tries = int(sys.argv[1])
    print(tamper_with_signed_ledgers(tries, seed=1, rewritten=5 * tries, clean=5 * tries).table())
