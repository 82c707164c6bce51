"""The cases: what is done, what goes wrong and when. All of it follows from a seed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from random import Random
from typing import Final
from uuid import UUID

from pools.models.vocabulary import MADE_HERE, Action


class Stage(StrEnum):
    """How far a change has come."""

    K0 = "K0"  # the intent is not committed
    K1 = "K1"  # it is, and nothing is being sent
    K2 = "K2"  # the call is under way
    K3 = "K3"  # it has ended, and the outcome is not committed
    K4 = "K4"  # it is, and the person has not been told
    K5 = "K5"  # it is being settled


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL at a moment of a stage, `share` (0 to 1) of its moments being over.

    From outside: sent by another process as soon as the moment was reached, rather than
    by the process to itself at that very moment.
    """

    stage: Stage
    share: float
    from_outside: bool = False


@dataclass(frozen=True, slots=True)
class LedgerFailure:
    """The database fails at its n-th call (from 0) of a change, or of a settling."""

    settling: bool
    call: int
    mode: str


class Again(StrEnum):
    """Whether the same form is sent a second time."""

    NEVER = "never"
    AFTER = "after"
    AT_ONCE = "at once"


class Other(StrEnum):
    """Who else changes the same pool, before the change is settled."""

    NOBODY = "nobody"
    COLLEAGUE = "colleague"  # through the panel
    OUTSIDER = "outsider"  # past it
    EARLIER = "outsider before"  # past it, after the form was rendered and before it is sent


class Looked(StrEnum):
    """When somebody looks at the pool, which is when outside changes are noticed."""

    LATER = "later"  # when all is settled: somebody always does
    MEANWHILE = "meanwhile"
    AFTERWARDS = "afterwards"  # before it is settled


@dataclass(frozen=True, slots=True)
class Case:
    """One change of one pool. Faults are written as the sandbox takes them."""

    number: int
    action: Action
    group: str = "none"
    fault: str = ""
    kill: Kill | None = None
    kill_settling: Kill | None = None
    fault_of_reads: str = ""  # before the change is sent
    fault_of_readback: str = ""  # when it is read back
    fault_of_settling: str = ""  # on the reads of the first settling
    ledger: LedgerFailure | None = None
    again: Again = Again.NEVER
    other: Other = Other.NOBODY
    looked_at: Looked = Looked.LATER
    leaves: str = ""  # the person is "disabled", or their token "removed", before settling
    mutation: str = ""

    @property
    def special_settling(self) -> bool:
        """Whether the first settling of it is one that goes wrong."""
        fails = self.ledger is not None and self.ledger.settling
        return bool(self.kill_settling or self.fault_of_settling or fails or self.mutation)

    @property
    def long_reason(self) -> bool:
        """Whether what is recorded must not fit into pages that the database has."""
        return self.ledger is not None and self.ledger.mode == "full"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How many moments each stage has, and how many database calls are made, by action."""

    moments: Mapping[Action, Mapping[str, int]]
    calls: Mapping[Action, int]
    settling_calls: Mapping[Action, int]


REFUSED_CONNECTION: Final = "refused connection"
# Late beyond all that the quiet time is made for: what two reads are for.
BETWEEN_READS: Final = "apply-after-read"
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "none": ("", "", "", "early-hints", "chunked", "extra-fields", "create-201", "clear-nothing"),
    "refused": (REFUSED_CONNECTION,),
    "reset": (
        *("reset=before", "apply-then-fail;reset=before", "reset=in", "reset=after"),
        "reset=body",
    ),
    "half-closed": (
        *("half-close=before", "apply-then-fail;half-close=before", "half-close=in"),
        *("half-close=after", "half-close=body"),
    ),
    "hanging": ("hang=before", "apply-then-fail;hang=before", "hang=in", "hang=after", "hang=body"),
    "dripping": ("drip-headers=0.05", "drip-body=0.1"),
    "late apply": (
        *("apply-late=0.8;hang=before", "apply-late=1.2;hang=before", "apply-late=1.2"),
        *("apply-late=1;reset=before", "apply-late=0.9;status=504,html", "apply-late=1;redirect"),
        *(BETWEEN_READS, BETWEEN_READS, BETWEEN_READS),
    ),
    "500 after applying": (
        *("apply-then-fail;status=500", "apply-then-fail;status=502,html", "apply-then-fail"),
        "apply-then-fail;status=503,empty",
    ),
    "500": ("status=500", "status=502,html", "status=503,empty", "status=504", "redirect=302"),
    "cut": (
        *("cut=0", "cut=9", "cut=40", "cut=120", "cut=190", "long-length=5", "cut-chunk"),
        "endless-header",
    ),
    "garbage": (
        *("list-for-object", "nan", "duplicate-keys", "deep-json=5000", "huge-integers=300"),
        *("text-for-number=limit", "null", "missing", "status=200,html", "short-length=3"),
        *("apply-then-fail;status=200,html", "chained-encodings=3", "status=404,html"),
        *("apply-then-fail;status=404,html", "apply-then-fail;status=422,empty"),
    ),
    "refusal": ("status=401", "status=403", "status=404", "status=409", "status=422", "rate-limit"),
    # The one thing that nobody can see through at once: an answer like that of a success.
    "lie": ("do-nothing",),
}
# What Core's reads may answer, none of which shows the whole pool.
UNREADABLE: Final = (
    *("status=500", "status=502,html", "status=401", "status=404,html", "redirect=302"),
    *("status=200,html", "rate-limit=30", "hang=before", "hang=body", "cut=40", "reset=in"),
    *("list-for-object", "nan", "missing=data", "missing=limit", "null=limit", "missing=name"),
    *("text-for-number=limit", "text-for-number=id", "duplicate-keys", "drip-body=0.05"),
    *("missing=timeout", "missing=created_at", "missing=connectors", "null"),
)
# What leaves nothing to go by, whatever was asked for.
BLINDING: Final = (
    *("status=500", "status=502,html", "status=401", "status=404,html", "redirect=302"),
    *("status=200,html", "rate-limit=30", "hang=before", "hang=body", "cut=40", "reset=in"),
)
# Answers that no panel has to doubt, and what leaves none that is whole.
CLEAR: Final = frozenset({*GROUPS["none"], *GROUPS["refusal"], *GROUPS["lie"]})
UNHEARD: Final = frozenset({*GROUPS["reset"], *GROUPS["half-closed"], *GROUPS["hanging"]})
# After these there is something to settle, whoever was killed.
OPENING: Final = frozenset(
    {"reset", "half-closed", "hanging", "late apply", "500 after applying", "500", "cut"}
)
# As often as at two of them, nobody is killed: what goes wrong then is the panel's own doing.
KILL_POINTS: Final = (None, None, *Stage)
CELLS: Final = tuple(product(KILL_POINTS, GROUPS, MADE_HERE))
# Of twenty cases: fourteen are killed or meet a fault, three have the ledger fail while the
# change is made, three while it is settled.
TURN: Final = 20
KILLING, CHANGING, SETTLING = range(14), range(14, 17), range(17, TURN)


def form_of(seed: int, number: int, whose: int = 0) -> UUID:
    """A form's id, from which the case can be read back; each person's form is another."""
    return UUID(int=(seed & 0xFFFFFFFF) << 96 | number << 32 | whose)


def number_of(form: UUID) -> int:
    return form.int >> 32 & 0xFFFFFFFF


@dataclass(frozen=True)
class Series:
    """The cases of a seed on one kind of database; each can be made alone."""

    seed: int
    modes: tuple[str, ...]  # in which the database can fail
    rehearsal: Rehearsal
    _order: list[int] = field(default_factory=lambda: list(range(len(CELLS))), repr=False)

    def __post_init__(self) -> None:
        Random(f"order {self.seed}").shuffle(self._order)

    def case(self, number: int) -> Case:
        chance = Random(f"{self.seed}/{number}")
        turn, place = divmod(number, TURN)
        for kind, make in (
            (KILLING, self._killed),
            (CHANGING, self._failing_change),
            (SETTLING, self._failing_settling),
        ):
            if place in kind:
                return make(number, turn * len(kind) + kind.index(place), chance)
        raise AssertionError(place)

    def _killed(self, number: int, place: int, chance: Random) -> Case:
        point, group, action = CELLS[self._order[place % len(CELLS)]]
        settling = None
        if point is Stage.K5:
            settling = Kill(Stage.K5, chance.random())
            # Where the fault leaves nothing open, an earlier death does.
            sure = group not in OPENING
            point = chance.choice((Stage.K1, Stage.K2, Stage.K3)) if sure else None
        leaves = chance.choice(("disabled", "removed")) if chance.random() < 0.02 else ""
        return Case(
            number,
            action,
            group,
            chance.choice(GROUPS[group]),
            kill=_kill(point, chance),
            kill_settling=settling,
            fault_of_reads=chance.choice(UNREADABLE) if chance.random() < 0.05 else "",
            fault_of_settling=_unreadable(action, chance),
            again=chance.choices(list(Again), (74, 18, 8))[0],
            other=chance.choices(list(Other), (68, 14, 14, 4))[0],
            looked_at=chance.choices(list(Looked), (70, 15, 15))[0],
            leaves=leaves,
            fault_of_readback=_blinding(chance),
        )

    def _failing_change(self, number: int, place: int, chance: Random) -> Case:
        turn, action = divmod(place, len(MADE_HERE))
        calls = self.rehearsal.calls[MADE_HERE[action]]
        failure = LedgerFailure(False, turn % calls, self._mode(turn, calls))
        if turn < calls:
            # Nothing else goes wrong the first time round, so that every call is come to.
            return Case(number, MADE_HERE[action], ledger=failure)
        group = chance.choice(list(GROUPS)) if chance.random() < 0.3 else "none"
        return Case(
            number,
            MADE_HERE[action],
            group,
            chance.choice(GROUPS[group]),
            ledger=failure,
            again=chance.choices(list(Again), (50, 40, 10))[0],
            other=chance.choices(list(Other), (78, 10, 10, 2))[0],
            fault_of_readback=_blinding(chance),
        )

    def _failing_settling(self, number: int, place: int, chance: Random) -> Case:
        turn, action = divmod(place, len(MADE_HERE))
        calls = self.rehearsal.settling_calls[MADE_HERE[action]]
        group = chance.choice(sorted(OPENING))
        return Case(
            number,
            MADE_HERE[action],
            group,
            chance.choice(GROUPS[group]),
            kill=_kill(chance.choice((Stage.K1, Stage.K2, Stage.K3)), chance),
            ledger=LedgerFailure(True, turn % calls, self._mode(turn, calls)),
        )

    def _mode(self, turn: int, calls: int) -> str:
        """Another mode at each call, and at the same call another one each time round."""
        return self.modes[(turn + turn // calls) % len(self.modes)]


def _blinding(chance: Random) -> str:
    return chance.choice(BLINDING) if chance.random() < 0.5 else ""


def _unreadable(action: Action, chance: Random) -> str:
    """A page that says 404 is worst where a pool that is gone would say so as well."""
    if chance.random() > 0.15:
        return ""
    deletes = action is Action.DELETE and chance.random() < 0.5
    return "status=404,html" if deletes else chance.choice(UNREADABLE)


def _kill(stage: Stage | None, chance: Random) -> Kill | None:
    if stage is None:
        return None
    return Kill(stage, chance.random(), stage is Stage.K2 and chance.random() < 0.3)
