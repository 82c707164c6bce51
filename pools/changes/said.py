"""What an entry of the ledger says, read in one place: all of it, or that it cannot be read.

The panel writes no entry that cannot be read here. One that was altered, or damaged, may say
anything: nothing is concluded from it, and it ends nothing but itself.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, datetime
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, Final, NoReturn
from uuid import UUID

from pools.changes.proposal import Snapshot
from pools.models import Entry
from pools.models.reference import FIRST_ORIGIN, PoolReference
from pools.models.stored import GarbledId, GarbledText
from pools.models.vocabulary import UNREADABLE, Action, Kind, Outcome, Readback, Verdict

LARGEST_ID: Final = 2**63 - 1
_texts_of: Final = attrgetter(
    *("actor_id", "actor_name", "company", "pool_id", "pool_name", "action", "outcome"),
    *("reason", "facts", "digest"),
)
_ids_of: Final = attrgetter("change", "form", "batch")


@dataclass(frozen=True, slots=True)
class Said:
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


def said_by(entry: Entry) -> Said:
    """What an entry says, read once of each object. Raises nothing, whatever is stored."""
    kept: Any = entry
    if not hasattr(kept, "said"):
        kept.said = _read(entry)
    said: Said = kept.said
    return said


def _read(entry: Entry) -> Said:
    kind, action = _word(Kind, entry.kind), _word(Action, entry.action)
    pool, facts = _reference(entry.pool_id), _facts(entry, kind)
    at = entry.at if isinstance(entry.at, datetime) else None
    of_pool = kind not in {Kind.EVENT, Kind.RELEASED}
    readable = (
        not _is_garbled(entry)
        and (at is not None and kind is not None and pool is not None and facts is not None)
        and not (of_pool and action in {None, Action.UNREADABLE})
        and _is_outcome(kind, entry.outcome)
    )
    return Said(
        readable=readable,
        kind=kind,
        at=at,
        action=action or Action.UNREADABLE,
        pool=pool or PoolReference(FIRST_ORIGIN, None),
        facts=facts or {},
    )


def _is_garbled(entry: Entry) -> bool:
    person = entry.actor_id
    return (
        GarbledText in map(type, _texts_of(entry))
        or GarbledId in map(type, _ids_of(entry))
        or (entry.change is None) is not (entry.kind == Kind.EVENT)
        or not (person.isascii() and person.isdecimal() and int(person[:20]) <= LARGEST_ID)
    )


def _is_outcome(kind: Kind | None, word: str) -> bool:
    match kind:
        case Kind.OUTCOME:
            return _word(Outcome, word) is not None
        case Kind.SETTLED:
            return _word(Verdict, word) is not None
        case Kind.READBACK:
            return word == "" or _word(Readback, word) not in {None, Readback.READING}
    return True


def _word(words: Any, text: str) -> Any:
    return _words_of(words).get(text)


@cache
def _words_of(words: Any) -> Mapping[str, Any]:
    return {str(word): word for word in words}


@lru_cache(maxsize=1024)
def _reference(text: str) -> PoolReference | None:
    try:
        reference = PoolReference.read(text)
    except ValueError:
        return None
    return reference if (reference.pool_id or 0) <= LARGEST_ID else None


def _facts(entry: Entry, kind: Kind | None) -> Mapping[str, Any] | None:
    """The facts, if each that is known is of its own kind."""
    try:
        facts = _decode(entry.facts)
        if "\\u" in entry.facts:
            # Half of a character: no page and no file could hold it.
            json.dumps(facts, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    if not isinstance(facts, dict):
        return None
    known = {"address"} if kind is Kind.EVENT else _OF_CHANGES.keys()
    try:
        fitting = all(_OF_CHANGES[name](facts[name]) for name in known & facts.keys())
    except (ValueError, TypeError, AttributeError, LookupError):
        return None
    return facts if fitting else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


_decode: Final = json.JSONDecoder(parse_constant=_refuse).decode


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return value is None or type(value) is int


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_snapshot(value: Any) -> bool:
    return value is None or (type(value) is dict and bool(Snapshot.checked(value)))


def _is_fields(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_list, value.values()))


def _is_newest(value: Any) -> bool:
    if value is None:
        return True
    at = value["created_at"]
    return _is_number(value["id"]) and (at is None or isinstance(at, str))


def _is_moment(value: Any) -> bool:
    at = datetime.fromisoformat(value)
    return at.tzinfo is not None and 1 < at.year < MAXYEAR


_OF_CHANGES: Final[Mapping[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("before", "wanted", "after"), _is_snapshot),
    **dict.fromkeys(("request_id", "message", "problem", "error", "address"), _is_text),
    **dict.fromkeys(("status", "took_milliseconds"), _is_number),
    **dict.fromkeys((UNREADABLE, "changed"), _is_list),
    "verified": lambda value: isinstance(value, bool),
    **dict.fromkeys(("reverts", "beside"), lambda value: bool(UUID(value))),
    "since": _is_moment,
    "fields": _is_fields,
    "newest": _is_newest,
}
