"""A ledger as the panel writes it: changes of every kind and every end, and local events."""

from itertools import count, islice
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import transaction

from pools.ledger.appending import NOBODY, Actor, append, record_event
from pools.models import Entry, Lease
from pools.models.vocabulary import Kind
from tests.fixtures.leases import take_lease

ACTIONS: Final = ("create", "edit", "clear", "delete")
VERDICTS: Final = ("applied", "not_applied", "superseded", "duplicate", "unknowable")
# As people and Core write: what a database could fold, cut, escape or take for its own.
TEXTS: Final = (
    "",
    "T-1",
    "O'Brien",
    'a "b" \\ c',
    "é\u0301\u2028\ufffd",
    "😀",
    "%s {0}",
    "x" * 300,
)


class Panel:
    """Appends what the panel could append next, chosen by `dice`."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        # Changes that hold their pool; of them those without an outcome; done and not read back.
        self.open: list[UUID] = []
        self.silent: list[UUID] = []
        self.done: list[UUID] = []
        self.about: dict[UUID, dict[str, Any]] = {}

    def write(self, entries: int) -> None:
        with transaction.atomic():
            for _ in range(entries):
                self.write_one()

    def write_one(self) -> None:
        possible = [self.begin, self.event, self.see]
        possible += [self.end] * 3 if self.silent else []
        possible += [self.settle, self.release] if self.open else []
        possible += [self.read_back] * 2 if self.done else []
        self.dice.choice(possible)()

    def event(self) -> None:
        record_event("signed_in", self._actor(), reason=self._text(), facts={"a": [1, None]})

    def see(self) -> None:
        facts = {"before": {"limit": 5}, "after": {"limit": 10**30}}
        append(Kind.DRIFT, "outside", NOBODY, change=uuid4(), pool_id="7", facts=facts)

    def begin(self) -> None:
        change = uuid4()
        self.about[change] = {
            "action": self.dice.choice(ACTIONS),
            "actor": self._actor(),
            "company": "acme",
            "pool_id": self._free_pool(),
            "pool_name": self._text(),
            "reason": self._text(),
        }
        take_lease(self._append(Kind.INTENT, change, form=uuid4()))
        self.open.append(change)
        self.silent.append(change)

    def end(self) -> None:
        """An outcome, which may also come after a verdict or a release."""
        change = self._taken(self.silent)
        outcome = self.dice.choice(("done", "done", "refused", "not_sent", "unknown"))
        self._append(Kind.OUTCOME, change, outcome=outcome)
        if outcome != "unknown":
            self._let_go(change)
        if outcome == "done":
            self.done.append(change)

    def read_back(self) -> None:
        self._append(Kind.READBACK, self._taken(self.done))

    def settle(self) -> None:
        change = self._taken(self.open)
        self._append(Kind.SETTLED, change, outcome=self.dice.choice(VERDICTS))
        self._let_go(change)

    def release(self) -> None:
        change = self._taken(self.open)
        self._append(Kind.RELEASED, change)
        self._let_go(change)

    def _append(self, kind: Kind, change: UUID, **more: Any) -> Entry:
        about = self.about[change]
        return append(kind, change=change, **about, **more)

    def _free_pool(self) -> str:
        """One of a few that no change holds."""
        held = {self.about[change]["pool_id"] for change in self.open}
        free = (str(number) for number in count(1) if str(number) not in held)
        return self.dice.choice(list(islice(free, 4)))

    def _let_go(self, change: UUID) -> None:
        Lease.objects.filter(change=change).delete()
        if change in self.open:
            self.open.remove(change)

    def _taken(self, changes: list[UUID]) -> UUID:
        return changes.pop(self.dice.randrange(len(changes)))

    def _actor(self) -> Actor:
        return Actor(self.dice.randrange(1, 9), self._text(), "192.0.2.7")

    def _text(self) -> str:
        return self.dice.choice(TEXTS)
