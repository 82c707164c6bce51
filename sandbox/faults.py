"""The faults that can be asked for: their names, their values, and how they are read.

Written `name[=value]`, several joined by `;`: `hang=before;only=writes`.
"""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

LONGEST_SECONDS: Final = 60.0
OPERATIONS: Final = ("list", "get", "create", "update", "delete", "clear", "sign-in")
GROUPS: Final = {
    "reads": frozenset({"list", "get"}),
    "writes": frozenset({"create", "update", "delete", "clear"}),
    **{name: frozenset({name}) for name in OPERATIONS},
}
POSITIONS: Final = ("before", "in", "after", "body")
BODIES: Final = ("json", "html", "empty")
REDIRECTS: Final = ("301", "302", "303", "307", "308")
_DIGITS: Final = re.compile(r"[0-9]{1,12}")
_DECIMAL: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")


@dataclass(frozen=True)
class Place:
    """Where in an answer something happens, and for how long at most."""

    position: str
    seconds: float


def _seconds(text: str) -> float:
    if not _DECIMAL.fullmatch(text) or not 0 <= float(text) <= LONGEST_SECONDS:
        raise ValueError(f"seconds from 0 to {LONGEST_SECONDS:.0f}")
    return float(text)


def _count(smallest: int, largest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not _DIGITS.fullmatch(text) or not smallest <= int(text) <= largest:
            raise ValueError(f"a number from {smallest} to {largest}")
        return int(text)

    return parse


def _place(text: str) -> Place:
    position, _, seconds = text.partition(",")
    if position not in POSITIONS:
        raise ValueError(f"one of {', '.join(POSITIONS)}")
    return Place(position, _seconds(seconds) if seconds else LONGEST_SECONDS)


def _status(text: str) -> tuple[int, str]:
    code, _, body = text.partition(",")
    if (body or "json") not in BODIES:
        raise ValueError(f"a status, then one of {', '.join(BODIES)}")
    return _count(100, 599)(code), body or "json"


def _redirect(text: str) -> tuple[int, str]:
    code, _, location = text.partition(",")
    if code not in REDIRECTS or not re.fullmatch(r"[\x21-\x7e]*", location):
        raise ValueError(f"one of {', '.join(REDIRECTS)}, then an address")
    return int(code), location


def _scope(text: str) -> frozenset[str]:
    unknown = set(text.split(",")) - set(GROUPS)
    if unknown:
        raise ValueError(f"some of {', '.join(GROUPS)}")
    return frozenset().union(*(GROUPS[word] for word in text.split(",")))


def _word(text: str) -> str:
    if not re.fullmatch(r"[\x21-\x3a\x3c-\x7e]+", text):
        raise ValueError("a word")
    return text


def _nothing(text: str) -> None:
    raise ValueError("no value")


@dataclass(frozen=True)
class Kind:
    """One fault. `value` shows what it takes, `default` counts where none is given."""

    value: str
    parse: Callable[[str], Any]
    default: str
    meaning: str

    def written(self, name: str) -> str:
        """How it is asked for under its name, what may be left out in brackets."""
        if not self.value:
            return name
        may_be_left_out = bool(self.default) or self.parse is _word
        return f"{name}[={self.value}]" if may_be_left_out else f"{name}={self.value}"


KINDS: Final[Mapping[str, Kind]] = {
    # Which requests
    "only": Kind("WORDS", _scope, "", "only for these: reads, writes, or operations by name"),
    "skip": Kind("N", _count(0, 10_000), "1", "let the first N requests through"),
    "times": Kind("N", _count(1, 10_000), "1", "for N requests, then no more"),
    # What becomes of the operation
    "latency": Kind("SECONDS", _seconds, "1", "wait before doing anything"),
    "apply-then-fail": Kind(
        "", _nothing, "", "carry it out, then hang up, or fail as other faults say"
    ),
    "apply-late": Kind("SECONDS", _seconds, "5", "carry it out later, even if the client has gone"),
    "apply-after-read": Kind("", _nothing, "", "hang up; carry it out once its pool has been read"),
    "do-nothing": Kind("", _nothing, "", "say it is done, and do nothing"),
    # Another answer
    "status": Kind("CODE[,json|html|empty]", _status, "500", "answer this status, do nothing"),
    "rate-limit": Kind("SECONDS", _count(0, 10**6), "30", "429 with this Retry-After"),
    "redirect": Kind("CODE[,ADDRESS]", _redirect, "302", "redirect, to the login page by default"),
    "create-201": Kind("", _nothing, "", "a create answers 201"),
    "clear-list": Kind("", _nothing, "", "a clear answers []"),
    "clear-nothing": Kind("", _nothing, "", "a clear answers 200 and nothing"),
    "clear-no-content": Kind("", _nothing, "", "a clear answers 204"),
    "set-cookie": Kind("NAME=VALUE", _word, "session=sandbox", "set a cookie"),
    # Another body
    "list-for-object": Kind("", _nothing, "", "a list where an object belongs"),
    "text-for-number": Kind("FIELD", _word, "", "a word where a number belongs"),
    "null": Kind("FIELD", _word, "", "null for this field, or for every field of a pool"),
    "missing": Kind("FIELD", _word, "", "without this field, or without any field of a pool"),
    "extra-fields": Kind("", _nothing, "", "fields that nobody knows, everywhere"),
    "huge-integers": Kind("DIGITS", _count(1, 10**6), "5000", "numbers of so many digits"),
    "nan": Kind("", _nothing, "", "NaN for every number"),
    "duplicate-keys": Kind("", _nothing, "", "the first key of every object twice"),
    "deep-json": Kind("DEPTH", _count(1, 10**6), "100000", "lists in lists, so many deep"),
    "gzip-bomb": Kind("MEGABYTES", _count(1, 1024), "300", "gzip that unpacks to so much"),
    "chained-encodings": Kind("N", _count(1, 50), "10", "gzip in gzip, N times"),
    "endless-body": Kind("", _nothing, "", "a body without end"),
    # Another way over the wire
    "early-hints": Kind("", _nothing, "", "a 103 before the answer"),
    "hang": Kind("PLACE[,SECONDS]", _place, "before", "stop sending, hold the connection"),
    "reset": Kind("PLACE", _place, "before", "reset the connection"),
    "half-close": Kind("PLACE[,SECONDS]", _place, "before", "end sending, hold the connection"),
    "cut": Kind("BYTES", _count(0, 2**31), "0", "close after so many bytes of the answer"),
    "drip-headers": Kind("SECONDS", _seconds, "0.1", "headers byte by byte, so far apart"),
    "drip-body": Kind("SECONDS", _seconds, "0.1", "body byte by byte, so far apart"),
    "short-length": Kind("BYTES", _count(1, 2**31), "1", "Content-Length too small by so much"),
    "long-length": Kind("BYTES", _count(1, 2**31), "1", "Content-Length too large by so much"),
    "chunked": Kind("", _nothing, "", "in chunks, correctly"),
    "cut-chunk": Kind("", _nothing, "", "in chunks, closed within one"),
    "endless-header": Kind("", _nothing, "", "a header without end"),
}


@dataclass(frozen=True)
class Faults:
    """Faults of one request, by name; `text` is how they were written."""

    text: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a fault, or `default` where it was not asked for."""
        return self.values.get(name, default)

    def hit(self, operation: str) -> bool:
        """Whether they are meant for this operation."""
        return bool(self.values) and ("only" not in self or operation in self["only"])

    @property
    def replaces(self) -> bool:
        """Whether another answer replaces the operation's own."""
        return any(name in self for name in ("status", "rate-limit", "redirect"))

    @property
    def silent(self) -> bool:
        """Whether not a byte is to be answered."""
        places = (self.get(name) for name in ("hang", "reset", "half-close"))
        return any(place is not None and place.position == "before" for place in places)


NONE: Final = Faults()


def parse_faults(text: str) -> Faults:
    """Read faults as they are written; raises ValueError with a sentence."""
    values: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = part.partition("=")
        kind = KINDS.get(name)
        if kind is None:
            raise ValueError(
                f"There is no fault {name!r}. `python -m sandbox faults` lists them all."
            )
        if not equals and kind.parse in (_nothing, _word):
            values[name] = kind.default
            continue
        try:
            values[name] = kind.parse(value if equals else kind.default)
        except ValueError as error:
            raise ValueError(f"The fault {name!r} can't be {value!r}. Use {error}.") from None
    return Faults(text.strip(), values)


class RunFaults:
    """The faults of a run, with the counting of `skip` and `times`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults, self._seen = NONE, 0

    @property
    def text(self) -> str:
        """How they were written; empty for none."""
        return self._faults.text

    def set(self, text: str) -> None:
        """These from now on, counted from zero; raises ValueError."""
        faults = parse_faults(text)
        with self._lock:
            self._faults, self._seen = faults, 0

    def take(self, operation: str) -> Faults:
        """The faults of one more request."""
        with self._lock:
            faults = self._faults
            if not faults.hit(operation):
                return NONE
            self._seen += 1
            turn = self._seen - faults.get("skip", 0)
            return faults if 0 < turn <= faults.get("times", turn) else NONE
