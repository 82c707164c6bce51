"""Local events as people read them: what happened, and what was recorded about it."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pools.changes.lines import EventLine
from pools.models import Token
from pools.models.batch import Source
from pools.wording.batches import SOURCES, operation_recorded
from pools.wording.moments import moment_of
from pools.wording.outcomes import unreadable_sentence

# Values that stand for a choice, and have a name of their own.
_NAMES: Final = {kind.value: kind.label for kind in Token.Kind}
# A way in, or a factor of it, as the pages call it; and what a way in is said with.
_WAYS: Final = {"totp": "app", "webauthn": "passkey", "recovery_codes": "recovery codes"}
_OF_WAYS: Final = {"method": "with", "factor": "kind"}
# Where a list came from, behind "made".
_MADE: Final[Mapping[str, str]] = {
    **SOURCES,
    Source.TICKED: "of what was ticked on the list",
    Source.MATCHING: "of all that matched",
    Source.RETRY: "of what an earlier list didn't do",
    Source.REVERT: "from an earlier list",
    Source.TAKEN_OVER: "of what was left of another list",
}
# What is said first, in this order; the rest as it was recorded.
_FIRST: Final = ("operation", "list", "pools", "left_out", "lines", "whole", "newer", "archives")
_LABELS: Final = {"left": "still to send", "lines": "lines of the file", "through": "up to entry"}
# What verifying the ledger has walked along.
_WALKS: Final = {"whole": "entries", "newer": "newer entries"}
# What nobody does but the panel.
_BY_ITSELF: Final = frozenset({"ledger_verified", "lease_put_right", "signing_key_used"})
# A digest, or a public key: its name and the hash behind it tell it from others.
_DIGEST: Final = re.compile(r"([0-9a-f]{12})[0-9a-f]{52}")
_KEY: Final = re.compile(r"(\S+\+[0-9a-f]{8})\+[A-Za-z0-9+/]+={0,2}")
# The identity of what an event is about: of use to a program, and said in words beside it.
_FOR_PROGRAMS: Final = frozenset(
    {
        *("id", "token", "invitation", "rows_sha256", "page_sha256", "files_sha256"),
        # Of an archive: what the ledger must go on knowing.
        *("last_digest", "root", "people", "companies", "keys"),
    }
)
# What tells one token from another: needed in the ledger, not on the page of a person.
OF_A_TOKEN: Final = frozenset({"fingerprint", "label"})


def title_of(action: str) -> str:
    """For instance: Token confirmed. A batch is a list wherever people read of it."""
    words = action.replace("_", " ")
    return (
        f"list{words.removeprefix('batch')}" if words.startswith("batch ") else words
    ).capitalize()


def facts_of(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was recorded, as pairs of a name and a text; what says nothing is left out."""
    pairs = []
    first = {name: facts[name] for name in _FIRST if name in facts}
    for name, value in {**first, **facts}.items():
        if name == "changed" and isinstance(value, dict):
            pairs += [(_label(field), _change(pair)) for field, pair in value.items()]
        elif name in _OF_WAYS:
            ways = (_WAYS.get(way, way) for way in _text(value).split(", "))
            pairs.append((_OF_WAYS[name], ", ".join(ways)))
        elif (said := _of_list(name, value, facts)) is not None:
            pairs += said
        elif name in _WALKS and isinstance(value, dict):
            ends = (_text(value.get(end)) for end in ("first", "last"))
            pairs.append((_WALKS[name], " to ".join(ends)))
        elif name == "filters" and "words" in facts:
            continue  # the same, for programs
        elif name not in _FOR_PROGRAMS and (text := _text(value)):
            pairs.append((_label(name), text))
    return pairs


def nobody_of(action: str) -> str:
    """Who it was, of an event that names nobody."""
    return "the panel" if action in _BY_ITSELF else "not known"


def shortened(text: str) -> str:
    """The beginning of a digest or of a public key, for a line of a list; "" of any other text."""
    found = _DIGEST.fullmatch(text) or _KEY.fullmatch(text)
    return f"{found[1]}…" if found else ""


def line_facts_of(line: EventLine) -> list[tuple[str, str]]:
    """The same of a line; or that it can't be read."""
    return facts_of(line.facts) if line.readable else [("", unreadable_sentence([line.seq]))]


def _label(name: str) -> str:
    return _LABELS.get(name, name.replace("_", " "))


def _of_list(name: str, value: Any, facts: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """What was recorded of a list of changes, or of archives; None of anything else."""
    match name:
        case "operation" if "how" in facts:
            deed = operation_recorded(facts)
            return [("does", deed[:1].lower() + deed[1:])]
        case "how" if "operation" in facts:
            return []  # said with what it does
        case "left_out" if value == 0:
            return []
        case "list" if isinstance(value, str):
            return [("made", _MADE.get(value, value))]
        case "archives" if isinstance(value, list):
            return [pair for each in value for pair in _archive(each)]
        case "older_than":
            return [(_label(name), _moment(value))]
    return None


def _archive(told: Any) -> list[tuple[str, str]]:
    """Which entries an archive has, and what tells its file from others."""
    if not isinstance(told, dict):
        return [("archive", _text(told))]
    ends = f"entries {_text(told.get('first'))} to {_text(told.get('last'))}"
    archive = f"{ends}, {_moment(told.get('at'))}"
    return [("archive", archive), ("SHA-256", _text(told.get("sha256")))]


def _moment(told: Any) -> str:
    """A recorded time in the reader's zone; as it was recorded where it is none."""
    try:
        return moment_of(datetime.fromisoformat(told))
    except (TypeError, ValueError):
        return _text(told)


def _change(pair: Any) -> str:
    if not isinstance(pair, list) or len(pair) != 2:
        return _text(pair)
    before, after = pair
    return f"{_text(before) or 'none'} → {_text(after) or 'none'}"


def _text(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{_label(name)} {_text(each)}" for name, each in value.items())
    return _NAMES.get(value, str(value))
