"""One text for one value, whoever wrote it down and in which order."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.ledger.canonical import canonical_json, storable, storable_facts

# SHA-256 of all of Unicode, surrogates included, as one canonical text.
CHARACTERS = "17e0860171d6cc604242ae6c6dd38f3af5216ae78cf050d3f77e73b82e909f61"
scalars = st.none() | st.booleans() | st.integers() | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(list(value))}
    if isinstance(value, list):
        return [shuffled(inner) for inner in value]
    return value


@given(values)
def test_reads_back_as_the_value_it_was_written_for(value: Any) -> None:
    assert json.loads(canonical_json(value)) == value


@given(values)
def test_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    assert canonical_json(shuffled(value)) == canonical_json(value)


# Values that a less careful writing would not keep apart.
ALIKE = [
    [],
    {},
    "",
    "[]",
    None,
    "null",
    False,
    0,
    "0",
    True,
    1,
    [1],
    [[1]],
    {"": 1},
    {"1": None},
    '"',
    '\\"',
    "\\",
    "é",
    "e\u0301",
    "\ud800",
    "\ufffd",
    "\x00",
    "\\u0000",
    "\u2028",
    10**400,
    -(10**400),
    {"a": {"b": 1}},
    {"a": {}, "b": 1},
    {"b": 1, "a": {}},
]


def as_kept(value: Any) -> Any:
    """A value told from every other by Python's own comparison: there True is 1."""
    if isinstance(value, dict):
        return frozenset((key, as_kept(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return tuple(map(as_kept, value))
    return type(value), value


@given(values | st.sampled_from(ALIKE), values | st.sampled_from(ALIKE))
def test_two_values_have_one_text_only_if_they_are_the_same(one: Any, other: Any) -> None:
    assert (canonical_json(one) == canonical_json(other)) is (as_kept(one) == as_kept(other))


def test_values_that_are_nearly_alike_have_texts_of_their_own() -> None:
    assert len({canonical_json(value) for value in ALIKE}) == len(ALIKE) - 1


@given(values)
def test_what_is_stored_is_one_text_whenever_it_is_written_again(value: Any) -> None:
    kept = canonical_json(storable_facts(value))
    assert canonical_json(json.loads(kept)) == kept
    assert canonical_json(storable_facts(json.loads(kept))) == kept


def test_nests_as_deep_as_anybody_writes() -> None:
    value: Any = "deepest"
    for _ in range(200):
        value = {"in": [value]}
    assert canonical_json(value) == '{"in":[' * 200 + '"deepest"' + "]}" * 200


def test_has_fixed_separators_sorted_keys_and_plain_utf8() -> None:
    assert canonical_json({"b": [1, None], "a": "é"}) == '{"a":"é","b":[1,null]}'


def test_every_character_is_written_as_it_always_was() -> None:
    """For all Python versions and for good: entries written long ago must still verify."""
    written = canonical_json("".join(map(chr, range(0x110000)))).encode(errors="surrogatepass")
    assert hashlib.sha256(written).hexdigest() == CHARACTERS


@pytest.mark.parametrize("value", [1.0, float("nan"), b"x", {1: "x"}, [{"a": 0.5}], object()])
def test_refuses_what_has_no_single_text(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)


@given(st.text(st.characters()))
def test_stored_text_fits_every_database(text: str) -> None:
    kept = storable(text)
    assert "\x00" not in kept
    assert kept.encode().decode() == kept
    assert len(kept) == len(text)


def test_every_text_inside_facts_is_made_storable() -> None:
    assert storable_facts({"a\x00": ["\ud800", ("b", 1)]}) == {"a\ufffd": ["\ufffd", ["b", 1]]}
