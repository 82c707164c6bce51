"""Proving the ledger: its chain, that every change is complete, and its checkpoints.

A chain that fits says that nothing was altered since it was written. What was written can
still be wrong, if the panel has a defect: a change that ended twice, or never. And a chain
that was cut at its end fits as well: that shows against a checkpoint alone.
"""

import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final
from uuid import UUID

from django.db import connection

from pools.ledger import leases
from pools.ledger.archived import Archived
from pools.ledger.chain import Chain, Head, Misfit, Row
from pools.ledger.logged_checkpoints import Checkpoint
from pools.ledger.signed_proof import Signed
from pools.models.entry import Entry
from pools.models.vocabulary import Kind, Readback, ends

# Misfits kept, the first ones; the others are counted.
NAMED: Final = 20
# What has been told of a change, as bits: one for each kind of entry, one for its end.
_BITS: Final[Mapping[str, int]] = {
    Kind.INTENT: 1,
    Kind.OUTCOME: 2,
    Kind.READBACK: 4,
    Kind.SETTLED: 8,
    Kind.RELEASED: 16,
    Kind.DRIFT: 32,
}
_INTENT, _OUTCOME, _READBACK, _SETTLED, _RELEASED, _DRIFT = _BITS.values()
_ENDED: Final = 64
_NOUNS: Final = {
    _INTENT: "intent",
    _OUTCOME: "outcome",
    _READBACK: "read-back",
    _SETTLED: "verdict",
    _RELEASED: "release",
    _DRIFT: "record",
}
_NO_INTENT: Final = "There is no intent of its change."
# Which of some changes have been told of before an entry. The plus keeps the databases
# from walking the ledger by its numbers.
_SEEN_BEFORE: Final = {
    "sqlite": (
        "SELECT change, kind, outcome FROM pools_entry"
        " WHERE change IN (SELECT value FROM json_each(%s)) AND +seq < %s ORDER BY seq"
    ),
    "postgresql": (
        "SELECT replace(change::text, '-', ''), kind, outcome FROM pools_entry"
        " WHERE change IN (SELECT value::uuid FROM json_array_elements_text(%s))"
        " AND +seq < %s ORDER BY seq"
    ),
}


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found from entry `first` on: the first that is not in an archive, or a later one.

    `head` is the last entry that fits the chain, and the ledger's last unless it is
    `broken` there. `misfits` are the first NAMED of `misfit_count`, in order.
    `open_changes` is how many changes hold their pool, `of_nobody` are the leases that no
    open change holds, a sentence each. `checkpoints` is how many were found to be as they
    say, `uncompared` how many lie outside the walk.
    """

    first: int
    head: Head
    broken: bool
    misfits: tuple[Misfit, ...]
    misfit_count: int
    open_changes: int
    of_nobody: tuple[str, ...]
    checkpoints: int
    uncompared: int
    archived: Archived | None = None


def prove(
    from_seq: int = 1,
    checkpoints: Sequence[Checkpoint] = (),
    *,
    signed: Signed | None = None,
    sealed: bool = True,
) -> Proof:
    """Walks the ledger from an entry to its end, or to where its chain breaks.

    Memory grows with the changes that are open, not with the ledger. The ledger may grow
    in the meantime; `checkpoints` must be from before the walk. What is `signed` is followed
    along. Unless `sealed`, the seals are not looked at.
    """
    misfits = _Misfits()
    chain = Chain(from_seq, sealed=sealed)
    changes, compared = _Changes(misfits), _Checkpoints(checkpoints, chain, misfits)
    if signed and chain.archived:
        signed.follow_archived(chain.archived)
    _walk(chain, changes, compared, signed)
    # What releases a pool says why in the same transaction: it is on the ledger by
    # now, perhaps behind the end of the walk.
    let_go = changes.without_lease()
    _walk(chain, changes, compared, signed)
    if chain.misfit is None:
        compared.must_be_reached(chain)
    else:
        misfits.add(chain.misfit.seq, chain.misfit.reason)
    of_nobody: list[str] = []
    if chain.misfit is None and compared.whole:
        changes.must_have_ended(let_go)
        unfit = leases.unfit()
        of_nobody = unfit.sentences
        for misfit in unfit.misfits:
            misfits.add(misfit.seq, misfit.reason)
    return Proof(
        first=chain.first,
        head=chain.head,
        broken=chain.misfit is not None,
        misfits=tuple(misfits.first),
        misfit_count=misfits.count,
        open_changes=len(changes.open),
        of_nobody=tuple(of_nobody),
        checkpoints=compared.matched,
        uncompared=compared.uncompared,
        archived=chain.archived,
    )


def _walk(
    chain: Chain, changes: "_Changes", compared: "_Checkpoints", signed: Signed | None
) -> None:
    for rows in chain.chunks():
        changes.follow(rows)
        compared.compare(rows)
        if signed:
            signed.follow(rows)


class _Misfits:
    """The first few, in order, and how many there were."""

    def __init__(self) -> None:
        self.first: list[Misfit] = []
        self.count = 0

    def add(self, seq: int, reason: str) -> None:
        self.count += 1
        self.first = sorted([*self.first, Misfit(seq, reason)])[:NAMED]


class _Changes:
    """What has been told of the changes along a walk. Only the open ones are kept."""

    def __init__(self, misfits: _Misfits) -> None:
        self._misfits = misfits
        # By id, as the ledger has it: what was told, and the number of the intent.
        self.open: dict[str, tuple[int, int]] = {}

    def follow(self, rows: Sequence[Row]) -> None:
        """The next entries. What was told earlier of changes that are not open is looked up."""
        about = {row[4] for row in rows if row[4] is not None and row[3] in _BITS}
        earlier = _seen_before(rows[0][0], about.difference(self.open))
        for row in rows:
            seq, kind, change = row[0], row[3], row[4]
            if kind not in _BITS:
                continue
            if change is None:
                self._misfits.add(seq, "It names no change.")
                continue
            before, intent = self.open.pop(change, None) or (earlier.get(change, 0), seq)
            now, problem = _step(before, kind, row[13])
            if problem:
                self._misfits.add(seq, _in_full(problem, change))
            if _is_open(now):
                self.open[change] = now, intent
            else:
                earlier[change] = now

    def without_lease(self) -> list[str]:
        """The open changes that hold no pool."""
        held = {lease.change for lease in leases.read()}
        return [change for change in self.open if change not in held]

    def must_have_ended(self, changes: Iterable[str]) -> None:
        for seen, intent in [self.open.pop(change) for change in changes if change in self.open]:
            unsettled = (
                "Its outcome is unknown, and it has no verdict or release"
                if seen & _OUTCOME
                else "It has no outcome, verdict or release"
            )
            self._misfits.add(intent, f"{unsettled}, but it holds no pool.")


class _Checkpoints:
    """The checkpoints along a walk."""

    def __init__(self, checkpoints: Sequence[Checkpoint], chain: Chain, misfits: _Misfits) -> None:
        ordered = sorted(checkpoints, key=lambda each: each.seq)
        self._misfits = misfits
        self._ahead = deque(each for each in ordered if each.seq >= chain.seq)
        self._earlier = len(ordered) - len(self._ahead)
        self.matched = self._compared = 0
        self._last_matched = chain.seq
        if chain.misfit is None:
            self._compare(chain.seq, chain.digest)

    @property
    def uncompared(self) -> int:
        return self._earlier + len(self._ahead)

    def compare(self, rows: Sequence[Row]) -> None:
        first, last = rows[0][0], rows[-1][0]
        while self._ahead and self._ahead[0].seq <= last:
            row = rows[self._ahead[0].seq - first]
            self._compare(row[0], row[-1])

    @property
    def whole(self) -> bool:
        """Whether nothing is known to be cut off: the end of a change may be among it."""
        return self.matched == self._compared

    def must_be_reached(self, chain: Chain) -> None:
        """No checkpoint is of an entry behind the last."""
        if self._ahead:
            last = self._ahead.pop()
            self._compared += 1
            self._ahead.clear()
            cut = last.seq - chain.seq
            were = "entry was" if cut == 1 else "entries were"
            self._misfits.add(
                chain.seq + 1,
                f"It is missing: a checkpoint notes entry {last.seq}{_when(last)}; "
                f"{cut} {were} cut off the end.",
            )

    def _compare(self, seq: int, digest: str) -> None:
        while self._ahead and self._ahead[0].seq == seq:
            checkpoint = self._ahead.popleft()
            self._compared += 1
            if checkpoint.digest == digest:
                self.matched += 1
                self._last_matched = seq
                continue
            self._misfits.add(
                seq,
                f"A checkpoint names another entry {seq}{_when(checkpoint)}: {self._since} was "
                "cut off, at least in part, and written again.",
            )

    @property
    def _since(self) -> str:
        """What may have been cut off: where nothing older is known, that is all of it."""
        return f"what came after entry {self._last_matched}" if self._last_matched else "the record"


def _when(checkpoint: Checkpoint) -> str:
    return f" of {checkpoint.at.isoformat()}" if checkpoint.at else ""


def _seen_before(seq: int, changes: Iterable[str]) -> dict[str, int]:
    """What was told of these changes by the entries before one."""
    seen: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SEEN_BEFORE[connection.vendor], [json.dumps(list(changes)), seq])
        for change, kind, outcome in cursor.fetchall():
            if kind in _BITS:
                seen[change], _ = _step(seen.get(change, 0), kind, outcome)
    return seen


@cache
def _step(before: int, kind: str, outcome: str) -> tuple[int, str]:
    """What is told of a change after another entry, and why that entry does not fit, if so."""
    bit = _BITS[kind]
    # What could not be read back, or was not shown yet, may be seen later.
    unseen = outcome in {Readback.NOT_READ, Readback.NOT_SHOWN}
    now = before if bit == _READBACK and unseen else before | bit
    if ends(kind, outcome):
        now |= _ENDED
    if before & bit:
        return before, f"It is the second {_NOUNS[bit]} of its change."
    if bit == _DRIFT or before & _DRIFT:
        return (
            now,
            "Its change is recorded both as made here and as made outside." if before else "",
        )
    if bit == _INTENT:
        return now, ""
    if not before & _INTENT:
        return now, _NO_INTENT
    if bit == _READBACK and not before & _OUTCOME:
        return now, "It reads back a change that has no outcome."
    # The outcome alone may come late: the process that made the call may have been held up.
    if bit in {_SETTLED, _RELEASED} and not _is_open(before):
        return now, f"It is the {_NOUNS[bit]} of a change that had ended."
    return now, ""


def _is_open(seen: int) -> bool:
    return bool(seen & _INTENT) and not seen & _ENDED


def _in_full(problem: str, change: str) -> str:
    if problem != _NO_INTENT:
        return problem
    intents = Entry.objects.filter(change=UUID(change), kind=Kind.INTENT)
    seq = intents.order_by("seq").values_list("seq", flat=True).first()
    return problem if seq is None else f"It comes before the intent of its change, entry {seq}."
