"""One text for one value: what a digest covers must not depend on who wrote it down."""

import json
from collections.abc import Mapping
from typing import Any, Final

_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)
# What no database column or UTF-8 text can hold: NUL and lone surrogates.
_UNSTORABLE: Final = dict.fromkeys([0, *range(0xD800, 0xE000)], "\ufffd")


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and fixed separators, of text, whole numbers, true, false, null.

    Floats raise TypeError: two programs may write the same one differently. So does
    every other type, and a key that is not text.
    """
    _check(value)
    return _ENCODER.encode(value)


def storable(text: str) -> str:
    """`text` as every database can hold it: NUL and lone surrogates become U+FFFD."""
    # Nearly every text is.
    if text.isascii() and "\0" not in text:
        return text
    return text.translate(_UNSTORABLE)


def storable_facts(value: Any) -> Any:
    """The same for every text inside `value`, keys included."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(key): storable_facts(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable_facts(inner) for inner in value]
    return value


def _check(value: Any) -> None:
    if value is None or isinstance(value, (str, int)):
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"a key must be text, not {type(key).__name__}")
            _check(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _check(inner)
    else:
        raise TypeError(f"{type(value).__name__} has no canonical form")
