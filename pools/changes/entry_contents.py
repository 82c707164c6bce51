"""What an entry of the ledger says, read in one place: all of it, or that it cannot be read.

The panel writes no entry that cannot be read here. One that was altered, or damaged, may say
anything: nothing is concluded from it, and it ends nothing but itself.
"""

import json
from collections.abc import Callable, Collection, Mapping
from datetime import MAXYEAR, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple, NoReturn
from uuid import UUID

from pools.changes.entries import Recorded
from pools.changes.proposal import Snapshot
from pools.models.reference import FIRST_ORIGIN, PoolReference
from pools.models.vocabulary import UNREADABLE_VALUES, Action, Kind, Outcome, Readback, Verdict

LARGEST_ID: Final = 2**63 - 1


class Said(NamedTuple):
    """What an entry says. Where it is not `readable`, nothing that is here may be relied on.

    `facts` is empty then, `action` UNREADABLE where it is no word of ours, `pool` the first
    origin's without an id, `at` None.
    """

    readable: bool
    kind: Kind | None
    at: datetime | None
    action: Action
    pool: PoolReference
    facts: Mapping[str, Any]


def said_by(entry: Recorded) -> Said:
    """What an entry says, read once of each object. Raises nothing, whatever is stored."""
    if entry.said is None:
        entry.said = _read(entry)
    return entry.said


def _read(entry: Recorded) -> Said:
    kind, action = _KINDS.get(entry.kind), _ACTIONS.get(entry.action)
    pool, facts = _reference(entry.pool_id), _facts(entry.facts, kind)
    at = entry.at if isinstance(entry.at, datetime) else None
    words = _ENDS.get(entry.kind)
    readable = (
        not _is_garbled(entry)
        and (at is not None and kind is not None and pool is not None and facts is not None)
        and (action not in _NO_ACTION or kind in _WITHOUT_ACTION)
        and (words is None or entry.outcome in words)
    )
    return Said(
        readable=readable,
        kind=kind,
        at=at,
        action=action or Action.UNREADABLE,
        pool=pool or _NO_POOL,
        facts=facts or {},
    )


def facts_in(text: str) -> Mapping[str, Any]:
    """The facts of an event; none where they cannot be read."""
    return _facts(text, Kind.EVENT) or {}


def _is_garbled(entry: Recorded) -> bool:
    return (
        entry.garbled
        or (entry.change is None) is not (entry.kind == Kind.EVENT)
        or not _is_person(entry.actor_id)
    )


@lru_cache(maxsize=1024)
def _is_person(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text[:20]) <= LARGEST_ID


def _words_of(words: type[StrEnum] | type[Kind]) -> dict[str, Any]:
    return {str(word): word for word in words}


_KINDS: Final = _words_of(Kind)
_ACTIONS: Final = _words_of(Action)
_WITHOUT_ACTION: Final = frozenset({Kind.EVENT, Kind.RELEASED})
_NO_ACTION: Final = frozenset({None, Action.UNREADABLE})
_NO_POOL: Final = PoolReference(FIRST_ORIGIN, None)
# The words that an entry of a kind may have for its outcome. Those of reading back had none once.
_ENDS: Final[Mapping[str, Collection[str]]] = {
    Kind.OUTCOME: frozenset(Outcome),
    Kind.SETTLED: frozenset(Verdict),
    Kind.READBACK: frozenset(Readback) - {Readback.READING} | {""},
}


@lru_cache(maxsize=1024)
def _reference(text: str) -> PoolReference | None:
    try:
        reference = PoolReference.read(text)
    except ValueError:
        return None
    return reference if (reference.pool_id or 0) <= LARGEST_ID else None


def _facts(text: str, kind: Kind | None) -> Mapping[str, Any] | None:
    """The facts, if each that is known is of its own kind."""
    try:
        facts = _decode(text)
        if "\\u" in text:
            # Half of a character: no page and no file could hold it.
            json.dumps(facts, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    if not isinstance(facts, dict):
        return None
    check_of = (_OF_EVENTS if kind is Kind.EVENT else _OF_CHANGES).get
    try:
        for name, value in facts.items():
            check = check_of(name)
            if check is not None and not check(value):
                return None
    except (ValueError, TypeError, AttributeError, LookupError):
        return None
    return facts


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)


def _decode(text: str) -> Any:
    """Written here, a text has nothing around it; to look for that takes half as long again."""
    if text.startswith("{"):
        facts, end = _DECODER.raw_decode(text)
        if end == len(text):
            return facts
    return _DECODER.decode(text)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return value is None or type(value) is int


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_snapshot(value: Any) -> bool:
    return value is None or (type(value) is dict and Snapshot.fits(value))


def _is_fields(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_list, value.values()))


def _is_newest(value: Any) -> bool:
    if value is None:
        return True
    at = value["created_at"]
    return _is_number(value["id"]) and (at is None or isinstance(at, str))


def _is_weighed(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(each["system"], str)
        and type(each["allowance"]) is type(each["given"]) is int
        and isinstance(each["at_least"], bool)
        for each in value
    )


def _is_moment(value: Any) -> bool:
    at = datetime.fromisoformat(value)
    return at.tzinfo is not None and 1 < at.year < MAXYEAR


_OF_CHANGES: Final[Mapping[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("before", "wanted", "after"), _is_snapshot),
    **dict.fromkeys(("request_id", "message", "problem", "error", "address"), _is_text),
    **dict.fromkeys(("status", "took_milliseconds"), _is_number),
    **dict.fromkeys((UNREADABLE_VALUES, "changed"), _is_list),
    "verified": lambda value: isinstance(value, bool),
    **dict.fromkeys(("reverts", "beside"), lambda value: bool(UUID(value))),
    "since": _is_moment,
    "fields": _is_fields,
    "allowances": _is_weighed,
    "newest": _is_newest,
}
# The other facts of events are shown as they are.
_OF_EVENTS: Final = {"address": _is_text}
