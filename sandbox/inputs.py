"""Input as Laravel reads it: trimmed, emptied to null, validated with its own messages."""

import json
import math
from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from sandbox.behaviour import Behaviour
from sandbox.http_messages import Refusal, Request

COLUMN_MAXIMUM: Final = 2**31 - 1
BEYOND_64_BITS: Final = 2**63
DEEPEST_JSON: Final = 512
# What PHP's own trim() takes from both ends of a text.
PHP_TRIMMED: Final = " \t\n\r\0\v"
# What \s stands for in PHP's patterns, where they read Unicode.
PHP_BLANKS: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
# What Laravel calls invisible since January 2025 (in 11, and in all of 12).
INVISIBLE: Final = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063"
    "\u2064\u2065\u206a\u206b\u206c\u206d\u206e\u206f\u2800\u3164\ufeff\uffa0\U0001d159\U0001d173"
    "\U0001d174\U0001d175\U0001d176\U0001d177\U0001d178\U0001d179\U0001d17a\U000e0020"
)
# What each version of Laravel takes from both ends of what was sent.
TRIMMED: Final[Mapping[str, str]] = {
    "laravel-8": PHP_TRIMMED,
    "laravel-11": f"{PHP_TRIMMED}{PHP_BLANKS}\ufeff\u200b\u200e",
    "laravel-12": f"{PHP_TRIMMED}{PHP_BLANKS}{INVISIBLE}",
    "as-sent": "",
}
FIXED_SUMMARY: Final = "The given data was invalid."

Messages = tuple[str, ...]
Rule = Callable[[str, Any], Messages]


class ServerError(Exception):
    """What Laravel answers with 500: here, a number that its database column cannot hold."""


def read_body(request: Request, behaviour: Behaviour) -> dict[str, Any]:
    """The fields of a body, cleaned. What cannot be read is no fields, as in Laravel."""
    kind = request.header("Content-Type").lower()
    if "json" in kind:
        parsed = _parse_json(request.body)
    elif kind.startswith("application/x-www-form-urlencoded"):
        parsed = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    else:
        parsed = None
    if not isinstance(parsed, dict):
        return {}
    return {
        key: value if key == "password" else clean(value, behaviour)
        for key, value in parsed.items()
    }


def _parse_json(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
        parsed = json.loads(text, parse_int=_parse_int, parse_constant=_refuse_constant)
        # PHP refuses a lone surrogate in an escape as broken JSON, and nesting beyond 512.
        json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        return None
    return parsed if _depth(parsed) <= DEEPEST_JSON else None


def _parse_int(digits: str) -> int:
    # Python refuses to read integers of more than 4,300 digits; any this long is too long.
    return int(digits[:40])


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level:
        depth += 1
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return depth


def clean(value: Any, behaviour: Behaviour) -> Any:
    """Trim every text as this version of Laravel does, turn an empty one into None."""
    if isinstance(value, str):
        return value.strip(TRIMMED[behaviour.text_input]) or None
    if isinstance(value, list):
        return [clean(item, behaviour) for item in value]
    if isinstance(value, dict):
        return {key: clean(item, behaviour) for key, item in value.items()}
    return value


def as_integer(value: Any) -> int | None:
    """The integer that PHP's filter reads in a value, or None. True counts as 1."""
    if value is True:
        return 1
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value.is_integer() else None
    if isinstance(value, str):
        digits = value[1:] if value[:1] in ("+", "-") else value
        if digits == "0" or (digits.isascii() and digits.isdecimal() and digits[0] != "0"):
            return int(value[:40])
    return None


def _size(value: Any) -> float:
    """What Laravel compares `min` and `max` with, for a field that is a number."""
    if isinstance(value, bool):
        return 1 if value else 0
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return len(value)
    return len(value)


def integer(name: str, value: Any) -> Messages:
    """Rule: what PHP takes for an integer, of at least 1."""
    messages = []
    if as_integer(value) is None:
        messages.append(f"The {name} field must be an integer.")
    if _size(value) < 1:
        messages.append(f"The {name} field must be at least 1.")
    return tuple(messages)


def strict_integer(name: str, value: Any) -> Messages:
    """Rule: a JSON integer of at least 1."""
    if type(value) is not int:
        return (f"The {name} field must be an integer.",)
    return integer(name, value)


def text(name: str, value: Any) -> Messages:
    """Rule: a text of at most 255 characters."""
    messages = []
    if not isinstance(value, str):
        messages.append(f"The {name} field must be a string.")
    if isinstance(value, str | list | dict) and len(value) > 255:
        unit = "characters" if isinstance(value, str) else "items"
        messages.append(f"The {name} field must not be greater than 255 {unit}.")
    return tuple(messages)


def at_most(maximum: int) -> Rule:
    """Rule: an integer from 1 to `maximum`."""

    def rule(name: str, value: Any) -> Messages:
        messages = list(integer(name, value))
        if _size(value) > maximum:
            messages.append(f"The {name} field must not be greater than {maximum}.")
        return tuple(messages)

    return rule


def required(rule: Rule) -> Rule:
    """Rule: there, not null, not empty, and then `rule`."""

    def both(name: str, value: Any) -> Messages:
        blank = isinstance(value, str) and not value.strip(PHP_TRIMMED)
        if value is None or blank or (isinstance(value, list | dict) and not value):
            return (f"The {name} field is required.",)
        return rule(name, value)

    return both


def nullable(rule: Rule) -> Rule:
    """Rule: null, or `rule`."""

    def either(name: str, value: Any) -> Messages:
        return () if value is None else rule(name, value)

    return either


def pool_rules(behaviour: Behaviour) -> dict[str, Rule]:
    """The rules of a new pool's fields."""
    count = strict_integer if behaviour.number_input == "strict" else integer
    return {"name": required(text), "limit": required(count), "timeout": nullable(count)}


def check(fields: Mapping[str, Any], rules: Mapping[str, Rule], behaviour: Behaviour) -> None:
    """Raise a 422 with every message of every field that breaks its rule."""
    errors = {
        name: messages
        for name, rule in rules.items()
        if (messages := rule(name.replace("_", " "), fields.get(name)))
    }
    if errors:
        raise Refusal(422, _summary(errors, behaviour), errors)


def _summary(errors: Mapping[str, Messages], behaviour: Behaviour) -> str:
    if behaviour.summary == "fixed":
        return FIXED_SUMMARY
    messages = [message for several in errors.values() for message in several]
    more = len(messages) - 1
    if not more:
        return messages[0]
    return f"{messages[0]} (and {more} more error{'s' if more > 1 else ''})"


def pool_fields(fields: Mapping[str, Any], behaviour: Behaviour, *, new: bool) -> dict[str, Any]:
    """The validated fields of a pool that were sent: name, limit, timeout.

    Raises Refusal (422), and ServerError for a number beyond the column.
    """
    rules = pool_rules(behaviour)
    sent = {name: fields[name] for name in rules if name in fields}
    check(fields, rules if new else {name: rules[name] for name in sent}, behaviour)
    numbers = {name: as_integer(value) for name, value in sent.items() if name != "name"}
    for name, number in numbers.items():
        if number is not None and number > COLUMN_MAXIMUM:
            _refuse_huge(name, behaviour)
    return sent | numbers | _kept_name(sent, behaviour)


def _kept_name(sent: Mapping[str, Any], behaviour: Behaviour) -> dict[str, str]:
    if "name" not in sent:
        return {}
    name: str = sent["name"]
    kept = {"upper-case": name.upper(), "cut": name[:50], "html": escape(name)}
    return {"name": kept.get(behaviour.name_kept, name)}


def _refuse_huge(name: str, behaviour: Behaviour) -> NoReturn:
    if behaviour.huge_numbers == "error":
        raise ServerError(name)
    errors = {name: (f"The {name} field must not be greater than {COLUMN_MAXIMUM}.",)}
    raise Refusal(422, _summary(errors, behaviour), errors)
