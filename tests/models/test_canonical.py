"""One text for one value, whoever wrote it down and in which order."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.models.canonical import canonical_json, storable, storable_facts

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


def test_has_fixed_separators_sorted_keys_and_plain_utf8() -> None:
    assert canonical_json({"b": [1, None], "a": "é"}) == '{"a":"é","b":[1,null]}'


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
